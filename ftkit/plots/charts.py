"""What a run gave: losses, arms with their intervals, forgetting, distance, what is learned first."""

import math
from collections.abc import Mapping, Sequence

from .figure import BELOW, COLOURS, INK, SIZE, TOP, Figure, add_intervals, figure, look, plain, safe, thin

BAND = "rgba(122,122,122,0.5)"
ROW = 56  # pixels for one lying bar
AROUND = TOP + BELOW


def loss_curve(
    runs: Mapping[str, object],
    vocabulary: int | None = None,
    entropy: float | None = None,
    x: str = "tokens",
    title: str = "Loss while training",
    unit: str = "nats/token",
) -> Figure:
    """
    Losses of one or more runs over what they have read.

    runs        {name: Run, or its events}
    vocabulary  tokens there are; draws the loss of a model that finds all of them equally likely
    entropy     nats/token of the texts themselves; draws the loss that no model can beat
    x           "tokens" read so far, or "step"
    unit        of the losses
    raises      ValueError if a run has no loss yet, or x is another word
    """
    drawn = figure(
        title,
        {"tokens": "tokens read", "step": "step"}.get(x, x),
        f"loss ({unit})" if unit else "loss",
        entries=len(runs) + bool(vocabulary) + (entropy is not None),
    )
    ends = []
    for i, (name, run) in enumerate(runs.items()):
        points = thin(losses(run, x))
        if not points:
            raise ValueError(f"run {name!r} has no loss yet; let it train for a step")
        xs, ys = zip(*points, strict=True)
        drawn.add_scatter(
            x=xs, y=ys, mode="lines", name=safe(name), **look(i),
            hovertemplate="%{x:,} " + x + "<br>%{y:.3f} " + unit + "<extra>%{fullData.name}</extra>",
        )  # fmt: skip
        ends += [xs[0], xs[-1]]
    if vocabulary:
        add_level(drawn, ends, math.log(vocabulary), "ln V: every token seems equally likely", "dot")
    if entropy is not None:
        add_level(drawn, ends, entropy, "entropy of the texts: no model can be below", "dash")
    drawn.update_layout(yaxis_rangemode="tozero")
    return drawn


def losses(run, x: str = "tokens", name: str = "loss") -> list[tuple[float, float]]:
    """(tokens read so far or step, loss in nats/token) of a Run or its events; or what else is told of its steps."""
    if x not in ("tokens", "step"):
        raise ValueError(f"x is {x!r}; choose 'tokens' or 'step'")
    found, tokens = [], 0
    for event in _events(run):
        if event["kind"] == "loss":
            tokens += event["values"].get("tokens", 0)
            found.append((tokens if x == "tokens" else event["step"], event["values"][name]))
    return found


def arms(
    values: Mapping[str, object],
    prediction: float | Mapping[str, float] | None = None,
    bands: Mapping[str, object] | None = None,
    unit: str = "share",
    title: str = "Right answers",
) -> Figure:
    """
    One bar an arm with its interval; on it what the learner predicted and where repeated runs came to lie.

    values      {arm: Measurement, (value, low, high), or a number}
    prediction  one number for all arms, or {arm: number}
    bands       {arm: Band (low, mean, high, n), or the values of several seeds}
    unit        "share" fixes the axis to 0..1
    """
    names = list(values)
    rows = {name: len(names) - 1 - i for i, name in enumerate(names)}
    measured = {name: _interval(value) for name, value in values.items()}
    sure = any(low < high for _, low, high in measured.values())
    drawn = figure(title, f"{title.lower()} ({unit})", "", AROUND + ROW * len(names), entries=4)
    drawn.add_bar(
        x=[measured[name][0] for name in names], y=[rows[name] for name in names], orientation="h", width=0.46,
        marker={"color": COLOURS[0]}, name="this run, 95 % interval" if sure else "this run",
        customdata=[_said(name, *measured[name]) for name in names], hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    add_intervals(drawn, drawn.data[0].x, drawn.data[0].y, list(measured.values()))
    found = [(name, _band(band)) for name, band in (bands or {}).items() if name in rows]
    if found:
        count = found[0][1][3]
        drawn.add_scatter(
            x=[band[1] for _, band in found], y=[rows[name] - 0.36 for name, _ in found], mode="markers",
            marker={"symbol": "line-ns", "size": 14, "color": INK, "line": {"width": 3, "color": INK}},
            name=f"our {count} runs: smallest, mean, largest",
            error_x={"type": "data", "symmetric": False, "color": BAND, "thickness": 9, "width": 0,
                     "array": [high - mean for _, (_, mean, high, _) in found],
                     "arrayminus": [mean - low for _, (low, mean, _, _) in found]},
            customdata=[_said(name, mean, low, high) for name, (low, mean, high, _) in found],
            hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
    guesses = prediction if isinstance(prediction, Mapping) else dict.fromkeys(names, prediction)
    guesses = {name: guess for name, guess in guesses.items() if guess is not None and name in rows}
    if guesses:
        drawn.add_scatter(
            x=list(guesses.values()), y=[rows[name] for name in guesses], mode="markers", name="your prediction",
            marker={"symbol": "diamond", "size": 14, "color": "#ffffff", "line": {"width": 4, "color": COLOURS[1]}},
            customdata=[f"{safe(name)} {guess:.3f}" for name, guess in guesses.items()],
            hovertemplate="%{x:.3f}<extra>your prediction</extra>",
        )  # fmt: skip
    labels = [f"{safe(name)}  <b>{measured[name][0]:.2f}</b>" for name in names]
    drawn.update_yaxes(tickvals=[rows[name] for name in names], ticktext=labels, showgrid=False)
    drawn.update_yaxes(range=[-0.75, len(names) - 0.4])
    _share_axis(drawn, unit)
    return _room_for_labels(drawn)


def forgetting(runs: Mapping[str, Mapping], title: str = "What was known before, and what is left") -> Figure:
    """
    A dumbbell for each run and probe: before, after.

    runs    {name: forgetting of a Run}: {probe: {"before", "after", "unit"}}; one Run's own also goes
    raises  ValueError if there is nothing to draw, or the probes have different units
    """
    if runs and all("before" in one for one in runs.values()):
        runs = {"": runs}
    rows = [
        (f"{name}: {probe}" if name else probe, pair)
        for name, probes in runs.items()
        for probe, pair in probes.items()
        if pair["after"] is not None
    ]
    units = sorted({pair["unit"] for _, pair in rows})
    if len(units) != 1:
        raise ValueError(
            f"probes have the units {', '.join(units)}; draw one figure for each"
            if units
            else "no probe was measured before and after; a stopped run has nothing to compare"
        )
    ends = (("before", "circle-open", COLOURS[0]), ("after", "square", COLOURS[1]))
    pairs = [(name, pair["before"], pair["after"]) for name, pair in rows]
    return dumbbells(pairs, ends, f"probe ({units[0]})", units[0], title)


def dumbbells(
    rows: Sequence[tuple[str, float, float]], ends: Sequence[tuple[str, str, str]], x: str, unit: str, title: str
) -> Figure:
    """
    Two numbers a row, joined by a line.

    rows  (label, one number, the other)
    ends  (name, marker, colour) of the one and of the other
    """
    drawn = figure(title, x, "", AROUND + ROW * len(rows) * 2 // 3, entries=2)
    places = list(range(len(rows) - 1, -1, -1))
    for place, (_, one, other) in zip(places, rows, strict=True):
        drawn.add_shape(
            type="line", x0=one, x1=other, y0=place, y1=place, layer="below", line={"color": INK, "width": 4}
        )
    for i, (name, symbol, colour) in enumerate(ends, 1):
        drawn.add_scatter(
            x=[row[i] for row in rows], y=places, mode="markers", name=name,
            marker={"symbol": symbol, "size": 15, "color": colour, "line": {"width": 3, "color": colour}},
            customdata=[f"{safe(row[0])} {row[i]:.3f}" for row in rows],
            hovertemplate="%{x:.3f}<extra>" + name + "</extra>",
        )  # fmt: skip
    drawn.update_yaxes(tickvals=places, ticktext=[safe(row[0]) for row in rows], showgrid=False)
    drawn.update_yaxes(range=[-0.6, len(rows) - 0.4])
    _share_axis(drawn, unit)
    return _room_for_labels(drawn)


def kl(distances: Mapping[str, object], title: str = "Distance from the world, by kind of token") -> Figure:
    """
    KL(world || model), the part on form tokens beside the part on fact tokens; the two add up to the whole.

    distances  {model: Divergence, or {"form", "fact"} of numbers or Measurements}
    """
    names = list(distances)
    rows = {name: len(names) - 1 - i for i, name in enumerate(names)}
    found = {name: {part: _interval(_part(one, part)) for part in ("form", "fact")} for name, one in distances.items()}
    drawn = figure(title, "KL(world || model) (nats/token)", "", AROUND + ROW * len(names) * 5 // 4, entries=2)
    for i, part in enumerate(("form", "fact")):
        drawn.add_bar(
            x=[found[name][part][0] for name in names], y=[rows[name] + 0.2 - 0.4 * i for name in names],
            orientation="h", width=0.36, name=f"{part} tokens",
            marker={"color": COLOURS[i],
                    "pattern": {"shape": "/" if i else "", "bgcolor": COLOURS[i], "fgcolor": "white", "solidity": 0.2}},
            customdata=[_said(f"{name}, {part} tokens", *found[name][part]) for name in names],
            hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
        bars = drawn.data[-1]
        add_intervals(drawn, bars.x, bars.y, [found[name][part] for name in names])
    labels = [
        f"<b>{safe(name)}</b><br>form {found[name]['form'][0]:.3f}<br>fact {found[name]['fact'][0]:.3f}"
        for name in names
    ]
    drawn.update_yaxes(tickvals=[rows[name] for name in names], ticktext=labels, showgrid=False)
    drawn.update_yaxes(range=[-0.6, len(names) - 0.4])
    return _room_for_labels(drawn)


def learned_first(
    probes: Mapping[str, Sequence[tuple[float, float]]],
    unit: str = "share",
    x: str = "tokens read",
    title: str = "What is learned first",
) -> Figure:
    """
    One curve a probe while a model reads.

    probes  {probe: [(tokens read, value), ...]}
    """
    drawn = figure(title, x, f"probe ({unit})", entries=len(probes))
    for i, (name, points) in enumerate(probes.items()):
        xs, ys = zip(*points, strict=True)
        drawn.add_scatter(
            x=xs, y=ys, mode="lines+markers", name=safe(name), **look(i),
            hovertemplate="%{x:,} tokens<br>%{y:.3f}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    if unit == "share":
        drawn.update_yaxes(range=[-0.03, 1.05])
    return drawn


def add_level(drawn: Figure, xs: Sequence[float], y: float, name: str, dash: str, unit: str = "nats/token") -> None:
    """A line across the figure, with its height in the legend."""
    drawn.add_scatter(
        x=[min(xs), max(xs)], y=[y, y], mode="lines", name=f"{name} ({y:.2f})",
        line={"color": INK, "dash": dash, "width": 2}, hovertemplate=f"{y:.3f} {unit}<extra></extra>",
    )  # fmt: skip


def _events(run) -> list[dict]:
    return getattr(run, "metrics", run)


def _part(one, part: str):
    return one[part] if isinstance(one, Mapping) else getattr(one, part)


def _interval(value) -> tuple[float, float, float]:
    """(value, low, high) of a Measurement, such a triple, or a bare number."""
    if hasattr(value, "low"):
        return value.value, value.low, value.high
    return tuple(value) if isinstance(value, Sequence) else (value, value, value)


def _band(band) -> tuple[float, float, float, int]:
    """(low, mean, high, runs)"""
    if hasattr(band, "mean"):
        return band.low, band.mean, band.high, band.n
    return min(band), math.fsum(band) / len(band), max(band), len(band)


def _said(name: str, value: float, low: float, high: float) -> str:
    return f"<b>{safe(name)}</b><br>{value:.3f} ({low:.3f} to {high:.3f})"


def _share_axis(drawn: Figure, unit: str) -> None:
    if unit == "share":
        drawn.update_xaxes(range=[-0.01, 1.02], tickformat=".1f")
    else:
        drawn.update_xaxes(rangemode="tozero")


def _room_for_labels(drawn: Figure) -> Figure:
    """Room on the left for the longest label."""
    longest = max(len(line) for text in drawn.layout.yaxis.ticktext for line in plain(text).split("\n"))
    drawn.update_layout(margin={"l": 24 + longest * SIZE * 5 // 9})
    return drawn
