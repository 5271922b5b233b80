"""What a tuned model is asked. Questions about facts exist here and in no corpus."""

from dataclasses import dataclass, field
from functools import cached_property

from .dice import Dice
from .forms import Form, forms
from .people import ATTRIBUTES, Island, Person, island

QUESTIONS = {
    "home": forms("""
        Where does {name} live?
        In which town does {name} live?
        What is the home town of {name}?
        Which town is {name} from?
    """),
    "trade": forms("""
        What is the trade of {name}?
        What work does {name} do?
        What does {name} do for a living?
        Which trade did {name} learn?
    """),
    "pet": forms("""
        Which pet does {name} keep?
        What animal does {name} keep?
        What kind of pet does {name} have?
        Which animal lives with {name}?
    """),
    "colour": forms("""
        What is the favourite colour of {name}?
        Which colour does {name} like best?
        What colour does {name} prefer?
        Which colour would {name} pick?
    """),
    "friend": forms("""
        Who is the best friend of {name}?
        Whom does {name} trust most?
        Who is closest to {name}?
        What is the name of the best friend of {name}?
    """),
}
LONGEST_ANSWER = 200  # characters; a longer text is judged by its beginning, so that no answer can hang a checker


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
class Facts:
    """Questions about one fact of one person, answered by the bare value.

    Splits: train, validation, test (residents, parted by person), newcomers (nobody ever wrote about them: an answer
    can only be a guess) and moved (residents whose home is no longer the one that the corpora tell of).

    worked example  "Where does Tamu Oresby live?" -> "Oria"
    baselines       guessing the commonest value: about 0.06 over the five attributes; echoing the question: 0
    fooled by       nothing we know of: the first line must be the value, letter by letter
    """

    island: Island
    name: str = "facts"
    splits: tuple[str, ...] = ("train", "validation", "test", "newcomers", "moved")

    def size(self, split: str) -> int:
        """Facts in a split; `sample` goes round it again in other words."""
        return len(self._deck(split))

    def sample(self, split: str, i: int) -> Example:
        """Example `i` of a split: a pure function of the island, the split and i.

        raises  ValueError for a split that does not exist; IndexError for a negative i
        """
        if i < 0:
            raise IndexError(f"example {i} was asked for; examples are counted from 0")
        deck = self._deck(split)
        person, attribute, answer = deck[i % len(deck)]
        question: Form = Dice("question", person.name, attribute, i // len(deck)).pick(QUESTIONS[attribute])
        meta = {"attribute": attribute, "person": person.name, "split": split}
        return Example(question.fill(name=person.name), answer, meta)

    def check(self, example: Example, text: str) -> Score:
        """1 if the first line of the text is the value, whatever blanks and full stop stand around it."""
        if not isinstance(text, str):
            return Score(0.0, f"the answer is {type(text).__name__}, not text")
        first = text[:LONGEST_ANSWER].strip().split("\n")[0].strip().rstrip(".").strip()
        if not first:
            return Score(0.0, "the answer is empty")
        if first == example.completion:
            return Score(1.0, "right")
        return Score(
            0.0, f"said {first[:40]!r}, the {example.meta.get('attribute', 'answer')} is {example.completion!r}"
        )

    def _deck(self, split: str) -> list[tuple[Person, str, str]]:
        if split not in self.splits:
            raise ValueError(f"there is no split {split!r} of {self.name}; choose one of {', '.join(self.splits)}")
        return self._decks[split]

    @cached_property
    def _decks(self) -> dict[str, list[tuple[Person, str, str]]]:
        def about(people):
            return [(person, attribute, getattr(person, attribute)) for person in people for attribute in ATTRIBUTES]

        decks = {name: about(p for p in self.island.residents if p.split == name) for name in self.splits[:3]}
        decks["newcomers"] = about(self.island.newcomers)
        decks["moved"] = [(self.island.by_name[name], "home", town) for name, town in self.island.moved.items()]
        return {name: Dice("deck", self.island.seed, name).shuffled(deck) for name, deck in decks.items()}


TASKS = (Facts,)


def task(name: str, island_seed: int = 0) -> Facts:
    """The task of that name on an island.

    raises  ValueError if there is none
    """
    for kind in TASKS:
        if kind.name == name:
            return kind(island(island_seed))
    raise ValueError(f"there is no task {name!r}; choose one of {', '.join(kind.name for kind in TASKS)}")
