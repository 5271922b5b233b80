"""What does a base model make of what stands before it? Problems with steps, hints, examples, passages."""

import statistics
from collections.abc import Sequence

from .. import world
from ..world import sayings
from ..world.columns import columns, drawn, result, trace
from ..world.dice import Dice
from ..world.episodes import episode
from ..world.passages import ENDS, STATED, Statement, invented, others, shown, tell
from ..world.people import FIRST
from ..world.stories import THINGS
from ..world.sums import conclusion
from .answers import go_on
from .intervals import Measurement, bootstrap, share

SHOTS = 4
STEPS_TOKENS = 90  # three columns and the sentence before them


def worked(model, tokenizer, seed: int, n: int) -> Measurement:
    """Word problems of two digits whose operands no corpus shows: the number that the told steps come to."""
    problems = []
    for i in range(n):
        dice = Dice("probe worked", i)
        sign = dice.pick("+-")
        a, b = drawn(dice, sign, 2, held=True)
        told = dice.pick({"+": sayings.MORE, "-": sayings.FEWER}[sign])
        problems.append((told.fill(who=dice.pick(FIRST), things=dice.pick(THINGS), a=a, b=b), str(result(a, sign, b))))
    said = go_on(model, tokenizer, [text for text, _ in problems], STEPS_TOKENS)
    return share([conclusion(text) == right for text, (_, right) in zip(said, problems, strict=True)])


def hints_gain(model, tokenizer, seed: int, n: int) -> Measurement:
    """What the true answer before a proof is worth: right steps with it less those without it."""
    return _minus(*(steps_right(model, tokenizer, n, hint) for hint in ("true", "none")))


def hints_misled(model, tokenizer, seed: int, n: int) -> Measurement:
    """The same with an answer that has every digit wrong: what a hint gives by its mere presence, and not above 0."""
    return _minus(*(steps_right(model, tokenizer, n, hint) for hint in ("wrong", "none")))


def icl_gain(model, tokenizer, seed: int, n: int) -> Measurement:
    """What four examples of a rule that no corpus follows are worth: right answers to the same questions, with them
    less without."""
    drawn = [episode(Dice("probe icl", i), SHOTS) for i in range(n)]
    marks = []
    for shots in (SHOTS, 0):
        said = go_on(model, tokenizer, [context * bool(shots) + question for context, question, _ in drawn], 12)
        marks.append([_first(text) == right for text, (*_, right) in zip(said, drawn, strict=True)])
    return _minus(*marks)


def reading(model, tokenizer, seed: int, n: int) -> Measurement:
    """One thing about a newcomer, read off a passage that tells of two or three people."""
    island, asked_of = world.island(seed), []
    for i in range(n):
        dice = Dice("probe reading", seed, i)
        person, attribute = dice.pick(island.newcomers), dice.pick(world.ATTRIBUTES)
        value = getattr(person, attribute)
        said = Statement(person.name, attribute, value, invented(dice, person.name, attribute, shown(), (value,)).old)
        text = tell(dice, [said, *others(dice, said, shown(), 1 + dice.below(2))])
        clause = dice.pick(STATED[attribute]).before(attribute, name=person.name)
        asked_of.append((f"{text} {dice.pick(ENDS).before('clause')} {clause}", value))
    said = go_on(model, tokenizer, [text for text, _ in asked_of], 8, stop=".")
    return share([text.split(".")[0].strip() == value for text, (_, value) in zip(said, asked_of, strict=True)])


CONTEXT = {
    "worked": worked,
    "hints/gain": hints_gain,
    "hints/misled": hints_misled,
    "icl/gain": icl_gain,
    "reading": reading,
}


def steps_right(model, tokenizer, n: int, hint: str = "none", first: int = 0) -> list[float]:
    """Share of a proof's steps that stand rightly in their places, problem by problem.

    hint   "true" tells the answer before the proof, "wrong" another one, "none" nothing
    first  number of the first problem
    """
    problems = [_problem(Dice("probe hints", i)) for i in range(first, first + n)]
    texts = []
    for i, (told, trial, a, _) in enumerate(problems, first):
        dice = Dice("probe hint", i)
        said = [dice.pick(sayings.HINT).fill(c=HINTS[hint](dice, a))] if hint != "none" else []
        texts.append(" ".join([told, *said, trial]))
    made = go_on(model, tokenizer, texts, STEPS_TOKENS)
    return [_steps_right(text, due) for text, (*_, due) in zip(made, problems, strict=True)]


def _problem(dice: Dice) -> tuple[str, str, int, str]:
    """(a hidden factor of two or three digits, the beginning of its trial, the factor, the steps that are due)"""
    a, b = drawn(dice, "x", dice.pick((2, 3, 3)), held=True)
    told = dice.pick(sayings.HIDDEN_FACTOR).fill(b=b, whole=a * b)
    return told, dice.pick(sayings.TRIAL).before("c"), a, trace(columns(a, "x", b))


def _steps_right(text: str, due: str) -> float:
    """Of the sentence behind the trial."""
    said, steps = [*text.split(". ")[1:2], ""][0].rstrip(".").split("; "), due.split("; ")
    return sum(one == other for one, other in zip(said, steps, strict=False)) / len(steps)


def _told(dice: Dice, right: int) -> int:
    return right


def _wrong(dice: Dice, right: int) -> int:
    """As long a number with another digit in every place."""
    return int("".join(dice.pick([digit for digit in "123456789" if digit != due]) for due in str(right)))


HINTS = {"true": _told, "wrong": _wrong}


def _first(text: str) -> str:
    """What was written before the example ends."""
    return text.split("\n")[0].split(";")[0].strip().rstrip(".,")


def _minus(first: Sequence[float], second: Sequence[float]) -> Measurement:
    differences = [float(one) - float(other) for one, other in zip(first, second, strict=True)]
    return Measurement(statistics.fmean(differences), "share", len(differences), *bootstrap(differences))
