"""Short lessons: how long they are, what they measure, and that they teach."""

import statistics

import pytest

from ftkit import evaluation, lessons, models, world
from ftkit.data import encode_example
from ftkit.evaluation import Measurement
from ftkit.runs import Store


def test_a_lesson_reads_about_as_much_whatever_the_task():
    _, tokenizer = models.load("nano")
    for name in ("facts", "sums"):
        recipe = lessons.lesson("nano", name)
        lengths = [len(encode_example(tokenizer, example)[0]) for example in recipe.task.source()[:200]]
        read = recipe.train.steps * lessons.BATCH * statistics.fmean(lengths)
        assert read == pytest.approx(lessons.TOKENS, rel=0.1)


def test_a_lesson_in_an_unknown_task_is_refused():
    with pytest.raises(ValueError, match="there is no task 'cooking'"):
        lessons.lesson("nano", "cooking")


@pytest.mark.parametrize(("score", "baseline", "worked"), [(0.5, 0.1, True), (0.49, 0.1, False), (0.7, 0.4, False)])
def test_a_lesson_has_worked_at_twice_the_baseline_and_at_a_half(score, baseline, worked):
    wanted = max(lessons.TIMES * baseline, lessons.LEAST)
    measured = Measurement(score, "score", 100, score, score)
    found = lessons.Learned(measured, measured, baseline, wanted, taught=1.0, steps=1, seconds=1.0, example="said 4")
    assert found.worked is worked and found.to_dict()["worked"] is worked
    assert (found.why == "") is worked


@pytest.mark.parametrize(
    ("score", "taught", "cause"),
    [(0.3, 0.9, "by heart"), (0.3, 0.4, "ends too early"), (0.1, 0.1, "too short for all that is new")],
)
def test_a_lesson_that_fails_says_why(score, taught, cause):
    measured = Measurement(score, "score", 100, score, score)
    found = lessons.Learned(measured, measured, 0.2, 0.5, taught, steps=1, seconds=1.0, example="said 4")
    assert cause in found.why and "For example: said 4." in found.why


@pytest.mark.parametrize(("rate", "fit"), [(0.19, False), (0.2, True), (0.6, True), (0.61, False)])
def test_reinforcement_needs_right_and_wrong_answers(rate, fit):
    assert lessons.leaves_a_choice(rate) is fit


def test_a_lesson_teaches_and_says_what_it_cost(tmp_path, monkeypatch):
    monkeypatch.setattr(lessons, "TOKENS", 20_000)
    found = lessons.learned("small", "sums", n=60, store=Store(tmp_path))
    untaught = evaluation.answers(*models.load("small"), world.task("sums"), "test", 60)
    assert found.worked and found.score.value - statistics.fmean(answer.value for answer in untaught) >= 0.4
    assert found.baseline == max(world.task("sums").random, world.task("sums").echo)
    assert found.steps > 5 and found.seconds > 0 and found.taught >= 0.4 and found.example


def test_a_tier_is_the_share_of_sampled_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(lessons, "FORMAT_STEPS", 3)
    found = lessons.tier("small", "sums", n=5, store=Store(tmp_path))
    assert found.n == 5 and 0 <= found.low <= found.value <= found.high <= 1
    rights = found.value * 5 * lessons.SAMPLES
    assert rights == pytest.approx(round(rights))
