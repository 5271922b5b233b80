"""Tables of texts. What a model wrote is shown letter by letter and never as HTML."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .figure import thin

ROWS = 12
LONG = 24  # letters from which a word is broken where there is no room
CELL = "padding:.35em .7em;text-align:left;vertical-align:top;white-space:pre-wrap;max-width:28em"
TALL = 250  # letters of a text from which it is read in a window of its own
WINDOW = '<div tabindex="0" style="max-height:12em;overflow-y:auto">'  # a keyboard can scroll it
LINE = "border-bottom:1px solid rgba(118,118,118,.4)"
COLOURS = {"✓": "#009E73", "✗": "#D55E00"}  # only beside the sign and the word


@dataclass(frozen=True)
class Marked:
    """A text of which some words are new or gone.

    pieces  (words, "ins" for new ones, "del" for those that are gone, "" for all others)
    """

    pieces: tuple[tuple[str, str], ...]

    def html(self) -> str:
        return "".join(f"<{tag}>{html.escape(text)}</{tag}>" if tag else html.escape(text) for text, tag in self.pieces)

    def __str__(self) -> str:
        signs = {"ins": "{{+{}+}}", "del": "[-{}-]", "": "{}"}
        return "".join(signs[tag].format(text) for text, tag in self.pieces)


@dataclass(frozen=True)
class Table:
    """Rows of plain or marked texts with a heading; shown as escaped HTML, and as text where there is none.

    note  a sentence below
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple, ...]
    note: str = ""

    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> str:
        heads = "".join(f'<th scope="col" style="{CELL};{LINE}">{html.escape(name)}</th>' for name in self.columns)
        rows = "".join(f"<tr>{''.join(_cell(value) for value in row)}</tr>" for row in self.rows)
        note = f'<p style="margin:.4em 0">{html.escape(self.note)}</p>' if self.note else ""
        caption = f'<caption style="text-align:left;font-weight:bold;{CELL}">{html.escape(self.title)}</caption>'
        table = f'<table style="border-collapse:collapse">{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>'
        return f"{table}</table>{note}"

    def __str__(self) -> str:
        lines = [[_one_line(value) for value in row] for row in (self.columns, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        told = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        return "\n".join([self.title, *told, *([self.note] if self.note else [])])

    __repr__ = __str__


def answers(run, rows: int = ROWS, title: str = "The same questions, before and after") -> Table:
    """
    What a model said to the same questions, and whether it was right.

    run   a Run, or its answers: [{"prompt", "expected", "before", "after", "score_before", "score_after"}]
    rows  questions shown; the note counts all of them
    """
    found = getattr(run, "answers", run)
    asked = [when for when in ("before", "after") if found and found[0][when] is not None]
    shown = tuple(
        (prompt_text(one["prompt"]), one["expected"], *(marked(one[when], one[f"score_{when}"]) for when in asked))
        for one in found[:rows]
    )
    counts = [f"{sum(one[f'score_{when}'] >= 1 for one in found)} {when}" for when in asked]
    note = f"Right of {len(found)}: {', '.join(counts)}." if found else "No question was asked."
    return Table(title, ("question", "expected", *asked), shown, note)


def samples(run, rows: int = ROWS, title: str = "The same beginning, as training went on") -> Table:
    """
    What a model wrote along the way.

    run   a Run, or its events
    rows  samples shown, evenly over the run, the first and the last among them
    """
    found, tokens = [], 0
    for event in getattr(run, "metrics", run):
        tokens += event["values"].get("tokens", 0) if event["kind"] == "loss" else 0
        if event["kind"] == "sample":
            text = event["values"]["prompt"] + event["values"]["text"]
            found.append((f"{event['step']:,}", f"{tokens:,}", text))
    return Table(title, ("step", "tokens read", "it wrote"), tuple(thin(found, rows)))


def marked(text: str, score: float) -> str:
    return f"{'✓ right' if score >= 1 else '✗ wrong'}: {text}"


def prompt_text(prompt: str | Sequence[Mapping]) -> str:
    """The words of a question that is a text or a list of chat messages."""
    return prompt if isinstance(prompt, str) else "\n".join(message["content"] for message in prompt)


def _cell(value: object) -> str:
    text = str(value)
    inside = value.html() if isinstance(value, Marked) else html.escape(text)
    inside = f"{WINDOW}{inside}</div>" if len(text) > TALL else inside
    colour = f";border-left:4px solid {COLOURS[text[0]]}" if text[:1] in COLOURS else ""
    breaks = ";overflow-wrap:anywhere" if max(map(len, text.split()), default=0) > LONG else ""
    return f'<td style="{CELL};{LINE}{breaks}{colour}">{inside}</td>'


def _one_line(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else text[:59] + "…"
