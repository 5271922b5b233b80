"""What lies beside the question? A task with the letters that were found, to be asked or to be learned from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from .. import world
from ..records import check_knobs, knob
from ..world.facts import Facts
from .letters import FEW, Strangers, fits, letters, poisoned
from .shelves import BM25, Dense, Oracle, Shelf
from .voice import VOICES, in_the_texts_voice, said_in


@dataclass(frozen=True)
class OpenBook:
    """
    A task whose questions come with what a search finds for them; sampled, split and judged like the task itself.

    The found letters stand before the question, in the order of the shelf, so that their order tells nothing. `meta`
    holds their texts under "letters" and the search's scores under "scores".

    task   whose questions are asked, such as `facts`
    shelf  where the letters are searched
    k      how many are laid before each question; 0 leaves the book closed
    voice  "chat": the question follows; "text": a sentence is begun behind the letters (`in_the_texts_voice`)
    """

    task: Facts
    shelf: Shelf
    k: int = 1
    voice: str = "chat"

    @property
    def splits(self) -> tuple[str, ...]:
        return self.task.splits

    def size(self, split: str) -> int:
        return self.task.size(split)

    def sample(self, split: str, i: int) -> world.Example:
        example = self.task.sample(split, i)
        best = self.shelf.search(example.prompt, self.k) if self.k else []
        found = sorted(best, key=lambda pair: self.shelf.place[pair[0]])
        texts, scores = tuple(document.text for document, _ in found), tuple(score for _, score in found)
        meta = example.meta | {"letters": texts, "scores": scores, "question": example.prompt}
        opened = world.Example(beside(texts, example.prompt), example.completion, meta)
        return replace(opened, prompt=in_the_texts_voice(opened)) if self.voice == "text" else opened

    def check(self, example: world.Example, text: str) -> world.Score:
        return self.task.check(example, said_in(text, self.voice))

    def worse(self, example: world.Example, i: int) -> str:
        return self.task.worse(example, i)


@dataclass(frozen=True)
class Retrieved:
    """Questions to learn from, each with the letters that a search by words finds for it.

    Asked before and after are the newcomers, with the letters about them, of which nothing is learned.
    """

    examples: int = knob(2500, 1, 5000, "log", "examples", "different questions to learn from")
    k: int = knob(3, 0, FEW, "linear", "letters", "how many letters are laid before each question; 0: no letter")
    about: str = knob(
        "strangers", scale="choice", choices=("strangers", "residents"),
        help="of whom the questions are; what is true of residents is known without any letter",
    )  # fmt: skip
    voice: str = knob(
        "chat", scale="choice", choices=tuple(VOICES),
        help="chat: as questions to be answered; text: as sentences to be finished, which any reader can",
    )  # fmt: skip
    island: int = knob(0, 0, help="seed of the island; another seed has other people")
    name: ClassVar[str] = "retrieved"
    asked: str = "newcomers"  # the split that is asked before and after

    def __post_init__(self):
        check_knobs(self)

    def source(self) -> list[world.Example]:
        task = Strangers(world.island(self.island)) if self.about == "strangers" else world.task("facts", self.island)
        book = OpenBook(task, BM25(letters(task, ("train",), self.examples)), self.k, self.voice)
        return [book.sample("train", i) for i in range(min(self.examples, task.size("train")))]

    def reads(self) -> None:
        """Questions are no text whose probabilities are known."""

    def asks(self):
        """(task with .sample and .check, split, longest answer in tokens)"""
        task = world.task("facts", self.island)
        return OpenBook(task, BM25(letters(task)), self.k, self.voice), self.asked, task.answer_tokens

    def mark(self, model) -> None:
        """Letters are looked at and not read into the weights: the island that a model has read stays the same."""


def ways(model, tokenizer, task: Facts, k: int = 3) -> dict:
    """
    {name: task}: the same questions without a letter and with letters come by in several ways, as lab 22 compares them.

    long prompt   as many letters as fit; by favour of the `Oracle` the right one is among them
    BM25, dense   the k best of the whole shelf
    poisoned      BM25 on a shelf with a false letter for everything that is true
    """
    found = letters(task)
    return {
        "closed book": task,
        "long prompt": OpenBook(task, Oracle(found), fits(model, tokenizer, found)),
        "BM25": OpenBook(task, BM25(found), k),
        "dense": OpenBook(task, Dense(found, model, tokenizer), k),
        "poisoned": OpenBook(task, BM25(poisoned(found)), k),
    }


def beside(texts: Sequence[str], question: str) -> str:
    """The letters, and in a line of its own the question; the question alone where there is no letter."""
    return f"{' '.join(texts)}\n{question}" if texts else question
