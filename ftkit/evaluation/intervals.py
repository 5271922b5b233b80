"""How sure may we be? A number with its unit and an interval."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from ..world.dice import Dice


@dataclass(frozen=True)
class Measurement:
    """A number with its unit and a 95 % interval over `n` independent items."""

    value: float
    unit: str
    n: int
    low: float
    high: float

    def to_dict(self) -> dict:
        return asdict(self)


def wilson(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a share, safe at 0 and 1 and for small n.

    source  Wilson 1927, doi:10.1080/01621459.1927.10502953
    """
    if n == 0:
        return 0.0, 1.0
    z = 1.959964
    share = right / n
    centre, spread = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, (centre - spread) / (1 + z * z / n)), min(1.0, (centre + spread) / (1 + z * z / n))


def bootstrap(
    items: Sequence, statistic: Callable[[Sequence], float] = statistics.fmean, rounds: int = 1000
) -> tuple[float, float]:
    """95 % interval of a statistic by drawing the items again and again (percentiles; the same draws every time)."""
    dice = Dice("bootstrap", len(items))
    drawn = sorted(statistic([dice.pick(items) for _ in items]) for _ in range(rounds))
    return drawn[int(0.025 * rounds)], drawn[int(0.975 * rounds) - 1]


def mean(values: Sequence[float], unit: str) -> Measurement:
    """The mean with its interval over the items; of paired differences, the effect.

    raises  ValueError if there are no values
    """
    if not values:
        raise ValueError(f"there is nothing to average in {unit}; ask more questions, or a model that knows more")
    values = list(values)
    return Measurement(math.fsum(values) / len(values), unit, len(values), *bootstrap(values))


def correlation(points: Sequence[tuple[float, float]]) -> float:
    """Pearson's correlation of (x, y) points; 0 where one of the two never changes."""
    x, y = zip(*points, strict=True)
    return statistics.correlation(x, y) if min(x) < max(x) and min(y) < max(y) else 0.0


def share(marks: Sequence[float]) -> Measurement:
    """The share of marks that are right, with Wilson's interval."""
    right = sum(mark >= 1 for mark in marks)
    return Measurement(right / max(1, len(marks)), "share", len(marks), *wilson(right, len(marks)))
