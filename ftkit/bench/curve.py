"""The live curve of the loss or the reward: some hundred points as SVG text, in the colours of the page."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..plots import Table
from ..plots.figure import COLOURS, POINTS, ROWS, short, thin

WIDTH, HEIGHT = 760, 300
LEFT, RIGHT, TOP, BOTTOM = 66, 14, 12, 52
INK = "var(--jp-ui-font-color1, var(--colab-primary-text-color, #767676))"
READABLE = "paint-order:stroke;stroke:var(--jp-layout-color0, transparent);stroke-width:4px"  # over whatever lies below
GRID = "var(--jp-border-color2, rgba(118,118,118,.3))"
MARK_ROWS = 4  # texts one below the other, so that near ones do not cover each other
STROKES = ("", "9 5", "2 5", "9 5 2 5", "16 5")


@dataclass(frozen=True)
class Line:
    """points: (step, value); place: decides colour and dash; marks: (step, what was done then); run: id"""

    label: str
    points: Sequence[tuple[float, float]]
    place: int = 0
    marks: Sequence[tuple[int, str]] = ()
    run: str = ""


def curve(now: Line, earlier: Sequence[Line] = (), steps: int = 0, name: str = "loss", unit: str = "nats/token") -> str:
    """
    An HTML text with the curve of the present run over those before it, and a legend.

    steps       of the whole run, so that the axis does not grow while it draws
    name, unit  of what is drawn
    """
    lines = [replace(one, points=_finite(one.points)) for one in (*earlier, now)]
    every = [point for line in lines for point in line.points]
    values = [0.0, *(value for _, value in every)]
    low, top = min(values) * 1.04, max(values) * 1.04
    frame = _Frame(
        right=max([steps, *(step for step, _ in every)]) or 1,
        top=top if low or top else 1.0,
        low=low,
        label=_label(name, unit),
    )
    drawn = [_path(line, frame, line is lines[-1]) for line in lines]
    last = lines[-1].points[-1] if lines[-1].points else None
    said = f"{f'{name} {last[1]:.3f} {unit}'.rstrip()} at step {last[0]:,}" if last else f"no {name} yet"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name.capitalize()} over steps: {said}" '
        f'style="width:100%;max-width:{WIDTH + 140}px;font:14px sans-serif;fill:{INK}">'
        f"{frame.svg()}{''.join(drawn)}{_marks(now, frame)}{_dot(last, frame, now.place, said)}</svg>{_legend(lines)}"
    )


def numbers(lines: Sequence[Line], name: str = "loss", unit: str = "nats/token") -> str:
    """The same curves in a table, folded; of long ones some points."""
    rows = tuple((one.label, f"{step:,}", f"{value:.3f}") for one in lines for step, value in thin(one.points, ROWS))
    table = Table(name.capitalize(), ("run", "step", _label(name, unit)), rows)
    return f"<details><summary>The same in numbers</summary>{table.html()}</details>" if rows else ""


@dataclass(frozen=True)
class _Frame:
    """Axes from 0 to `right` steps, and from `low`, which is 0 or the smallest value, to `top`, the largest."""

    right: float
    top: float
    low: float
    label: str

    def at(self, step: float, value: float) -> tuple[float, float]:
        x = LEFT + step / self.right * (WIDTH - LEFT - RIGHT)
        y = HEIGHT - BOTTOM - (value - self.low) / (self.top - self.low) * (HEIGHT - TOP - BOTTOM)
        return round(x, 2), round(y, 2)

    def svg(self) -> str:
        parts = []
        for value in ticks(self.right):
            x, y = self.at(value, self.low)
            parts.append(
                f'<text class="ft-tick-x" data-at="{x}" x="{x}" y="{y + 20}" text-anchor="middle">{short(value)}</text>'
            )
        for value in ticks(self.top, self.low):
            x, y = self.at(0, value)
            parts.append(f'<line x1="{x}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}" style="stroke:{GRID}"/>')
            parts.append(
                f'<text class="ft-tick-y" data-at="{y}" x="{x - 8}" y="{y + 5}" text-anchor="end">{short(value)}</text>'
            )
        across, up = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
        parts.append(f'<text x="{across}" y="{HEIGHT - 6}" text-anchor="middle">step</text>')
        parts.append(f'<text x="16" y="{up}" text-anchor="middle" transform="rotate(-90 16 {up})">{self.label}</text>')
        return "".join(parts)


def _label(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def ticks(top: float, low: float = 0.0, most: int = 6) -> list[float]:
    """Round numbers from `low` to `top`, at most `most` steps of them."""
    rough = (top - low) / most
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * one for one in (1, 2, 5, 10) if size * one >= rough)
    return [round(step * i, 10) for i in range(math.ceil(low / step - 1e-7), math.floor(top / step + 1e-7) + 1)]


def _path(line: Line, frame: _Frame, now: bool) -> str:
    if not line.points:
        return ""
    points = " ".join(
        f"{x},{y}" for x, y in (frame.at(*point) for point in thin(line.points, POINTS if now else POINTS // 4))
    )
    return (
        f'<polyline class="{"ft-now" if now else "ft-earlier"}" points="{points}" fill="none" '
        f'stroke-width="{2.5 if now else 1.8}" opacity="{1 if now else 0.75}" {_stroke(line.place)}/>'
    )


def _marks(line: Line, frame: _Frame) -> str:
    """A dashed line where something was done to the run, and what."""
    parts = []
    for row, (step, text) in enumerate(line.marks):
        x, _ = frame.at(step, 0)
        side, near = ("end", -5) if x > WIDTH / 2 else ("start", 5)
        parts.append(
            f'<line class="ft-mark" x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke-dasharray="3 4" '
            f'style="stroke:{INK}"/><text x="{x + near}" y="{TOP + 14 + 17 * (row % MARK_ROWS)}" '
            f'text-anchor="{side}" style="{READABLE}">{html.escape(text)}</text>'
        )
    return "".join(parts)


def _dot(last, frame: _Frame, place: int, said: str) -> str:
    if last is None:
        return ""
    x, y = frame.at(*last)
    colour = COLOURS[place % len(COLOURS)]
    return f'<circle class="ft-last" cx="{x}" cy="{y}" r="5" fill="{colour}"><title>{said}</title></circle>'


def _legend(lines: Sequence[Line]) -> str:
    sample = (
        '<svg width="34" height="10" style="vertical-align:middle"><line x1="0" x2="34" y1="5" y2="5" stroke-width="3" '
    )
    parts = [
        f'<span style="margin-right:1.4em">{sample}{_stroke(line.place)}/></svg> {html.escape(line.label)}</span>'
        for line in lines
    ]
    return f'<div class="ft-legend" style="line-height:1.6;color:{INK}">{"".join(parts)}</div>'


def _stroke(place: int) -> str:
    return f'stroke="{COLOURS[place % len(COLOURS)]}" stroke-dasharray="{STROKES[place % len(STROKES)]}"'


def _finite(points) -> list:
    return [point for point in points if math.isfinite(point[1])]
