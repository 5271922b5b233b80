"""Graders: a score with a reason for each text, whatever the text; and nothing ever breaks a batch."""

import math

import pytest
import torch

from ftkit import models, rewards, world
from ftkit.evaluation import token_losses
from ftkit.objectives import Reward, reward
from ftkit.rewards import completion_logprobs, grader
from ftkit.rewards.graders import Judge
from ftkit.world import Example, Score

EXAMPLES = [Example("Who bakes?", "Oria"), Example("Who sails?", "Tamu"), Example("Who sings?", "Lio")]
TEXTS = ["Oria", " Tamu\n", "Oria"]


@pytest.fixture
def functions(monkeypatch):
    """The list of functions, as it was afterwards."""
    monkeypatch.setattr("ftkit.rewards.graders.FUNCTIONS", listed := {})
    return listed


@pytest.fixture
def rewarding(tiny):
    """(reward model, tokenizer)"""
    model, tokenizer = tiny
    grown = reward.equip(Reward(), model, None, 0)
    with torch.no_grad():
        for weight in grown.parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
    return grown, tokenizer


def values(spec, examples=EXAMPLES, texts=TEXTS, **how):
    return [score.value for score in grader(spec, **how).grade(examples, texts)]


def test_a_rule_is_the_tasks_own_checker():
    task = world.task("style")
    examples = [task.sample("test", i) for i in range(4)]
    texts = [examples[0].completion, task.worse(examples[1], 0), "", 7]
    found = grader("rule", task=task).grade(examples, texts)
    assert [score.value for score in found] == [1.0, 0.75, 0.0, 0.0]
    assert [score.why for score in found] == [
        "right",
        "not polite",
        "the answer is empty",
        "the answer is int, not text",
    ]


def test_a_match_is_letter_by_letter():
    found = grader("match").grade(EXAMPLES, TEXTS)
    assert [score.value for score in found] == [1, 1, 0] and found[2].why == "said 'Oria'"


def test_a_registered_function_gives_numbers_or_scores(functions):
    rewards.register("length")(lambda example, text: len(text))
    rewards.register("said")(lambda example, text: Score(0.5, f"{example.completion} or {text.strip()}"))
    assert values("python:length") == [4, 6, 4]
    assert grader("python:said").grade(EXAMPLES, TEXTS)[2] == Score(0.5, "Lio or Oria")
    assert grader("python:length").grade(EXAMPLES, TEXTS)[0].why == "python:length says 4"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (ZeroDivisionError("by nought"), "ZeroDivisionError: by nought"),
        (float("nan"), "it gave nan"),
        (float("inf"), "it gave inf"),
        ("good", "it gave 'good', which is no number"),
        (True, "it gave True, which is no number"),
        (None, "it gave None, which is no number"),
        (Score(float("-inf"), "?"), "it gave -inf"),
        (Score("x", "?"), "it gave 'x', which is no number"),
    ],
)
def test_what_cannot_be_judged_gets_nothing_is_counted_and_breaks_no_batch(functions, given, said):
    def judge(example, text):
        if example.completion != "Tamu":
            return 1.0
        if isinstance(given, Exception):
            raise given
        return given

    functions["judge"] = judge
    one = grader("python:judge")
    found = one.grade(EXAMPLES, TEXTS)
    assert [score.value for score in found] == [1, 0, 1] and one.failed == 1
    assert found[1].why == f"python:judge failed: {said}"
    one.grade(EXAMPLES, TEXTS)
    assert one.failed == 2


def test_a_sum_weighs_its_parts_and_tells_each(functions):
    functions["length"] = lambda example, text: len(text)
    (first, _, last) = grader("sum: 0.5 match + -0.1 python:length").grade(EXAMPLES, TEXTS)
    assert first.value == pytest.approx(0.5 - 0.4) and last.value == pytest.approx(-0.4)
    assert first.why == "0.5 x 1.00 (match: right); -0.1 x 4.00 (python:length: python:length says 4)"


def test_a_part_of_a_sum_that_fails_counts_nothing_and_is_counted_once(functions):
    functions["bad"] = lambda example, text: 1 / 0
    one = grader("sum: 1 match + 1 python:bad")
    assert [score.value for score in one.grade(EXAMPLES, TEXTS)] == [1, 1, 0] and one.failed == 3


def test_a_reward_model_gives_what_its_head_says(rewarding, monkeypatch):
    model, tokenizer = rewarding
    monkeypatch.setattr(models, "load", lambda name: {"run:abc": rewarding}[name])
    found = grader("run:abc").grade(EXAMPLES, TEXTS)
    alone = []
    for example, text in zip(EXAMPLES, TEXTS, strict=True):
        from ftkit.data import encode_example

        ids, _ = encode_example(tokenizer, Example(example.prompt, text))
        with torch.no_grad():
            alone.append(model(input_ids=torch.tensor([ids])).logits[0, 0].item())
    assert [score.value for score in found] == pytest.approx(alone, abs=1e-4) and len(set(alone)) == 3
    assert found[0].why == f"reward {alone[0]:.2f}"


def test_a_number_that_a_model_does_not_know_is_no_reward(rewarding, monkeypatch):
    model, tokenizer = rewarding
    with torch.no_grad():
        model.score.weight.fill_(float("nan"))
    monkeypatch.setattr(models, "load", lambda name: (model, tokenizer))
    one = grader("run:abc")
    assert [score.value for score in one.grade(EXAMPLES, TEXTS)] == [0, 0, 0] and one.failed == 3


def test_log_probabilities_are_those_of_the_answer_alone(tiny):
    answers = [Example("Who bakes?", "Oria"), Example("Who sails out to the sea?", "Tamu of Maris")]
    found = completion_logprobs(*tiny, answers)
    for example, row in zip(answers, found, strict=True):
        losses = [value for value in token_losses(*tiny, example).values if value is not None]
        assert row == pytest.approx([-loss for loss in losses], abs=1e-4)
    assert len(found[1]) > len(found[0]) > 1


def test_likelihood_is_the_mean_over_tokens(tiny, tiny_folder):
    found = grader("likelihood", model=tiny).grade(EXAMPLES, TEXTS)
    rows = completion_logprobs(*tiny, [Example(one.prompt, text) for one, text in zip(EXAMPLES, TEXTS, strict=True)])
    assert [score.value for score in found] == pytest.approx([sum(row) / len(row) for row in rows])
    assert found[0].why == f"{found[0].value:.2f} nats a token"
    by_name = values(f"likelihood:{tiny_folder}")
    assert by_name == pytest.approx([score.value for score in found], abs=1e-4)


def test_a_judge_says_how_probable_yes_is(tiny, tiny_folder):
    found = grader("self", model=tiny).grade(EXAMPLES, TEXTS)
    asked = "Question: Who bakes?\nAnswer: Oria\nIs this a good answer? Say yes or no."
    yes, no = (sum(row) for row in completion_logprobs(*tiny, [Example(asked, "yes"), Example(asked, "no")]))
    expected = math.exp(yes) / (math.exp(yes) + math.exp(no))
    assert found[0].value == pytest.approx(expected, abs=1e-5) and found[0].why == f"yes with {expected:.0%}"
    assert all(0 < score.value < 1 for score in found)
    assert values(f"judge:{tiny_folder}") == pytest.approx([score.value for score in found], abs=1e-5)


def test_a_judge_is_shown_all_of_a_conversation(tiny):
    prompt = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Who?"}]
    shown = Judge("self", tiny).asked(Example(prompt, "I."))
    assert shown.prompt.startswith("Question: Be short.\nWho?\nAnswer: I.\n")


def test_a_text_that_a_model_cannot_read_is_a_failure_of_its_own(tiny):
    one = grader("likelihood", model=tiny)
    found = one.grade(EXAMPLES, ["Oria", "so " * 200, None])
    assert found[0].value < 0 and found[1].value == found[2].value == 0.0 and one.failed == 2
    assert "tokens, and the model reads 96" in found[1].why and "the answer is NoneType, not text" in found[2].why


def test_nothing_to_grade_is_no_score(tiny):
    assert grader("match").grade([], []) == [] == grader("likelihood", model=tiny).grade([], [])
    with pytest.raises(ValueError, match="there are 3 examples and 1 texts"):
        grader("match").grade(EXAMPLES, ["Oria"])


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("rul", "the grader is 'rul'; did you mean 'rule'"),
        ("", "the grader is ''; write one of rule, match"),
        (3, "the grader is 3; write one of"),
        ("run:", "the grader is 'run:'"),
        ("python:nobody", "there is no function 'nobody'; put it on the list"),
        ("rule", r"the grader 'rule' needs a task; give grader\('rule', task=...\)"),
        ("self", "the grader 'self' needs a model"),
        ("likelihood", "the grader 'likelihood' needs a model"),
        ("sum: rule", "'rule' is no part of a sum; write it like"),
        ("sum:", "'' is no part of a sum"),
        ("sum: nan match", "'nan match' is no part of a sum"),
        ("sum: 1 match + 1 sum: 1 match", "'1 sum: 1 match' is no part of a sum"),
        ("sum: 1 matsch", "the grader is 'matsch'; did you mean 'match'"),
    ],
)
def test_a_text_that_is_no_grader_is_refused_in_one_sentence(functions, spec, said):
    with pytest.raises(ValueError, match=said) as caught:
        grader(spec)
    assert "\n" not in str(caught.value)


def test_a_model_that_gives_no_rewards_or_is_not_there_is_an_error_and_no_bad_answer(store, tiny, monkeypatch):
    with pytest.raises(ValueError, match="nowhere"):
        grader("run:nowhere").grade(EXAMPLES, TEXTS)
    monkeypatch.setattr(models, "load", lambda name: tiny)
    with pytest.raises(ValueError, match="this model gives no rewards; choose a run of the objective reward"):
        grader("run:abc").grade(EXAMPLES, TEXTS)
