"""Word problems with a worked trace: the question, each step as an equation, the answer after `####`."""

from dataclasses import dataclass

from .arithmetic import Arithmetic, held_out, result
from .dice import Dice
from .forms import Form
from .people import FIRST
from .reading import Reading, log
from .stories import SIGN_OF, THINGS, unseen, verbs

ONE = Form("{who} has {a} {things} and {verb} {b}. How many {things} does {who} have now? {t} #### {n}")
TWO = Form("{who} has {a} {things}, {verb} {b} and {then} {c}. How many {things} does {who} have now? {t} #### {n}")
STEP = "{a} {sign} {b} = {c}."
LARGEST = 100
OPERANDS = Arithmetic(LARGEST)  # its pairs that may be shown


@dataclass(frozen=True)
class Problems:
    """
    A document draws one or two turns, someone, a thing, and operands to 100 that are not held out.

    The second turn of two is a change by 1 to 10 of the first one's result.
    """

    seed: int = 0
    family: str = "problems"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        who, things = dice.pick(FIRST), dice.pick(THINGS)
        turns = dice.pick((1, 2))
        sign = dice.pick("+-")
        a, b = dice.pick(OPERANDS.shown[sign])
        slots = {"who": who, "a": a, "b": b, "things": things, "verb": dice.pick(verbs(things, sign))}
        total = result(a, sign, b)
        trace = STEP.format(a=a, sign=sign, b=b, c=total)
        if turns == 2:
            then = dice.pick([sign for sign in "+-" if _second(total, sign)])
            c = dice.pick(_second(total, then))
            slots |= {"then": dice.pick(verbs(things, then)), "c": c}
            trace += " " + STEP.format(a=total, sign=then, b=c, c=result(total, then, c))
            total = result(total, then, c)
        return (ONE if turns == 1 else TWO).fill(t=trace, n=total, **slots)

    def logprob(self, text: str) -> float:
        """log P(text) in nats; -inf if the corpus never writes it."""
        reading = self.parse(text)
        return reading.logprob if reading else -float("inf")

    def parse(self, text: str) -> Reading | None:
        found = TWO.match(text) or ONE.match(text)
        return self._read(found) if found and _well_formed(found) else None

    def _read(self, found) -> Reading:
        slots = found.groupdict()
        turns = [(slots["verb"], slots["b"])] + ([(slots["then"], slots["c"])] if "then" in slots else [])
        total, trace, chance = int(slots["a"]), [], 1 / (2 * len(FIRST) * len(THINGS))
        for place, (verb, amount) in enumerate(turns):
            sign, m = SIGN_OF[verb], int(amount)
            chance *= self._chance(place, slots["things"], verb, total, sign, m)
            trace.append(STEP.format(a=total, sign=sign, b=m, c=result(total, sign, m)))
            total = result(total, sign, m)
        if slots["t"] != " ".join(trace) or slots["n"] != str(total) or slots["who"] not in FIRST:
            chance = 0.0
        return Reading("problems", log(chance), _results(found), 0.0)

    def _chance(self, place: int, things: str, verb: str, total: int, sign: str, m: int) -> float:
        if unseen(verb, things) or held_out(total, sign, m):
            return 0.0
        if place == 0:
            return (max(total, m) <= LARGEST and 0 <= result(total, sign, m) <= LARGEST) / (
                2 * len(verbs(things, sign)) * len(OPERANDS.shown[sign])
            )
        if m not in _second(total, sign):
            return 0.0
        ways = [sign for sign in "+-" if _second(total, sign)]
        return 1 / (len(ways) * len(verbs(things, sign)) * len(_second(total, sign)))


def _second(total: int, sign: str) -> list[int]:
    return [m for m in range(1, 11) if 0 <= result(total, sign, m) <= LARGEST and not held_out(total, sign, m)]


def _well_formed(found) -> bool:
    slots = found.groupdict()
    numbers = [slots[slot] for slot in "abcn" if slot in slots]
    turns = [slots[slot] for slot in ("verb", "then") if slot in slots]
    return (
        slots["things"] in THINGS
        and all(verb in SIGN_OF for verb in turns)
        and all(number.isdecimal() and len(number) <= 4 for number in numbers)
        and len(slots["t"].split(". ")) == len(turns)
    )


def _results(found) -> tuple[tuple[int, int], ...]:
    """Where the trace and the answer state results: after each `=`, and after `####`."""
    spans, at, text = [], found.start("t"), found["t"]
    for step in text.split(". "):
        equals = step.rfind("= ")
        if equals >= 0:
            spans.append((at + equals + 2, at + len(step.rstrip("."))))
        at += len(step) + 2
    return (*spans, (found.start("n"), found.end("n")))
