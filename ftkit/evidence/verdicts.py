"""From values of several seeds to an effect, an interval and a verdict."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .arms import Arm

HOLDS, NOT_HERE, REVERSED = VERDICTS = "holds", "does not hold at this size", "reversed"
# 97.5 % points of Student's t for 1 to 9 degrees of freedom
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


@dataclass(frozen=True)
class Judgement:
    """What a claim makes of its measured arms.

    arms     {name: one value a seed}, what the claim compares
    effects  one value a seed: how much more of it the claim says there is
    also     {name: one value a seed}, worth keeping beside it
    """

    arms: dict[str, list[float]]
    effects: list[float]
    also: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """A sentence that repeated runs can hold up or bring down.

    id         as in `ftkit evidence ID`
    statement  the sentence
    rule       what the effect is, and how large it must be for the verdict "holds"
    unit       of the effect and of the arms
    least      the smallest effect that counts; the interval must lie above it
    arms       what is run
    judge      {arm: [values of each seed]} -> Judgement
    tuning     arms that choose learning rates, run with seeds and questions of their own
    """

    id: str
    statement: str
    rule: str
    unit: str
    least: float
    arms: tuple[Arm, ...]
    judge: Callable[[dict[str, list[dict]]], Judgement]
    tuning: tuple[Arm, ...] = ()


def values_of(runs: list[dict], name: str) -> list[float]:
    """One measured number of every seed."""
    return [run[name] for run in runs]


def beyond(ours: Sequence[float], *others: Sequence[float]) -> list[float]:
    """How much more one arm has than the best of others, seed by seed."""
    return [one - max(rest) for one, *rest in zip(ours, *others, strict=True)]


def more(what: str, of: str, *than: str) -> Callable[[dict[str, list[dict]]], Judgement]:
    """A judge of how much more of something one arm has than the best of others; the rest is kept beside it."""

    def judge(measured: dict[str, list[dict]]) -> Judgement:
        values = {name: values_of(runs, what) for name, runs in measured.items()}
        also = {
            f"{name}: {other}": values_of(runs, other)
            for name, runs in measured.items()
            for other in runs[0]
            if other not in (what, "validation")
        }
        effects = beyond(values[of], *(values[name] for name in than))
        return Judgement(values, effects, also)

    return judge


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % interval of a mean over few seeds.

    mean -+ t * s / sqrt(n)

    raises  ValueError for fewer than two values
    source  Student 1908, doi:10.1093/biomet/6.1.1
    """
    n = len(values)
    if n < 2:
        raise ValueError(f"an interval needs at least 2 seeds, not {n}; choose more seeds")
    t = STUDENT[n - 2] if n - 2 < len(STUDENT) else 1.96 + 2.5 / (n - 1)  # within 0.01 from 11 seeds on
    half = t * statistics.stdev(values) / math.sqrt(n)
    mean = statistics.fmean(values)
    return mean - half, mean + half


def verdict(low: float, high: float, least: float = 0.0) -> str:
    """What an interval says of a claim whose effect must be above `least`."""
    if low > least:
        return HOLDS
    return REVERSED if high < 0 else NOT_HERE


def at_quality(points: Sequence[tuple[float, float]], quality: float) -> float:
    """
    The price paid when a quality is first reached, linear between measured points.

    points   (quality, price) in the order in which they were reached; training starts at (0, 0)
    raises   ValueError if the quality is never reached
    """
    before = (0.0, 0.0)
    for point in points:
        if point[0] >= quality:
            part = (quality - before[0]) / (point[0] - before[0]) if point[0] > before[0] else 1.0
            return before[1] + part * (point[1] - before[1])
        before = point
    raise ValueError(f"quality {quality:.3f} was never reached; the best was {max(point[0] for point in points):.3f}")
