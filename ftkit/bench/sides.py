"""What a choice looks like: a prompt, two answers side by side, buttons, and keys where a page can have them."""

import html
from dataclasses import dataclass

from .live import own_widgets
from .page import INK

BOX = "ft-preferences"
TEXT = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.4"
PANE = (  # at least as high as most answers, so that the buttons stay where they are
    "flex:1 1 18em;box-sizing:border-box;min-width:0;min-height:8em;max-height:24em;overflow:auto;padding:.4em .8em;"
    "border-radius:4px;border:1px solid rgba(118,118,118,.7)"
)


@dataclass(frozen=True)
class Button:
    """
    name  what it does
    key   that presses it, as browsers name it, in small letters
    said  the key as people say it
    """

    name: str
    icon: str = ""
    key: str = ""
    said: str = ""


BUTTONS = (
    Button("left", "arrow-left", "arrowleft", "←"),
    Button("right", "arrow-right", "arrowright", "→"),
    Button("tie", key="t", said="T"),
    Button("skip", key="s", said="S"),
    Button("undo", "undo", "u", "U"),
    Button("delete", "trash"),
)


class View:
    """The widgets of one set; `draw` brings them up to date. No button is ever disabled: it would lose focus."""

    def __init__(self, chooser):
        import ipywidgets as w

        self.chooser = chooser
        self.texts = {name: w.HTML() for name in ("pair", "progress", "report", "kept")}
        self.buttons = {one.name: w.Button(description=one.name.title(), icon=one.icon) for one in BUTTONS}
        for name, widget in {**self.texts, **self.buttons}.items():
            widget.add_class(f"ft-{name}")
        for name, button in self.buttons.items():
            button.on_click(lambda _, name=name: chooser.press(name))
            button.layout.width, button.layout.min_width = "auto", "6em"
        self.buttons["delete"].layout.margin = "2px 2px 2px 2em"
        rows = [
            self.texts["pair"],
            w.HBox(list(self.buttons.values()), layout={"flex_flow": "row wrap"}),
            *[self.texts[name] for name in ("progress", "report")],
            *([_keys()] if own_widgets(chooser.how) else []),
            self.texts["kept"],
        ]
        self.box = w.VBox(rows, layout={"padding": "4px 0"})
        self.box.add_class(BOX)

    def draw(self) -> None:
        chooser = self.chooser
        said = ". ".join(filter(None, (chooser.progress(), chooser.said)))
        kept = f"Choices, and the seconds they took, are kept on this machine, without your name: {chooser.kept.path}"
        self.texts["pair"].value = "" if chooser.pair is None else sides(*chooser.pair)
        self.texts["progress"].value = f'<div role="status" style="{INK}">{html.escape(said)}</div>'
        self.texts["report"].value = f'<div style="{INK}">{chooser.report.html()}</div>' if chooser.report else ""
        self.texts["kept"].value = f'<div style="{TEXT};{INK}"><small>{html.escape(kept)}</small></div>'
        self.buttons["delete"].description = "Press again to delete" if chooser.armed else "Delete"


def sides(prompt: str, left: str, right: str) -> str:
    """A prompt and two answers side by side; below each other where there is no room."""
    panes = "".join(
        f'<section aria-label="{name}" tabindex="0" style="{PANE}"><b>{name}</b>'
        f'<div style="{TEXT}">{html.escape(text) or "<i>no text</i>"}</div></section>'
        for name, text in (("Left", left), ("Right", right))
    )
    return (
        f'<div style="{INK}"><div style="{TEXT};min-height:2.8em;padding:.2em 0 .6em">{html.escape(prompt)}</div>'
        f'<div style="display:flex;flex-wrap:wrap;gap:.8em">{panes}</div></div>'
    )


def _keys():
    from .own import Keys

    told = ", ".join(f"{one.said} {one.name}" for one in BUTTONS if one.key)
    keys = {one.key: f"ft-{one.name}" for one in BUTTONS if one.key}
    return Keys(box=BOX, buttons=keys, said=f"Keys, after a click into this box: {told}", layout={"margin": "2px"})
