"""What the world makes of a text."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """A text that is well formed, whether it is true or not.

    family         the corpus whose form it has
    logprob        nats; log probability that the corpus writes exactly this text; -inf if it never does (it is false);
                   None if the corpus has no exact probability
    facts          (start, end) of the characters that state a fact: a person's home, the result of a sum
    facts_logprob  nats; the part of `logprob` that falls on those characters, each given all the text before it
    """

    family: str
    logprob: float | None
    facts: tuple[tuple[int, int], ...]
    facts_logprob: float

    @property
    def true(self) -> bool:
        return self.logprob is None or self.logprob > -math.inf


def log(probability: float) -> float:
    return math.log(probability) if probability > 0 else -math.inf


def sentences(text: str) -> list[tuple[int, str]]:
    """(start, sentence) of a text whose sentences end in a full stop and are parted by one blank."""
    parts, start = [], 0
    for sentence in text.split(". "):
        end = start + len(sentence)
        parts.append((start, sentence + "." if end < len(text) else sentence))
        start = end + 2
    return parts
