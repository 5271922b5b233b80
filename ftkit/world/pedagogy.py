"""A teacher's work: give a hint, ask a question, mark an answer. All that is taught here is invented or plain sums."""

import re
from dataclasses import dataclass, replace

from .columns import Column, asked, columns, operands, reached, result, slipped, trace
from .dice import Dice
from .examples import Example, Score, Task
from .forms import forms
from .people import FIRST
from .stories import THINGS

OPERATIONS = {"+": "add", "-": "subtract", "x": "multiply"}
HINT = forms("""
    A student must find {a} {sign} {b}. Give a hint, not the answer.
    Help with {a} {sign} {b}, but do not give the answer away.
    Your student is stuck at {a} {sign} {b}. Write a hint without the answer.
    The exercise is {a} {sign} {b}. Give the student a hint, do not solve it.
""")
ASK = forms("""
    {text} Write the question whose answer is: {answer}
    Text: {text} Ask for this: {answer}
    Here is a text. {text} Which question has the answer {answer}?
    {text} Make a question of it. Its answer must be: {answer}
""")
TOLD = "{who} {did} {n} {things} {place} {time}."
QUESTIONS = {  # the hole that the answer fills: the question word, and the question
    "who": ("Who", "Who {did} {n} {things} {place} {time}?"),
    "n": ("How many", "How many {things} did {who} {do} {place} {time}?"),
    "things": ("What", "What did {who} {do} {place} {time}?"),
    "place": ("Where", "Where did {who} {do} {n} {things} {time}?"),
    "time": ("When", "When did {who} {do} {n} {things} {place}?"),
}
DONE = {"hide": "hid", "find": "found", "sell": "sold", "lose": "lost", "buy": "bought", "count": "counted"}
WHERE = tuple("in the mill|in the cellar|in the garden|at the harbour|on the bridge|in the barn".split("|"))
WHEN = tuple("at noon|at night|last spring|on Monday|on Friday|before the storm".split("|"))
MARK = forms("""
    Exercise: {a} {sign} {b}. Student: {t}. Answer {g}. Mark each step and the answer, one point for each that is right.
    The student solves {a} {sign} {b}: {t}. Answer {g}. Give a point for each right step and one for the right answer.
    Score this work on {a} {sign} {b}. {t}. Answer {g}. Each right step is one point, the right answer is one point.
""")
NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class HintGiving(Task):
    """A student must solve an exercise: say how to begin, and do not say the answer.

    Half a point for naming the operation and no other, half for the first column with its right total; nothing at all
    if the answer is said, or any column after the first.

    worked example  "A student must find 48 + 27. Give a hint, not the answer." -> "Add the ones first: 8 and 7 make
                    15."
    baselines       another example's hint 0.19, the exercise itself 0
    fooled by       an answer in words ("seventy"), or one put as a riddle ("three times 25")
    """

    name = "hint giving"
    row = "Pedagogical agents"
    random = 0.19
    answer_tokens = 30

    def draw(self, dice: Dice) -> Example:
        sign = dice.pick("+-x")
        a, b = _exercise(dice, sign)
        meta = {"key": f"{a} {sign} {b}", "a": a, "sign": sign, "b": b}
        return Example(dice.pick(HINT).fill(a=a, sign=sign, b=b), _hint(sign, columns(a, sign, b)[0]), meta)

    def judge(self, example: Example, said: str) -> Score:
        a, sign, b = (example.meta[slot] for slot in ("a", "sign", "b"))
        first = columns(a, sign, b)[0]
        numbers = [int(number) for number in NUMBER.findall(said[:200]) if len(number) < 9]
        answer = result(a, sign, b)
        if answer in numbers or " ".join(str(answer)) in said:
            return Score(0.0, f"the hint gives the answer away: {answer}")
        if re.search("tens|hundreds|;", said):
            return Score(0.0, "the hint goes on after the first step")
        named = {operation for operation in OPERATIONS.values() if operation in said.lower()} == {OPERATIONS[sign]}
        begins = {(first.x, first.y, first.total)} | ({(first.y, first.x, first.total)} if sign != "-" else set())
        begun = not begins.isdisjoint(zip(numbers, numbers[1:], numbers[2:], strict=False))
        return Score((named + begun) / 2, f"operation {_mark(named)}, first step {_mark(begun)}")

    def worse(self, example: Example, i: int) -> str:
        a, sign, b = (example.meta[slot] for slot in ("a", "sign", "b"))
        dice, step = Dice("worse", self.name, example.meta["key"], i), columns(a, sign, b)[0]
        return dice.pick(
            (
                f"{example.completion[:-1]}, so it is {result(a, sign, b)}.",
                _hint(sign, slipped(dice, (step,))[0]),
                _hint(dice.pick([other for other in OPERATIONS if other != sign]), step),
            )
        )


@dataclass(frozen=True)
class QuestionGeneration(Task):
    """A text tells of someone who did something; write the question that some words of it answer.

    Half a point for the right question word at the start, half for naming the rest of the text, in shares; nothing at
    all if the answer stands in the question, or if it is no question.

    worked example  "Text: Tamu hid 12 figs in the mill at noon. Ask for this: in the mill" -> "Where did Tamu hide 12
                    figs at noon?"
    baselines       another example's question 0.12, the text itself 0
    fooled by       words in the wrong order: "Where Tamu hide 12 figs at noon?"
    """

    name = "question generation"
    row = "Educational question generation"
    random = 0.12
    answer_tokens = 32

    def draw(self, dice: Dice) -> Example:
        do, asks = dice.pick(tuple(DONE)), dice.pick(tuple(QUESTIONS))
        slots = {
            "who": dice.pick(FIRST), "do": do, "did": DONE[do], "n": 2 + dice.below(98), "things": dice.pick(THINGS),
            "place": dice.pick(WHERE), "time": dice.pick(WHEN),
        }  # fmt: skip
        text = TOLD.format(**slots)
        prompt = dice.pick(ASK).fill(text=text, answer=slots[asks])
        rest = [str(slots[slot]) for slot in QUESTIONS if slot != asks and f"{{{slot}}}" in QUESTIONS[asks][1]]
        meta = {"key": text, "asks": asks, "answer": str(slots[asks]), "rest": rest}
        return Example(prompt, QUESTIONS[asks][1].format(**slots), meta)

    def judge(self, example: Example, said: str) -> Score:
        said, answer, rest = said.split("\n")[0].strip(), example.meta["answer"], example.meta["rest"]
        if not said.endswith("?") or said.count("?") > 1:
            return Score(0.0, "this is not one question")
        if _says(said, answer):
            return Score(0.0, f"the answer stands in the question: {answer}")
        word = QUESTIONS[example.meta["asks"]][0]
        fits = said.startswith(f"{word} ")
        named = sum(_says(said, part) for part in rest) / len(rest)
        return Score(fits / 2 + named / 2, f"the question word {_mark(fits)}, {named:.0%} of the rest is named")

    def worse(self, example: Example, i: int) -> str:
        dice = Dice("worse", self.name, example.meta["key"], i)
        word = QUESTIONS[example.meta["asks"]][0]
        other = dice.pick([asks for asks, _ in QUESTIONS.values() if asks != word])
        cut = dice.pick(example.meta["rest"])
        return dice.pick(
            (
                example.completion.replace(word, other, 1),
                example.completion.replace(f" {cut}", "", 1),
                f"{example.completion[:-1]} {example.meta['answer']}?",
            )
        )


@dataclass(frozen=True)
class Rubric(Task):
    """A student's steps and answer are marked: a point for each right step, one for the right answer.

    A step is right if its own calculation is; the answer is right if it solves the exercise. Half a point for the right
    sum of points, half for the marks, but those only under the right sum.

    worked example  "Exercise: 48 + 27. Student: Ones 8 and 7 make 15, carry 1; tens 4 and 2 and 1 make 8. Answer 85.
                    Mark each step and the answer, one point for each that is right." -> "ones right, tens wrong,
                    answer wrong: 1"
    baselines       another example's marks 0.23, the student's work itself 0; the commonest marks 0.26
    fooled by       the right sum of points without marks: half a point
    """

    name = "rubric"
    row = "Automatic scoring"
    random = 0.23
    answer_tokens = 24

    def draw(self, dice: Dice) -> Example:
        sign = dice.pick("+-")
        a, b = _exercise(dice, sign)
        points = dice.below(4)
        right = dice.shuffled([True] * points + [False] * (3 - points))
        steps = columns(a, sign, b)
        for at in (0, 1):
            steps = steps if right[at] else slipped(dice, steps, at)
        off = steps if steps != columns(a, sign, b) else slipped(dice, steps)
        given = result(a, sign, b) if right[2] else reached(off)
        prompt = dice.pick(MARK).fill(a=a, sign=sign, b=b, t=trace(steps), g=given)
        return Example(prompt, _marks(right), {"key": f"{a} {sign} {b}", "right": right})

    def judge(self, example: Example, said: str) -> Score:
        said, right = said.split("\n")[0], example.meta["right"]
        numbers = NUMBER.findall(said[:100])
        if numbers[-1:] != [str(sum(right))]:
            return Score(0.0, f"gave {numbers[-1:]} points, {sum(right)} are due")
        marks = re.findall(r"\b(ones|tens|answer) (right|wrong)\b", said)
        due = re.findall(r"\b(ones|tens|answer) (right|wrong)\b", example.completion)
        if marks == due:
            return Score(1.0, "points and marks are right")
        return Score(0.5, "the points are right, the marks are not")

    def worse(self, example: Example, i: int) -> str:
        right = list(example.meta["right"])
        at = Dice("worse", self.name, example.meta["key"], i).below(3)
        right[at] = not right[at]
        return _marks(right)


PEDAGOGY = (HintGiving, QuestionGeneration, Rubric)


def _exercise(dice: Dice, sign: str) -> tuple[int, int]:
    """Two-digit operands that no corpus works out; the answer is above 9, so no first total gives it away."""
    while True:
        a, b = operands(dice, sign, 2)
        if asked(a, sign, b) and result(a, sign, b) > 9:
            return a, b


def _hint(sign: str, first: Column) -> str:
    return f"{OPERATIONS[sign].capitalize()} the ones first: {replace(first, last=True).calculation}."


def _marks(right: list[bool]) -> str:
    ones, tens, answer = map(_mark, right)
    return f"ones {ones}, tens {tens}, answer {answer}: {sum(right)}"


def _mark(fits: bool) -> str:
    return "right" if fits else "wrong"


def _says(text: str, part: str) -> bool:
    return re.search(rf"\b{re.escape(part)}\b", text) is not None
