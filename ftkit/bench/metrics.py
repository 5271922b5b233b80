"""What does a technique tell of its steps, besides what its curve shows? Small curves, each with its latest number."""

import html
import math
from collections.abc import Mapping, Sequence

from ..plots.figure import short, thin
from ..records import ALWAYS
from .curve import INK

WIDTH, HEIGHT, POINTS = 190, 46, 100


def metrics(steps: Sequence[dict], units: Mapping[str, str], drawn: str = "loss") -> str:
    """
    A small curve for each number, as HTML; "" where a technique tells none.

    steps  values of the events of a run's steps
    units  {name: unit}, as the objective's record tells
    drawn  what stands in the large curve already
    """
    names = [name for name in steps[-1] if name not in (*ALWAYS, drawn)] if steps else []
    curves = [
        _small(name, units.get(name, ""), [one[name] for one in steps if _finite(one.get(name))]) for name in names
    ]
    if not any(curves):
        return ""
    return f'<div style="display:flex;flex-wrap:wrap;gap:.4em 1.6em;color:{INK}">{"".join(curves)}</div>'


def _finite(value) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _small(name: str, unit: str, values: Sequence[float]) -> str:
    """One number over the steps, between its smallest and its largest value."""
    if not values:
        return ""
    low, high, last = min(values), max(values), values[-1]
    across, up = max(1, len(values) - 1), (high - low) or 1
    path = " ".join(
        f"{(i - 1) / across * WIDTH:.1f},{HEIGHT - 3 - (value - low) / up * (HEIGHT - 6):.1f}"
        for i, value in thin(list(enumerate(values, 1)), POINTS)
    )
    said = f"{name.replace('_', ' ')} {short(last)} {unit}".rstrip()
    about = f"{said}; from {short(low)} to {short(high)} in {len(values)} steps"
    return (
        f'<div><span>{html.escape(said)}</span><br/><svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img" '
        f'aria-label="{html.escape(about)}"><title>{html.escape(about)}</title><polyline points="{path}" fill="none" '
        f'style="stroke:{INK}" stroke-width="2"/></svg></div>'
    )
