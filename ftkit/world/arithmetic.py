"""Sums and differences to 100, a few to a document."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import log as ln

from .dice import Dice, share
from .forms import Form, forms
from .reading import Reading, log

SIGNS = {"+": "plus", "-": "minus"}
LINES = forms("""
    {a} {sign} {b} = {c}
    {a} {word} {b} is {c}
    {a} {word} {b} makes {c}
""")
LARGEST = 100


def result(a: int, sign: str, b: int) -> int:
    return a + b if sign == "+" else a - b


def held_out(a: int, sign: str, b: int) -> bool:
    """A tenth of all operand pairs: no corpus ever states their result as an equation."""
    return share("pair", a, sign, b) < 0.1


def pairs(sign: str, largest: int = LARGEST) -> Iterator[tuple[int, int]]:
    """All (a, b) from 0 to `largest` whose result is in 0..`largest`."""
    return ((a, b) for a in range(largest + 1) for b in range(largest + 1) if 0 <= result(a, sign, b) <= largest)


@dataclass(frozen=True)
class Arithmetic:
    """
    A document draws a number of lines; each line a sign, a pair of operands that is not held out, and a form.

    largest  the largest operand and result
    lengths  numbers of lines, equally likely
    """

    largest: int = LARGEST
    lines: tuple[Form, ...] = LINES
    lengths: tuple[int, ...] = (4, 5, 6, 7, 8)
    seed: int = 0
    family: str = "arithmetic"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        return "\n".join(self._line(dice) for _ in range(dice.pick(self.lengths)))

    def logprob(self, text: str) -> float:
        """log P(text) in nats, summed over the forms that write each line; -inf if the corpus never writes it."""
        reading = self.parse(text)
        return reading.logprob if reading else -float("inf")

    def parse(self, text: str) -> Reading | None:
        lines = text.split("\n")
        logprob, spans, start = -ln(len(self.lengths)), [], 0
        for line in lines:
            options = [found for form in self.lines if (found := form.match(line)) and _is_sum(found)]
            if not options:
                return None
            logprob += log(sum(self._chance(found) for found in options))
            spans.append((start + options[0].start("c"), start + options[0].end("c")))
            start += len(line) + 1
        if len(lines) not in self.lengths:
            logprob = -float("inf")
        return Reading(self.family, logprob, tuple(spans), 0.0)

    @cached_property
    def shown(self) -> dict[str, list[tuple[int, int]]]:
        return {
            sign: [pair for pair in pairs(sign, self.largest) if not held_out(pair[0], sign, pair[1])] for sign in SIGNS
        }

    def _line(self, dice: Dice) -> str:
        sign = dice.pick(tuple(SIGNS))
        a, b = dice.pick(self.shown[sign])
        return dice.pick(self.lines).fill(a=a, sign=sign, word=SIGNS[sign], b=b, c=result(a, sign, b))

    def _chance(self, found) -> float:
        a, b, sign = int(found["a"]), int(found["b"]), _sign(found)
        written = f"{a}" == found["a"] and f"{b}" == found["b"] and f"{result(a, sign, b)}" == found["c"]
        known = written and max(a, b) <= self.largest and 0 <= result(a, sign, b) <= self.largest
        if not known or held_out(a, sign, b):
            return 0.0
        return 1 / (len(SIGNS) * len(self.shown[sign]) * len(self.lines))


def _sign(found) -> str | None:
    slots = found.groupdict()
    written = slots.get("sign") or slots.get("word")
    return next((sign for sign, word in SIGNS.items() if written in (sign, word)), None)


def _is_sum(found) -> bool:
    return all(found[slot].isdecimal() and len(found[slot]) <= 4 for slot in "abc") and _sign(found) is not None
