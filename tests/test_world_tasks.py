"""What holds for every task and every corpus of the island."""

import statistics

import pytest

from ftkit import world
from ftkit.machine import data_folder
from ftkit.world.dice import Dice
from ftkit.world.examples import SPLITS

ASKED = 300
CONTEXT = 256
HOSTILE = (
    "", " \n ", None, 7, b"yes", ["yes"], "x" * 10_000, "9" * 10_000, "\x00\x07", "\u202eOria", "[" * 5_000,
    "{" + '"a":{' * 3_000, "#### " * 2_000, "-" * 400, "a" * 400 + "!", "\U0001f600" * 500, "٣", "1e999", "NaN",
)  # fmt: skip


@pytest.fixture(params=[kind.name for kind in world.TASKS])
def task(request):
    return world.task(request.param)


@pytest.fixture(scope="module")
def tokens():
    from tokenizers import Tokenizer

    core = Tokenizer.from_file(str(data_folder() / "tokenizer" / "tokenizer.json"))
    return lambda text: len(core.encode(text).ids)


def drawn(task, split="test", n=ASKED):
    return [task.sample(split, i) for i in range(n)]


def test_the_gold_answer_scores_one_and_a_degraded_one_less(task):
    for split in SPLITS:
        for i, example in enumerate(drawn(task, split)):
            assert task.check(example, example.completion).value == 1, example
            assert task.check(example, f" {example.completion}\n").value == 1, example
            worse = task.worse(example, i)
            score = task.check(example, worse)
            assert 0 <= score.value < 1 and score.why, (example, worse)


def test_no_two_splits_ask_about_the_same(task):
    keys = [{example.meta["key"] for example in drawn(task, split)} for split in SPLITS]
    prompts = [{example.prompt for example in drawn(task, split)} for split in SPLITS]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not keys[one] & keys[other] and not prompts[one] & prompts[other]


def test_an_example_is_a_pure_function_of_split_and_number(task):
    assert drawn(task, n=5) == drawn(world.task(task.name), n=5)
    assert len({example.prompt for example in drawn(task)}) > ASKED / 10
    with pytest.raises(ValueError, match="there is no split 'exam'"):
        task.sample("exam", 0)
    with pytest.raises(ValueError, match="there is no split 'exam'"):
        task.size("exam")
    with pytest.raises(IndexError, match="counted from 0"):
        task.sample("test", -1)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text)[:12])
def test_hostile_answers_earn_nothing_and_a_reason(task, text):
    score = task.check(task.sample("test", 0), text)
    assert score.value == 0 and len(score.why) > 5


def test_stated_baselines_are_what_is_measured(task):
    examples = drawn(task)
    others = Dice("others", task.name).shuffled(examples)
    guessed = statistics.fmean(task.check(a, b.completion).value for a, b in zip(examples, others, strict=True))
    echoed = statistics.fmean(task.check(example, example.prompt).value for example in examples)
    assert guessed == pytest.approx(task.random, abs=0.08) and echoed == pytest.approx(task.echo, abs=0.05)
    assert all(line in type(task).__doc__ for line in ("worked example", "baselines", "fooled by"))


def test_answers_and_prompts_fit(task, tokens):
    for example in drawn(task, n=100):
        assert tokens(example.completion) < task.answer_tokens, example.completion
        assert tokens(example.prompt) + task.answer_tokens + 3 <= CONTEXT


@pytest.mark.parametrize("family", world.WEIGHTS)
def test_a_family_alone_reads_its_documents_and_no_question_is_among_them(family, tokens):
    corpus, mixture = world.corpus(family), world.corpus()
    documents = [corpus.document(i) for i in range(200)]
    assert len(set(documents)) > 190
    asked = [task.sample(split, i).prompt for task in map(world.task, (kind.name for kind in world.TASKS))
             for split in SPLITS for i in range(20)]  # fmt: skip
    for document in documents:
        reading = mixture.parse(document)
        assert reading and reading.family == family and reading.true, document
        assert tokens(document) < CONTEXT
        assert not any(prompt in document for prompt in asked)
