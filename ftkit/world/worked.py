"""Arithmetic told step by step: worked, reached from a hint, criticised, and checked again."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from . import sayings as say
from .columns import (
    JUMP,
    PLACES,
    Column,
    asked,
    columns,
    drawn,
    jump_trace,
    jumps,
    reached,
    read,
    result,
    slipped,
    totals,
    trace,
)
from .dice import Dice
from .forms import Form
from .people import FIRST
from .reading import Reading, sentences
from .stories import THINGS

LONGEST, LONGEST_SENTENCE = 600, 100  # characters
PROBLEMS = {  # what a role asks: the operands, the sign, and the answer
    "sum": lambda a, sign, b: (a, sign, b, result(a, sign, b)),
    "more": lambda a, b: (a, "+", b, a + b),
    "fewer": lambda a, b: (a, "-", b, a - b),
    "each": lambda a, b: (a, "x", b, a * b),
    "gap": lambda b, whole: (whole - b, "+", b, whole - b),
    "factor": lambda b, whole: (whole // (b or 1), "x", b, whole / (b or 1)),
}
PROBLEMS["guess"] = PROBLEMS["sum"]
PROBLEM_SLOTS = ("a", "sign", "b", "whole")
TRACE = Form("{t}.")
ALLOWED = {"who": FIRST, "things": THINGS, "sign": ("+", "-", "x"), "place": PLACES}
NUMBER = re.compile("0|[1-9][0-9]{0,3}")


@dataclass(frozen=True)
class Lesson:
    """Sentences of known roles in an order that the family allows; what follows from the problem is always true.

    says   the forms of each role; the role "trace" is told in columns or in jumps
    order  a regular expression over the roles, each followed by a blank
    """

    seed: int = 0
    family: str = ""
    says: ClassVar[dict[str, tuple[Form, ...]]] = {}
    order: ClassVar[str] = ""

    def tell(self, dice: Dice) -> Iterator[tuple[str, dict]]:
        """(role, slots) of each sentence"""
        raise NotImplementedError

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        return " ".join(
            f"{slots['t']}." if role == "trace" else dice.pick(self.says[role]).fill(**slots)
            for role, slots in self.tell(dice)
        )

    def parse(self, text: str) -> Reading | None:
        """A text whose sentences are well formed but do not follow from each other has a logprob of -inf."""
        if len(text) > LONGEST:
            return None
        starts, told = zip(*sentences(text), strict=True)
        heard = [self._hear(sentence) for sentence in told]
        if not re.fullmatch(self.order, "".join(f"{role} " for role, _ in heard)):
            return None
        facts = [(start + at, start + end) for start, (_, found) in zip(starts, heard, strict=True)
                 for at, end in _results(found)]  # fmt: skip
        return Reading(self.family, None if _follows(heard) else -math.inf, tuple(facts), 0.0)

    def _hear(self, sentence: str) -> tuple[str, re.Match | None]:
        found = TRACE.match(sentence)
        if found and (read(found["t"]) or all(map(JUMP.fullmatch, found["t"].split("; ")))):
            return "trace", found
        for role, options in self.says.items() if len(sentence) <= LONGEST_SENTENCE else ():
            for form in options:
                if (found := form.match(sentence)) and all(_allowed(*slot) for slot in found.groupdict().items()):
                    return role, found
        return "nothing", None


@dataclass(frozen=True)
class Worked(Lesson):
    """Sums, differences and products with their steps, and short stories that need one.

    Two problems of two digits, or one of three; sums and differences go in columns or, a third of them, in jumps.
    """

    family: str = "worked"
    says: ClassVar = {
        "sum": say.SUM, "result": say.RESULT, "more": say.MORE, "fewer": say.FEWER, "each": say.EACH,
        "count": say.COUNT,
    }  # fmt: skip
    order: ClassVar = "(?:(?:sum trace result |(?:more|fewer|each) trace count )){1,2}"

    def tell(self, dice: Dice) -> Iterator[tuple[str, dict]]:
        digits = dice.pick((2, 3))
        for _ in range(4 - digits):
            sign = dice.pick("++--x")
            a, b = drawn(dice, sign, digits, held=False)
            slots = {"a": a, "sign": sign, "b": b, "c": result(a, sign, b)}
            scene = digits == 2 and dice.pick((True, False))
            if scene:
                slots |= {"who": dice.pick(FIRST), "things": dice.pick(THINGS)}
            yield {"+": "more", "-": "fewer", "x": "each"}[sign] if scene else "sum", slots
            jumpy = (
                sign != "x"
                and not any(asked(start, sign, by) for start, by in jumps(a, sign, b))
                and dice.below(3) == 0
            )
            yield "trace", {"t": jump_trace(a, sign, b) if jumpy else trace(columns(a, sign, b))}
            yield "count" if scene else "result", slots


@dataclass(frozen=True)
class Hinted(Lesson):
    """Problems whose answer is given first, and the steps that reach it; a hint is never wrong.

    A quarter are sums that need no hint. The others look for a hidden number and prove it: the proof begins with the
    whole number, highest digit first, which is hard to tell from the problem, and easy once the hint has named it. Of
    these, two fifths are told without a hint.
    """

    family: str = "hinted"
    says: ClassVar = {
        "sum": say.SUM, "gap": say.HIDDEN_SUM, "factor": say.HIDDEN_FACTOR, "hint": say.HINT, "trial": say.TRIAL,
        "result": say.RESULT, "found": say.FOUND,
    }  # fmt: skip
    order: ClassVar = "(?:sum hint trace result |(?:gap|factor) (?:hint )?trial trace found )"

    def tell(self, dice: Dice) -> Iterator[tuple[str, dict]]:
        problem = dice.pick(("sum", "gap", "factor", "factor"))
        sign = {"sum": dice.pick("+-"), "gap": "+", "factor": "x"}[problem]
        a, b = drawn(dice, sign, dice.pick((2, 3)) if sign == "x" else 3, held=False)
        whole = result(a, sign, b)
        slots = {"a": a, "sign": sign, "b": b, "whole": whole, "c": whole if problem == "sum" else a}
        yield problem, slots
        if problem == "sum" or dice.below(5) < 3:
            yield "hint", slots
        if problem != "sum":
            yield "trial", slots
        yield "trace", {"t": trace(columns(a, sign, b))}
        yield "result" if problem == "sum" else "found", slots


@dataclass(frozen=True)
class Critiques(Lesson):
    """Someone's steps, and what is wrong with them: one digit in two thirds of the documents, nothing in the others.

    The wrong step is named with what it should be; then come the right steps, or the right answer alone.
    """

    family: str = "critiques"
    says: ClassVar = {
        "sum": say.SUM, "claim": say.CLAIM, "praise": say.ALL_RIGHT, "wrong": say.WRONG, "result": say.RESULT,
    }  # fmt: skip
    order: ClassVar = "sum trace claim (?:praise |wrong (?:trace )?)result "

    def tell(self, dice: Dice) -> Iterator[tuple[str, dict]]:
        sign, digits = dice.pick("++--x"), dice.pick((2, 3))
        a, b = drawn(dice, sign, digits, held=False)
        steps = columns(a, sign, b)
        said = slipped(dice, steps) if dice.below(3) else steps
        slots = {"a": a, "sign": sign, "b": b, "c": reached(steps), "g": reached(said), "who": dice.pick(FIRST)}
        yield "sum", slots
        yield "trace", {"t": trace(said)}
        yield "claim", slots
        if said == steps:
            yield "praise", slots
        else:
            yield "wrong", fault(*next(pair for pair in zip(said, steps, strict=True) if pair[0] != pair[1]))
            if digits == 2 and dice.pick((True, False)):
                yield "trace", {"t": trace(steps)}
        yield "result", slots


@dataclass(frozen=True)
class Rechecks(Lesson):
    """An answer, `Wait`, and the steps: half of the first answers were wrong and are taken back.

    The first answer is a guess, or steps with a slip; a guess may be checked twice.
    """

    family: str = "rechecks"
    says: ClassVar = {
        "guess": say.GUESS, "sum": say.SUM, "claim": say.CLAIM, "wait": say.WAIT,
        "corrected": say.CORRECTED, "confirmed": say.CONFIRMED,
    }  # fmt: skip
    order: ClassVar = "(?:guess |sum trace claim )wait trace (?:corrected |confirmed )(?:wait trace confirmed )?"

    def tell(self, dice: Dice) -> Iterator[tuple[str, dict]]:
        sign, digits, guessed = dice.pick("++--x"), dice.pick((2, 3)), dice.pick((True, False))
        a, b = drawn(dice, sign, digits if guessed else 2, held=False)
        steps = columns(a, sign, b)
        said = slipped(dice, steps) if dice.pick((True, False)) else steps
        slots = {"a": a, "sign": sign, "b": b, "c": reached(steps), "g": reached(said), "who": dice.pick(FIRST)}
        if guessed:
            yield "guess", slots
        else:
            yield "sum", slots
            yield "trace", {"t": trace(said)}
            yield "claim", slots
        yield "wait", slots
        yield "trace", {"t": trace(steps)}
        yield "confirmed" if said == steps else "corrected", slots
        if guessed and digits == 2 and dice.below(3) == 0:
            yield "wait", slots
            yield "trace", {"t": trace(steps)}
            yield "confirmed", slots


def fault(wrong: Column, right: Column) -> dict:
    """What the forms of the role "wrong" say of a step beside the right one."""
    return {"place": right.place, "right": right.calculation, "total": right.total, "wrong": wrong.total}


def _allowed(slot: str, value: str) -> bool:
    if slot == "right":
        return read(f"Ones {value}") is not None
    return value in ALLOWED[slot] if slot in ALLOWED else bool(NUMBER.fullmatch(value))


def _results(found: re.Match) -> Iterator[tuple[int, int]]:
    """Where a sentence states what follows from the problem."""
    for slot in ("total", "c", "t"):
        if slot in found.groupdict():
            yield from totals(found["t"]) if slot == "t" else [found.span(slot)]


def _follows(heard: list[tuple[str, re.Match]]) -> bool:
    """Whether every sentence follows from the problem before it; a slip must be named or checked again."""
    given = slip = None
    for role, found in heard:
        slots = {slot: int(text) if text.isdecimal() else text for slot, text in found.groupdict().items()}
        if role in PROBLEMS:
            a, sign, b, answer = PROBLEMS[role](**{slot: slots[slot] for slot in PROBLEM_SLOTS if slot in slots})
            given = slots.get("g")
        if role == "trace":
            steps, right = read(slots["t"]) or (), columns(a, sign, b)
            slips = [pair for pair in zip(steps, right, strict=False) if pair[0] != pair[1]]
            if not (slots["t"] == jump_trace(a, sign, b) or (_same_but_totals(steps, right) and len(slips) < 2)):
                return False
            slip = slips[0] if slips else None
        if role == "claim":
            given = slots["g"]
        if role == "wrong":
            if slip is None or any(slots[slot] != value for slot, value in fault(*slip).items() if slot in slots):
                return False
            slip = None
        stands = (
            slots.get("c", answer) == answer
            and slots.get("g", given) == given
            and (role != "claim" or given == reached(steps))
            and (role != "corrected" or given != answer)
            and (role != "confirmed" or given == answer)
            and (slip is None or role in ("trace", "claim", "wait"))
        )
        if not stands:
            return False
        given = slots.get("c", given)
    return True


def _same_but_totals(steps: tuple[Column, ...], right: tuple[Column, ...]) -> bool:
    return [replace(step, total=0) for step in steps] == [replace(step, total=0) for step in right]
