"""Chance that is the same everywhere: every choice of the world is built on `Random.random()`."""

import hashlib
import random


class Dice:
    """Draws from a key such as `("biographies", seed, i)`.

    Python promises the same values of `Random.random()` for the same seed in every version, and promises it of no
    other method; so nothing else of `random` is used here.
    """

    def __init__(self, *key):
        self.random = random.Random("/".join(map(str, key))).random

    def below(self, n: int) -> int:
        return int(self.random() * n)

    def pick(self, items):
        return items[self.below(len(items))]

    def shuffled(self, items) -> list:
        deck = list(items)
        for last in range(len(deck) - 1, 0, -1):
            other = self.below(last + 1)
            deck[last], deck[other] = deck[other], deck[last]
        return deck


def share(*key) -> float:
    """A fixed number in [0, 1) for a key: splits people, operands and words into those shown and those held out."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
