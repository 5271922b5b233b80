"""Does an instrument foretell more than the pretraining loss does? Rank correlations with accuracy after tuning."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from ..evaluation import Measurement, bootstrap
from ..world.dice import Dice

UNIT = "rank correlation"
LEAST = 4  # models x families; fewer can be in any order by chance


def ranks(values: Sequence[float]) -> list[float]:
    """1 for the smallest; equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    found, before = [0.0] * len(values), 0
    for _, group in groupby(order, key=lambda i: values[i]):
        tied = list(group)
        for i in tied:
            found[i] = before + (len(tied) + 1) / 2
        before += len(tied)
    return found


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """
    Spearman's rho: the correlation of the ranks.

    returns  -1..1; 0 where one of the two does not vary
    source   Spearman 1904, doi:10.2307/1412159
    """
    a, b = ([rank - (len(values) + 1) / 2 for rank in ranks(values)] for values in (first, second))
    spread = math.sqrt(math.fsum(x * x for x in a) * math.fsum(y * y for y in b))
    return math.fsum(x * y for x, y in zip(a, b, strict=True)) / spread if spread else 0.0


def by_chance(first: Sequence[float], second: Sequence[float], rounds: int = 2000) -> float:
    """Share of random pairings whose rank correlation is at least as far from 0 (two-sided permutation test)."""
    found, dice = abs(rank_correlation(first, second)), Dice("permutation", len(first))
    as_far = sum(abs(rank_correlation(first, dice.shuffled(second))) >= found - 1e-12 for _ in range(rounds))
    return (as_far + 1) / (rounds + 1)


@dataclass(frozen=True)
class Prediction:
    """How well two numbers taken before tuning foretell the accuracy after it, over the same models and families.

    loss        of accuracy with pretraining loss, turned so that 1 is a perfect forecast
    instrument  of accuracy with the instrument's readings, turned likewise
    more        instrument less loss
    chance      {"loss", "instrument"}: how often chance alone does as well
    sentence    what that means
    """

    loss: Measurement
    instrument: Measurement
    more: Measurement
    chance: dict[str, float]
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def predicts(
    losses: Sequence[float],
    readings: Sequence[float],
    accuracies: Sequence[float],
    name: str = "The instrument",
    rising: bool = True,
) -> Prediction:
    """
    Rank correlations with bootstrap intervals over the items, and whether the instrument foretells more.

    losses      nats/token  of pretraining, one an item (a model and a family); lower should mean more accuracy later
    readings    of the instrument, of the same items
    accuracies  after tuning
    rising      whether a higher reading should mean more accuracy; said before looking, not found by looking
    raises      ValueError if the lengths differ or there are fewer than 4 items
    """
    if not len(losses) == len(readings) == len(accuracies) >= LEAST:
        raise ValueError(
            f"there are {len(losses)} losses, {len(readings)} readings and {len(accuracies)} accuracies;"
            f" give as many of each, at least {LEAST}"
        )
    items = [
        (-loss, reading if rising else -reading, accuracy)
        for loss, reading, accuracy in zip(losses, readings, accuracies, strict=True)
    ]

    def rho(which):
        return lambda drawn: rank_correlation([one[which] for one in drawn], [one[2] for one in drawn])

    def measured(statistic):
        return Measurement(statistic(items), UNIT, len(items), *bootstrap(items, statistic))

    loss, instrument = measured(rho(0)), measured(rho(1))
    more = measured(lambda drawn: rho(1)(drawn) - rho(0)(drawn))
    chance = {
        "loss": by_chance(losses, accuracies),
        "instrument": by_chance(readings, accuracies),
    }
    return Prediction(loss, instrument, more, chance, _sentence(name, loss, instrument, more))


def _sentence(name: str, loss: Measurement, instrument: Measurement, more: Measurement) -> str:
    found = (
        f"rank correlation with accuracy after tuning {_told(instrument)}, that of pretraining loss {_told(loss)},"
        f" difference {_told(more)}, {more.n} items"
    )
    if more.low > 0:
        return f"{name} predicts more than pretraining loss: {found}."
    if more.high < 0:
        return f"{name} predicts less than pretraining loss: {found}."
    return f"{name} predicts nothing that pretraining loss does not: {found}."


def _told(one: Measurement) -> str:
    return f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})"
