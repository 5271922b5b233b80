"""In whose words? How the texts that a base model has read would put a task, example by example."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..world import Example
from ..world.columns import columns, trace
from ..world.dice import Dice
from ..world.episodes import Linear, Table, rule
from ..world.examples import split_of
from ..world.sums import conclusion

SHELF = 10_000  # training examples from which worked ones are drawn
STEPS_TOKENS = 96  # three columns and the sentence after them


def from_training(task, split: str, i: int, shots: int, draw: int) -> tuple[list[Example], Example]:
    """Worked examples of the training split, the same for every question, and question i; as many of each label as can
    be."""
    dice, asked = Dice("shots", task.name, draw), task.sample(split, i)
    labels, drawn = asked.meta.get("labels", ()), []
    most = math.ceil(shots / len(labels)) if labels else shots  # of one label
    while len(drawn) < shots:
        one = task.sample("train", dice.below(SHELF))
        new = one.prompt not in (asked.prompt, *(other.prompt for other in drawn))
        if new and sum(other.completion == one.completion for other in drawn) < most:
            drawn.append(one)
    return drawn, asked


def of_one_rule(task, split: str, i: int, shots: int, draw: int) -> tuple[list[Example], Example]:
    """Worked examples of a rule, and a question about it; outside the training split, of a rule that no corpus follows.

    The question stays the same whatever the number of examples. That of a table is always among them, that of a linear
    map in two of three cases; the other rules have to be inferred.
    """
    dice = Dice("one rule", task.name, split, i, *[draw] * bool(draw))
    follows = None
    while follows is None or split_of(task.name, follows.key) != split:
        follows = rule(dice, dice.pick(task.kinds) if task.kinds else "")
    x = follows.draw(dice)
    again, place = dice.random() < {Table: 1, Linear: 2 / 3}.get(type(follows), 0), dice.random()
    seen = [follows.draw(dice) for _ in range(shots)]
    if seen and again:
        seen[int(place * shots)] = x
    meta = {"key": follows.key, "kind": type(follows).__name__.lower()}
    return [Example(one, follows.apply(one), meta) for one in seen], Example(x, follows.apply(x), meta)


@dataclass(frozen=True)
class Voice:
    """
    How a task is put to a reader.

    form     one worked example with holes
    told     the holes that only worked examples fill; a question ends before the first of them
    between  what stands between two examples; an answer ends there, too
    holes    example -> {hole: what fills it}
    words    what is written for the labels of a task that has some; the labels themselves if empty
    pages    (task, split, i, shots, draw) -> (worked examples, question i)
    said     text -> the answer in it; None: all of it
    tokens   that an answer needs where it is more than the task says
    """

    form: str
    told: tuple[str, ...]
    between: str
    holes: Callable[[Example], dict[str, str]]
    words: tuple[str, ...] = ()
    pages: Callable = from_training
    said: Callable[[str], str] | None = None
    tokens: int = 0


def voice_of(task) -> Voice:
    """The voice of the corpus that a task was made from; for any other task question and answer."""
    return VOICES.get(task.name, PLAIN)


def _plain(example: Example) -> dict[str, str]:
    words = example.prompt
    asked = words if isinstance(words, str) else "\n".join(message["content"] for message in words)
    return {"question": asked, "answer": example.completion}


def _sum(example: Example) -> dict[str, str]:
    a, sign, b = example.meta["key"].split()
    return {"a": a, "sign": sign, "b": b, "steps": trace(columns(int(a), sign, int(b))), "answer": example.completion}


def _review(example: Example) -> dict[str, str]:
    return {"text": example.meta["text"], "buyer": example.meta["buyer"], "label": example.completion}


def _pair(example: Example) -> dict[str, str]:
    return {"x": example.prompt, "y": example.completion}


PLAIN = Voice("Question: {question}\nAnswer: {answer}", ("answer",), "\n\n", _plain)
SUM = Voice(
    "Let us work out {a} {sign} {b}. {steps}. So {a} {sign} {b} = {answer}.", ("steps", "answer"), " ", _sum,
    said=conclusion, tokens=STEPS_TOKENS,
)  # fmt: skip
VOICES = {
    "episodes": Voice("In: {x} Out: {y}", ("y",), "\n", _pair, pages=of_one_rule),
    "sentiment": Voice("{text} In the end {buyer} was {label}.", ("label",), " ", _review, words=("pleased", "cross")),
    "topic": Voice("{text} So much for the {label}.", ("label",), " ", _review),
    "sums": SUM,
    "long sums": SUM,
}
