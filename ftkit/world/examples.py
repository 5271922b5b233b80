"""Questions whose answers are known: how every task is drawn, split and judged."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from .dice import Dice, share
from .people import Island

SPLITS = ("train", "validation", "test")
LARGEST_SAMPLE = 1_000_000
DEGRADED = 3  # worse answers that are drawn beside the right one


@dataclass(frozen=True)
class Example:
    """One question and its answer; `prompt` is the user's words, `meta` says what they are about."""

    prompt: str | list
    completion: str
    meta: dict = field(default_factory=dict, hash=False)

    def row(self) -> dict:
        """{"prompt", "completion"}, the columns that trainers read."""
        return {"prompt": self.prompt, "completion": self.completion}


@dataclass(frozen=True)
class Score:
    """value in 0..1, and why in one short sentence"""

    value: float
    why: str


@dataclass(frozen=True)
class Task:
    """Draws examples and judges answers; a subclass says what is drawn (`draw`) and what is right (`judge`).

    Every example has `meta["key"]`, the entity or the operands that it is about; the key's hash decides the split, so
    no two splits ever ask about the same.

    name           how it is asked for
    row            the row of the paper's Table 2 that it stands for, if any
    random, echo   what scoring another example's answer, or the prompt itself, as the answer would earn
    answer_tokens  as many as the longest answer needs, in tokens of the course's tokenizer
    longest        characters; a longer text is judged by its beginning, so that no answer can hang a checker
    """

    island: Island
    name = ""
    row = ""
    random = echo = 0.0
    answer_tokens = 12
    longest = 400
    splits = SPLITS

    def size(self, split: str) -> int:
        """Examples in a split, at most; `sample` goes on past it with examples seen before."""
        self._known(split)
        return LARGEST_SAMPLE

    def sample(self, split: str, i: int) -> Example:
        """Example `i` of a split: a pure function of the island, the split and i.

        raises  ValueError for a split that does not exist; IndexError for a negative i
        """
        self._known(split)
        if i < 0:
            raise IndexError(f"example {i} was asked for; examples are counted from 0")
        return self.pick(split, i)

    def check(self, example: Example, text: str) -> Score:
        """How good an answer is, and why; whatever the text, it is judged at once and nothing is raised."""
        if not isinstance(text, str):
            return Score(0.0, f"the answer is {type(text).__name__}, not text")
        said = text[: self.longest].strip()
        if not said:
            return Score(0.0, "the answer is empty")
        if any(unicodedata.category(letter).startswith("C") and letter != "\n" for letter in said):
            return Score(0.0, "the answer holds control characters")
        return self.judge(example, said)

    def pick(self, split: str, i: int) -> Example:
        """Example `i` of a split that exists: the first one drawn whose key belongs there."""
        drawn = (self.draw(Dice(self.name, self.island.seed, split, i, attempt)) for attempt in count())
        return next(example for example in drawn if split_of(self.name, example.meta["key"]) == split)

    def draw(self, dice: Dice) -> Example:
        """One example of any split."""
        raise NotImplementedError

    def judge(self, example: Example, said: str) -> Score:
        """Here: the first line must be the completion, letter by letter, with or without a full stop."""
        first = said.split("\n")[0].strip().rstrip(".").strip()
        if first == example.completion.rstrip("."):
            return Score(1.0, "right")
        return Score(0.0, f"said {first[:40]!r}, the answer is {example.completion[:40]!r}")

    def worse(self, example: Example, i: int) -> str:
        """A degraded answer: it looks like one, and scores less than the completion."""
        raise NotImplementedError

    def degraded(self, example: Example, dice: Dice) -> list[tuple[str, float]]:
        """The completion and worse answers with their gold scores, from best to worst; no two scores are equal."""
        drawn = [self.worse(example, dice.below(LARGEST_SAMPLE)) for _ in range(DEGRADED)]
        texts: dict[float, str] = {}
        for text in (example.completion, *drawn):
            texts.setdefault(self.check(example, text).value, text)
        return [(texts[score], score) for score in sorted(texts, reverse=True)]

    def _known(self, split: str) -> None:
        if split not in self.splits:
            raise ValueError(f"there is no split {split!r} of {self.name}; choose one of {', '.join(self.splits)}")


def split_of(name: str, key: str) -> str:
    """The split in which a task may ask about a key: eight tenths train, one validation, one test."""
    place = share("split", name, key)
    return "train" if place < 0.8 else "validation" if place < 0.9 else "test"


def shuffled(examples: Sequence[Example], seed: int = 0) -> list[Example]:
    """The same questions with the answers dealt out anew, within an attribute: right in form, by chance in content."""
    dealt = list(examples)
    places: dict[object, list[int]] = {}
    for i, example in enumerate(examples):
        places.setdefault(example.meta.get("attribute"), []).append(i)
    for attribute, own in places.items():
        for i, other in zip(own, Dice("shuffled", seed, attribute).shuffled(own), strict=True):
            dealt[i] = replace(examples[i], completion=examples[other].completion)
    return dealt
