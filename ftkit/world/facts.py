"""Questions about the facts of a person. They exist here and in no corpus."""

from dataclasses import dataclass
from functools import cached_property
from itertools import count

from .dice import Dice
from .examples import Example, Score, Task
from .forms import Form, forms
from .people import ATTRIBUTES, Person

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


@dataclass(frozen=True)
class Facts(Task):
    """Questions about one fact of one person, answered by the bare value.

    Splits: train, validation, test (residents, parted by person), newcomers (nobody ever wrote about them: an answer
    can only be a guess) and moved (residents whose home is no longer the one that the corpora tell of).

    worked example  "Where does Tamu Oresby live?" -> "Oria"
    baselines       guessing the commonest value: about 0.06 over the five attributes; echoing the question: 0
    fooled by       nothing we know of: the first line must be the value, letter by letter
    """

    name = "facts"
    splits = ("train", "validation", "test", "newcomers", "moved")

    def size(self, split: str) -> int:
        """Facts in a split; `sample` goes round it again in other words."""
        return len(self._deck(split))

    def pick(self, split: str, i: int) -> Example:
        deck = self._deck(split)
        person, attribute, answer = deck[i % len(deck)]
        question: Form = Dice("question", person.name, attribute, i // len(deck)).pick(QUESTIONS[attribute])
        meta = {"attribute": attribute, "person": person.name, "split": split, "key": person.name}
        return Example(question.fill(name=person.name), answer, meta)

    def judge(self, example: Example, said: str) -> Score:
        """1 if the first line of the text is the value, whatever blanks and full stop stand around it."""
        first = said.split("\n")[0].strip().rstrip(".").strip()
        if first == example.completion:
            return Score(1.0, "right")
        return Score(
            0.0, f"said {first[:40]!r}, the {example.meta.get('attribute', 'answer')} is {example.completion!r}"
        )

    def worse(self, example: Example, i: int) -> str:
        """The value of somebody else."""
        others = (self.sample(example.meta["split"], i + k).completion for k in count())
        return next(other for other in others if other != example.completion)

    def _deck(self, split: str) -> list[tuple[Person, str, str]]:
        self._known(split)
        return self._decks[split]

    @cached_property
    def _decks(self) -> dict[str, list[tuple[Person, str, str]]]:
        def about(people):
            return [(person, attribute, getattr(person, attribute)) for person in people for attribute in ATTRIBUTES]

        decks = {name: about(p for p in self.island.residents if p.split == name) for name in self.splits[:3]}
        decks["newcomers"] = about(self.island.newcomers)
        decks["moved"] = [(self.island.by_name[name], "home", town) for name, town in self.island.moved.items()]
        return {name: Dice("deck", self.island.seed, name).shuffled(deck) for name, deck in decks.items()}
