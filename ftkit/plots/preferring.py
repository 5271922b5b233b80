"""What a preference does: both answers of a pair while a policy learns, and two numbers of the same things."""

from collections.abc import Mapping, Sequence

from .figure import INK, Figure, figure, look, safe, thin

GAP = "rgba(122,122,122,0.18)"
FEW = 12  # points of a series that are named one by one in the text


def logratios(run, title: str = "Both answers, while their margin grows") -> Figure:
    """
    How much likelier than at the beginning the chosen and the rejected answers have become; between them the margin.

    run     a Run of DPO, or its events
    raises  ValueError if it tells no log-ratios
    """
    steps = [event for event in getattr(run, "metrics", run) if event["kind"] == "loss"]
    if not any("chosen_logratio" in event["values"] for event in steps):
        raise ValueError("this run tells no log-ratios; give a run of the objective dpo")
    drawn = figure(title, "step", "log-ratio (nats/answer)", entries=3)
    for i, side in enumerate(("chosen", "rejected")):
        points = thin([(event["step"], event["values"][f"{side}_logratio"]) for event in steps])
        xs, ys = zip(*points, strict=True)
        drawn.add_scatter(
            x=xs, y=ys, mode="lines", name=f"{side} answers", **look(i),
            fill="tonexty" if i else None, fillcolor=GAP if i else None,
            hovertemplate="step %{x}<br>%{y:.2f} nats<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    drawn.add_shape(
        type="line", xref="paper", x0=0, x1=1, y0=0, y1=0, layer="below", line={"color": INK, "width": 2, "dash": "dot"}
    )
    return drawn


def scatter(points: Mapping[str, Sequence[tuple[float, float]]], x: str, y: str, title: str) -> Figure:
    """
    Two numbers of the same things, one against the other.

    points  {series: [(x, y), ...]}
    x, y    what they are, with their units
    raises  ValueError if a series has no point
    """
    drawn = figure(title, x, y, entries=len(points))
    for i, (name, pairs) in enumerate(points.items()):
        if not pairs:
            raise ValueError(f"{name!r} has no point to draw; give at least one (x, y)")
        xs, ys = zip(*pairs, strict=True)
        told = [f"{safe(name)}: {across:.2f}, {up:.2f}" for across, up in pairs] if len(pairs) <= FEW else None
        drawn.add_scatter(
            x=xs, y=ys, mode="markers", name=safe(name), customdata=told, **look(i, line=False),
            hovertemplate="%{x:.2f}, %{y:.2f}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    return drawn
