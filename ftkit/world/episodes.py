"""Episodes: a few examples of one rule, so that what comes next can only be told from what stands before."""

from dataclasses import dataclass

from .dice import Dice
from .examples import Example, Task, split_of
from .forms import forms
from .reading import Reading

SETS = {
    "colours": tuple("red blue green yellow purple orange white black brown grey".split()),
    "animals": tuple("cat dog goat parrot rabbit turtle horse duck hen fox mouse frog".split()),
    "things": tuple("figs plums shells coins nuts eggs candles buttons ropes lemons bricks pots".split()),
    "letters": tuple("abcdefghklmnoprstw"),
    "digits": tuple("0123456789"),
}
ALPHABET = "abcdefghijklmnopqrstuvwxyz"
ITEMS = frozenset(item for items in (*SETS.values(), ALPHABET) for item in items)
PRIMES = (5, 7)
PAIRS = forms("""
    In: {x} Out: {y}
    Input: {x} Output: {y}
    {x} -> {y}
    {x} => {y}
    {x} gives {y}
    {x} becomes {y}
    from {x} to {y}
    put in {x}, get {y}
    {x} | {y}
    given {x}, say {y}
""")
BREAKS = ("\n", "; ")
ASKED = (
    "Here are some examples of one rule. Complete the last one.",
    "All of these follow the same rule. What is missing at the end?",
    "Find the rule and write what is missing in the last example.",
    "Look at the examples and write what comes next.",
)


@dataclass(frozen=True)
class Table:
    """Each of a few words stands for another one, at random: what was seen once is true whenever it comes again."""

    pairs: tuple[tuple[str, str], ...]

    @property
    def key(self) -> str:
        return ", ".join(f"{x} {y}" for x, y in sorted(self.pairs))

    def draw(self, dice: Dice) -> str:
        return dice.pick(self.pairs)[0]

    def apply(self, x: str) -> str:
        return dict(self.pairs)[x]


@dataclass(frozen=True)
class Choice:
    """One place of a list, or the largest or smallest of its numbers."""

    which: str
    kind: str
    length: int

    @property
    def key(self) -> str:
        return f"the {self.which} of {self.length} {self.kind}"

    def draw(self, dice: Dice) -> str:
        return " ".join(dice.shuffled(SETS[self.kind])[: self.length])

    def apply(self, x: str) -> str:
        items = x.split()
        places = {"first": 0, "second": 1, "last": -1}
        return items[places[self.which]] if self.which in places else WITHIN[self.which](items)


@dataclass(frozen=True)
class Shift:
    """A cipher: every letter moves on by the same number of places in the alphabet."""

    by: int
    length: int

    @property
    def key(self) -> str:
        return f"{self.by:+d} for each of {self.length} letters"

    def draw(self, dice: Dice) -> str:
        return " ".join(dice.pick(ALPHABET) for _ in range(self.length))

    def apply(self, x: str) -> str:
        return " ".join(ALPHABET[(ALPHABET.index(letter) + self.by) % 26] for letter in x.split())


@dataclass(frozen=True)
class Linear:
    """a*x + b mod p"""

    a: int
    b: int
    p: int

    @property
    def key(self) -> str:
        return f"{self.a}x+{self.b} mod {self.p}"

    def draw(self, dice: Dice) -> str:
        return str(dice.below(self.p))

    def apply(self, x: str) -> str:
        return str((self.a * int(x) + self.b) % self.p)


WITHIN = {"largest": max, "smallest": min}
CHOICES = tuple(
    Choice(which, kind, length)
    for which in ("first", "second", "last", *WITHIN)
    for kind in SETS
    for length in (3, 4, 5)
    if which not in WITHIN or kind == "digits"
)
SHIFTS = tuple(Shift(by, length) for by in (-4, -3, -2, -1, 1, 2, 3, 4) for length in (1, 2, 3, 4))
LINEARS = tuple(Linear(a, b, p) for p in PRIMES for a in range(p) for b in range(p) if a)
KINDS = ("table",) * 9 + ("choice",) * 6 + ("shift",) * 2 + ("linear",) * 3
Rule = Table | Choice | Shift | Linear


def rule(dice: Dice, kind: str = "") -> Rule:
    """A rule, held out or not: mostly tables and choices from a list, some linear maps, a few ciphers."""
    kind = kind or dice.pick(KINDS)
    if kind == "table":
        many = 2 + dice.below(4)
        words, values = (dice.shuffled(SETS[dice.pick(tuple(SETS))])[:many] for _ in range(2))
        return Table(tuple(zip(words, values, strict=True)))
    return dice.pick({"choice": CHOICES, "shift": SHIFTS, "linear": LINEARS}[kind])


def held_out(drawn: Rule) -> bool:
    """Whether no corpus ever follows this rule: a fifth of all rules, told by their keys; `episodes` tests on them.

    A table or a linear map held out is one that was never seen. Of the few ways to choose from a list, the same place
    of another kind or length of list is shown; of ciphers, the same shift of another number of letters.
    """
    return split_of(Episodes.family, drawn.key) != "train"


def episode(dice: Dice, shots: int, held: bool = True, kind: str = "") -> tuple[str, str, str]:
    """A probe of learning in context: examples of a rule that no corpus follows, and one more to be answered.

    A model reads `context + question` and is right if it goes on with a blank and the answer. If there are examples,
    the question of a table is always among them, that of a linear map in two of three cases; the other rules have to
    be inferred.

    shots    examples before the question; without any, the answer can only be guessed
    held     False for the rules that corpora follow
    kind     table, choice, shift or linear; drawn if empty
    returns  (context, question, answer)
    """
    return told(dice, _drawn(dice, held, kind), shots)


def told(dice: Dice, follows: Rule, shots: int) -> tuple[str, str, str]:
    """(context, question, answer) of a given rule."""
    form, stop = dice.pick(PAIRS), dice.pick(BREAKS)
    seen = [follows.draw(dice) for _ in range(shots)]
    again = dice.random() < {Table: 1, Linear: 2 / 3}.get(type(follows), 0)
    asked = dice.pick(seen) if seen and again else follows.draw(dice)
    context = "".join(form.fill(x=x, y=follows.apply(x)) + stop for x in seen)
    return context, form.before("y", x=asked), follows.apply(asked)


@dataclass(frozen=True)
class Episodes:
    """
    A document is one episode: a rule that is not held out, a form, and some examples that all follow the rule.

    lengths  numbers of examples, equally likely
    """

    seed: int = 0
    lengths: tuple[int, ...] = (4, 5, 6, 7, 8)
    family: str = "episodes"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        context, question, answer = told(dice, _drawn(dice, False), dice.pick(self.lengths) - 1)
        return f"{context}{question} {answer}"

    def parse(self, text: str) -> Reading | None:
        """Well formed if all examples have one form and hold words of the sets, whatever the rule; no probability.

        Facts are all outputs but the first, which can only be guessed.
        """
        stop = next((stop for stop in BREAKS if stop in text), None)
        lines = text.split(stop)
        matches = next((found for form in PAIRS if all(found := [form.match(line) for line in lines])), None)
        if stop is None or not matches or not all(_known(found["x"]) and _known(found["y"]) for found in matches):
            return None
        spans, start = [], 0
        for found, line in zip(matches, lines, strict=True):
            spans.append((start + found.start("y"), start + found.end("y")))
            start += len(line) + len(stop)
        return Reading(self.family, None, tuple(spans[1:]), 0.0)


@dataclass(frozen=True)
class EpisodeTask(Task):
    """The last line of an episode, whose rule must be found in the lines before it.

    worked example  "Find the rule and write what is missing in the last example. red -> 4; cat -> 7; red ->" -> "4"
    baselines       another example's answer 0.02, echo 0.00, the commonest output so far 0.29
    fooled by       nothing we know of: the first line must be the answer, letter by letter

    shots  numbers of examples before the question, equally likely
    kinds  which rules it draws: table, choice, shift, linear; all in the corpora's shares if empty
    """

    shots: tuple[int, ...] = (3, 4, 5)
    kinds: tuple[str, ...] = ()
    name = "episodes"
    random, echo = 0.02, 0.0
    answer_tokens = 12

    def draw(self, dice: Dice) -> Example:
        shots = dice.pick(self.shots)
        follows = rule(dice, dice.pick(self.kinds) if self.kinds else "")
        context, question, answer = told(dice, follows, shots)
        meta = {"key": follows.key, "kind": type(follows).__name__.lower(), "shots": shots}
        return Example(f"{dice.pick(ASKED)}\n{context}{question}", answer, meta)

    def worse(self, example: Example, i: int) -> str:
        """Another word, letter or digit at the end."""
        *before, last = example.completion.split()
        items = next(items for items in (*SETS.values(), ALPHABET) if last in items)
        other = items[(items.index(last) + 1 + i % (len(items) - 1)) % len(items)]
        return " ".join([*before, other])


def _drawn(dice: Dice, held: bool, kind: str = "") -> Rule:
    while held_out(found := rule(dice, kind)) != held:
        pass
    return found


def _known(text: str) -> bool:
    return all(item in ITEMS for item in text.split(" "))
