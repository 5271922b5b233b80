"""The seed paper's first two figures, redrawn: three conditions of comprehension, and a timeline. Point or click."""

import textwrap
from dataclasses import dataclass

from .figure import COLOURS, FAINT, INK, MARKERS, SIZE, Figure, figure

LINE = 96  # letters a line of the text below a figure
COLUMN = 38  # letters a line of the text below a condition


@dataclass(frozen=True)
class Condition:
    """paper: what it says; measured: what ftkit computes; wrong_if: what would falsify that; where: which labs"""

    name: str
    short: str
    paper: str
    measured: str
    wrong_if: str
    where: str


CONDITIONS = (
    Condition(
        "Vorverständnis",
        "what was read before",
        "What a reader brings along. In a language model: what pretraining has left in it.",
        "answers after equal tuning of a base, of a stranger that read another island, and of random weights.",
        "the stranger answers as well as the base.",
        "labs 10 and 30",
    ),
    Condition(
        "Distanciation",
        "how far text and reader are apart",
        "The gap between what a model has made of its texts and what somebody wants to know. (The term is Ricoeur's.)",
        "KL(world || model) in nats/token, form and fact tokens apart; and facts that are known but cannot be asked.",
        "a model that knows the facts answers questions about them without being tuned.",
        "labs 10 and 30",
    ),
    Condition(
        "Hermeneutic Circle",
        "parts and whole revise each other",
        "The whole is understood from its parts and the parts from the whole: tune, look, tune again.",
        "rounds of tuning with fresh feedback, less as many steps with the feedback of the first round only.",
        "the interval of the difference includes 0.",
        "parts 6x and 7x, planned",
    ),
)


@dataclass(frozen=True)
class Milestone:
    """date: as printed below the point; paper: what section 2.2 says of it; measured: what ftkit makes of it"""

    date: str
    name: str
    paper: str
    measured: str
    where: str


PHASES = (
    ("Foundations<br>2017–2018", 2),
    ("Advancing: tasks and domains<br>2019–2024", 4),
    ("Breakthrough: tutorial fine-tuning<br>December 2024–", 4),
)
MILESTONES = (
    Milestone("2017", "Transformer", "self-attention lets a model take in the whole context.",
              "loss while a small one reads, against the exact entropy of its world", "lab 10"),
    Milestone("2018", "BERT", "pretrain once, then tune for each task.",
              "tuned against from scratch, at equal steps", "lab 30; encoders: part 3x, planned"),
    Milestone("2019", "GPT-2, T5, BART", "generation becomes the common form of many tasks.",
              "one model asked about texts, sums and facts", "lab 00; text to text: part 3x, planned"),
    Milestone("2019", "PEFT", "a small share of the weights is enough.",
              "LoRA against full tuning: quality, forgetting, weights", "lab 30; more in part 4x, planned"),
    Milestone("2020", "GPT-3", "tasks by prompt and examples, without tuning.",
              "bits a question costs, by way of asking", "part 2x, planned"),
    Milestone("2022", "RLHF", "people's judgements steer what is written (Table 1 of the paper).",
              "reward won against distance from the reference", "part 5x, planned"),
    Milestone("26 Dec 2024", "DeepSeek-V3", "new architecture; by itself not far ahead, says the paper.",
              "nothing: an architecture, not a way of tuning", "no lab"),
    Milestone("29 Dec 2024", "NLFT", "token by token, the model judges its own answer.",
              "accuracy with few examples, beside a tuned baseline", "part 7x, planned"),
    Milestone("20 Jan 2025", "DeepSeek-R1", "reasoning from rewards that a rule can check.",
              "right answers and length, round by round", "part 6x, planned"),
    Milestone("11 Feb 2025", "s1 / TTS", "more thinking when asked, budget forced.",
              "accuracy over tokens spent while answering", "part 7x, planned"),
)  # fmt: skip


def conditions() -> Figure:
    """The three conditions of comprehension, after Fig. 1 of Wu et al. 2025."""
    drawn = figure("Three conditions of comprehension (after Fig. 1 of Wu et al. 2025)", "", "", 500)
    for here, there in ((0, 1), (1, 2)):
        _arrow(drawn, here + 0.24, 1.04, there - 0.24, 1.04)
        _arrow(drawn, there - 0.24, 0.96, here + 0.24, 0.96)
    for place, (one, colour, symbol) in enumerate(zip(CONDITIONS, COLOURS, MARKERS, strict=False)):
        _points(
            drawn, [place], [1], [f"<b>{one.name}</b><br>click to read below"], one.name, colour, symbol, 74,
            [f"{one.paper} Measured here: {one.measured} Wrong if {one.wrong_if} Where: {one.where}."],
        )  # fmt: skip
        _label(drawn, place, 1.36, f"<b>{one.name}</b><br>{one.short}", "bottom")
        below = textwrap.fill(f"Measured: {one.measured}", COLUMN).replace("\n", "<br>")
        _label(drawn, place, 0.68, f"{below}<br><i>{one.where}</i>", "top", SIZE - 3)
        _detail(
            drawn, place, 1,
            (f"<b>{one.name}.</b> {one.paper}", f"<b>Measured here:</b> {one.measured}",
             f"<b>Wrong if</b> {one.wrong_if}"),
        )  # fmt: skip
    return _bare(drawn, (-0.5, 2.5), (-0.2, 1.75), 0.75)


def timeline() -> Figure:
    """How fine-tuning came about, after Fig. 2 and section 2.2 of Wu et al. 2025."""
    drawn = figure("How fine-tuning came about (after Fig. 2 of Wu et al. 2025; not to scale)", "", "", 640)
    start = -0.5
    for i, (name, count) in enumerate(PHASES):
        places = [i for i in range(len(MILESTONES)) if start < i < start + count]
        here = [MILESTONES[place] for place in places]
        _points(
            drawn, places, [0] * count, [f"<b>{one.name}</b>, {one.date}<br>click to read below" for one in here],
            name.split("<br>")[0], COLOURS[i], MARKERS[i], 22,
            [f"{one.date} {one.name}: {one.paper} Measured here: {one.measured}. Where: {one.where}." for one in here],
        )  # fmt: skip
        drawn.add_shape(
            type="rect", x0=start + 0.03, x1=start + count - 0.03, y0=-2.2, y1=3, layer="below", line={"width": 0},
            fillcolor=("rgba(0,114,178,0.13)", "rgba(0,158,115,0.13)", "rgba(213,94,0,0.13)")[i],
        )  # fmt: skip
        _label(drawn, start + count / 2, 2.92, f"<b>{name.replace('<br>', '</b><br>', 1)}", "top", SIZE - 3)
        start += count
    heights = [(1.35, 0.4, -0.4, -1.25)[i % 4] for i in range(len(MILESTONES))]
    drawn.add_shape(type="line", x0=-0.5, x1=start, y0=0, y1=0, layer="below", line={"color": INK, "width": 3})
    for i, (one, height) in enumerate(zip(MILESTONES, heights, strict=True)):
        drawn.add_shape(
            type="line", x0=i, x1=i, y0=0, y1=height, layer="below", line={"color": INK, "width": 1, "dash": "dot"}
        )
        words = f"<b>{one.name}</b><br>{one.date}<br><i>{one.where.split(';')[0].replace(', ', '<br>')}</i>"
        _label(drawn, i, height, words, "bottom" if height > 0 else "top", SIZE - 4)
        _detail(
            drawn, i, 0,
            (f"<b>{one.name}</b> ({one.date}): {one.paper}", f"<b>Measured here:</b> {one.measured}.",
             f"<b>Where:</b> {one.where}."),
        )  # fmt: skip
    return _bare(drawn, (-0.6, len(MILESTONES) - 0.4), (-2.3, 3.05), 1.6)


def _points(drawn: Figure, x: list, y: list, hover: list, name: str, colour: str, symbol: str, size: int, told: list):
    """Points to hover and click; `told` is for those who cannot."""
    drawn.add_scatter(
        x=x, y=y, mode="markers", name=name, showlegend=False, marker={"size": size, "color": colour, "symbol": symbol},
        text=hover, customdata=told, hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _label(drawn: Figure, x: float, y: float, text: str, anchor: str, size: int = SIZE) -> None:
    drawn.add_annotation(x=x, y=y, text=text, showarrow=False, yanchor=anchor, xanchor="center", font={"size": size})


def _arrow(drawn: Figure, x0: float, y0: float, x1: float, y1: float) -> None:
    drawn.add_annotation(
        x=x1, y=y1, ax=x0, ay=y0, axref="x", ayref="y", text="", showarrow=True, arrowhead=2, arrowwidth=2,
        arrowcolor=INK,
    )  # fmt: skip


def _detail(drawn: Figure, x: float, y: float, lines: tuple[str, ...]) -> None:
    """A text in the room below that a click on the point shows, and the next click hides."""
    drawn.add_annotation(
        xanchor="left", yanchor="top", align="left", showarrow=False, visible=False, bordercolor=FAINT, borderpad=8,
        text="<br>".join(textwrap.fill(line, LINE).replace("\n", "<br>") for line in lines),
        xclick=x, yclick=y, clicktoshow="onout", font={"size": SIZE - 1},
    )  # fmt: skip


def _bare(drawn: Figure, x: tuple[float, float], y: tuple[float, float], room: float) -> Figure:
    """Without axes; `room` below is for details, and left out of a picture, which nobody clicks."""
    whole = (y[0] - room, y[1])
    drawn.update_xaxes(visible=False, range=list(x), fixedrange=True)
    drawn.update_yaxes(visible=False, range=list(whole), fixedrange=True)
    for note in drawn.layout.annotations:
        if note.clicktoshow == "onout":
            note.update(x=x[0] + 0.01 * (x[1] - x[0]), y=y[0])
    seen = round((y[1] - y[0]) / (whole[1] - whole[0]) * drawn.layout.height)
    drawn.update_layout(
        margin={"b": 10, "l": 10, "r": 10}, hovermode="closest", meta={"picture_height": seen, "picture_range": list(y)}
    )
    return drawn
