"""Written arithmetic: the columns of a sum, what a trace of them says, and where it slips."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from . import arithmetic
from .dice import Dice, share

PLACES = ("ones", "tens", "hundreds")
WORDS = {
    "+": ("and", "and", "make", "carry"),
    "-": ("less", "less", "is", "borrow"),
    "x": ("times", "and", "is", "carry"),
}
SIGN_OF = {words[0]: sign for sign, words in WORDS.items()}
CLAUSE = re.compile(
    r"([Oo]nes|tens|hundreds) ([0-9]{1,2}) (and|less|times) ([0-9])(?: (?:and|less) ([0-9]))? "
    r"(?:make|is) ([0-9]{1,2})(?:, (?:carry|borrow) [0-9])?"
)
JUMP = re.compile(r"([0-9]{1,4}) ([+-]) ([0-9]{1,3}) = ([0-9]{1,4})")


@dataclass(frozen=True)
class Column:
    """One step, such as `tens 8 and 5 and 1 make 14, carry 1`.

    No step is an equation, so the digits of a pair that is held out may stand in it.

    x, y   the digits above and below; x with the ten that it borrows; y the multiplier in every column of a product
    over   what the column before hands on
    total  what the step says it comes to; it is wrong where a trace slips
    last   the last column hands nothing on: its total is written in full
    """

    place: str
    sign: str
    x: int
    y: int
    over: int
    total: int
    last: bool

    @property
    def due(self) -> int:
        """What it should come to."""
        if self.sign == "-":
            return self.x - self.y - self.over
        return (self.x * self.y if self.sign == "x" else self.x + self.y) + self.over

    @property
    def right(self) -> bool:
        return self.total == self.due

    @property
    def handed(self) -> int:
        """What it hands on to the next column."""
        if self.last:
            return 0
        return int(self.x > 9) if self.sign == "-" else self.total // 10

    @property
    def calculation(self) -> str:
        by, over, makes, _ = WORDS[self.sign]
        return f"{self.x} {by} {self.y}" + (f" {over} {self.over}" if self.over else "") + f" {makes} {self.total}"

    def __str__(self) -> str:
        return f"{self.place} {self.calculation}" + (f", {WORDS[self.sign][3]} {self.handed}" if self.handed else "")


def result(a: int, sign: str, b: int) -> int:
    return a * b if sign == "x" else arithmetic.result(a, sign, b)


def asked(a: int, sign: str, b: int) -> bool:
    """Whether tasks may ask about a pair: a tenth of all sums and differences, half of all products, in no corpus."""
    return share("product", a, b) < 0.5 if sign == "x" else arithmetic.held_out(a, sign, b)


def operands(dice: Dice, sign: str, digits: int) -> tuple[int, int]:
    """a of that many digits and b of two or as many, one in a product; a sum stays below 1000, a difference above 1."""
    lowest, above = 10 ** (digits - 1), 10**digits
    while True:
        a = lowest + dice.below(above - lowest)
        b = 2 + dice.below(8) if sign == "x" else 10 + dice.below(above - 10)
        if sign == "x" or 1 < result(a, sign, b) < 1000:
            return a, b


def drawn(dice: Dice, sign: str, digits: int, held: bool) -> tuple[int, int]:
    """Operands as above, of those about which tasks may ask, or of those that corpora show."""
    while asked((pair := operands(dice, sign, digits))[0], sign, pair[1]) != held:
        pass
    return pair


def columns(a: int, sign: str, b: int) -> tuple[Column, ...]:
    """The steps of a sum or difference to three digits, or of such a number times one digit; never below 0."""
    made, over, size = [], 0, len(str(a if sign == "x" else max(a, b)))
    for i, place in enumerate(PLACES[:size]):
        x, y = a // 10**i % 10, b if sign == "x" else b // 10**i % 10
        borrows = sign == "-" and x < y + over
        column = Column(place, sign, x + 10 * borrows, y, over, 0, i == size - 1)
        made.append(replace(column, total=column.due))
        over = made[-1].handed
    return tuple(made)


def reached(steps: tuple[Column, ...]) -> int:
    """The number that the totals spell: the last digit of each, and the last total in full."""
    return sum((step.total if step.last else step.total % 10) * 10**i for i, step in enumerate(steps))


def slipped(dice: Dice, steps: tuple[Column, ...], at: int | None = None) -> tuple[Column, ...]:
    """The same steps with one wrong digit, the last of one total; what is handed on stays right."""
    at = dice.below(len(steps)) if at is None else at
    step = steps[at]
    tens, digit = divmod(step.total, 10)
    wrong = dice.pick([10 * tens + d for d in range(10) if d != digit and (10 * tens + d or not step.last)])
    return (*steps[:at], replace(step, total=wrong), *steps[at + 1 :])


def trace(steps: tuple[Column, ...]) -> str:
    return "; ".join(map(str, steps)).capitalize()


def jumps(a: int, sign: str, b: int) -> Iterator[tuple[int, int]]:
    """(from, by) of each jump of the other way: first the hundreds of b, then its tens, then its ones."""
    for unit in (100, 10, 1):
        if by := b // unit % 10 * unit:
            yield a, by
            a = result(a, sign, by)


def jump_trace(a: int, sign: str, b: int) -> str:
    return "; ".join(f"{start} {sign} {by} = {result(start, sign, by)}" for start, by in jumps(a, sign, b))


def read(text: str) -> tuple[Column, ...] | None:
    """The columns of which a trace tells, right or wrong; None if it is no such trace."""
    found = [CLAUSE.fullmatch(clause) for clause in text.split("; ")]
    if len(found) > len(PLACES) or not all(found):
        return None
    steps = tuple(
        Column(place, SIGN_OF[clause[3]], int(clause[2]), int(clause[4]), int(clause[5] or 0), int(clause[6]), last)
        for place, clause, last in zip(PLACES, found, [False] * (len(found) - 1) + [True], strict=False)
    )
    return steps if trace(steps) == text else None


def totals(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of the totals that a trace states rightly."""
    for clause, step in zip(CLAUSE.finditer(text), read(text) or (), strict=False):
        if step.right:
            yield clause.span(6)
