"""What has somebody tried? Answers to questions with what is known of each: right or wrong, and why."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from .. import world
from ..lines import Lines
from ..records import check_knobs, knob
from ..world.dice import Dice, share
from ..world.slips import criticism, planted
from ..world.sums import HINTS, beside


@dataclass(frozen=True)
class Attempt(world.Example):
    """A question with an answer that somebody gave: the completion.

    right      whether it is right
    answer     what would be
    criticism  what is wrong with it, in words; "" where nothing is
    """

    right: bool = True
    answer: str = ""
    criticism: str = ""

    def __post_init__(self):
        for name, kind in (("prompt", str | list), ("completion", str), ("right", bool), ("answer", str),
                           ("criticism", str)):  # fmt: skip
            if not isinstance(getattr(self, name), kind):
                raise TypeError(f"{name} is {getattr(self, name)!r}")


@dataclass(frozen=True)
class Attempts:
    """Answers that were tried, right and wrong, with a criticism of what is wrong.

    name   task of the world that is asked before and after, and whose right answers are spoilt if there is no path
    path   a JSONL file of attempts, as `rewards.sample_attempts` writes it
    asked  the split that is asked then
    """

    word = "attempts"  # for it in a shell, where a name is a task's

    name: str = "hard"
    examples: int = knob(50, 1, 1_000_000, "log", "attempts", "different questions, each with one attempt")
    first: int = knob(0, 0, 1_000_000_000, help="number of the first question of the world")
    wrong: float = knob(0.5, 0.0, 1.0, help="share of the world's attempts with one wrong digit")
    hinted: float = knob(0.0, 0.0, 1.0, help="share of the world's questions beside which a hint names the answer")
    bare: bool = knob(False, help="the right answers of the world alone, without their steps, as people give them")
    right_only: bool = knob(False, help="leaves out what is wrong, and with it all criticism")
    island: int = knob(0, 0, help="seed of the island; another seed has other people")
    path: str = ""
    split: str = "train"
    asked: str = "test"

    def __post_init__(self):
        check_knobs(self)

    def source(self) -> list[Attempt]:
        """raises ValueError for an unknown task or split, a task that is not told in columns, a file without attempts,
        a wrong attempt without criticism, or if nothing is right and only that is wanted"""
        found = self._kept[: self.examples] if self.path else [self._spoilt(i) for i in self._numbers]
        if not self.right_only:
            return found
        right = [attempt for attempt in found if attempt.right]
        if not right:
            raise ValueError(
                f"none of {len(found)} attempts is right, so nothing is left to learn from; give more of them, or turn"
                " right_only off"
            )
        return right

    def reads(self) -> None:
        """Attempts are no text whose probabilities are known."""

    def asks(self):
        """(task with .sample and .check, split, longest answer in tokens)"""
        task = world.task(self.name, self.island)
        return task, self.asked, task.answer_tokens

    def mark(self, model) -> None:
        """Attempts are no corpus: the island that a model has read stays the same."""

    def _spoilt(self, i: int) -> Attempt:
        """The right answer to question i, or the same with a wrong digit."""
        example = world.task(self.name, self.island).sample(self.split, i)
        place, answer = (self.name, self.island, self.split, i), stated(example.completion)
        said = f"#### {answer}" if self.bare else example.completion
        attempt = Attempt(self._asked(example.prompt, answer, place), said, example.meta, answer=answer)
        if self.bare or share("attempts", *place) >= self.wrong:
            return attempt
        text, digit = planted(example.completion, Dice("planted", *place))
        said, meta = criticism(text, Dice("criticism", *place)), example.meta | {"planted": digit}
        return replace(attempt, completion=text, meta=meta, right=False, criticism=said)

    @property
    def _numbers(self) -> range:
        return range(self.first, self.first + self.examples)

    def _asked(self, prompt: str, answer: str, place: tuple) -> str:
        """A question, with the hint that its place draws or without."""
        if share("hinted", *place) >= self.hinted:
            return prompt
        return beside(prompt, Dice("hint", *place).pick(HINTS).fill(c=answer))

    @cached_property
    def _kept(self) -> list[Attempt]:
        return read_attempts(self.path)


def is_attempts(task) -> bool:
    """Whether what is read are attempts."""
    return isinstance(task, Attempts)


def stated(completion: str) -> str:
    """The answer that a completion comes to: what stands behind `####`, or all of it."""
    return completion.rpartition("####")[2].strip()


def write_attempts(path: str | Path, attempts: list[Attempt]) -> None:
    """Writes a file of attempts anew.

    raises  OSError in one sentence
    """
    kept = _lines(path)
    kept.delete()
    for attempt in attempts:
        kept.append(attempt)


def read_attempts(path: str | Path) -> list[Attempt]:
    """
    The attempts of a JSONL file.

    raises  ValueError that says which line is wrong, or that there is none
    """
    found = _lines(path).read()
    if not found:
        raise ValueError(f"there is no attempt in {path}; let a model try first, with rewards.sample_attempts")
    for number, attempt in enumerate(found, 1):
        if not attempt.completion.strip():
            raise ValueError(f"attempt {number} of {path} is empty; leave it out")
        if not attempt.answer.strip():
            raise ValueError(f"attempt {number} of {path} has no right answer; say what it would be")
        if not attempt.right and not attempt.criticism.strip():
            raise ValueError(f"attempt {number} of {path} is wrong and its criticism is empty; say what is wrong")
    return found


def _lines(path: str | Path) -> Lines:
    return Lines(Path(path), Attempt, "attempt")
