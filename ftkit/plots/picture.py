"""Draws one of our plotly figures with matplotlib, for where nothing interactive is left: traces, shapes, notes, axes.

It knows what the charts of this room use, and no more of plotly than that.
"""

import io
import re

from .figure import FAINT, INK, PAPER_INK, plain, short

WIDTH, INCH, DPI = 960, 100, 110  # pixels wide, pixels an inch, resolution of the file
POINT = 72 / INCH  # points a pixel
STYLES = {
    "solid": "-", "dash": "--", "dot": ":", "dashdot": "-.", "longdash": (0, (8, 3)), "longdashdot": (0, (8, 3, 1, 3)),
}  # fmt: skip
SHAPES = {
    "circle": "o", "square": "s", "diamond": "D", "triangle-up": "^", "cross": "P", "x": "X", "line-ns": "|",
    "line-ew": "_", "star": "*",
}  # fmt: skip


def draw(figure) -> bytes:
    """A PNG of the figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Page

    layout = figure.layout
    height = (layout.meta or {}).get("picture_height", layout.height)
    page = Page(figsize=(WIDTH / INCH, height / INCH), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(page)
    axes = page.subplots()
    for shape in layout.shapes:
        _shape(axes, shape)
    for i, trace in enumerate(figure.data):
        {"scatter": _scatter, "bar": _bar}[trace.type](axes, trace)
        if trace.type == "scatter" and trace.fill == "tonexty":
            axes.fill_between(trace.x, trace.y, figure.data[i - 1].y, color=_colour(trace.fillcolor), zorder=1)
    _frame(page, axes, layout)
    for note in layout.annotations:
        if note.visible is not False:
            _note(axes, note)
    if layout.meta:
        axes.set_ylim(*layout.meta["picture_range"])
    file = io.BytesIO()
    page.savefig(file, format="png")
    return file.getvalue()


def _scatter(axes, trace) -> None:
    mode, colour, symbol = (
        trace.mode or "lines",
        trace.marker.color or trace.line.color,
        trace.marker.symbol or "circle",
    )
    error = trace.error_x if trace.error_x.array is not None else trace.error_y
    thick = error.thickness or 2
    axes.errorbar(
        trace.x,
        trace.y,
        xerr=_arms(trace.error_x),
        yerr=_arms(trace.error_y),
        ecolor=_colour(error.color or colour),
        elinewidth=thick,
        capsize=0 if error.width == 0 else 4,
        color=_colour(trace.line.color or colour),
        linestyle=STYLES[trace.line.dash or "solid"] if "lines" in mode else "",
        linewidth=trace.line.width or 2,
        marker=SHAPES[symbol.removesuffix("-open")] if "markers" in mode and trace.marker.opacity != 0 else "",
        markersize=(trace.marker.size or 9) * POINT,
        markerfacecolor="white" if symbol.endswith("-open") else _colour(colour),
        markeredgecolor=_colour(trace.marker.line.color or colour),
        markeredgewidth=2,
        label=_label(trace),
        zorder=3,
    )
    if "text" in mode:
        for x, y, text in zip(trace.x, trace.y, trace.text, strict=True):
            axes.text(x, y, _text(text), ha="center", va="center", color=PAPER_INK, fontsize=11, zorder=4)


def _bar(axes, trace) -> None:
    lying = trace.orientation == "h"
    places, values = (trace.y, trace.x) if lying else (trace.x, trace.y)
    how = {
        "color": _colour(trace.marker.color),
        "hatch": trace.marker.pattern.shape or None,
        "edgecolor": "white",
        "label": _label(trace),
        "zorder": 2,
    }
    if lying:
        axes.barh(places, values, height=trace.width or 0.8, **how)
    else:
        axes.bar(places, values, width=trace.width or 0.8, **how)


def _shape(axes, shape) -> None:
    from matplotlib.patches import Rectangle

    across = axes.get_yaxis_transform() if shape.xref == "paper" else axes.transData
    where = axes.get_xaxis_transform() if shape.yref in ("paper", "y domain") else across
    if shape.type == "line":
        axes.plot(
            [shape.x0, shape.x1], [shape.y0, shape.y1], transform=where, color=_colour(shape.line.color),
            linestyle=STYLES[shape.line.dash or "solid"], linewidth=shape.line.width or 2, zorder=1,
        )  # fmt: skip
    else:
        corner, size = (shape.x0, shape.y0), (shape.x1 - shape.x0, shape.y1 - shape.y0)
        axes.add_patch(
            Rectangle(corner, *size, transform=where, facecolor=_colour(shape.fillcolor), edgecolor="none", zorder=0)
        )


def _note(axes, note) -> None:
    across = axes.get_yaxis_transform() if note.xref == "paper" else axes.transData
    where = axes.get_xaxis_transform() if note.yref == "paper" else across
    style = {"ha": note.xanchor or "center", "va": {"middle": "center"}.get(note.yanchor, note.yanchor or "center")}
    if note.showarrow:
        axes.annotate(
            "", (note.x, note.y), (note.ax, note.ay), zorder=1, arrowprops={"arrowstyle": "-|>", "lw": 2, "color": INK}
        )
    else:
        size = (note.font.size or 16) * POINT
        axes.text(note.x, note.y, _text(note.text), transform=where, color=PAPER_INK, fontsize=size, zorder=4, **style)


def _frame(page, axes, layout) -> None:
    from matplotlib.ticker import FuncFormatter

    page.suptitle(_text(layout.title.text or ""), x=0.01, ha="left", fontsize=14, color=PAPER_INK)
    for side, axis in (("x", layout.xaxis), ("y", layout.yaxis)):
        its = getattr(axes, f"{side}axis")
        if axis.visible is False:
            its.set_visible(False)
            continue
        its.set_label_text(_text(axis.title.text or ""), color=PAPER_INK, fontsize=12)
        if axis.type == "log":
            getattr(axes, f"set_{side}scale")("log")
        elif axis.tickvals is None:
            its.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
        if axis.tickvals is not None:
            its.set_ticks(axis.tickvals, [_text(text) for text in axis.ticktext])
            its.set_ticks([], minor=True)
        its.set_tick_params(labelsize=11, colors=PAPER_INK)
        if axis.showgrid is not False:
            its.grid(True, color=_colour(FAINT), zorder=0)
    for side, axis in (("x", layout.xaxis), ("y", layout.yaxis)):
        if axis.range is not None:
            low, high = (10**end for end in axis.range) if axis.type == "log" else axis.range
            getattr(axes, f"set_{side}lim")(low, high)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if layout.showlegend is not False and axes.get_legend_handles_labels()[1]:
        page.legend(loc="outside lower left", ncols=2, frameon=False, fontsize=11, labelcolor=PAPER_INK)


def _arms(error):
    if error.array is None:
        return None
    return [list(error.arrayminus if error.arrayminus is not None else error.array), list(error.array)]


def _label(trace) -> str | None:
    return _text(trace.name) if trace.name and trace.showlegend is not False else None


def _text(text: str) -> str:
    return plain(text).replace("$", r"\$")  # no formula is meant


def _colour(text: str | None):
    numbers = re.findall(r"[\d.]+", text) if text and text.startswith("rgb") else None
    return tuple(float(n) / (255 if i < 3 else 1) for i, n in enumerate(numbers)) if numbers else text
