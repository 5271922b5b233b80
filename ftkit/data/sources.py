"""What can be read: a corpus, a task of the world, the user's own file."""

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .. import world
from ..records import check_knobs, knob, known
from .tokens import Rows

COLUMNS = ("prompt", "completion")


@dataclass(frozen=True)
class Corpus:
    """Texts to go on reading: one of the island's corpora, or the mixture of all."""

    name: str = "hermea"
    island: int = knob(0, 0, help="seed of the island; another seed has other people")
    people: int = knob(1000, 10, 10000, help="residents of the island")
    opening: int = knob(
        0, 0, unit="rows", help="rows of registers before all else: who can look up a name learns to read sooner"
    )

    def __post_init__(self):
        check_knobs(self)

    def source(self):
        """The corpus itself; `.document(i)` is a text."""
        return world.corpus(self.name, self.island, self.people)

    def rows(self, tokenizer, length: int, count: int, seed: int) -> Rows:
        """The texts as packed rows, those of the opening first."""
        return Rows(self.source(), tokenizer, length, count, seed, world.corpus("registers", self.island), self.opening)

    def reads(self):
        """The corpus, if probabilities of its texts are known, or else None."""
        exact = (*world.MIXTURES, *(kind.family for kind in world.EXACT))
        return self.source() if self.name in exact else None

    def asks(self) -> None:
        """A text asks nothing, so there are no answers to compare."""

    def mark(self, model) -> None:
        """Notes in the model's config which island it has read, for the probes."""
        model.config.hermea_island = self.island


@dataclass(frozen=True)
class Task:
    """Questions of the world, with their answers."""

    name: str = "facts"
    examples: int = knob(2500, 1, 1_000_000, "log", "examples", "different questions to learn from")
    island: int = knob(0, 0, help="seed of the island; another seed has other people")
    split: str = "train"
    asked: str = "test"  # the split that is asked before and after
    shuffled: bool = knob(False, help="deals the answers out anew: right in form, by chance in content")

    def __post_init__(self):
        check_knobs(self)

    def source(self) -> list[world.Example]:
        """raises ValueError for an unknown task or split"""
        task = world.task(self.name, self.island)
        examples = [task.sample(self.split, i) for i in range(self.examples)]
        return world.shuffled(examples) if self.shuffled else examples

    def reads(self) -> None:
        """Questions are no text whose probabilities are known."""

    def asks(self):
        """(task with .sample and .check, split, longest answer in tokens)"""
        task = world.task(self.name, self.island)
        return task, self.asked, task.answer_tokens

    def mark(self, model) -> None:
        """Questions are no corpus: the island that a model has read stays the same."""


@dataclass(frozen=True)
class File:
    """The user's own examples: a CSV, JSON or JSONL file with the columns prompt and completion.

    path      where it is
    held_out  share of the examples that is kept for asking, by a hash of the prompt
    """

    path: str = ""
    held_out: float = knob(0.1, 0.0, 0.9, help="share of the examples that is kept back and asked before and after")

    def __post_init__(self):
        check_knobs(self)

    def source(self) -> list[world.Example]:
        """raises ValueError if the file cannot be read, lacks a column, is empty, or repeats one example"""
        return self._questions.learned

    def reads(self) -> None:
        """Questions are no text whose probabilities are known."""

    def asks(self):
        """(task with .sample and .check, split, longest answer in tokens)"""
        longest = max(len(example.completion) for example in self._questions.learned)
        return self._questions, "test", min(200, max(12, longest))

    def mark(self, model) -> None:
        """A file is no corpus of the island."""

    @cached_property
    def _questions(self) -> "Questions":
        return Questions(read_examples(self.path), self.held_out)


class Questions:
    """A user's own examples as a task: asked are those held out, or all where none are."""

    def __init__(self, examples: Sequence[world.Example], held_out: float):
        def kept_back(example):
            digest = hashlib.sha256(repr(example.prompt).encode()).digest()
            return int.from_bytes(digest[:6], "big") < held_out * 2**48

        self.asked = [example for example in examples if kept_back(example)] or list(examples)
        self.learned = [example for example in examples if not kept_back(example)] or list(examples)

    def size(self, split: str) -> int:
        return len(self.asked)

    def sample(self, split: str, i: int) -> world.Example:
        return self.asked[i % len(self.asked)]

    def check(self, example: world.Example, text: str) -> world.Score:
        return matched(example, text)


def matched(example: world.Example, text: str) -> world.Score:
    """1 if the text is the completion, whatever blanks stand around it."""
    right = " ".join(text.split()) == " ".join(example.completion.split())
    return world.Score(float(right), "right" if right else f"said {text.strip()[:40]!r}")


def read_examples(path: str | Path) -> list[world.Example]:
    """
    The examples of a CSV, JSON or JSONL file; the same example twice is read once.

    raises  ValueError that says what is wrong with the file and what would be right
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no file {path}; give the path of a CSV, JSON or JSONL file")
    rows = _rows(path)
    for number, row in enumerate(rows, 1):
        missing = [column for column in COLUMNS if column not in row]
        if missing:
            raise ValueError(
                f"{path} has no column {' and no column '.join(missing)} (row {number} has {', '.join(map(str, row))});"
                f" rename its columns to {' and '.join(COLUMNS)}"
            )
    full = [row for row in rows if _is_prompt(row["prompt"]) and _is_text(row["completion"])]
    if not full:
        raise ValueError(f"{path} holds no example with a prompt and a completion; add at least two")
    unique = list({json.dumps([row["prompt"], row["completion"]]): row for row in full}.values())
    if len(unique) == 1 and len(full) > 1:
        raise ValueError(f"all {len(full)} examples of {path} are the same one; nothing general can be learned from it")
    return [world.Example(row["prompt"], row["completion"]) for row in unique]


def _is_text(value) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_prompt(value) -> bool:
    return _is_text(value) or (isinstance(value, list) and bool(value))


def _rows(path: Path) -> list[dict]:
    """The rows as dicts; raises ValueError if the file is no table"""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".csv":
            return list(csv.DictReader(text.splitlines(keepends=True)))
        if path.suffix == ".jsonl":
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        elif path.suffix == ".json":
            rows = json.loads(text)
        else:
            raise ValueError(known(path.suffix, (".csv", ".json", ".jsonl"), "the file's ending"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} cannot be read as {path.suffix[1:]}: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{path} must hold a list of objects, each with {' and '.join(COLUMNS)}")
    return rows
