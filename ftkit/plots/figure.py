"""A plotly figure that also leaves a picture: what is saved reads without a kernel, a browser or a network."""

import base64
import html
import json
import os
import re
import sys
from pathlib import Path

import plotly.graph_objects as go

# Okabe and Ito 2008, without its yellow and black, which vanish on a light and on a dark page
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
INK = "#7a7a7a"  # the grey that stands out equally, 4.3 : 1, from JupyterLab's light and dark pages
FAINT = "rgba(122,122,122,0.3)"
PAPER_INK = "#222222"  # on the white ground of a saved picture
POINTS = 400  # more than a line needs on any screen
ROWS = 12  # points of a line in its table
SIZE = 16  # of letters, in pixels: read from the last row of a room
HEIGHT = 440
TOP, BELOW, ENTRY = 54, 84, 25  # pixels: title; ticks and axis title; a row of the legend
HALO = ("#ffffff", 7), ("#222222", 3)  # an interval is seen on bars and on pages of any colour


class Figure(go.Figure):
    """A plotly figure in our style, with its numbers in a table folded below it. JupyterLab draws it, and saves its own
    PNG; elsewhere it brings one along."""

    _repr_html_ = None  # plotly's own loads a script from afar

    def _ipython_display_(self):
        from IPython.display import display

        table = self.table()
        page = f"<details><summary>The same in numbers</summary>{table.html()}</details>"
        display(self._repr_mimebundle_(), raw=True)
        display({"text/html": page, "text/plain": str(table)}, raw=True)

    def _repr_mimebundle_(self, include=None, exclude=None, **kwargs):
        drawing = json.loads(self.to_json()) | {"config": {"displayModeBar": False}}
        bundle = {"application/vnd.plotly.v1+json": drawing, "text/plain": str(self)}
        if not _page_draws():  # JupyterLab would show the picture, and the drawing only under a pointer
            bundle["image/png"] = base64.b64encode(self.png()).decode()
        return bundle

    def __str__(self) -> str:
        """Title, axes, and the last value of each series: for those who do not see pictures."""
        lines = [f"Figure: {plain(self.layout.title.text or '')}"]
        axes = [plain(axis.title.text) for axis in (self.layout.xaxis, self.layout.yaxis) if axis.title.text]
        lines += [f"  axes: {' | '.join(axes)}"] if axes else []
        return "\n".join([*lines, *(_told(trace) for trace in self.data if trace.name)])

    __repr__ = __str__

    def table(self):
        """Each series with its points, of a long one some: for those who do not see pictures, or want to read on."""
        from .tables import Table

        axes = [plain(axis.title.text or "") for axis in (self.layout.xaxis, self.layout.yaxis)]
        rows = tuple(row for trace in self.data if trace.name for row in _rows(trace))
        return Table(plain(self.layout.title.text or "Figure"), ("series", axes[0] or "what", axes[1]), rows)

    def png(self) -> bytes:
        """The same numbers drawn by matplotlib, on white."""
        from .picture import draw

        return draw(self)


def figure(title: str, x: str, y: str, height: int = HEIGHT, entries: int = 0) -> Figure:
    """An empty figure: no ground of its own, so that it stands on light and dark pages alike.

    height   in pixels, with title and axes and without the legend
    entries  of the legend, which stands below
    """
    made, legend = Figure(), ENTRY * -(-entries // 2) + 6
    axis = {
        "gridcolor": FAINT, "zeroline": False, "linecolor": INK, "ticks": "outside", "tickcolor": INK,
        "tickfont": {"size": SIZE - 1},
    }  # fmt: skip
    made.update_layout(
        template="none",
        title={"text": title, "x": 0, "xanchor": "left", "y": 1, "yanchor": "top", "yref": "container",
               "pad": {"t": 14, "l": 4}, "font": {"size": SIZE + 2}},
        xaxis={"title": {"text": x, "standoff": 8}, **axis},
        yaxis={"title": {"text": y, "standoff": 8}, "automargin": True, **axis},
        font={"size": SIZE, "color": INK, "family": "sans-serif"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "x": 0, "y": -(BELOW - 6) / (height - TOP - BELOW), "yanchor": "top",
                "traceorder": "normal"},
        margin={"l": 70, "r": 20, "t": TOP, "b": BELOW + legend},
        height=height + legend,
    )  # fmt: skip
    return made


def add_intervals(drawn: Figure, across: list[float], up: list[float], triples: list[tuple]) -> None:
    """Intervals of lying bars: (value, low, high) at (value, up); dark with a light rim."""
    sure = [i for i, (_, low, high) in enumerate(triples) if low < high]
    arrays = {
        "array": [max(0.0, triples[i][2] - triples[i][0]) for i in sure],
        "arrayminus": [max(0.0, triples[i][0] - triples[i][1]) for i in sure],
    }
    for colour, thickness in HALO if sure else ():
        error = {"type": "data", "symmetric": False, "color": colour, "thickness": thickness, "width": 6, **arrays}
        drawn.add_scatter(
            x=[across[i] for i in sure], y=[up[i] for i in sure], mode="markers", error_x=error,
            marker={"size": 1, "opacity": 0, "color": colour}, showlegend=False, hoverinfo="skip",
        )  # fmt: skip


def look(i: int, line: bool = True) -> dict:
    """Colour, dash and marker of series i; no two of the first six share any of them."""
    at = i % len(COLOURS)
    marker = {"color": COLOURS[at], "symbol": MARKERS[at], "size": 9}
    return {"marker": marker, **({"line": {"color": COLOURS[at], "dash": DASHES[at], "width": 3}} if line else {})}


def safe(text: object) -> str:
    """A name as plotly may show it: what looks like a tag stays text."""
    return html.escape(str(text), quote=False)


def plain(text: str) -> str:
    """A label without plotly's tags."""
    return html.unescape(re.sub(r"</?(?:b|i)>", "", text.replace("<br>", "\n")))


def short(value: float) -> str:
    """A number on an axis: 1.5M, 250k, 0.8"""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def thin(points: list, most: int = POINTS) -> list:
    """At most `most` of the points, evenly, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    return [points[i * (len(points) - 1) // (most - 1)] for i in range(most)]


def _page_draws() -> bool:
    """Whether a JupyterLab with plotly's extension looks at this kernel."""
    extension = Path(sys.prefix) / "share/jupyter/labextensions/jupyterlab-plotly"
    headless = os.environ.get("FTKIT_MODE", "").strip().lower() == "headless"
    return "JPY_SESSION_NAME" in os.environ and not headless and extension.is_dir()


def _rows(trace) -> list[tuple[str, str, str]]:
    """(series, x, y) of each point; where a point says itself what it is, that instead of x."""
    name = plain(trace.name)
    if trace.customdata is not None:
        return [(name, plain(told).replace("\n", " "), "") for told in trace.customdata]
    points = thin(list(zip(trace.x, trace.y, strict=True)), ROWS)
    return [(name, *map(_number, point)) for point in points]


def _number(value) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else str(value)


def _told(trace) -> str:
    if trace.customdata is not None:
        return "\n".join(
            [f"  {plain(trace.name)}", *(f"    {plain(told)}".replace("\n", " ") for told in trace.customdata)]
        )
    return f"  {plain(trace.name)}: {len(trace.y)} points, the last {trace.y[-1]:.4g}"
