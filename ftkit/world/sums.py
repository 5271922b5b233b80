"""Arithmetic to be answered: bare sums, stories with steps, and hidden numbers with and without a hint."""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from .arithmetic import pairs
from .columns import asked, columns, drawn, result, trace
from .dice import Dice
from .examples import Example, Score, Task
from .forms import Form, forms
from .people import FIRST
from .stories import THINGS

WORDS = {"+": "plus", "-": "minus", "x": "times"}
ASK = forms("""
    What is {a} {sign} {b}?
    Work out {a} {sign} {b}.
    How much is {a} {word} {b}?
    Compute {a} {word} {b}.
    Say what {a} {sign} {b} comes to.
    Give the result of {a} {sign} {b}.
""")
SHOW = " Show the steps, then the answer after ####."
STARTS = forms("""
    {who} had {a} {things}.
    In the cellar were {a} {things}.
    A ship carried {a} {things}.
    {who} bought {a} {things}.
    The mill had {a} {things} left.
    On the table lay {a} {things}.
""")
TURNS = {
    "+": forms("""
        Then {b} more came.
        A friend brought {b}.
        Later {b} were found.
        On Monday {b} were added.
        A child found {b} more.
    """),
    "-": forms("""
        Then {b} were sold.
        A child took {b}.
        Later {b} were lost.
        On Monday {b} were eaten.
        A thief stole {b}.
    """),
}
ENDS = ("How many are there now?", "How many is that?", "What is the number now?", "How many in the end?")
GAPS = forms("""
    Which number plus {b} makes {whole}?
    What do you add to {b} to make {whole}?
    Fill the gap: ... + {b} = {whole}.
    {whole} minus {b} is which number?
    How far is it from {b} to {whole}?
""")
FACTORS = forms("""
    Which number times {b} makes {whole}?
    What is {whole} divided by {b}?
    Fill the gap: ... x {b} = {whole}.
    How often does {b} go into {whole}?
    Divide {whole} by {b}.
""")
HINTS = forms("""
    Hint: the answer is {c}.
    A hint: it is {c}.
    The teacher says it is {c}.
    You may know that it is {c}.
    It is said to be {c}.
""")
NUMBERS = re.compile(r"-?[0-9]+(?:[.,][0-9]+)*")


def stated(text: str) -> int | None:
    """The number after the last `####`; without one, the last number of the first line; None if there is none."""
    _, mark, after = text.rpartition("####")
    found = NUMBERS.findall(after if mark else text.strip().split("\n")[0])
    number = found[0 if mark else -1] if found else ""
    return int(number) if re.fullmatch("-?[0-9]{1,9}", number) else None


def beside(question: str, words: str) -> str:
    """A question with some words behind it; before what it asks to be shown."""
    asked, show, _ = question.partition(SHOW)
    return f"{asked} {words}{show}"


def conclusion(text: str) -> str:
    """The number that a worked sum comes to: the last one of its first sentence that is not made of steps, or ""."""
    for sentence in text.strip().split("\n")[0].split(". "):
        numbers = NUMBERS.findall(sentence)
        if numbers and ";" not in sentence:
            return numbers[-1]
    return ""


def misleading(dice: Dice, answer: int) -> int:
    """The number with one digit changed."""
    digits = list(str(answer))
    at = dice.below(len(digits))
    digits[at] = dice.pick([digit for digit in "123456789" if digit != digits[at]])
    return int("".join(digits))


@dataclass(frozen=True)
class Number(Task):
    """Tasks whose answer is a whole number of operands that no corpus works out.

    marked  only a number after `####` counts
    """

    marked = False

    def judge(self, example: Example, said: str) -> Score:
        number = None if self.marked and "####" not in said else stated(said)
        if number == stated(example.completion):
            return Score(1.0, "the number is right")
        return Score(0.0, f"said {number}, the answer is {stated(example.completion)}")

    def worse(self, example: Example, i: int) -> str:
        right = stated(example.completion)
        wrong = Dice("worse", self.name, example.meta["key"], i).pick(
            [right + d for d in (-10, -2, -1, 1, 2, 10) if right + d > 0]
        )
        return re.sub("[0-9]+$", str(wrong), example.completion)


@dataclass(frozen=True)
class Sums(Number):
    """A sum or difference to 100 in one step, answered by the bare number.

    worked example  "What is 48 + 27?" -> "75"
    baselines       another example's answer 0.02, the question itself 0.02
    fooled by       several numbers: only the last of the first line counts
    """

    name = "sums"
    random = echo = 0.02
    answer_tokens = 6

    def draw(self, dice: Dice) -> Example:
        sign = dice.pick("+-")
        return _bare(dice, sign, *dice.pick(_asked_to_100(sign)))


@dataclass(frozen=True)
class LongSums(Number):
    """A sum or difference of three digits, answered by the bare number.

    worked example  "Work out 487 + 356." -> "843"
    baselines       another example's answer 0.01, the question itself 0
    fooled by       several numbers: only the last of the first line counts
    """

    name = "long sums"
    random = 0.01
    answer_tokens = 6

    def draw(self, dice: Dice) -> Example:
        sign = dice.pick("+-")
        return _bare(dice, sign, *drawn(dice, sign, 3, held=True))


@dataclass(frozen=True)
class Traced(Number):
    """Tasks that ask for steps, and for the answer after `####`."""

    marked = True

    def steps(self, example: Example, text: str) -> Score:
        """The share of the completion's steps that stand in their places; the number after `####` is none of them."""
        right, wrong, missing = self.compared(example, text)
        due = right + wrong + missing
        return Score(right / due, f"{right} of {due} steps are right")

    def compared(self, example: Example, text: str) -> tuple[int, int, int]:
        """How many of the completion's steps a text has right, has wrong, and does not come to."""
        due = _lines(example.completion)
        said = _lines(text[: self.longest]) if isinstance(text, str) else []
        right = sum(step == given for step, given in zip(due, said, strict=False))
        return right, min(len(due), len(said)) - right, max(0, len(due) - len(said))


@dataclass(frozen=True)
class Steps(Traced):
    """A story of two-digit numbers that needs one step, told in columns.

    worked example  "Reki had 48 figs. A friend brought 27. How many is that? Show the steps, then the answer after
                    ####." -> "Ones 8 and 7 make 15, carry 1; tens 4 and 2 and 1 make 7. #### 75"
    baselines       another example's answer 0.01, the question itself 0
    fooled by       wrong steps, or none, before a right number
    """

    name = "steps"
    random = 0.01
    answer_tokens = 48

    def draw(self, dice: Dice) -> Example:
        sign = dice.pick("+-")
        a, b = drawn(dice, sign, 2, held=True)
        prompt = f"{_start(dice, a)} {dice.pick(TURNS[sign]).fill(b=b)} {dice.pick(ENDS)}{SHOW}"
        return Example(prompt, f"{trace(columns(a, sign, b))}. #### {result(a, sign, b)}", {"key": f"{a} {sign} {b}"})


@dataclass(frozen=True)
class TwoSteps(Traced):
    """A story of two-digit numbers that needs two steps, each an equation.

    worked example  "Reki had 48 figs. A friend brought 27. A child took 18. How many is that? Show the steps, then the
                    answer after ####." -> "48 + 27 = 75; 75 - 18 = 57. #### 57"
    baselines       another example's answer 0.01, the question itself 0
    fooled by       wrong steps, or none, before a right number
    """

    name = "two steps"
    random = 0.01
    answer_tokens = 36

    def draw(self, dice: Dice) -> Example:
        first, then = dice.pick("+-"), dice.pick("+-")
        a, b = drawn(dice, first, 2, held=True)
        half = result(a, first, b)
        rest = [c for c in range(10, 100) if asked(half, then, c) and 1 < result(half, then, c) < 1000]
        if not rest:
            return self.draw(dice)
        c = dice.pick(rest)
        told = f"{_start(dice, a)} {dice.pick(TURNS[first]).fill(b=b)} {dice.pick(TURNS[then]).fill(b=c)}"
        whole = result(half, then, c)
        return Example(
            f"{told} {dice.pick(ENDS)}{SHOW}",
            f"{a} {first} {b} = {half}; {half} {then} {c} = {whole}. #### {whole}",
            {"key": f"{a} {first} {b} {then} {c}"},
        )


@dataclass(frozen=True)
class Gaps(Traced):
    """A hidden summand of three digits, proved by adding it up.

    worked example  "Which number plus 356 makes 843? Show the steps, then the answer after ####." -> "Take 487. Ones
                    7 and 6 make 13, carry 1; tens 8 and 5 and 1 make 14, carry 1; hundreds 4 and 3 and 1 make 8.
                    #### 487"
    baselines       another example's answer 0, the question itself 0
    fooled by       wrong steps, or none, before a right number; `steps` scores them
    """

    name = "gaps"
    answer_tokens = 80

    def draw(self, dice: Dice) -> Example:
        return _hidden(dice, GAPS, "+", *drawn(dice, "+", 3, held=True))


@dataclass(frozen=True)
class Hard(Traced):
    """A hidden factor of two or three digits, proved by multiplying it out.

    The proof begins with the whole number, highest digit first: that is the hard part.

    worked example  "Which number times 7 makes 238? Show the steps, then the answer after ####." -> "Take 34. Ones 4
                    times 7 is 28, carry 2; tens 3 times 7 and 2 is 23. #### 34"
    baselines       another example's answer 0.01, the question itself 0
    fooled by       wrong steps, or none, before a right number; `steps` scores them
    """

    name = "hard"
    random = 0.01
    answer_tokens = 80

    def draw(self, dice: Dice) -> Example:
        return _hidden(dice, FACTORS, "x", *drawn(dice, "x", dice.pick((2, 3, 3)), held=True))


@dataclass(frozen=True)
class HintedHard(Traced):
    """Each question of `hard`, in the same split and place, with its answer as a hint.

    worked example  "Which number times 7 makes 238? Hint: the answer is 34. Show the steps, then the answer after
                    ####." -> "Take 34. Ones 4 times 7 is 28, carry 2; tens 3 times 7 and 2 is 23. #### 34"
    baselines       another example's answer 0.01, the question itself 0
    fooled by       the hint copied after `####`; `steps` is not
    """

    name = "hinted"
    random = 0.01
    answer_tokens = 80

    def sample(self, split: str, i: int) -> Example:
        self._known(split)
        plain = self.plain.sample(split, i)
        hint = Dice(self.name, split, i).pick(HINTS).fill(c=self.hint(stated(plain.completion), i))
        return Example(beside(plain.prompt, hint), plain.completion, plain.meta)

    def hint(self, answer: int, i: int) -> int:
        return answer

    @cached_property
    def plain(self) -> Hard:
        return Hard(self.island)


@dataclass(frozen=True)
class Misled(HintedHard):
    """Each question of `hard` with a wrong hint: one digit of it is another. What a hint gives by its mere presence.

    worked example  "Which number times 7 makes 238? Hint: the answer is 36. Show the steps, then the answer after
                    ####." -> "Take 34. Ones 4 times 7 is 28, carry 2; tens 3 times 7 and 2 is 23. #### 34"
    baselines       another example's answer 0.01, the question itself 0
    fooled by       nothing more than `hard` is
    """

    name = "misled"

    def hint(self, answer: int, i: int) -> int:
        return misleading(Dice(self.name, answer, i), answer)


SUMS = (Sums, LongSums, Steps, TwoSteps, Gaps, Hard, HintedHard, Misled)


@lru_cache
def _asked_to_100(sign: str) -> tuple[tuple[int, int], ...]:
    """All pairs to 100 but those of two digits alone, which steps in columns are full of, and those with 0."""
    return tuple((a, b) for a, b in pairs(sign) if asked(a, sign, b) and max(a, b) > 9 and min(a, b) > 0)


def _bare(dice: Dice, sign: str, a: int, b: int) -> Example:
    prompt = dice.pick(ASK).fill(a=a, sign=sign, word=WORDS[sign], b=b)
    return Example(prompt, str(result(a, sign, b)), {"key": f"{a} {sign} {b}"})


def _start(dice: Dice, a: int) -> str:
    return dice.pick(STARTS).fill(who=dice.pick(FIRST), a=a, things=dice.pick(THINGS))


def _hidden(dice: Dice, ask: tuple[Form, ...], sign: str, a: int, b: int) -> Example:
    prompt = dice.pick(ask).fill(b=b, whole=result(a, sign, b)) + SHOW
    return Example(prompt, f"Take {a}. {trace(columns(a, sign, b))}. #### {a}", {"key": f"{a} {sign} {b}"})


def _lines(text: str) -> list[str]:
    return [line.strip() for line in re.split(r"[;.\n]", text.partition("####")[0]) if line.strip()]
