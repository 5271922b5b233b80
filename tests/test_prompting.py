"""A prompt is what it says it is: examples from where they should be, flips and votes by hand, weights by a library."""

import math
import re
from collections import Counter

import pytest
import torch

from ftkit import bench, prompting, world
from ftkit.bench.live import Live
from ftkit.data import encode
from ftkit.evaluation import share
from ftkit.evaluation.distance import token_logprobs
from ftkit.prompting import (
    Prompt,
    Votes,
    answers,
    ask,
    calibrated,
    conclusion,
    guessed,
    in_all_orders,
    majority,
    over_orders,
    permutation,
    prior,
    question,
    right,
    self_consistency,
    spread,
    spread_by_chance,
    voice_of,
    votes,
    weigh,
    weighing,
    written,
)
from ftkit.world.columns import result
from ftkit.world.episodes import EpisodeTask
from ftkit.world.examples import split_of

EPISODES, SENTIMENT, SUMS = (world.task(name) for name in ("episodes", "sentiment", "long sums"))
ATTACK = "<img src=x onerror=alert(1)>"


@pytest.fixture
def tokenizer(tiny):
    return tiny[1]


# ---- what is put before the model ----


def test_a_prompt_is_instruction_examples_and_question():
    shots = [{"x": "red", "y": "4"}, {"x": "cat", "y": "7"}]
    text = written("Look.", "In: {x} Out: {y}.", "\n", ("y",), shots, {"x": "red", "y": "4"})
    assert text == "Look.\nIn: red Out: 4.\nIn: cat Out: 7.\nIn: red Out:"


def test_a_question_ends_before_the_first_hole_of_its_answer():
    one = {"a": 2, "steps": "two and two", "answer": 4}
    assert written("", "{a}: {steps}, so {answer}.", " ", ("steps", "answer"), [one], one) == "2: two and two, so 4. 2:"
    assert written("", "{a} is {answer}", " ", ("steps", "answer"), [], one) == "2 is"


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ("In: {x} Out:", "has no place for the answer; put {y} where it belongs"),
        ("In: {z} Out: {y}", "cannot be filled; the holes of this task are {x}, {y}"),
        ("In: {x Out: {y}", "cannot be filled"),
        ("In: {} Out: {y}", "cannot be filled"),
        ("In: {x.__class__.nothing} Out: {y}", "cannot be filled"),
    ],
)
def test_a_form_that_does_not_fit_is_explained(form, says, tokenizer):
    with pytest.raises(ValueError) as error:
        question(tokenizer, EPISODES, Prompt(form=form, shots=1))
    assert says in str(error.value)


def test_orders_are_all_different_and_begin_with_the_one_that_came():
    orders = [tuple(permutation("abcd", number)) for number in range(24)]
    assert len(set(orders)) == 24 and orders[0] == tuple("abcd") and orders[1] == tuple("abdc")
    assert orders[23] == tuple("dcba") and permutation("abcd", 24) == list("abcd")
    assert permutation("", 5) == []


def test_labels_are_exchanged_in_a_ring():
    assert [prompting.exchanged(one, ("a", "b", "c")) for one in "abc"] == ["b", "c", "a"]


@pytest.mark.parametrize("kind", ["table", "choice", "shift", "linear"])
def test_the_question_of_a_rule_stays_the_same_whatever_the_examples(kind, tokenizer):
    task = EpisodeTask(world.island(0), kinds=(kind,))
    for i in range(20):
        asked = [question(tokenizer, task, Prompt(shots=shots), i=i) for shots in (0, 1, 5)]
        assert len({(one.example.prompt, one.example.completion) for one in asked}) == 1
        assert asked[0].text == f"In: {asked[0].example.prompt} Out:"
        assert [one.text.count("\n") for one in asked] == [0, 1, 5]
        assert split_of("episodes", asked[0].example.meta["key"]) == "test"
        if kind == "table":
            assert all(f"In: {one.example.prompt} Out: {one.example.completion}\n" in one.text for one in asked[1:])


def test_the_same_prompt_asks_the_same_and_another_draw_shows_others(tokenizer):
    for task in (EPISODES, SENTIMENT, SUMS):
        texts = [question(tokenizer, task, Prompt(shots=3, draw=draw), i=4).text for draw in (0, 0, 1)]
        assert texts[0] == texts[1] != texts[2]


def test_examples_are_of_the_training_split_and_the_same_for_every_question(tokenizer):
    texts = [question(tokenizer, SUMS, Prompt(shots=2), i=i).text for i in range(20)]
    before = {text[: text.rindex("Let us")] for text in texts}
    assert len(before) == 1 and len(set(texts)) == 20
    shown = [line.split(".")[0] for line in before.pop().split("Let us work out ")[1:]]
    assert len(shown) == 2 and all(split_of("long sums", sum_) == "train" for sum_ in shown)


@pytest.mark.parametrize(("shots", "counts"), [(2, {1}), (3, {1, 2}), (4, {2})])
def test_labels_are_shown_as_often_as_each_other(shots, counts, tokenizer):
    orders = set()
    for draw in range(12):
        text = question(tokenizer, SENTIMENT, Prompt(shots=shots, draw=draw)).text
        shown = re.findall(r"was (pleased|cross)\.", text)
        assert set(Counter(shown).values()) == counts
        orders.add(tuple(shown))
    assert len(orders) > 1


def test_flipped_examples_carry_the_other_word_and_teach_the_other_answer(tokenizer):
    straight, flipped = (question(tokenizer, SENTIMENT, Prompt(shots=4, flipped=flag), i=3) for flag in (False, True))
    assert [prompting.exchanged(label, straight.labels) for label in straight.shown] == list(flipped.shown)
    assert {straight.answer, flipped.answer} == {"pleased", "cross"}
    swap = {"pleased.": "cross.", "cross.": "pleased."}
    assert " ".join(swap.get(word, word) for word in straight.text.split(" ")) == flipped.text
    assert {straight.example.completion, flipped.example.completion} == {"positive", "negative"}


def test_a_flipped_table_is_another_table(tokenizer):
    task = EpisodeTask(world.island(0), kinds=("table",))
    changed = 0
    for i in range(20):
        straight, flipped = (question(tokenizer, task, Prompt(shots=5, flipped=flag), i=i) for flag in (False, True))
        asked = flipped.example
        assert f"In: {asked.prompt} Out: {asked.completion}\n" in flipped.text
        answers_shown = [Counter(line.split("Out: ")[1] for line in one.text.split("\n")[:-1])
                         for one in (straight, flipped)]  # fmt: skip
        assert set(answers_shown[0]) == set(answers_shown[1])
        changed += straight.example.completion != asked.completion
    assert changed >= 15  # all but tables of which only one word was shown


def test_shuffled_examples_keep_all_answers_and_the_question(tokenizer):
    for task in (EPISODES, SENTIMENT):
        straight, shuffled = (question(tokenizer, task, Prompt(shots=4, shuffled=flag), i=5) for flag in (False, True))
        assert straight.text != shuffled.text and straight.example == shuffled.example
        assert Counter(straight.text.split()) == Counter(shuffled.text.split())


def test_words_of_the_learner_stand_for_labels(tokenizer):
    one = question(tokenizer, SENTIMENT, Prompt(shots=3, words=("red", "blue")))
    assert one.words == ("red", "blue") and one.labels == ("positive", "negative")
    said = [line.split(".")[0] for line in one.text.split(" was ")[1:]]
    assert {"red", "blue"} >= {word for word in said if word in ("red", "blue")} != set()
    assert "pleased" not in one.text and "positive" not in one.text


@pytest.mark.parametrize(
    ("task", "prompt", "says"),
    [
        (SENTIMENT, Prompt(words=("good",)), "give a different word for each label"),
        (SENTIMENT, Prompt(words=("good", "good")), "give a different word for each label"),
        (SUMS, Prompt(words=("a", "b")), "long sums has no labels, so no words can stand for them"),
        (SUMS, Prompt(flipped=True), "choose sentiment or episodes"),
    ],
)
def test_words_and_flips_need_labels(task, prompt, says, tokenizer):
    with pytest.raises(ValueError, match=says):
        question(tokenizer, task, prompt)


@pytest.mark.parametrize("wrong", [{"shots": -1}, {"shots": 17}, {"voice": "song"}, {"order": -1}])
def test_a_prompt_refuses_what_it_cannot_be(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Prompt(**wrong)


def test_where_there_is_no_room_the_first_examples_go(tokenizer):
    whole = question(tokenizer, SENTIMENT, Prompt(instruction="Read.", shots=4)).text
    for room in (len(encode(tokenizer, whole)), 120, 90, 1):
        text = question(tokenizer, SENTIMENT, Prompt(instruction="Read.", shots=4), room=room).text
        assert text.startswith("Read. ") and whole.endswith(text.removeprefix("Read. "))
        assert len(encode(tokenizer, text)) <= room or "In the end" not in text[: text.rindex("In the end")]


def test_a_chat_shows_examples_as_earlier_turns(tokenizer):
    messages = question(tokenizer, SENTIMENT, Prompt(instruction="Judge.", shots=2, voice="chat")).text
    assert [one["role"] for one in messages] == ["user", "assistant", "user", "assistant", "user"]
    assert messages[0]["content"].startswith("Judge.\n")
    assert {one["content"] for one in messages if one["role"] == "assistant"} <= {"positive", "negative"}
    assert messages[-1]["content"] == SENTIMENT.sample("test", 0).prompt


@pytest.mark.parametrize("kind", world.TASKS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("voice", ["text", "chat"])
def test_every_task_can_be_put_in_either_voice(kind, voice, tokenizer):
    task = kind(world.island(0))
    split = "test" if "test" in task.splits else task.splits[-1]
    one = question(tokenizer, task, Prompt(shots=2, voice=voice), split)
    last = one.text if voice == "text" else one.text[-1]["content"]
    assert last and not last.endswith(" ")
    assert len(encode(tokenizer, one.text)) > 2


# ---- what is answered ----


def test_every_worked_text_comes_to_its_result():
    corpus, found = world.corpus("worked"), 0
    for i in range(300):
        first, rest = corpus.document(i).split(". ", 1)
        a, sign, b = next((words for words in zip(first.split(), first.split()[1:], first.split()[2:], strict=False)
                           if words[1] in "+-x" and words[0].isdecimal()), (0, 0, 0))  # fmt: skip
        if sign and ";" in rest.split(". ")[0]:
            found += 1
            assert conclusion(rest) == str(result(int(a), sign, int(b.rstrip(",")))), corpus.document(i)
    assert found > 100


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (" 843", "843"),
        (" 843\n12 + 3 = 15", "843"),
        ("Ones 7 and 6 make 13, carry 1; tens 8 and 5 and 1 make 14. So 87 + 56 = 143. Next comes 2 + 2.", "143"),
        ("Ones 7 and 6 make 13, carry 1; tens 8", ""),
        ("it rained", ""),
        ("", ""),
    ],
)
def test_the_conclusion_is_the_first_number_that_is_no_step(text, number):
    assert conclusion(text) == number


def test_words_weigh_what_the_documents_tokens_do(tiny):
    model, tokenizer = tiny
    texts = [question(tokenizer, SENTIMENT, Prompt(), i=i).text for i in range(3)]
    words = ("pleased", "disappointed", "cross")
    found = weigh(model, tokenizer, texts, words)
    for row, text in zip(found, texts, strict=True):
        for value, word in zip(row.tolist(), words, strict=True):
            ((logprobs, _),) = token_logprobs(model, tokenizer, [f"{text} {word}"])
            size = len(tokenizer(" " + word, add_special_tokens=False).input_ids)
            assert value == pytest.approx(sum(logprobs[-1 - size : -1]), abs=1e-3)


def test_examples_before_all_questions_are_read_once_and_weigh_the_same(tiny):
    model, tokenizer = tiny
    texts = [question(tokenizer, SENTIMENT, Prompt(shots=2), i=i).text for i in range(4)]
    alone = torch.cat([weigh(model, tokenizer, [text], ("pleased", "cross")) for text in texts])
    read = []
    hook = model.register_forward_pre_hook(
        lambda _, args, kwargs: read.append(kwargs["input_ids"].numel()), with_kwargs=True
    )
    together = weigh(model, tokenizer, texts, ("pleased", "cross"))
    hook.remove()
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)
    assert read[0] > 80 and sum(read) < sum(len(encode(tokenizer, text)) for text in texts) * 1.5


def test_batches_do_not_change_what_words_weigh(tiny, monkeypatch):
    texts = [question(tiny[1], SENTIMENT, Prompt(), i=i).text for i in range(5)]
    whole = weigh(*tiny, texts, ("pleased", "cross"))
    monkeypatch.setattr(weighing, "LOGITS", 1)
    torch.testing.assert_close(weigh(*tiny, texts, ("pleased", "cross")), whole, atol=1e-4, rtol=1e-4)


def test_a_guess_earns_the_share_of_shown_answers_that_are_right(tokenizer):
    table = EpisodeTask(world.island(0), kinds=("table",))
    assert [guessed(table, Prompt(shots=shots), n=30) for shots in (0, 1)] == [0.0, 1.0]
    asked = [question(tokenizer, table, Prompt(shots=3), i=i) for i in (7, 8)]
    shares = [one.text.split("\n")[:-1].count(f"In: {one.example.prompt} Out: {one.answer}") for one in asked]
    assert guessed(table, Prompt(shots=3), n=2, first=7) >= sum(shares) / 6 > 0
    assert guessed(table, Prompt(shots=3, shuffled=True), n=30) == guessed(table, Prompt(shots=3), n=30)


def test_calibration_by_hand_and_at_its_limits():
    logprobs = torch.tensor([[0.9, 0.1], [0.6, 0.4]]).log()
    # 0.9 / 0.75 to 0.1 / 0.25 is 3 to 1; 0.6 / 0.75 to 0.4 / 0.25 is 1 to 2
    wanted = torch.tensor([[3 / 4, 1 / 4], [1 / 3, 2 / 3]])
    torch.testing.assert_close(calibrated(logprobs, torch.tensor([0.75, 0.25]).log()), wanted)
    torch.testing.assert_close(calibrated(logprobs, torch.zeros(2)), logprobs.exp())
    torch.testing.assert_close(calibrated(logprobs[:1], logprobs[0]), torch.full((1, 2), 0.5))


def test_calibration_does_not_see_how_likely_the_words_are_together():
    logprobs, before = torch.tensor([[-3.0, -1.0, -2.0]]), torch.tensor([-1.0, -2.0, -4.0])
    torch.testing.assert_close(calibrated(logprobs - 7, before - 5), calibrated(logprobs, before))


def one_sided(*_):
    """Finds the first of two words likelier, and says so most where there is least to judge."""
    return lambda model, tokenizer, texts, words: torch.tensor(
        [[0.0, -3.0 if any(nothing in text for nothing in prompting.NOTHING[1:]) else -1.0] for text in texts]
    )


def test_labels_are_those_whose_words_weigh_most(tiny, monkeypatch):
    monkeypatch.setattr(answers, "weigh", one_sided())
    plain, flipped, turned = (
        ask(*tiny, SENTIMENT, Prompt(shots=1, flipped=flag), n=20, calibrate=calibrate)
        for flag, calibrate in ((False, False), (True, False), (False, True))
    )
    assert {one.text for one in plain} == {"positive"} and {one.text for one in turned} == {"negative"}
    marks = [[one.value for one in found] for found in (plain, flipped, turned)]
    assert 0 < sum(marks[0]) < 20 and marks[0] == [1 - mark for mark in marks[1]] == [1 - mark for mark in marks[2]]


def test_nothing_is_judged_in_the_prior(tiny, monkeypatch):
    read = []
    monkeypatch.setattr(
        answers, "weigh", lambda model, tokenizer, texts, words: read.extend(texts) or torch.zeros(1, 2)
    )
    prior(*tiny, SENTIMENT, Prompt(), text="It rained all day.")
    assert read == [f"It rained all day. In the end {SENTIMENT.sample('test', 0).meta['buyer']} was"]
    with pytest.raises(ValueError, match="long sums has no labels to calibrate"):
        prior(*tiny, SUMS, Prompt())
    with pytest.raises(ValueError, match="episodes has no labels to calibrate"):
        ask(*tiny, EPISODES, Prompt(), n=1, calibrate=True)


def test_free_answers_are_read_up_to_the_next_example(tiny, monkeypatch):
    def knows(model, tokenizer, task, prompt, texts, *_, **__):
        return [
            f" {question(tokenizer, task, prompt, i=i).example.completion}\nIn: x Out: y" for i in range(len(texts))
        ]

    monkeypatch.setattr(answers, "write", knows)
    assert right(*tiny, EPISODES, Prompt(shots=3), n=12).value == 1
    assert right(*tiny, EPISODES, Prompt(shots=3, flipped=True), n=12).value == 1


def test_later_questions_can_be_asked(tiny):
    found = ask(*tiny, EPISODES, Prompt(shots=2), n=3, first=7)
    assert [one.prompt for one in found] == [question(tiny[1], EPISODES, Prompt(shots=2), i=i).text for i in (7, 8, 9)]


# ---- orders ----


def test_all_orders_hold_the_same_examples_and_are_marked_as_they_are_asked(tiny, monkeypatch):
    monkeypatch.setattr(tiny[0].config, "max_position_embeddings", 512)  # room for all of them
    prompt = Prompt(shots=3, draw=2)
    found = in_all_orders(*tiny, SENTIMENT, prompt, n=6, first=4)
    assert len(found) == 6 and len({tuple(sorted(one.shown)) for one in found}) == 1
    assert found[0].shown == question(tiny[1], SENTIMENT, prompt).shown
    for number in (0, 5):
        one, order = found[number], Prompt(shots=3, draw=2, order=number)
        assert list(one.right) == [told.value for told in ask(*tiny, SENTIMENT, order, n=6, first=4)]
        assert one.prior == pytest.approx(prior(*tiny, SENTIMENT, order).softmax(-1).tolist(), abs=1e-4)


def test_in_every_order_labels_are_calibrated_by_its_own_prior(tiny, monkeypatch):
    monkeypatch.setattr(prompting.orders, "weigh", one_sided())
    for one in in_all_orders(*tiny, SENTIMENT, Prompt(shots=2), n=20):
        assert sum(one.right) not in (0, 20) and one.calibrated == tuple(1 - mark for mark in one.right)


def test_only_few_examples_of_labels_are_asked_in_all_orders(tiny):
    with pytest.raises(ValueError, match="6 examples have 720 orders; choose at most 5"):
        in_all_orders(*tiny, SENTIMENT, Prompt(shots=6))
    with pytest.raises(ValueError, match="episodes has no labels"):
        in_all_orders(*tiny, EPISODES, Prompt(shots=2))


def test_the_spread_by_chance_is_what_is_left_when_no_order_is_better():
    assert spread([(1.0, 1.0), (0.0, 1.0), (0.0, 1.0)]) == 0.5
    assert spread_by_chance([(1.0, 0.0)] * 3) == 0.0  # every question is answered alike in every order
    assert spread_by_chance([(1.0,), (0.0,)]) == 1.0  # one question: one order is right, whichever
    # two questions, two orders: dealt out, both marks fall to one order in half of all cases
    assert spread_by_chance([(1.0, 1.0), (0.0, 0.0)]) == pytest.approx(0.5, abs=0.15)


def test_what_orders_come_to_by_hand():
    two = [
        prompting.Ordered((), (), right=(1.0, 1.0, 0.0, 1.0), calibrated=(1.0, 1.0, 1.0, 1.0)),
        prompting.Ordered((), (), right=(1.0, 0.0, 0.0, 0.0), calibrated=(1.0, 1.0, 0.0, 0.0)),
    ]
    found = over_orders(two)
    assert found.pop("spread by chance") == spread_by_chance([one.right for one in two])
    assert found == {
        "worst order": 0.25, "best order": 0.75, "all orders": 0.5, "all orders calibrated": 0.75, "spread": 0.5,
    }  # fmt: skip


# ---- votes ----


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        (["5", "7", "7"], "7"),
        (["7", "5", "5", "7"], "7"),
        (["5", "7", "7", "5"], "5"),
        (["", "", "3"], "3"),
        (["", ""], ""),
        ([], ""),
    ],
)
def test_majority_takes_the_commonest_and_of_equals_the_first(said, chosen):
    assert majority(said) == chosen


def test_a_vote_scores_what_its_majority_scores():
    vote = Votes("", "7", ("5", "7", "", "7"), (0.0, 1.0, 0.0, 1.0))
    assert [vote.value(first) for first in (1, 2, 3, 4, None)] == [0, 0, 0, 1, 1]
    assert Votes("", "7", ("", ""), (0.0, 0.0)).value() == 0


def test_samples_are_votes_and_belong_to_their_question(tiny, monkeypatch):
    told = iter(["So 1 + 1 = 2. ", "It is 3.", "it is 3", "none", "It is 4.", "It is 4."])
    monkeypatch.setattr(votes, "write", lambda *_, **__: list(told))
    first, second = self_consistency(*tiny, SUMS, Prompt(), n=2, samples=3)
    assert first.said == ("2", "3", "3") and second.said == ("", "4", "4")
    assert first.expected == SUMS.sample("test", 0).completion != second.expected


def test_the_same_seed_draws_the_same_samples(tiny):
    drawn = [self_consistency(*tiny, EPISODES, Prompt(shots=2), n=4, samples=3, seed=seed) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 4 and all(len(one.said) == 3 for one in drawn[0])


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"task": SUMS, "samples": 0}, "choose at least 1"),
        ({"task": SUMS, "temperature": 0.0}, "at more than 0"),
        ({"task": SENTIMENT}, "weighed, not written"),
    ],
)
def test_a_vote_needs_samples_that_differ(how, says, tiny):
    with pytest.raises(ValueError, match=says):
        self_consistency(*tiny, prompt=Prompt(), n=1, **how)


# ---- the workbench ----


def test_headless_the_workbench_scores_once_and_leaves_a_table(tiny, monkeypatch, capsys):
    monkeypatch.setenv("FTKIT_MODE", "headless")
    made = bench.workbench(*tiny, SENTIMENT, Prompt(shots=1), n=4)
    ((prompt, found),) = made.trials
    assert prompt.form == voice_of(SENTIMENT).form and prompt.words == ("pleased", "cross")
    assert found == right(*tiny, SENTIMENT, prompt, n=4) and made.box is None
    assert "1 prompts for sentiment" in capsys.readouterr().out
    with pytest.raises(ValueError, match="has no place for the answer"):
        bench.workbench(*tiny, SENTIMENT, Prompt(form="{text}"), n=2)
    assert Live.current is None


def test_the_best_trial_is_the_one_that_scored_most_and_one_is_made_if_there_is_none(tiny, monkeypatch):
    monkeypatch.setenv("FTKIT_MODE", "thread")
    made = bench.workbench(*tiny, SENTIMENT, n=4)
    prompt, found = made.best()
    assert (prompt, found) == made.trials[0] and len(made.trials) == 1
    better = (Prompt(instruction="Judge."), share([1.0] * 4))
    made.trials += [better, (Prompt(), share([0.0] * 4))]
    assert made.best() == better and len(made.trials) == 3


def test_fields_change_the_prompt_and_the_button_scores_it(tiny, monkeypatch):
    monkeypatch.setenv("FTKIT_MODE", "thread")
    made = bench.workbench(*tiny, SENTIMENT, n=2)
    assert made.trials == []
    made.fields["instruction"].value = ATTACK
    made.fields["shots"].value = 1
    made.fields["words"].value = "good, bad"
    assert made.prompt.shots == 1 and made.prompt.words == ("good", "bad")
    made.button.click()
    assert made.live.join(60)
    ((prompt, found),) = made.trials
    assert prompt.instruction == ATTACK and math.isfinite(found.value)
    assert "&lt;img" in made.out.value and "<img" not in made.out.value


def test_a_prompt_that_cannot_be_is_explained_and_nothing_breaks(tiny, monkeypatch):
    monkeypatch.setenv("FTKIT_MODE", "thread")
    made = bench.workbench(*tiny, EPISODES, n=2)
    made.fields["form"].value = "{x} and"
    assert "has no place for the answer" in made.out.value
    made.button.click()
    assert made.live.join(60) and made.trials == []
    made.fields["form"].value = "{x} > {y}"
    made.button.click()
    assert made.live.join(60) and len(made.trials) == 1
