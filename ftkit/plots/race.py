"""Runs side by side: what differs, how well they answer, what they forgot, at which cost; on paper, too."""

import base64
import csv
import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import fmean

from ..records import known
from .charts import AROUND
from .compare import ONLY, differences, differing
from .figure import INK, SIZE, Figure, figure, look, plain, safe, short
from .tables import ROWS, Table

NOTHING = "–"
COLUMNS = ("run", "what differs", "quality", "forgetting", "trainable parameters", "seconds")
FORMS = (str, str, "{:.3f}".format, "{:+.3f}".format, "{:,}".format, "{:,.1f}".format)
WIDTH, UNIT = 760, 290  # pixels: of the axis of forgetting, of that of quality from 0 to 1
LETTER, ASIDE = 8.5, 14  # pixels: of a letter of a label, from a point to its label
APART = 0.15  # between two labels, on the axis of quality
LEVELS = (0, 0.2, 0.4, 0.6, 0.8, 1)
HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>
  :root { color-scheme: light dark }
  body { font: 16px sans-serif; max-width: 72em; margin: 1em auto; padding: 0 1em }
  img { max-width: 100% }
  section { overflow-x: auto; margin: 1em 0 }
</style>
"""


@dataclass(frozen=True)
class Entry:
    """One run of a race; None stands for what was not measured.

    differs     what its recipe has that not all of them have
    quality     mean score of its answers after the run, 0..1
    forgetting  mean fall over its probes, in the race's unit; below 0 if it knows more than before
    parameters  that were trained
    seconds     of training
    """

    name: str
    differs: str
    quality: float | None
    forgetting: float | None
    parameters: int | None
    seconds: float | None


def race(runs: Mapping[str, object] | Sequence, title: str = "Runs side by side") -> "Race":
    """
    Any number of runs in one table: what differs in their recipes, quality, forgetting, parameters, time.

    runs    {name: Run}, or Runs, which are named by their ids
    raises  ValueError if there is no run, or their probes have different units
    """
    runs = dict(runs) if isinstance(runs, Mapping) else {run.id: run for run in runs}
    if not runs:
        raise ValueError("there is no run to compare; give at least one, such as open_run(id)")
    units = sorted({pair["unit"] for run in runs.values() for pair in _probed(run).values()})
    if len(units) > 1:
        raise ValueError(f"probes have the units {', '.join(units)}; compare the runs of each unit by themselves")
    differ = differing([run.recipe for run in runs.values()])
    entries = tuple(
        _entry(name, run, said or "nothing") for (name, run), said in zip(runs.items(), differ, strict=True)
    )
    return Race(title, entries, units[0] if units else "share", runs)


@dataclass(frozen=True)
class Race:
    """A table of runs, which also makes a figure, a CSV file and a page. Made by `race`.

    unit  of forgetting
    runs  {name: Run}
    """

    title: str
    entries: tuple[Entry, ...]
    unit: str
    runs: Mapping[str, object]

    def _repr_html_(self) -> str:
        return self.table().html()

    def __str__(self) -> str:
        return str(self.table())

    __repr__ = __str__

    def table(self) -> Table:
        rows = tuple(
            tuple(NOTHING if value is None else form(value) for form, value in zip(FORMS, astuple(one), strict=True))
            for one in self.entries
        )
        return Table(self.title, self._columns(), rows, self._note())

    def figure(self) -> Figure:
        """
        Quality over forgetting; beside each run its name and how many parameters it trained.

        raises  ValueError if no run has both
        """
        shown = [one for one in self.entries if _is_drawn(one)]
        if not shown:
            raise ValueError(
                "no run has both quality and forgetting; finish one that asks questions of a model that knew something"
            )
        labels = _labels(shown)
        low, high = -0.03, max(1.05, *(y + APART / 2 for _, y, _ in labels))
        drawn = figure(
            self.title, f"forgetting: mean fall over the probes ({self.unit})", "quality: mean score (0 to 1)",
            round(AROUND + UNIT * (high - low)),
        )  # fmt: skip
        for i, (one, (x, y, side)) in enumerate(zip(shown, labels, strict=True)):
            told = f"quality {one.quality:.3f}, forgetting {one.forgetting:+.3f} {self.unit}"
            drawn.add_scatter(
                x=[one.forgetting], y=[one.quality], mode="markers", name=safe(one.name), showlegend=False,
                customdata=[f"<b>{_label(one)}</b><br>{told}"], hovertemplate="%{customdata}<extra></extra>",
                **look(i, line=False),
            )  # fmt: skip
            _add_label(drawn, one, x, y, side)
        drawn.add_shape(
            type="line", x0=0, x1=0, yref="paper", y0=0, y1=1, layer="below", line={"color": INK, "dash": "dot"}
        )
        drawn.update_xaxes(range=_ends(shown))
        drawn.update_yaxes(range=[low, high], tickvals=LEVELS, ticktext=[str(level) for level in LEVELS])
        return drawn

    def to_csv(self, path: str | Path) -> None:
        """Writes the table with all digits; empty where nothing was measured."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([self._columns(), *map(astuple, self.entries)])

    def to_html(self, path: str | Path, only: str = "changed", rows: int = ROWS) -> None:
        """
        Writes one page that needs nothing else: the table, the figure, and the differences in each run's answers.

        only, rows  as of `differences`
        raises      ValueError if `only` is another word
        """
        if only not in ONLY:
            raise ValueError(known(only, ONLY, "only"))
        title = html.escape(self.title)
        parts = [self.table().html(), _or_why(self._picture)]
        for name, run in self.runs.items():
            said = _or_why(lambda run=run: differences(run, only, rows).html())
            parts.append(f"<h2>{html.escape(name)}</h2>{said}")
        body = "\n".join(f"<section>{part}</section>" for part in parts)
        page = f"{HEAD}<title>{title}</title></head>\n<body><h1>{title}</h1>\n{body}\n</body></html>\n"
        Path(path).write_text(page, encoding="utf-8")

    def _picture(self) -> str:
        drawn = self.figure()
        code = base64.b64encode(drawn.png()).decode()
        return f'<img src="data:image/png;base64,{code}" alt="{html.escape(str(drawn))}">'

    def _columns(self) -> tuple[str, ...]:
        return tuple(f"{name} ({self.unit})" if name == "forgetting" else name for name in COLUMNS)

    def _note(self) -> str:
        said = ["Quality: mean score of the answers after, 0 to 1. Forgetting: mean fall over the probes."]
        if len({repr([one["prompt"] for one in run.answers]) for run in self.runs.values() if run.answers}) > 1:
            said.append("They were not asked the same questions, so their quality cannot be compared.")
        if len({tuple(sorted(_probed(run))) for run in self.runs.values() if _probed(run)}) > 1:
            said.append("They were not probed alike, so their forgetting cannot be compared.")
        if any(None in astuple(one) for one in self.entries):
            said.append(f"{NOTHING}: not measured.")
        return " ".join(said)


def _entry(name: str, run, differs: str) -> Entry:
    scores = [one["score_after"] for one in run.answers if one["score_after"] is not None]
    falls = [_fall(pair) for pair in _probed(run).values()]
    means = [fmean(values) if values else None for values in (scores, falls)]
    return Entry(name, differs, *means, run.cost.get("trainable_parameters"), run.cost.get("seconds"))


def _probed(run) -> dict[str, dict]:
    """The probes that were asked before and after."""
    return {name: pair for name, pair in run.forgetting.items() if pair["after"] is not None}


def _fall(pair: Mapping) -> float:
    """How much worse a probe has become: a share that is lower, a cost that is higher."""
    high, low = ("before", "after") if pair["unit"] == "share" else ("after", "before")
    return pair[high] - pair[low]


def _or_why(made) -> str:
    """What `made` makes for a page, or the sentence that says why it cannot."""
    try:
        return made()
    except ValueError as error:
        return f"<p>{html.escape(str(error))}</p>"


def _is_drawn(one: Entry) -> bool:
    return all(value is not None and math.isfinite(value) for value in (one.quality, one.forgetting))


def _label(one: Entry) -> str:
    """Its name, and below it how many parameters it trained."""
    return safe(one.name) + (f"<br>{short(one.parameters)} trained" if one.parameters is not None else "")


def _add_label(drawn: Figure, one: Entry, x: float, y: float, side: str) -> None:
    """The label of a run at (x, y), and a line to it where it does not stand beside its point."""
    drawn.add_annotation(
        x=x, y=y, text=_label(one), showarrow=False, xanchor=side, yanchor="middle", align=side,
        font={"size": SIZE - 1},
    )  # fmt: skip
    if y != one.quality:
        end = one.forgetting + 0.7 * (x - one.forgetting)  # it does not touch the letters
        drawn.add_shape(
            type="line", x0=one.forgetting, x1=end, y0=one.quality, y1=y, line={"color": INK, "width": 1}
        )  # fmt: skip


def _ends(shown: Sequence[Entry]) -> tuple[float, float]:
    """Of the axis of forgetting, with all runs and 0 on it."""
    falls = [0.0, *(one.forgetting for one in shown)]
    edge = 0.08 * (max(falls) - min(falls)) or 0.05
    return min(falls) - edge, max(falls) + edge


def _labels(shown: Sequence[Entry]) -> list[tuple[float, float, str]]:
    """(x, y, which side of the label is there): beside its point, or above another label that is in its way."""
    low, high = _ends(shown)
    pixel, taken, found = (high - low) / WIDTH, [], {}
    for i, one in sorted(enumerate(shown), key=lambda pair: pair[1].quality):
        side = "left" if one.forgetting <= (low + high) / 2 else "right"
        width = max(map(len, plain(_label(one)).split("\n"))) * LETTER * pixel
        x = one.forgetting + (ASIDE if side == "left" else -ASIDE) * pixel
        start, y = (x if side == "left" else x - width), one.quality
        beside = [up for begin, end, up in taken if begin < start + width and start < end]
        while near := [up for up in beside if abs(up - y) < 0.99 * APART]:
            y = max(near) + APART
        taken.append((start, start + width, y))
        found[i] = x, y, side
    return [found[i] for i in range(len(shown))]
