"""What a model understands: bits saved by what it read before, bits between two voices, answers round by round."""

from collections.abc import Mapping
from statistics import fmean

from ..evaluation import bootstrap
from .charts import AROUND, ROW, arms
from .figure import COLOURS, INK, Figure, add_intervals, figure, look, plain, safe


def exposure(savings: Mapping[str, object], title: str = "Bits saved by what was read before") -> Figure:
    """
    Bits saved so far, over the new examples read; below the line at 0 the prior has cost more than it saved.

    savings  {reader: Saving}
    """
    drawn = figure(title, "new examples read", "saved so far (bits)", entries=len(savings))
    for i, (name, saving) in enumerate(savings.items()):
        across, up = zip(*saving.exposure, strict=True)
        drawn.add_scatter(
            x=across, y=up, mode="lines", name=safe(name), **look(i),
            hovertemplate="%{x} examples<br>%{y:.0f} bits<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    drawn.add_shape(
        type="line", xref="paper", x0=0, x1=1, y0=0, y1=0, layer="below", line={"color": INK, "width": 2, "dash": "dot"}
    )
    return drawn


def savings(
    found: Mapping[str, Mapping[str, object]], prediction=None, title: str = "Bits saved by what was read before"
) -> Figure:
    """
    One bar a family and reader, in bits an example, with its interval.

    found       {family: {reader: Saving}}, as `comprehension.bits_saved` returns it
    prediction  the learner's, one number or {"family, reader": number}
    """
    values = {f"{family}, {name}": one.bits for family, readers in found.items() for name, one in readers.items()}
    return arms(values, prediction, unit="bits/example", title=title)


def prejudice(found: Mapping[str, object], title: str = "What a mistaken prior costs") -> Figure:
    """
    Bits a question about people who moved, beside that about newcomers.

    found  {reader: Prejudice}
    """
    rows = {name: (_mean(one.moved), _mean(one.newcomers)) for name, one in found.items()}
    return _pairs(rows, ("moved", "newcomers"), {name: one.bits for name, one in found.items()}, title)


def distances(found: Mapping[str, object], title: str = "What is known, asked in two voices") -> Figure:
    """
    For each bridge, bits of the same known answers asked in the reader's voice and told in the text's.

    found  {bridge: Distance}, as `comprehension.crossed` returns it
    """
    rows = {name: (_mean(_bits(one.asked)), _mean(_bits(one.told))) for name, one in found.items()}
    return _pairs(rows, ("asked", "told"), {name: one.bits for name, one in found.items()}, title)


def revision(circle, title: str = "Rounds of revision, closed and open") -> Figure:
    """
    Right answers and likeliest tokens by round, with feedback on every answer and on the first answers only.

    circle  a Circle
    """
    drawn = figure(title, "round", "held-out questions (share)", entries=4)
    series = [
        (f"{loop} loop, {level}s", rounds, level)
        for level in ("answer", "token")
        for loop, rounds in (("closed", circle.closed), ("open", circle.open))
    ]
    for i, (name, rounds, level) in enumerate(series):
        values = [getattr(one, f"{level}_level") for one in rounds]
        arrays = {
            "array": [max(0.0, one.high - one.value) for one in values],
            "arrayminus": [max(0.0, one.value - one.low) for one in values],
        }
        drawn.add_scatter(
            x=[one.number for one in rounds], y=[one.value for one in values], mode="lines+markers", name=name,
            error_y={"type": "data", "symmetric": False, "color": COLOURS[i], "thickness": 2, "width": 5, **arrays},
            hovertemplate="round %{x}<br>%{y:.3f}<extra>%{fullData.name}</extra>", **look(i),
        )  # fmt: skip
    numbers = [one.number for one in circle.closed]
    drawn.update_xaxes(tickvals=numbers, ticktext=[str(number) for number in numbers])
    drawn.update_yaxes(range=[-0.03, 1.05])
    return drawn


def forecasts(found: Mapping[str, object], title: str = "Who foretells the accuracy after tuning") -> Figure:
    """
    Rank correlation with accuracy after tuning: pretraining loss, and each instrument.

    found   {instrument: Prediction}, all over the same items
    raises  ValueError if there is none
    """
    if not found:
        raise ValueError("there is no forecast to draw; give at least one")
    values = {"pretraining loss": next(iter(found.values())).loss}
    values |= {name: one.instrument for name, one in found.items()}
    drawn = arms(values, unit="rank correlation", title=title)
    drawn.update_xaxes(range=[-1.05, 1.05], title={"text": "rank correlation"})
    return drawn


def _pairs(rows: Mapping[str, tuple], names: tuple[str, str], effects: Mapping[str, object], title: str) -> Figure:
    """Two bars a row, in bits a question; the row's label says how far apart they are."""
    places = {name: len(rows) - 1 - i for i, name in enumerate(rows)}
    drawn = figure(title, "cost of an answer (bits/question)", "", AROUND + ROW * len(rows) * 5 // 4, entries=2)
    for i, name in enumerate(names):
        triples = [pair[i] for pair in rows.values()]
        drawn.add_bar(
            x=[value for value, *_ in triples], y=[places[row] + 0.2 - 0.4 * i for row in rows], orientation="h",
            width=0.36, name=name,
            marker={"color": COLOURS[i],
                    "pattern": {"shape": "/" if i else "", "bgcolor": COLOURS[i], "fgcolor": "white", "solidity": 0.2}},
            customdata=[f"<b>{safe(row)}, {name}</b><br>{value:.2f} ({low:.2f} to {high:.2f})"
                        for row, (value, low, high) in zip(rows, triples, strict=True)],
            hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
        bars = drawn.data[-1]
        add_intervals(drawn, bars.x, bars.y, triples)
    labels = [f"<b>{safe(row)}</b><br>{names[0]} {effects[row].value:+.1f} bits" for row in rows]
    drawn.update_yaxes(tickvals=list(places.values()), ticktext=labels, showgrid=False, range=[-0.6, len(rows) - 0.4])
    longest = max(len(line) for text in labels for line in plain(text).split("\n"))
    drawn.update_layout(xaxis_rangemode="tozero", margin={"l": 24 + longest * 9})
    return drawn


def _bits(costs) -> list[float]:
    return [cost.bits for cost in costs]


def _mean(bits) -> tuple[float, float, float]:
    return fmean(bits), *bootstrap(bits)
