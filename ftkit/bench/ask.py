"""`prompt()`: the learner begins a sentence, the models go on."""

import html
from collections.abc import Sequence

from .. import models
from ..generation import generate
from ..plots import Table
from .live import Live, mode

LONGEST = 300  # letters that may be typed


def prompt(
    names: Sequence[str] | None = None,
    text: str = "Once upon a time",
    max_new_tokens: int = 40,
    temperature: float = 0.7,
    seed: int = 0,
) -> "Ask":
    """
    Shows a field for the beginning of a text; headless, a table for the beginning given here.

    names        of the models that go on; all that ship if None
    temperature  0 takes the likeliest token each time; above it, each press of the button draws others
    raises       ValueError if there is no model, or an unknown one
    """
    asked = Ask(tuple(models.causal_names() if names is None else names), text, max_new_tokens, temperature, seed)
    if not asked.names:
        raise ValueError("no model ships here; give the names of models")
    asked.show()
    return asked


class Ask:
    """A field, a button and a table. Made by `prompt`.

    table  what the models wrote last
    """

    def __init__(self, names: tuple[str, ...], text: str, max_new_tokens: int, temperature: float, seed: int):
        self.names, self.text, self.how = names, text[:LONGEST], mode()
        self.settings = {"max_new_tokens": max_new_tokens, "temperature": temperature}
        self.seed, self.table, self.complaint, self.box = seed, None, "", None
        self.loaded: dict[str, tuple] = {}
        self.live = Live("thread" if self.how == "thread" else "headless", self.draw)  # a callback may wait for words

    def show(self) -> None:
        from IPython.display import display

        if self.how == "headless":
            self.go_on()
            self.live.wait()
            display(self.table)
            return
        self._build()
        display(self.box)
        self.go_on()

    def go_on(self, _=None) -> None:
        """Lets every model go on from the present text."""
        if self.live.busy:
            return
        text, seed = self.text, self.seed
        self.seed += 1
        self.complaint = ""
        if not self.live.start(lambda hand: self._write(text, seed, hand)):
            self.complaint = "A run is going on; stop it, or wait for it."
            self.draw()

    def draw(self) -> None:
        if self.box is None:
            return
        failed = f"{type(self.live.error).__name__}: {self.live.error}" if self.live.error else ""
        said = self.complaint or ("writing" if self.live.busy else failed)
        self.button.disabled = self.live.busy
        self.out.value = f"<div>{html.escape(said)}</div>{self.table.html() if self.table else ''}"

    def _write(self, text: str, seed: int, hand) -> Table:
        rows = []
        for name in self.names:
            if name not in self.loaded:
                self.loaded[name] = models.load(name)
            if hand.stopped.is_set():
                break
            written = generate(*self.loaded[name], [text], seed=seed, **self.settings)
            rows.append((name, text + written.texts[0]))
        self.table = Table("The models go on", ("model", "text"), tuple(rows))
        return self.table

    def _build(self) -> None:
        import ipywidgets as w

        self.field = w.Text(
            value=self.text, description="It begins", style={"description_width": "6em"}, layout={"width": "40em"}
        )
        self.button = w.Button(description="Go on", button_style="success", icon="pencil")
        self.out = w.HTML()
        for widget, name in ((self.field, "ft-begin"), (self.button, "ft-go-on"), (self.out, "ft-written")):
            widget.add_class(name)
        self.field.observe(self._typed, "value")
        self.button.on_click(self.go_on)
        self.box = w.VBox([w.HBox([self.field, self.button], layout={"flex_flow": "row wrap"}), self.out])
        self.box.add_class("ft-ask")

    def _typed(self, change) -> None:
        self.text = change["new"][:LONGEST]
