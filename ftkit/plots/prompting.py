"""What prompts come to: right answers over the number of worked examples."""

from collections.abc import Collection, Mapping

from .charts import BAND, _band, _interval, _said
from .figure import COLOURS, INK, Figure, figure, look, safe

ASIDE = 0.12  # how far bands stand beside their points


def shots(
    found: Mapping[str, Mapping[int, object]],
    prediction: Mapping[int, float] | None = None,
    bands: Mapping[str, Mapping[int, object]] | None = None,
    title: str = "Right answers",
) -> Figure:
    """
    One curve a series, with intervals; on it what the learner predicted, beside it where repeated runs came to lie.

    found       {series: {examples: Measurement, (value, low, high), or a number}}
    prediction  {examples: share}
    bands       {series: {examples: Band (low, mean, high, n), or the values of several seeds}}
    """
    counts = sorted({count for points in found.values() for count in points})
    drawn = figure(title, "worked examples", "right answers (share)", entries=len(found) + 2)
    for i, (name, points) in enumerate(found.items()):
        triples = [_interval(value) for value in points.values()]
        drawn.add_scatter(
            x=[counts.index(count) for count in points], y=[value for value, _, _ in triples], mode="lines+markers",
            name=safe(name), error_y=_error(triples, color=COLOURS[i], thickness=2, width=5), **look(i),
            customdata=[_said(f"k = {count}", *triple) for count, triple in zip(points, triples, strict=True)],
            hovertemplate="%{customdata}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    _add_bands(drawn, [(count, _band(band)) for one in (bands or {}).values() for count, band in one.items()], counts)
    if prediction:
        drawn.add_scatter(
            x=[counts.index(count) for count in prediction], y=list(prediction.values()), mode="markers",
            marker={"symbol": "diamond", "size": 14, "color": "#ffffff", "line": {"width": 4, "color": COLOURS[1]}},
            name="your prediction", hovertemplate="%{y:.3f}<extra>your prediction</extra>",
            customdata=[f"k = {count} {guess:.3f}" for count, guess in prediction.items()],
        )  # fmt: skip
    drawn.update_xaxes(tickvals=list(range(len(counts))), ticktext=[str(count) for count in counts])
    drawn.update_xaxes(range=[-0.3, len(counts) - 0.6])
    drawn.update_yaxes(range=[-0.03, 1.05])
    return drawn


def _add_bands(drawn: Figure, found: list[tuple[int, tuple]], counts: list[int]) -> None:
    if not found:
        return
    triples = [(mean, low, high) for _, (low, mean, high, _) in found]
    drawn.add_scatter(
        x=[counts.index(count) + ASIDE for count, _ in found], y=[mean for mean, _, _ in triples], mode="markers",
        marker={"symbol": "line-ew", "size": 14, "color": INK, "line": {"width": 3, "color": INK}},
        name=f"our {found[0][1][3]} runs: smallest, mean, largest",
        error_y=_error(triples, color=BAND, thickness=9, width=0),
        customdata=[_said(f"k = {count}", *triple) for (count, _), triple in zip(found, triples, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip


def _error(triples: Collection[tuple], **how) -> dict:
    """An error bar of (value, low, high)."""
    arrays = {
        "array": [max(0.0, high - value) for value, _, high in triples],
        "arrayminus": [max(0.0, value - low) for value, low, _ in triples],
    }
    return {"type": "data", "symmetric": False, **how, **arrays}
