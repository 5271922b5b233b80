"""What can be looked up? Letters about people of whom no base model has read, true ones and false ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from .. import world
from ..data import encode
from ..world.dice import Dice
from ..world.facts import Facts
from ..world.passages import Statement, invented, strangers, tell

PEOPLE = 2  # of whom a letter tells, so that finding the letter is not yet reading it
REPEATED = 2  # sentences of a false letter, each of which names the person; a true one names them once
FEW = 8  # letters in a long prompt at most, however much a model can read


@dataclass(frozen=True)
class Document:
    """One letter, and what it says of whom; `false` if somebody wrote it to mislead."""

    text: str
    states: tuple[Statement, ...]
    false: bool = False

    def tells(self, person: str, attribute: str) -> bool:
        """Whether the truth about this can be read off."""
        return not self.false and any(one.name == person and one.attribute == attribute for one in self.states)


def letters(task: Facts, splits: Sequence[str] = ("newcomers", "moved"), most: int | None = None) -> list[Document]:
    """Letters in which every answer of these splits stands exactly once, in any order.

    A letter tells the same kind of thing of `PEOPLE` people; of those who moved it also names the old home.

    most  answers a split, from the first on; all of them if None
    """
    said = [one for split in splits for one in _statements(task, split, most)]
    dice, found = Dice("letters", task.island.seed, *splits), []
    for attribute in world.ATTRIBUTES:
        alike = dice.shuffled(one for one in said if one.attribute == attribute)
        found += [tuple(alike[start : start + PEOPLE]) for start in range(0, len(alike), PEOPLE)]
    return [Document(tell(dice, list(states)), states) for states in dice.shuffled(found)]


def poisoned(documents: Sequence[Document], share: float = 1.0) -> list[Document]:
    """The same shelf, on which somebody has put false letters; each names one person again and again.

    share  of all that the letters say, which a false one denies
    """
    found = list(documents)
    for one in (one for document in documents for one in document.states):
        dice = Dice("poison", one.name, one.attribute)
        if dice.random() < share:
            lie = invented(dice, one.name, one.attribute, strangers(), (one.value, one.old)).value
            states = (Statement(one.name, one.attribute, lie),) * REPEATED
            found.append(Document(tell(dice, list(states)), states, false=True))
    return Dice("poisoned shelf", len(found)).shuffled(found)


def fits(model, tokenizer, documents: Sequence[Document], spare: int = 48) -> int:
    """How many letters, as they stand side by side on the shelf, always fit into one prompt; `FEW` at most.

    spare  tokens left for the question and the answer
    """
    room = (getattr(model.config.get_text_config(), "max_position_embeddings", None) or 10**6) - spare
    lengths = [len(encode(tokenizer, document.text)) for document in documents]
    sums = {k: [sum(lengths[start : start + k]) for start in range(0, len(lengths), k)] for k in range(1, FEW + 1)}
    return max((k for k, bundles in sums.items() if max(bundles) <= room), default=1)


def _statements(task: Facts, split: str, most: int | None) -> list[Statement]:
    size = task.size(split)
    examples = [task.sample(split, i) for i in range(size if most is None else min(most, size))]
    return [
        Statement(one.meta["person"], one.meta["attribute"], one.completion, outdated(task, one)) for one in examples
    ]


def outdated(task: Facts, example: world.Example) -> str:
    """What was true before, if a split or the example says that something has changed, else ""."""
    moved = example.meta["split"] == "moved"
    return task.island.by_name[example.meta["person"]].home if moved else example.meta.get("old", "")


def lie(documents: Sequence[Document], example: world.Example) -> str:
    """What a false letter says of what is asked; "" if none does."""
    told = example.meta["person"], example.meta["attribute"]
    denied = (one for document in documents if document.false for one in document.states)
    return next((one.value for one in denied if (one.name, one.attribute) == told), "")


@dataclass(frozen=True)
class Strangers(Facts):
    """The same questions about people who live nowhere and of whom nobody wrote: what is learned from them is reading.

    Half of what is true of them has changed; `meta["old"]` is what was true before, else "".
    """

    name = "strangers"
    splits = ("train",)

    def pick(self, split: str, i: int) -> world.Example:
        example = super().pick(split, i)
        deck = self._deck(split)
        return replace(example, meta=example.meta | {"old": deck[i % len(deck)][0].old})

    @cached_property
    def _decks(self) -> dict[str, list[tuple[Statement, str, str]]]:
        near = {person.name for person in self.island.newcomers}
        names = [name for name in strangers() if name not in near]
        lives = [
            invented(Dice("strangers", self.island.seed, name, attribute), name, attribute, names)
            for name in names
            for attribute in world.ATTRIBUTES
        ]
        deck = [(one, one.attribute, one.value) for one in lives]
        return {"train": Dice("deck of strangers", self.island.seed).shuffled(deck)}
