"""How is a number of a token written, and on which ground? One scale for all numbers of a unit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from .figure import COLOURS, short

RISING = ("#f2f7fb", COLOURS[0], "#00263d")  # from 0 on: the darker, the farther
BOTH = (COLOURS[1], "#f2f2f2", COLOURS[0])  # below the middle, the middle, above it
MIDDLES = {"ratio": 1.0, "advantage": 0.0}  # numbers of these units are low or high, whatever the text
TO_ONE = ("share", "probability")
SWATCHES = 5
SIGNS = {"–": "not judged", "NaN": "not a number", "∞": "infinite", "−∞": "minus infinite"}
TURN = 0.179  # luminance from which black stands out more than white: each by 4.5 : 1 or better


@dataclass(frozen=True)
class Scale:
    """The numbers of one unit; `values` are those that are finite."""

    unit: str
    values: tuple[float, ...]

    @cached_property
    def middle(self) -> float | None:
        """The number between low and high; None if all lie on one side of 0."""
        both = self.values and min(self.values) < 0 < max(self.values)
        return MIDDLES.get(self.unit, 0.0 if both else None)

    @cached_property
    def reach(self) -> float:
        """How far the darkest ground is from the middle, or from 0."""
        if self.unit in TO_ONE:
            return 1.0
        return max((abs(value - (self.middle or 0.0)) for value in self.values), default=0.0) or 1.0

    @cached_property
    def whole(self) -> bool:
        return all(value == int(value) for value in self.values)

    def written(self, value: float | None) -> str:
        """The number as it stands below its token; a sign of `SIGNS` where there is none, or no finite one."""
        if value is None:
            return "–"
        if math.isnan(value):
            return "NaN"
        size, sign = abs(value), "−" if value < 0 else "+" if value > 0 and self.middle == 0 else ""
        if math.isinf(value):
            return "−∞" if value < 0 else "∞"
        if self.whole:
            return f"{sign}{size:.0f}"
        if 0 < size < 0.01:
            return sign + f"{size:.0e}".replace("e-0", "e-").replace("-", "−")
        return sign + (f"{size:.2f}" if size < 100 else short(size))

    def ground(self, value: float | None) -> str:
        """The style of a cell; no colours of its own where there is no finite number."""
        if value is None or not math.isfinite(value):
            return "background:none"
        place = (value - (self.middle or 0.0)) / self.reach
        colour = mixed(RISING, abs(place)) if self.middle is None else mixed(BOTH, (place + 1) / 2)
        return f"background:{colour};color:{ink(colour)}"

    def about(self) -> str:
        """The unit, and from where to where the numbers go."""
        if not self.values:
            return f"{self.unit}, no number"
        return f"{self.unit}, {self.written(min(self.values))} to {self.written(max(self.values))}"

    def swatches(self) -> list[float]:
        """Numbers for a legend: those that there are, or some over the whole scale."""
        if len(set(self.values)) <= SWATCHES:
            return sorted(set(self.values))
        steps = [i / (SWATCHES - 1) for i in range(SWATCHES)]
        if self.middle is None:
            return [math.copysign(step * self.reach, sum(self.values)) for step in steps]
        low, high = min(self.middle, *self.values), max(self.middle, *self.values)
        return [low, (low + self.middle) / 2, self.middle, (self.middle + high) / 2, high]


def ink(ground: str) -> str:
    """Black or white, whichever stands out more."""
    return "#000000" if luminance(ground) > TURN else "#ffffff"


def mixed(colours: Sequence[str], place: float) -> str:
    """The colour at a place from 0 to 1 between the first and the last."""
    at = min(int(place * (len(colours) - 1)), len(colours) - 2)
    part, pair = place * (len(colours) - 1) - at, (_parts(colours[at]), _parts(colours[at + 1]))
    return "#" + "".join(f"{round(low + part * (high - low)):02x}" for low, high in zip(*pair, strict=True))


def luminance(colour: str) -> float:
    """0 for black, 1 for white.

    source  WCAG 2.2, relative luminance
    """
    parts = (part / 255 for part in _parts(colour))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
