"""What a model understands: bits saved by what it read before, bits between two voices, answers round by round."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from ..evaluation import bootstrap
from .charts import AROUND, ROW, add_level, arms
from .figure import COLOURS, INK, Figure, add_intervals, figure, look, plain, safe, short

TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)  # of a logarithmic axis


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
    found: Mapping[str, Mapping[str, object]],
    prediction=None,
    bands: Mapping[str, object] | None = None,
    title: str = "Bits saved by what was read before",
) -> Figure:
    """
    One bar a family and reader, in bits an example, with its interval.

    found       {family: {reader: Saving}}, as `comprehension.bits_saved` returns it
    prediction  the learner's, one number or {"family, reader": number}
    bands       {"family, reader": Band}
    """
    values = {f"{family}, {name}": one.bits for family, readers in found.items() for name, one in readers.items()}
    return arms(values, prediction, bands, unit="bits/example", title=title)


def code_lengths(
    coded: Mapping[str, Sequence[float]], block: int, guess: float | None = None, title: str = "What new examples cost"
) -> Figure:
    """
    Bits an example of each block, before the block is learned; the scale is logarithmic.

    coded  {reader: bits of each example}
    block  examples in a block
    guess  bits that an answer costs whoever knows which answers there are, and nothing else
    """
    drawn = figure(title, "new examples read before", "the next ones (bits/example)", entries=len(coded) + 1)
    for i, (name, bits) in enumerate(coded.items()):
        starts = range(0, len(bits), block)
        drawn.add_scatter(
            x=list(starts), y=[fmean(bits[start : start + block]) for start in starts], mode="lines+markers",
            name=safe(name), hovertemplate="%{x} examples<br>%{y:.2f} bits<extra>%{fullData.name}</extra>", **look(i),
        )  # fmt: skip
    if guess is not None:
        add_level(drawn, drawn.data[0].x, guess, "guessing among all answers", "dash", "bits/example")
    drawn.update_yaxes(type="log", tickvals=TICKS, ticktext=[short(tick) for tick in TICKS])
    return drawn


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


def parts(found: Mapping[str, object], title: str = "Of what the bits are") -> Figure:
    """
    For each bridge, bits until an answer is of the right kind, and from there until it is the right one.

    found  {bridge: Parts}
    """
    rows = {name: (_mean(one.form), _mean(one.content)) for name, one in found.items()}
    return _pairs(rows, ("form", "content"), {name: one.means[0] for name, one in found.items()}, title)


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
        drawn.add_scatter(
            x=[one.number for one in rounds], y=[one.value for one in values], mode="lines+markers", name=name,
            error_y=_whiskers(values, COLOURS[i]),
            hovertemplate="round %{x}<br>%{y:.3f}<extra>%{fullData.name}</extra>", **look(i),
        )  # fmt: skip
    numbers = [one.number for one in circle.closed]
    drawn.update_xaxes(tickvals=numbers, ticktext=[str(number) for number in numbers])
    drawn.update_yaxes(range=[-0.03, 1.05])
    return drawn


def sizes(found: Mapping[str, object], whole: bool = True, title: str = "") -> Figure:
    """
    The same answers of models of several sizes, one line a length of answers.

    found  {model: Scaled}
    whole  draws the share of answers that are all right, and dotted what it would be if their tokens were right
           independently of each other; False draws the surprise at a single token
    """
    unit = "right answers (share)" if whole else "surprise (nats/token)"
    models = sorted(found.values(), key=lambda one: one.parameters)
    weights, lengths = [one.parameters for one in models], list(models[0].whole)
    title = title or ("Judged whole" if whole else "Judged token by token")
    drawn = figure(title, "weights", unit, entries=len(lengths) * (1 + whole))
    for i, tokens in enumerate(lengths):
        name, colour = f"{tokens} token{'s' if tokens > 1 else ''}", COLOURS[i]
        measured = [(one.whole if whole else one.surprise)[tokens] for one in models]
        drawn.add_scatter(
            x=weights, y=[one.value for one in measured], mode="lines+markers", name=name,
            error_y=_whiskers(measured, colour), **look(i) | {"line": {"color": colour, "width": 3}},
            hovertemplate="%{x:,} weights<br>%{y:.3f}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
        if whole:
            drawn.add_scatter(
                x=weights, y=[one.expected(tokens) for one in models], mode="lines",
                name=f"a right token, to the power {tokens}", line={"color": colour, "dash": "dot", "width": 2},
                hovertemplate="%{x:,} weights<br>%{y:.3f}<extra>%{fullData.name}</extra>",
            )  # fmt: skip
    ticks = [f"{safe(name)}, {short(one.parameters)}" for name, one in found.items()]
    drawn.update_xaxes(type="log", tickvals=[one.parameters for one in found.values()], ticktext=ticks)
    if whole:
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


def _whiskers(measured, colour: str) -> dict:
    """The intervals of standing values."""
    return {
        "type": "data", "symmetric": False, "color": colour, "thickness": 2, "width": 5,
        "array": [max(0.0, one.high - one.value) for one in measured],
        "arrayminus": [max(0.0, one.value - one.low) for one in measured],
    }  # fmt: skip


def _bits(costs) -> list[float]:
    return [cost.bits for cost in costs]


def _mean(bits) -> tuple[float, float, float]:
    return fmean(bits), *bootstrap(bits)
