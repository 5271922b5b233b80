"""Which answer is better? Sets of choices between two answers: one line a choice, on this machine, without names.

A set lies beside the runs, as NAME.preferences.jsonl in the run store. A recipe that is trained on it says so by
"preferences:NAME", wherever in the recipe that stands; so `delete` finds every run that has learned from it.
"""

import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from . import runs
from .lines import Lines
from .runs import RUNNING, DamagedRun, Store

SET = "preferences:"
ENDING = ".preferences.jsonl"
CHOICES = ("left", "right", "tie", "skip")


@dataclass(frozen=True)
class Choice:
    """What somebody thought of two answers.

    left, right  the answers as they stood on the screen
    choice       "left", "right", "tie" or "skip"
    seconds      from when they were shown until the choice
    """

    prompt: str
    left: str
    right: str
    choice: str
    seconds: float

    def __post_init__(self):
        for text in (self.prompt, self.left, self.right):
            if not isinstance(text, str):
                raise TypeError(f"{text!r} is no text")
        if self.choice not in CHOICES:
            raise ValueError(f"choice is {self.choice!r}; choose one of {', '.join(CHOICES)}")
        if isinstance(self.seconds, bool) or not isinstance(self.seconds, int | float):
            raise TypeError(f"seconds is {self.seconds!r}; it must be a number")

    @property
    def decided(self) -> bool:
        """Whether one answer was liked better."""
        return self.choice in ("left", "right")

    def row(self) -> dict:
        """{"prompt", "chosen", "rejected"}, the columns that trainers read."""
        chosen, rejected = (self.left, self.right) if self.choice == "left" else (self.right, self.left)
        return {"prompt": self.prompt, "chosen": chosen, "rejected": rejected}


@dataclass(frozen=True)
class Deleted:
    """What went with a set.

    runs    ids of the runs that had learned from it
    unread  ids of runs that were left, because nobody can read what they had learned from
    """

    choices: int
    runs: tuple[str, ...]
    unread: tuple[str, ...]

    def __str__(self) -> str:
        said = f"Deleted: {_counted(self.choices, 'choice')}, and {_counted(len(self.runs), 'run')} trained on them"
        said += f" ({', '.join(self.runs)})." if self.runs else "."
        left = f" Left, because their recipes cannot be read: {', '.join(self.unread)}." if self.unread else ""
        return said + left


class PreferenceSet:
    """The choices of one person, kept in one file. Made by `preference_set`.

    path  {"prompt", "left", "right", "choice", "seconds"}, one JSON object a line
    """

    def __init__(self, name: str, store: Store):
        self.name = name.removeprefix(SET)
        if not re.fullmatch(r"[\w-]{1,60}", self.name):
            raise ValueError(f"name is {name!r}; choose up to 60 letters, digits, - and _")
        self.store = Store(store.root.absolute())
        self.path = self.store.root / f"{self.name}{ENDING}"
        self._lines = Lines(self.path, Choice, "choice")

    def choices(self) -> list[Choice]:
        """All choices so far. A last line that was cut by a crash is left out.

        raises  ValueError that names file and line if another line cannot be read; OSError in one sentence
        """
        return self._lines.read()

    def add(self, choice: Choice) -> None:
        """Appends one choice; it is on disk when this returns.

        raises  OSError in one sentence that says what to do; ValueError for a damaged line
        """
        self._lines.append(choice)

    def undo(self) -> Choice | None:
        """Takes the last choice back and returns it; a crash leaves it or not, and never a half.

        raises  ValueError for a damaged line; OSError in one sentence
        """
        return self._lines.pop()

    def fill(self, pairs: Iterable[Sequence[str]], rule: Callable[[str, str], float]) -> None:
        """
        Lets a rule choose about each pair that is still to be decided; where it likes both alike, it is a tie.

        pairs   (prompt, left, right)
        rule    (prompt, answer) -> how much it likes it
        raises  as `add`
        """
        pairs = list(pairs)
        for pair, made in zip(pairs, self.about(pairs), strict=True):
            if made is None:
                prompt, left, right = pair
                better = rule(prompt, left) - rule(prompt, right)
                self.add(Choice(*pair, "left" if better > 0 else "right" if better < 0 else "tie", 0.0))

    def about(self, pairs: Iterable[Sequence[str]]) -> list[Choice | None]:
        """The choice about each pair, whichever answer stood left; None where it is still to be made.

        pairs  (prompt, answer, other answer)
        """
        made = defaultdict(list)
        for one in self.choices():
            made[_key(one.prompt, one.left, one.right)].append(one)
        return [made[_key(*pair)].pop(0) if made[_key(*pair)] else None for pair in pairs]

    def dataset(self):
        """A `datasets.Dataset` with the columns prompt, chosen, rejected, as TRL reads it; without ties and skips."""
        from datasets import Dataset, Features, Value

        rows = [one.row() for one in self.choices() if one.decided]
        columns = ("prompt", "chosen", "rejected")
        texts = {name: [row[name] for row in rows] for name in columns}
        return Dataset.from_dict(texts, features=Features({name: Value("string") for name in columns}))

    def learners(self) -> tuple[list[runs.Entry], list[str]]:
        """
        Who has learned from this set: runs whose recipes name it, runs that began from one of those, and so on.

        returns  (those runs, ids of runs whose recipes cannot be read)
        """
        entries, texts, unread = self.store.runs(), {}, []
        for entry in entries:
            try:
                texts[entry.id] = set(_texts(self.store.folder(entry.id).recipe()))
            except DamagedRun:
                unread.append(entry.id)
        found = {run for run, said in texts.items() if SET + self.name in said}
        new = found
        while new:
            new = {run for run, said in texts.items() if run not in found and any(_names(text, new) for text in said)}
            found = found | new
        return [entry for entry in entries if entry.id in found], unread

    def delete(self) -> Deleted:
        """
        Removes the set and every run that has learned from it.

        raises  ValueError that names a run that is still running, and then nothing is removed; OSError in one sentence
        """
        learners, unread = self.learners()
        running = [entry.id for entry in learners if entry.status == RUNNING]
        if running:
            raise ValueError(f"still learning from these choices: {', '.join(running)}; stop that, then delete them")
        with self._lines.disk():
            for entry in learners:
                shutil.rmtree(self.store.folder(entry.id).path)
        count = self._lines.delete()
        return Deleted(count, tuple(entry.id for entry in learners), tuple(unread))


def preference_set(name: str, store: Store | None = None) -> PreferenceSet:
    """
    The set of that name; nothing is made until the first choice.

    name    alone, or as a recipe has it, with "preferences:" before it
    store   None means $FTKIT_RUNS or ./runs
    raises  ValueError for a name that is no plain word
    """
    return PreferenceSet(name, store or runs.store())


def set_names(store: Store | None = None) -> list[str]:
    """The sets that are kept, as a recipe names them: "preferences:NAME"."""
    root = (store or runs.store()).root
    return sorted(SET + path.name.removesuffix(ENDING) for path in root.glob(f"*{ENDING}"))


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"


def _key(prompt: str, answer: str, other: str) -> tuple[str, ...]:
    return prompt, *sorted((answer, other))


def _texts(value) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _names(text: str, found: set[str]) -> bool:
    """Whether a text of a recipe means one of these runs: as run:ID, or as a path into its folder."""
    return not found.isdisjoint(re.split(r"[:/\\]", text))
