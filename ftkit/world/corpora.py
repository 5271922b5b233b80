"""What a base model reads: each corpus alone, and the mixture of all."""

import math
from bisect import bisect
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from .arithmetic import Arithmetic
from .biographies import Biographies
from .dice import Dice
from .people import island
from .problems import Problems
from .reading import Reading
from .stories import Stories


@dataclass(frozen=True)
class Mixture:
    """Documents of several corpora; a document's family is drawn by weight.

    Families have different forms, so at most one of them reads a text.
    """

    corpora: tuple
    weights: tuple[float, ...]
    seed: int = 0
    family: str = "hermea"

    def document(self, i: int) -> str:
        point = Dice("mixture", self.seed, i).random() * sum(self.weights)
        return self.corpora[bisect(list(accumulate(self.weights[:-1])), point)].document(i)

    def logprob(self, text: str) -> float:
        """log P(text) in nats, the choice of the family included; -inf if no corpus writes it."""
        reading = self.parse(text)
        return reading.logprob if reading else -math.inf

    def parse(self, text: str) -> Reading | None:
        for corpus, weight in zip(self.corpora, self.weights, strict=True):
            if reading := corpus.parse(text):
                logprob = reading.logprob + math.log(weight / sum(self.weights))
                return Reading(reading.family, logprob, reading.facts, reading.facts_logprob)
        return None


WEIGHTS = {"biographies": 0.7, "arithmetic": 0.12, "stories": 0.1, "problems": 0.08}


@lru_cache
def corpus(name: str = "hermea", seed: int = 0, people: int = 1000):
    """A corpus by name: one of the families, or `hermea`, the mixture of all that base models read.

    seed    of the island; arithmetic, stories and problems are told alike on every island, in another order
    raises  ValueError if there is no such corpus
    """
    families = {
        "biographies": Biographies(island(seed, people)),
        "arithmetic": Arithmetic(seed=seed),
        "stories": Stories(seed=seed),
        "problems": Problems(seed=seed),
    }
    if name == "hermea":
        return Mixture(tuple(families.values()), tuple(WEIGHTS[family] for family in families), seed)
    if name not in families:
        raise ValueError(f"there is no corpus {name!r}; choose hermea or one of {', '.join(families)}")
    return families[name]
