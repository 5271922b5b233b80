"""The token lens: a text token by token, below each its number; the ground repeats what stands there."""

import html
import math
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..evaluation import TokenValues
from .scale import SIGNS, Scale

LINE = 720  # pixels of a line: what a notebook has room for on a screen of 1024
LETTER, DIGIT, EDGE = 9.1, 7.3, 14  # pixels: of a token, of a number, left and right of both
LABEL, LONG = 130, 40  # pixels of a label; letters from which a token is broken
SPELLED = {" ": "␣", "\n": "↵", "\t": "⇥"}
SPOKEN = {"␣": "blank ", "↵": "line break ", "⇥": "tab "}
PIECE = "\ufffd"  # what is written for a token that is not a whole letter
EDGES = "border:1px solid rgba(118,118,118,.5)"
CELL = f"{EDGES};padding:2px 6px;text-align:center;vertical-align:top;font-family:monospace;font-size:15px"
SMALL = "font-size:12px"
HEAD = (
    f"width:{LABEL}px;max-width:{LABEL}px;padding:2px 8px 2px 0;text-align:left;overflow-wrap:anywhere;{SMALL}"
    ";font-weight:normal"
)


@dataclass(frozen=True)
class Lens:
    """Rows of tokens with their numbers; shown as HTML, and as text where there is none. Made by `lens`."""

    title: str
    rows: tuple[TokenValues, ...]

    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> str:
        scales = self._scales()
        alike = {row.tokens: [other for other in self.rows if other.tokens == row.tokens] for row in self.rows}
        blocks = "".join(_block(rows, scales) for rows in alike.values())
        legends = "".join(_legend(scale) for scale in scales.values())
        title, signs = html.escape(self.title), html.escape(self._signs())
        return (
            f'<div role="group" aria-label="{title}"><p style="margin:0 0 .4em"><b>{title}</b></p>{blocks}{legends}'
            f'<p style="margin:.4em 0;{SMALL}">{signs}</p></div>'
        )

    def __str__(self) -> str:
        scales, lines = self._scales(), [self.title]
        for row in self.rows:
            told = "   ".join(f"{spelled(token)}\xa0{scales[row.unit].written(value)}" for token, value in _pairs(row))
            lines.append(f"{row.label} ({scales[row.unit].about()})")
            lines += [f"  {line}" for line in textwrap.wrap(told, 100, break_long_words=False, break_on_hyphens=False)]
        return "\n".join([*lines, *filter(None, [self._signs()])])

    __repr__ = __str__

    def _scales(self) -> dict[str, Scale]:
        """One for each unit, so that what has the same unit can be compared."""
        found = {row.unit: [] for row in self.rows}
        for row in self.rows:
            found[row.unit] += [float(value) for value in row.values if value is not None and math.isfinite(value)]
        return {unit: Scale(unit, tuple(values)) for unit, values in found.items()}

    def _signs(self) -> str:
        """What the signs mean that stand in these rows."""
        scales = self._scales()
        seen = {scales[row.unit].written(value) for row in self.rows for value in row.values}
        said = [f"{sign}: {meaning}" for sign, meaning in SIGNS.items() if sign in seen]
        if any(PIECE in token for row in self.rows for token in row.tokens):
            said.append(f"{PIECE}: part of a letter")
        return "; ".join(said)


def lens(rows: TokenValues | Sequence[TokenValues], title: str = "Token by token") -> Lens:
    """
    Texts token by token, with a number below each token; rows of the same tokens stand token under token.

    rows    such as `evaluation.token_losses` gives. Numbers of one unit share one scale: from 0 on, or to both sides
            of the middle where they have both signs, or are a "ratio" or an "advantage"
    raises  ValueError if there is no row
    """
    rows = (rows,) if isinstance(rows, TokenValues) else tuple(rows)
    if not rows:
        raise ValueError("there is no row to show; give at least one, such as evaluation.token_losses makes")
    return Lens(title, rows)


def spelled(token: str) -> str:
    """A token with a sign for whatever would not be seen, or would move what is beside it."""
    return "".join(SPELLED.get(letter) or _seen(letter) for letter in token) or "∅"


def _seen(letter: str) -> str:
    return f"⟨{ord(letter):04X}⟩" if unicodedata.category(letter)[0] in "CZ" else letter


def _legend(scale: Scale) -> str:
    swatches = "".join(
        f'<span style="{scale.ground(value)};{EDGES};padding:1px 8px;{SMALL}">{scale.written(value)}</span>'
        for value in scale.swatches()
    )
    return f'<p style="margin:.4em 0">{html.escape(scale.about())} {swatches}</p>'


def _block(rows: list[TokenValues], scales: dict[str, Scale]) -> str:
    """Rows of the same tokens, in a table for each line."""
    written = [[scales[row.unit].written(value) for value in row.values] for row in rows]
    widths = [_width(token, numbers) for token, *numbers in zip(rows[0].tokens, *written, strict=True)]
    return "".join(_table(rows, scales, first, end) for first, end in _lines(widths))


def _table(rows: list[TokenValues], scales: dict[str, Scale], first: int, end: int) -> str:
    label = f"tokens {first + 1} to {end} of {len(rows[0].tokens)}"
    body = "".join(
        f'<tr style="background:none"><th scope="row" style="{HEAD}">{html.escape(row.label)}</th>'
        f"{''.join(_cell(*pair, scales[row.unit]) for pair in _pairs(row)[first:end])}</tr>"
        for row in rows
    )
    style = "border-collapse:collapse;table-layout:auto;margin:0 0 8px 0"
    return f'<table aria-label="{label}" style="{style}"><tbody>{body}</tbody></table>'


def _cell(token: str, value: float | None, scale: Scale) -> str:
    shown, number = spelled(token), scale.written(value)
    spoken = "".join(SPOKEN.get(letter, letter) for letter in shown).strip()
    label = html.escape(f"{spoken}, {SIGNS.get(number, f'{number} {scale.unit}')}")
    wraps = "max-width:24em;overflow-wrap:anywhere" if len(shown) > LONG else "white-space:nowrap"
    return (
        f'<td aria-label="{label}" style="{CELL};{wraps};{scale.ground(value)}">{html.escape(shown)}<br>'
        f'<small style="{SMALL}">{number}</small></td>'
    )


def _lines(widths: Sequence[float]) -> Iterator[tuple[int, int]]:
    """(first, one behind the last) of as many cells as there is room for, and of at least one."""
    first, taken = 0, LABEL
    for i, width in enumerate(widths):
        if i > first and taken + width > LINE:
            yield first, i
            first, taken = i, LABEL
        taken += width
    yield first, len(widths)


def _width(token: str, numbers: Sequence[str]) -> float:
    """Pixels of a cell."""
    letters = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in spelled(token))
    return max(min(letters, LONG) * LETTER, *(len(number) * DIGIT for number in numbers)) + EDGE


def _pairs(row: TokenValues) -> list[tuple[str, float | None]]:
    return list(zip(row.tokens, row.values, strict=True))
