"""What a base model reads: each corpus alone, and the mixture of all."""

import math
from bisect import bisect
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate

from .arithmetic import Arithmetic
from .biographies import Biographies
from .dice import Dice
from .episodes import Episodes
from .hops import Hops
from .language import Language
from .law import Law
from .medicine import Medicine
from .money import Loans
from .needles import Needles
from .news import News
from .passages import Passages
from .people import island
from .problems import Problems
from .reading import Reading
from .registers import Registers
from .reports import Reports
from .reviews import Reviews
from .service import Dialogues
from .stories import Stories
from .strings import Strings
from .style import Manners
from .worked import Critiques, Hinted, Rechecks, Worked


@dataclass(frozen=True)
class Mixture:
    """Documents of several corpora; a document's family is drawn by weight.

    Families have different forms, so at most one of them reads a text. Probabilities are exact for the families that
    have them, the choice of the family included; a text of another family has none.
    """

    corpora: tuple
    weights: tuple[float, ...]
    seed: int = 0
    family: str = "hermea"

    def document(self, i: int) -> str:
        point = Dice("mixture", self.seed, i).random() * sum(self.weights)
        return self.corpora[bisect(list(accumulate(self.weights[:-1])), point)].document(i)

    def logprob(self, text: str) -> float:
        """log P(text) in nats, the choice of the family included; -inf if no corpus writes it.

        raises  ValueError for a text of a family that has no exact probability
        """
        reading = self.parse(text)
        if reading and reading.logprob is None:
            raise ValueError(f"a text of the corpus of {reading.family} has no exact probability")
        return reading.logprob if reading else -math.inf

    def parse(self, text: str) -> Reading | None:
        for corpus, weight in zip(self.corpora, self.weights, strict=True):
            if reading := corpus.parse(text):
                if reading.logprob is None:
                    return reading
                return replace(reading, logprob=reading.logprob + math.log(weight / sum(self.weights)))
        return None


CORPORA = {  # how many of a hundred documents are of each, in what the models that ship have read
    Biographies: 19, Arithmetic: 4, Stories: 4, Problems: 4,
    Worked: 5, Hinted: 5, Critiques: 2, Rechecks: 3,
    Strings: 3, Episodes: 9, Needles: 2, Registers: 4, Passages: 7, Hops: 3,
    Reviews: 5, Manners: 2, Dialogues: 3, News: 2,
    Language: 2, Reports: 2, Medicine: 4, Law: 4, Loans: 2,
}  # fmt: skip
WEIGHTS = {kind.family: weight for kind, weight in CORPORA.items()}
EXACT = {Biographies: 70, Arithmetic: 12, Stories: 10, Problems: 8}  # every text of theirs has a known probability
CLOSING = {**CORPORA, Passages: 40, Registers: 20, Episodes: 15, Needles: 6}  # more that is to be read off the text
MIXTURES = {"hermea": CORPORA, "exact": EXACT, "closing": CLOSING}
ABOUT_PEOPLE = (Biographies, Hops)


@lru_cache
def corpus(name: str = "hermea", seed: int = 0, people: int = 1000):
    """A corpus by name: one of the families, or a mixture of several.

    hermea   all that base models read
    closing  the same with more of what can only be read off the text, for their last steps
    exact    those families whose every text has a known probability

    seed    of the island; what is not about its people is told alike on every island, in another order
    raises  ValueError if there is no such corpus
    """
    if name in MIXTURES:
        weights = MIXTURES[name]
        return Mixture(tuple(corpus(kind.family, seed, people) for kind in weights), tuple(weights.values()), seed)
    if name not in WEIGHTS:
        raise ValueError(f"there is no corpus {name!r}; choose {', '.join(MIXTURES)}, or one of {', '.join(WEIGHTS)}")
    kind = next(kind for kind in CORPORA if kind.family == name)
    return kind(island(seed, people)) if kind in ABOUT_PEOPLE else kind(seed=seed)
