"""How thick changes are: what the first directions of each hold."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from .figure import Figure, figure, look, safe

MOST = 64  # directions drawn


def spectra(found: Mapping[str, Sequence], title: str = "How many directions hold how much of a change") -> Figure:
    """
    The share of each change that its first directions hold, the mean over a model's matrices.

    found   {name: Spectra, as `evaluation.spectra` gives them}
    raises  ValueError if there is none
    """
    if not found:
        raise ValueError("there is no spectrum; give at least one")
    drawn = figure(title, "directions (of largest singular values)", "share of the squared change", entries=len(found))
    for place, (name, some) in enumerate(found.items()):
        directions = range(1, min(MOST, *(len(one.values) for one in some)) + 1)
        drawn.add_scatter(
            x=list(directions), y=[fmean(one.head(k) for one in some) for k in directions], mode="lines",
            name=safe(name), **look(place), hovertemplate="%{x} directions<br>%{y:.3f}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    drawn.update_layout(yaxis_range=[0, 1.02], xaxis_type="log")
    return drawn
