"""The model as its own tutor: NLFT and self-distillation by hand, beside the library, and in tiny runs."""

import json
import math

import pytest
import torch
from chance import shaken

from ftkit import comprehension, models, rewards, training, world
from ftkit.adapters import Full, LoRA
from ftkit.data import Attempt, Attempts, Corpus, Task, read_attempts, write_attempts
from ftkit.evaluation import auc
from ftkit.objectives import NLFT, SDFT, nlft, sdft
from ftkit.objectives.marks import localisation, marks
from ftkit.objectives.nlft import blamed_tokens, grown, nlft_loss, right_weights, weighed, wrong_weights
from ftkit.objectives.sdft import sdft_loss
from ftkit.objectives.told import beside, laid_side_by_side, three_readings, told
from ftkit.recipe import Recipe, Train
from ftkit.training import Hand
from ftkit.training.loop import arguments
from ftkit.world.dice import Dice
from ftkit.world.slips import criticism, planted
from ftkit.world.sums import SHOW

TRAIN = Train(steps=2, batch=4, dtype="float32")
PLAN = {"dtype": "float32", "device_batch": 4, "processes": 1}
TRIED = Attempts("steps", examples=16)


@pytest.fixture(scope="session")
def pupil_folder(tmp_path_factory):
    """A random model that reads far enough for a question with a criticism and an answer."""
    folder = tmp_path_factory.mktemp("models") / "pupil"
    model, tokenizer = models.fresh(models.Layout(width=64, layers=1, heads=2, feed_forward=64, context=256), seed=5)
    models.save(shaken(model, 5), tokenizer, folder)  # the blocks of a fresh model add nothing
    return folder


@pytest.fixture
def pupil(pupil_folder):
    """(model, tokenizer), the test's own."""
    return models.load(str(pupil_folder))


@pytest.fixture
def tutoring(pupil_folder):
    """A recipe that learns from attempts."""
    train = Train(steps=4, batch=4, learning_rate=1e-3, dtype="float32", eval_examples=0, checkpoint_every=2)
    return Recipe(str(pupil_folder), NLFT(), TRIED, Full(), train)


@pytest.fixture
def demonstrating(tutoring):
    """A recipe that learns from demonstrations."""
    return tutoring.but(objective=SDFT(longest=8, group=2), task=Task("sums", examples=16))


def told_by(run, name):
    return [event["values"][name] for event in run.metrics if event["kind"] == "loss"]


def equal(one, other):
    one, other = (run.model()[0].state_dict() for run in (one, other))
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


class Stopper:
    """Presses Stop when a step has been told."""

    def __init__(self, step: int):
        self.step, self.hand = step, Hand()

    def __call__(self, event):
        if (event["step"], event["kind"]) == (self.step, "loss"):
            self.hand.stop()


def seen(tokenizer, ids):
    """Tokens as text, without the blank that this tokenizer puts before a text."""
    return tokenizer.decode(ids).replace("|> ", "|>")


def row(*values):
    return torch.tensor([values], dtype=torch.float32)


# ---- NLFT: the equations ------------------------------------------------------------------------------------------


def test_right_weights_by_hand():
    """Halfway from 0.95 to 1 a salient token counts 1 + 0.5^5; at half of 0.95 a neighbour 0.5^0.3, another 0.5^0.6."""
    found = right_weights(row(0.975, 0.475, 0.475, 1.0), row(1, 0, 0, 1), row(1, 1, 0, 1), 0.95)
    assert found.tolist() == [pytest.approx([1.03125, 0.5**0.3, 0.5**0.6, 2.0], abs=1e-4)]
    assert right_weights(row(0.95), row(0), row(0), 0.95).item() == pytest.approx(1), "there is no jump at 0.95"


def test_blame_needs_the_criticism_beside_both_other_readings():
    base, answer, judged = (
        row(0.1, 0.3, 0.1, 0.001, 0.1),
        row(0.1, 0.1, 0.3, 0.001, 0.1),
        row(0.4, 0.4, 0.4, 0.009, 0.14),
    )
    assert blamed_tokens(base, answer, judged, 1.5).tolist() == [[1, 0, 0, 0, 0]]
    alike = row(0.2, 0.5, 1.0)
    assert not blamed_tokens(alike, alike, alike, 1.5).any(), "three equal readings blame nobody"


def test_wrong_weights_by_hand():
    """j / b = 4: 2 sigmoid(4 - 1.5); its neighbour 0; sqrt(0.25) and sqrt(0.81) elsewhere, if at most 1/4 is blamed."""
    base, answer, judged = row(0.1, 0.5, 0.5, 0.5), row(0.1, 0.9, 0.25, 0.81), row(0.4, 0.5, 0.5, 0.5)
    given = base, answer, judged, row(1, 0, 0, 0), row(1, 1, 0, 0), row(1, 1, 1, 1), 1.5
    most = 2 / (1 + math.exp(-2.5))
    assert wrong_weights(*given, 0.25).tolist() == [pytest.approx([most, 0, 0.5, 0.9])]
    assert wrong_weights(*given, 0.24).tolist() == [pytest.approx([most, 0, 0, 0])], "then the rest is not learned"


def test_nlft_loss_by_hand():
    """-(2 log 1/2 + 1 log(1 - 1/4)) / 2 of one solution, -log 1/2 of the other; then their mean."""
    logprobs = torch.log(torch.tensor([[0.5, 0.25, 0.9], [0.5, 0.9, 0.9]]))
    weights, mask = torch.tensor([[2.0, 1.0, 5.0], [1.0, 5.0, 5.0]]), torch.tensor([[1, 1, 0], [1, 0, 0]])
    unlikely = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    by_hand = (2 * math.log(2) - math.log(0.75)) / 2 + math.log(2)
    assert nlft_loss(logprobs, weights, unlikely, mask).item() == pytest.approx(by_hand / 2)
    plain = nlft_loss(logprobs, torch.ones(2, 3), torch.zeros(2, 3), mask).item()
    assert plain == pytest.approx((1.5 * math.log(2) + math.log(2)) / 2), "with weights of 1 it is the likelihood"


def test_a_blamed_token_becomes_unlikely_and_one_held_for_certain_costs_no_infinity():
    logprobs = torch.log(row(0.5, 0.5)).requires_grad_()
    nlft_loss(logprobs, row(1, 1), row(0, 1), row(1, 1)).backward()
    assert logprobs.grad.tolist() == [pytest.approx([-0.5, 0.5])]
    assert nlft_loss(row(0.0), row(1.0), row(1.0), row(1.0)).item() == pytest.approx(-math.log(1e-5), rel=1e-2)


def test_neighbours_are_joined_as_far_as_they_resemble_the_mean():
    """From the left: alike, alike, seed, across, alike; the walk to the right ends at the one across."""
    states = torch.tensor([[[1.0, 0.1], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]])
    seeds, mask = row(0, 0, 1, 0, 0), row(1, 1, 1, 1, 1)
    assert grown(seeds, states, mask, 0.4).tolist() == [[1, 1, 1, 0, 0]]
    assert grown(seeds, states, mask, 0.4, as_released=True).tolist() == [[0, 0, 1, 1, 0]], "unlike is near there"
    assert grown(seeds, states, row(0, 1, 1, 1, 1), 0.4).tolist() == [[0, 1, 1, 0, 0]], "padding is nobody's neighbour"
    assert not grown(0 * seeds, states, mask, 0.4).any()


@pytest.mark.parametrize("as_released", [False, True])
def test_growth_is_the_walk_step_by_step(as_released):
    chance = torch.Generator().manual_seed(3)
    states, mask = torch.randn(4, 12, 3, generator=chance), torch.ones(4, 12)
    mask[1, 9:] = mask[3, 5:] = 0
    seeds = (torch.rand(4, 12, generator=chance) < 0.2) * mask
    found = grown(seeds, states, mask, 0.3, as_released)
    expected = torch.stack([walked(*one, 0.3, as_released) for one in zip(seeds, states, mask, strict=True)])
    assert found.tolist() == expected.tolist() and seeds.sum() < found.sum() < mask.sum()


def walked(seeds, states, mask, near, as_released):
    joined = seeds.clone()
    for seed in seeds.nonzero()[:, 0].tolist():
        for step in (-1, 1):
            those, place = [states[seed]], seed + step
            while 0 <= place < len(states) and mask[place]:
                likeness = torch.cosine_similarity(torch.stack(those).mean(0), states[place], dim=0)
                if (1 - likeness if as_released else likeness) <= near:
                    break
                joined[place] = 1
                those.append(states[place])
                place += step
    return joined


def test_readings_that_agree_leave_the_likelihood():
    """a = b = j, and unsure: nothing is salient or blamed; right counts (a / sure)^0.6, wrong counts sqrt(a)."""
    p, states = torch.full((2, 3), 0.25), torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
    weights, salient, unlikely = weighed(NLFT(), p, p, p, states, torch.tensor([True, False]), torch.ones(2, 3))
    assert not salient.any() and not unlikely.any()
    assert weights[0].tolist() == pytest.approx([(0.25 / 0.95) ** 0.6] * 3) and weights[1].tolist() == [0.5] * 3


def test_a_right_answer_is_never_blamed_and_a_wrong_one_never_salient():
    base, answer, judged = (torch.full((2, 2), p) for p in (0.1, 0.99, 0.9))
    weights, salient, unlikely = weighed(
        NLFT(most=1.0), base, 0.1 * answer, judged, torch.ones(2, 2, 3), torch.tensor([True, False]), torch.ones(2, 2)
    )
    assert unlikely.tolist() == [[0, 0], [1, 1]] and not salient.any() and (weights[1] > 1.9).all()
    _, salient, unlikely = weighed(
        NLFT(), base, answer, judged, torch.ones(2, 2, 3), torch.tensor([True, False]), torch.ones(2, 2)
    )
    assert salient.tolist() == [[1, 1], [0, 0]] and not unlikely.any(), "what the answer explains is not the critic's"


# ---- NLFT: what is read -------------------------------------------------------------------------------------------


def test_three_prompts_have_the_answer_in_the_same_places(pupil):
    model, tokenizer = pupil
    attempts = TRIED.source()[:4]
    assert {attempt.right for attempt in attempts} == {True, False}
    rows = [told(NLFT(), tokenizer, attempt) for attempt in attempts]
    batch = laid_side_by_side(rows, tokenizer.pad_token_id)
    width = max(len(row["said"]) for row in rows)
    for name in ("plain", "hint", "critic"):
        assert batch[name]["input_ids"][:, -width:].equal(batch["plain"]["input_ids"][:, -width:])
    base_logprobs, answer, judged, states = three_readings(model, batch)
    assert base_logprobs.requires_grad and not answer.requires_grad and not judged.requires_grad
    assert not states.requires_grad and states.shape == (4, width, 64)
    for i, attempt in enumerate(attempts):
        (expected,) = rewards.completion_logprobs(model, tokenizer, [attempt])
        assert base_logprobs[i, : len(expected)].tolist() == pytest.approx(expected, abs=1e-4)
        hint, critic = (rows[i][name] for name in ("hint", "critic"))
        assert (
            seen(tokenizer, hint)
            == f"<|user|>{attempt.prompt.replace(SHOW, '')} Hint: the answer is {attempt.answer}.{SHOW}<|assistant|>"
        )
        known = SHOW if attempt.right else f" {attempt.criticism}{SHOW}"
        assert seen(tokenizer, critic) == f"<|user|>{attempt.prompt.replace(SHOW, known)}<|assistant|>"
        for prompt, found in ((hint, answer), (critic, judged)):
            with torch.no_grad():
                logits = model(torch.tensor([prompt + rows[i]["said"]])).logits[0, len(prompt) - 1 : -1]
            expected = logits.softmax(-1)[range(len(rows[i]["said"])), rows[i]["said"]]
            torch.testing.assert_close(found[i, : len(expected)], expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("voice", ["text", "asked"])
def test_what_is_told_stands_behind_the_question_as_text_or_as_a_message(pupil, voice):
    attempt = Attempt("2 + 2?", "5", right=False, answer="4", criticism="Too much.")
    row = told(NLFT(voice=voice, criticised="Wrong: {criticism}"), pupil[1], attempt)
    asked = {"text": "<|end|>{}", "asked": "<|user|>{}<|assistant|>"}[voice]
    assert seen(pupil[1], row["plain"]) == "<|user|>2 + 2?<|assistant|>"
    assert seen(pupil[1], row["hint"]) == asked.format("2 + 2? Hint: the answer is 4.")
    assert seen(pupil[1], row["critic"]) == asked.format("2 + 2? Wrong: Too much.")


def test_messages_are_told_behind_the_last():
    attempt = Attempt(
        [{"role": "system", "content": "Be short."}, {"role": "user", "content": "2 + 2?"}], "4", answer="4"
    )
    assert beside(attempt.prompt, "It is 4.") == [attempt.prompt[0], {"role": "user", "content": "2 + 2? It is 4."}]


def test_marks_are_the_three_readings_and_the_weights_of_an_answer(pupil):
    right, wrong = (next(one for one in TRIED.source() if one.right is it) for it in (True, False))
    plain, hinted, judged, weights = marks(*pupil, wrong, NLFT(blamed=1.0))
    assert [one.unit for one in (plain, hinted, judged, weights)] == ["probability"] * 3 + ["weight"]
    assert "".join(plain.tokens).strip() == f"{wrong.completion}<|end|>" and plain.tokens == weights.tokens
    (logprobs,) = rewards.completion_logprobs(*pupil, [wrong])
    assert plain.values == pytest.approx([math.exp(one) for one in logprobs], abs=1e-5)
    for base, answer, judge, weight in zip(*(one.values for one in (plain, hinted, judged, weights)), strict=True):
        assert (weight < 0) is (judge > max(base, answer) and judge > 0.01), "what is unlearned stands below 0"
    assert any(weight < 0 for weight in weights.values)
    assert [one.label for one in marks(*pupil, right)] == ["plain", "with the answer", "weight"]
    assert min(marks(*pupil, right)[-1].values) > 0


def test_a_random_model_localises_no_digit_and_right_attempts_have_none(pupil):
    found = localisation(*pupil, Attempts("hard", examples=40, wrong=1.0).source())
    assert found["blame"].n == 40 and found["blame"].unit == "area"
    assert all(0.2 < one.value < 0.8 for one in found.values()), "half by chance"
    with pytest.raises(ValueError, match="no digit was planted"):
        localisation(*pupil, Attempts("hard", examples=4, wrong=0.0).source())
    with pytest.raises(ValueError, match=r"an answer has \d+ tokens, the model reads 256"):
        marks(*pupil, Attempt("Why? " * 300, "4", answer="4"))


def test_the_area_under_the_curve_by_hand():
    assert auc([0.1, 0.9, 0.5], {1}) == 1 and auc([0.1, 0.9, 0.5], {0}) == 0
    assert auc([0.5, 0.5, 0.5], {1}) == 0.5
    assert auc([3, 1, 2, 0], {0, 3}) == 0.5, "one above both others, one below both"
    with pytest.raises(ValueError, match="3 of 3 tokens are marked"):
        auc([1, 2, 3], {0, 1, 2})


# ---- attempts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["steps", "gaps", "hard", "hinted"])
def test_one_digit_is_planted_and_the_criticism_names_it(name):
    task = world.task(name, 0)
    for i in range(20):
        example = task.sample("train", i)
        text, at = planted(example.completion, Dice("planted", i))
        own, spoilt = (answer.partition(" ####")[0] for answer in (example.completion, text))
        assert [place for place, (a, b) in enumerate(zip(own, spoilt, strict=True)) if a != b] == [at]
        assert text[at].isdigit() and task.steps(example, text).value < 1
        assert (task.check(example, text).value == 0) is (name == "steps"), "there the answer follows from the steps"
        said = criticism(text, Dice("said", i))
        assert said and criticism(example.completion, Dice("said", i)) == ""
        assert any(place in said for place in ("ones", "tens", "hundreds"))


def test_attempts_are_right_and_wrong_in_the_share_that_was_asked_for():
    found = Attempts("steps", examples=200, wrong=0.3).source()
    wrong = [attempt for attempt in found if not attempt.right]
    assert 40 < len(wrong) < 80 and all(one.criticism and "planted" in one.meta for one in wrong)
    gold = Task("steps", examples=200).source()
    for attempt, example in zip(found, gold, strict=True):
        assert attempt.prompt == example.prompt and example.completion.endswith(f"#### {attempt.answer}")
        assert (attempt.completion == example.completion) is attempt.right
    right = Attempts("steps", examples=200, wrong=0.3, right_only=True).source()
    assert right == [attempt for attempt in found if attempt.right]


def test_hints_stand_beside_as_many_questions_as_asked_for_and_name_the_answer():
    plain, hinted = (Attempts("gaps", examples=100, wrong=0.0, hinted=share).source() for share in (0.0, 0.5))
    told = [(one, other) for one, other in zip(plain, hinted, strict=True) if one.prompt != other.prompt]
    assert 35 < len(told) < 65
    assert all(one.answer in other.prompt and other.prompt.endswith(SHOW) for one, other in told)
    assert all(one.completion == other.completion for one, other in zip(plain, hinted, strict=True))
    later = Attempts("gaps", examples=5, first=95, wrong=0.0, hinted=0.5).source()
    assert later == hinted[95:]


def test_bare_answers_are_right_and_show_no_steps():
    bare, full = (Attempts("steps", examples=30, bare=bare).source() for bare in (True, False))
    assert all(one.right and one.completion == f"#### {one.answer}" for one in bare)
    assert [one.prompt for one in bare] == [one.prompt for one in full]


def test_attempts_come_back_from_their_file(tmp_path):
    path = tmp_path / "tried.jsonl"
    kept = TRIED.source()
    write_attempts(path, kept)
    write_attempts(path, kept)
    assert read_attempts(path) == kept == Attempts("steps", path=str(path)).source(), "written anew, not behind it"
    assert Attempts(path=str(path), examples=3).source() == kept[:3]


def test_what_a_model_tries_is_graded_criticised_and_kept(tmp_path, monkeypatch, pupil):
    task, path = world.task("steps", 0), tmp_path / "tried.jsonl"
    gold = [task.sample("train", i).completion for i in range(4)]
    said = [gold[0], planted(gold[1], Dice("x"))[0], "It is 7. #### 7", "Ones 1 and"]
    monkeypatch.setattr("ftkit.rewards.trying.generate", lambda *_: Said(said, [True, True, True, False]))
    found = rewards.sample_attempts(path, *pupil, task, n=4)
    assert [one.right for one in found] == [True, False, False] and read_attempts(path) == found
    assert [one.completion for one in found] == said[:3] and found[0].answer == gold[0].split()[-1]
    assert found[0].criticism == "" and any(place in found[1].criticism for place in ("ones", "tens"))
    assert found[2].criticism.startswith("said 7, the answer is"), "where no column is wrong, the grader has the word"


def test_a_mark_of_a_half_is_enough_where_a_judge_says_so(tmp_path, monkeypatch, pupil):
    task, path = world.task("steps", 0), tmp_path / "tried.jsonl"
    said = [task.sample("train", i).completion for i in range(2)]
    monkeypatch.setattr("ftkit.rewards.trying.generate", lambda *_: Said(said, [True, True]))
    monkeypatch.setitem(rewards.FUNCTIONS, "doubtful", lambda example, text: 0.6 if text == said[0] else 0.4)
    for least, right in ((1.0, [False, False]), (0.5, [True, False])):
        found = rewards.sample_attempts(path, *pupil, task, n=2, reward="python:doubtful", least=least)
        assert [one.right for one in found] == right


class Said:
    """As a rollout."""

    def __init__(self, texts, finished):
        self.texts, self.finished = texts, finished


def test_samples_are_the_models_own(tmp_path, pupil):
    task = world.task("sums", 0)
    with pytest.raises(ValueError, match="none of 4 attempts came to an end within 1 tokens; teach the form"):
        rewards.sample_attempts(tmp_path / "a.jsonl", *pupil, task, n=4, longest=1)


# ---- rounds of tutoring -------------------------------------------------------------------------------------------


def test_steps_are_correct_incorrect_or_missing():
    task = world.task("steps", 0)
    example = next(one for one in (task.sample("train", i) for i in range(9)) if "; " in one.completion)
    first, second = example.completion.partition(" ####")[0].rstrip(".").split("; ")
    assert task.compared(example, example.completion) == (2, 0, 0)
    assert task.compared(example, f"{first}. #### 7") == (1, 0, 1)
    assert task.compared(example, f"Ones make me think; {second}. #### 7") == (1, 1, 0)
    assert task.compared(example, "") == (0, 0, 2) == task.compared(example, None)


@pytest.mark.parametrize("fresh", [True, False], ids=["closed", "open"])
def test_a_closed_loop_listens_in_every_round_and_an_open_one_once(store, tutoring, monkeypatch, fresh):
    listened = []

    def said(model, tokenizer, prompts, *_):
        listened.append(len(prompts))
        return Said([f"Ones 1 and 1 make {len(listened)}. #### 2"] * len(prompts), [True] * len(prompts))

    monkeypatch.setattr("ftkit.rewards.trying.generate", said)
    recipe = tutoring.but(task=Attempts("steps", examples=6), steps=1, batch=2)
    told = comprehension.tutored(recipe, rounds=3, asked=4, fresh=fresh)
    assert listened == [6] * (3 if fresh else 1)
    assert [one.number for one in told.rounds] == [0, 1, 2, 3] and len(told.runs) == len(told.feedback) == 3
    assert [one.picked for one in told.rounds] == [0, 6, 6, 6]
    last = told.feedback[-1]
    assert last.attempts[0].completion == ("Ones 1 and 1 make 3. #### 2" if fresh else "Ones 1 and 1 make 1. #### 2")
    assert read_attempts(last.path) == list(last.attempts) and sum(last.steps) >= 6
    models_of = [run.recipe.model for run in told.runs]
    assert models_of == [recipe.model, *(str(run.path / "model") for run in told.runs[:-1])], (
        "each goes on from the last"
    )


def test_a_judge_that_says_wrong_to_all_agrees_on_what_is_wrong_alone(pupil):
    task = world.task("steps", 0)
    right = [task.sample("train", i) for i in range(3)]
    texts = [right[0].completion, right[1].completion, "#### 1"]
    tried = [Attempt(one.prompt, text, one.meta | {"due": one.completion}, False, "1", "no")
             for one, text in zip(right, texts, strict=True)]  # fmt: skip
    found = comprehension.feedback_on(task, tried)
    assert found.agrees == pytest.approx(1 / 3) and len(found) == 3
    assert found.steps[1] == 0 and found.steps[2] == sum(task.compared(right[2], ""))


# ---- NLFT: runs ---------------------------------------------------------------------------------------------------


def test_nlft_makes_right_answers_likelier_and_tells_what_it_marks(store, tutoring):
    run = training.run(tutoring.but(steps=20, batch=8, learning_rate=3e-3))
    right = [attempt for attempt in TRIED.source() if attempt.right]
    before, after = (
        sum(map(sum, rewards.completion_logprobs(*reader, right)))
        for reader in (models.load(tutoring.model), run.model())
    )
    assert after > 0.6 * before, "their surprise has shrunk by more than two fifths"
    for name in ("salient", "blamed", "weight"):
        assert all(0 <= value <= 2 for value in told_by(run, name)), name
    assert told_by(run, "salient")[0] == 0, "a random model is sure of nothing"


@pytest.mark.parametrize("adapter", [Full(), LoRA(rank=2)])
def test_a_stopped_tutor_goes_on_to_the_weights_of_an_unbroken_one(store, tutoring, adapter):
    tutoring = tutoring.but(adapter=adapter, shuffled=True)
    whole, press = training.run(tutoring), Stopper(3)
    stopped = training.run(tutoring, on_event=press, hand=press.hand)
    assert stopped.status == "stopped"
    ended = training.resume(stopped.id)
    assert told_by(ended, "loss") == told_by(whole, "loss") and equal(ended, whole)


def test_the_batch_is_the_same_however_it_is_cut(store, tutoring, demonstrating):
    for recipe, name in ((tutoring, "weight"), (demonstrating, "length")):
        whole, cut = training.run(recipe.but(steps=2)), training.run(recipe.but(steps=2, device_batch=2))
        assert told_by(cut, "loss")[0] == pytest.approx(told_by(whole, "loss")[0], rel=1e-3)
        assert name == "length" or told_by(cut, name)[0] == pytest.approx(told_by(whole, name)[0], rel=0.2)


def test_shuffled_weights_are_the_same_weights_at_other_tokens(store, tutoring):
    plain, placebo = (training.run(tutoring.but(steps=1, shuffled=it)) for it in (False, True))
    assert told_by(plain, "weight") == pytest.approx(told_by(placebo, "weight"), rel=1e-5)
    assert told_by(plain, "loss") != told_by(placebo, "loss") and not equal(plain, placebo)


# ---- self-distillation --------------------------------------------------------------------------------------------


def test_sdft_loss_by_hand():
    """Student (1/2, 1/2), teacher (3/4, 1/4): KL(s||t) = log(2) - log(3)/2; KL(t||s) = log(2) - H(3/4, 1/4)."""
    student, teacher = torch.zeros(1, 1, 2), torch.log(torch.tensor([[[0.75, 0.25]]]))
    reverse = math.log(2) - math.log(3) / 2
    forward = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert sdft_loss(student, teacher, row(1), 1.0, 2).item() == pytest.approx(reverse)
    assert sdft_loss(student, teacher, row(1), 0.0, 2).item() == pytest.approx(forward)
    half = 0.5 * (0.5 * math.log(0.5 / 0.625) + 0.5 * math.log(0.5 / 0.375) + 0.75 * math.log(0.75 / 0.625)
                  + 0.25 * math.log(0.25 / 0.375))  # fmt: skip
    assert sdft_loss(student, teacher, row(1), 0.5, 2).item() == pytest.approx(half)
    assert sdft_loss(student, teacher, row(1), 0.5, 1).item() == 0, "of one token alone there is no doubt"


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_a_demonstration_that_changes_nothing_teaches_nothing(alpha):
    logits = torch.randn(2, 3, 9, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = sdft_loss(logits, logits.detach(), torch.ones(2, 3), alpha, 5)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6) and logits.grad.abs().max() < 1e-6


def test_every_completion_counts_the_same_however_long_it_is():
    chance = torch.Generator().manual_seed(1)
    student, teacher = torch.randn(2, 3, 9, generator=chance), torch.randn(2, 3, 9, generator=chance)
    both = sdft_loss(student, teacher, torch.tensor([[1, 1, 1], [1, 0, 0]]), 0.5, 9)
    apart = [
        sdft_loss(student[i : i + 1, :n], teacher[i : i + 1, :n], torch.ones(1, n), 0.5, 9) for i, n in ((0, 3), (1, 1))
    ]
    assert both.item() == pytest.approx(sum(apart).item() / 2) and apart[0] != apart[1]


@pytest.mark.parametrize("adapter", [Full(), LoRA(rank=2)])
@pytest.mark.parametrize(("alpha", "top"), [(0.5, 100), (1.0, 7), (0.0, 5000), (0.2, 20)])
def test_sdft_loss_is_what_trl_computes_on_the_same_batch(
    pupil, pupil_folder, demonstrating, tmp_path, alpha, top, adapter
):
    from ftkit.recipe import technique

    config, (model, tokenizer) = SDFT(alpha=alpha, top=top, longest=8, group=2, temperature=0.7), pupil
    model = technique(adapter).attach(model, adapter, 0)
    plan = sdft.plan(config, model, tokenizer, demonstrating.task, TRAIN)
    args = arguments(plan, demonstrating.but(objective=config), PLAN, tmp_path, ())
    trainer = plan.trainer(model=model, args=args, train_dataset=plan.rows, processing_class=tokenizer, **plan.extras)
    batch = trainer._prepare_training_batch([row for row in plan.rows[:2] for _ in range(2)])
    shaken(model, 1, 0.05).eval()
    with torch.no_grad():
        theirs = trainer.compute_loss(model, dict(batch))
        plain = model.merge_and_unload() if adapter != Full() else model
        student = logits_of(plain, batch["prompt_ids"], batch["prompt_mask"], batch)
        before, width = models.load(str(pupil_folder))[0], batch["completion_ids"].shape[1]
        asked = batch["teacher_input_ids"][:, :-width], batch["teacher_attention_mask"][:, :-width]
        teacher = logits_of(before, *asked, batch)
    ours = sdft_loss(student / 0.7, teacher / 0.7, batch["completion_mask"], alpha, min(top, 1024))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    assert ours > 0.001


def logits_of(model, prompt_ids, prompt_mask, batch):
    ids, mask = (
        torch.cat([prompt_ids, batch["completion_ids"]], 1),
        torch.cat([prompt_mask, batch["completion_mask"]], 1),
    )
    width = batch["completion_ids"].shape[1]
    return type(model).forward(model, input_ids=ids, attention_mask=mask).logits[:, -width - 1 : -1]


def test_the_teacher_sees_the_demonstration_and_both_read_what_the_student_wrote(pupil, demonstrating, tmp_path):
    model, tokenizer = pupil
    plan = sdft.plan(demonstrating.objective, model, tokenizer, demonstrating.task, TRAIN)
    args = arguments(plan, demonstrating, PLAN, tmp_path, ())
    trainer = plan.trainer(model=model, args=args, train_dataset=plan.rows, processing_class=tokenizer, **plan.extras)
    rows = [row for row in plan.rows[:2] for _ in range(2)]
    batch = trainer._prepare_training_batch(rows)
    width = batch["completion_ids"].shape[1]
    for i, asked in enumerate(rows):
        example = next(one for one in demonstrating.task.source() if one.prompt == asked["prompt"])
        alone = batch["prompt_ids"][i][batch["prompt_mask"][i] == 1]
        asked_so = batch["teacher_input_ids"][i, :-width][batch["teacher_attention_mask"][i, :-width] == 1]
        assert seen(tokenizer, alone) == f"<|user|>{example.prompt}<|assistant|>"
        assert seen(tokenizer, asked_so) == f"<|user|>{example.prompt} {example.completion}<|assistant|>"
    assert batch["teacher_input_ids"][:, -width:].equal(batch["completion_ids"])


def test_a_model_changed_in_memory_teaches_itself(pupil, demonstrating, tmp_path):
    """TRL would load it again from where it once was; told the same, student and teacher would then differ."""
    model, tokenizer = shaken(pupil[0], 3), pupil[1]
    plan = sdft.plan(demonstrating.objective, model, tokenizer, demonstrating.task, TRAIN)
    args = arguments(plan, demonstrating, PLAN, tmp_path, ())
    rows = [{**row, "privileged_context": row["prompt"]} for row in plan.rows]
    trainer = plan.trainer(model=model, args=args, train_dataset=rows, processing_class=pupil[1], **plan.extras)
    batch = trainer._prepare_training_batch([row for row in rows[:2] for _ in range(2)])
    assert trainer.compute_loss(model, batch).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("teacher", ["base", "live"])
@pytest.mark.parametrize("adapter", [Full(), LoRA(rank=2)])
def test_a_stopped_distillation_goes_on_to_the_weights_of_an_unbroken_one(
    store, demonstrating, adapter, teacher, capsys
):
    demonstrating = demonstrating.but(adapter=adapter, teacher=teacher)
    whole, press = training.run(demonstrating), Stopper(3)
    ended = training.resume(training.run(demonstrating, on_event=press, hand=press.hand).id)
    assert told_by(ended, "loss") == told_by(whole, "loss") and equal(ended, whole)
    assert "adapter" not in capsys.readouterr().err, "correct use is silent"


def test_distillation_moves_towards_what_the_demonstration_makes_of_it(store, demonstrating):
    run = training.run(demonstrating.but(steps=25, batch=8, learning_rate=3e-3, examples=4))
    losses = told_by(run, "loss")
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5]) and all(1 <= value <= 8 for value in told_by(run, "length"))


# ---- bad input ----------------------------------------------------------------------------------------------------


def test_a_vocabulary_smaller_than_top_is_no_error(pupil):
    plan = sdft.plan(SDFT(top=5000, longest=8), *pupil, Task("sums", examples=4), TRAIN)
    assert plan.options["distillation_topk"] == 1024


@pytest.mark.parametrize("objective", [nlft, sdft])
def test_an_encoder_is_no_tutor(objective):
    with pytest.raises(ValueError, match="does not go on from a text"):
        objective.plan(objective.RECORD.config(), *models.fresh("encoder"), TRIED, TRAIN)


def test_what_is_no_attempt_is_refused(store, tutoring, demonstrating):
    with pytest.raises(ValueError, match=r"the task is Task\(\.\.\.\).*choose Attempts\(\.\.\.\)"):
        training.run(tutoring.but(task=Task("steps", examples=4)))
    with pytest.raises(ValueError, match="texts ask nothing that could be demonstrated"):
        training.run(demonstrating.but(task=Corpus(people=20)))
    with pytest.raises(ValueError, match="batch is 4 completions; choose a multiple of the group of 3"):
        training.run(demonstrating.but(group=3))


def test_a_task_without_columns_has_no_digit_to_plant():
    with pytest.raises(ValueError, match="is not told in columns"):
        Attempts("sums", wrong=1.0, examples=2).source()


def test_a_file_of_attempts_that_helps_nobody_is_one_sentence(tmp_path):
    path = tmp_path / "tried.jsonl"
    with pytest.raises(ValueError, match=r"there is no attempt in .*tried\.jsonl; let a model try first"):
        Attempts(path=str(path)).source()
    path.write_text("\n")
    with pytest.raises(ValueError, match="line 1, is no attempt"):
        read_attempts(path)
    line = {"prompt": "2 + 2?", "completion": "5", "right": False, "answer": "4", "criticism": "Too much."}
    for change, said in (
        ({"criticism": " "}, "attempt 1 of .* is wrong and its criticism is empty; say what is wrong"),
        ({"answer": ""}, "attempt 1 of .* has no right answer"),
        ({"completion": " "}, "attempt 1 of .* is empty; leave it out"),
        ({"right": "no"}, "line 1, is no attempt: right is 'no'"),
        ({"wrong": 1}, "line 1, is no attempt: .*'wrong'"),
    ):
        path.write_text(json.dumps(line | change) + "\n")
        with pytest.raises(ValueError, match=said):
            read_attempts(path)
    path.write_text(json.dumps(line) + "\n")
    with pytest.raises(ValueError, match="none of 1 attempts is right, so nothing is left to learn from"):
        Attempts(path=str(path), right_only=True).source()


def test_nothing_right_is_said_aloud_and_what_does_not_fit_is_left_out(pupil, tmp_path):
    plan = nlft.plan(NLFT(), *pupil, Attempts("steps", examples=4, wrong=1.0), TRAIN)
    assert plan.notes == ("None of 4 attempts is right: what is wrong is unlearned, and nothing shows what is right.",)
    assert nlft.plan(NLFT(), *pupil, TRIED, TRAIN).notes == ()
    long = Attempt("Why? " * 300, "4", answer="4")
    write_attempts(tmp_path / "a.jsonl", [long, Attempt("2 + 2?", "4. " * 200, answer="4")])
    plan = nlft.plan(NLFT(), *pupil, Attempts(path=str(tmp_path / "a.jsonl")), TRAIN)
    assert plan.notes[0].startswith("1 of 2 questions fill all 256 tokens") and len(plan.notes) == 2
    assert {len(row["plain"]) < 256 - len(row["said"]) <= 256 for row in plan.rows} == {True}
    write_attempts(tmp_path / "a.jsonl", [long])
    with pytest.raises(ValueError, match="no question leaves room for an answer in 256 tokens"):
        nlft.plan(NLFT(), *pupil, Attempts(path=str(tmp_path / "a.jsonl")), TRAIN)
    with pytest.raises(ValueError, match=r"a question with its demonstration has \d+ tokens, a completion up to 250"):
        sdft.plan(SDFT(longest=250), *pupil, Task("steps", examples=4), TRAIN)


def test_a_teacher_can_be_told_the_answer_alone(pupil):
    task, objective = Task("steps", examples=3), SDFT(shown="Hint: the answer is {answer}.", longest=20)
    plan = sdft.plan(objective, *pupil, task, TRAIN)
    for row in plan.rows:
        example = next(one for one in task.source() if one.prompt == row["prompt"])
        answer = example.completion.split()[-1]
        assert row["privileged_context"] == beside(example.prompt, f"Hint: the answer is {answer}.")


@pytest.mark.parametrize(("kind", "name"), [(NLFT, "hint"), (NLFT, "criticised"), (SDFT, "shown")])
def test_words_without_a_place_for_what_is_told_are_refused(kind, name):
    with pytest.raises(ValueError, match=f"{name} is 'Look.'; it must have a place for"):
        kind(**{name: "Look."})
