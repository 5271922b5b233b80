"""What base models make of what stands before them: the probes themselves, on readers made by hand."""

import pytest

from ftkit import evaluation, models
from ftkit.evaluation import context
from ftkit.world.columns import asked, columns, trace
from ftkit.world.dice import Dice
from ftkit.world.episodes import episode, held_out


def reads(monkeypatch, answer):
    """Every probe's model is a function of the prompt from now on."""
    monkeypatch.setattr(context, "go_on", lambda model, tokenizer, prompts, tokens, **how: list(map(answer, prompts)))


def by_the_hint(prompt: str) -> str:
    """Someone who proves whatever a sentence before the trial names, and knows nothing else."""
    words = prompt.replace(".", " ").replace(",", " ").split()
    b, whole = problem_in(prompt)
    named = [int(word) for word in words if word.isdigit() and int(word) not in (b, whole)]
    return f" {named[-1]}. {trace(columns(named[-1], 'x', b))}. So it is." if named else " 1. Nothing."


def problem_in(prompt: str) -> tuple[int, int]:
    for i in range(30):
        told, _, a, _ = context._problem(Dice("probe hints", i))
        if prompt.startswith(told):
            b = next(b for b in range(2, 10) if f"{a * b}" in told and f"{b}" in told.replace(f"{a * b}", ""))
            return b, a * b
    raise AssertionError(prompt)


def test_who_follows_hints_gains_by_true_ones_and_not_by_wrong_ones(monkeypatch):
    reads(monkeypatch, by_the_hint)
    gain, misled = context.hints_gain(None, None, 0, 30), context.hints_misled(None, None, 0, 30)
    assert gain.value == 1.0 and gain.low == 1.0
    assert misled.value == 0.0, "no digit of a wrong hint stands in its place"


def test_steps_count_in_their_places_alone():
    due = "Ones 9 times 2 is 18, carry 1; tens 2 times 2 and 1 is 5; hundreds 4 times 2 is 8"
    assert context._steps_right(f" 429. {due}. So 429 it is.", due) == 1.0
    first, second, third = due.split("; ")
    assert context._steps_right(f" 429. {second}; {first}; {third}.", due) == pytest.approx(1 / 3)
    assert context._steps_right(" 429", due) == 0.0 == context._steps_right("", due)


def test_examples_are_worth_what_only_they_tell(monkeypatch):
    drawn = {one[0] + one[1]: one[2] for one in (episode(Dice("probe icl", i), 4) for i in range(40))}
    reads(monkeypatch, lambda prompt: f" {drawn[prompt]}\nand more" if prompt in drawn else " none")
    assert context.icl_gain(None, None, 0, 40).value == 1.0
    reads(monkeypatch, lambda prompt: " red")
    assert abs(context.icl_gain(None, None, 0, 40).value) < 0.1, "the questions are the same with and without examples"


def test_problems_of_the_probes_are_in_no_corpus():
    for i in range(30):
        _, _, a, due = context._problem(Dice("probe hints", i))
        b = int(due.split("times ")[1].split()[0])
        assert asked(a, "x", b)
    from ftkit.world.episodes import rule

    assert any(held_out(rule(Dice("probe icl", i))) for i in range(10))


def test_a_worked_problem_is_right_if_its_steps_come_to_the_result(monkeypatch):
    seen = []
    reads(
        monkeypatch, lambda prompt: seen.append(prompt) or " Ones 1 and 1 make 2; tens 1 and 1 make 2. That makes 22."
    )
    assert context.worked(None, None, 0, 20).value <= 0.1 and len(set(seen)) == 20


def test_reading_asks_for_what_the_passage_tells(monkeypatch):
    reads(monkeypatch, lambda prompt: " nobody.")
    assert context.reading(None, None, 0, 20).value == 0.0
    prompts = []
    reads(monkeypatch, lambda prompt: prompts.append(prompt) or " nobody.")
    context.reading(None, None, 0, 20)
    assert all(prompt.count(".") >= 2 for prompt in prompts)


@pytest.mark.parametrize("probe", list(context.CONTEXT))
def test_small_makes_something_of_what_stands_before(probe):
    found = evaluation.probe(*models.load("small"), [probe], n=40)[probe]
    assert found.n == 40 and found.unit == "share"
    least = {"worked": 0.8, "hints/gain": 0.3, "hints/misled": -1.0, "icl/gain": 0.1, "reading": 0.7}[probe]
    assert found.value >= least
    if probe == "hints/misled":
        assert found.value <= 0.05
