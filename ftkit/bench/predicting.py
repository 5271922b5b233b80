"""`predictions()`: keeps what the learner predicted beside what came, and looks back at the last ten."""

import html
import time
from collections.abc import Mapping, Sequence

from .. import plots
from ..plots import Table
from ..predictions import LAST, Outcome, Predictions, calibration, foreseen
from .live import mode
from .page import INK
from .preferring import DEAF

DELETE = "from ftkit import predictions; predictions.Predictions().delete()"


def predictions(
    lab: str, prediction: float | Mapping[str, float], found: Mapping[str, object], unit: str = "share"
) -> "Predicting":
    """
    Keeps each predicted number with its result, and shows the last ten of all labs, with a button Delete.

    Headless nothing is kept, and only this lab's own are shown. In Colab, whose page would keep the picture after a
    press of the button, a sentence says how to delete them.

    lab         its number, such as "30"
    prediction  one number for all results, or {name: number}, as `plots.arms` takes it
    found       {name: Measurement or number}; results that nobody predicted are left out
    unit        of bare numbers
    raises      ValueError if a prediction is no number, or one of a share is not from 0 to 1
    """
    guesses = prediction if isinstance(prediction, Mapping) else dict.fromkeys(found, prediction)
    guesses = {name: guess for name, guess in guesses.items() if guess is not None}
    day = time.strftime("%Y-%m-%d")
    own = [
        Outcome(
            lab, name, guess, float(getattr(found[name], "value", found[name])),
            getattr(found[name], "unit", unit), day,
        )
        for name, guess in guesses.items() if name in found
    ]  # fmt: skip
    shown = Predicting(lab, own, [name for name in guesses if name not in found])
    shown.show()
    return shown


class Predicting:
    """Predictions looked back at. Made by `predictions`.

    own       this lab's
    outcomes  all that are kept; only this lab's headless, or where the record cannot be written
    """

    def __init__(self, lab: str, own: Sequence[Outcome], missing: Sequence[str]):
        self.lab, self.own, self.outcomes, self.how = lab, own, list(own), mode()
        self.said = f"No result for {', '.join(missing)}." if missing else ""
        self.kept, self.armed, self.view, self.picture = Predictions(), False, None, None
        self._pressed = float("-inf")
        if self.how != "headless":
            self._keep()

    def show(self) -> None:
        from IPython.display import display

        if self.how != "thread":
            display(self.table())
            if self.how == "cell":
                self._draw()
            for sentence in filter(None, (self.said, self.where())):
                print(sentence)
            return
        self._draw()
        self.view = View(self)
        self.view.draw()
        display(self.view.box)

    def press(self) -> None:
        """The button was pressed."""
        if time.monotonic() - self._pressed < DEAF:
            return
        armed, self.armed, self.said = self.armed, False, ""
        try:
            self._delete(armed)
        except OSError as error:  # an error in a callback is seen by nobody
            self.said = str(error)
        self.view.draw()
        self._pressed = time.monotonic()

    def last(self) -> list[tuple[Outcome, bool]]:
        """The last ten, newest first, and whether each was given before its result had been seen."""
        return list(zip(self.outcomes, foreseen(self.outcomes), strict=True))[: -LAST - 1 : -1]

    def counted(self) -> list[Outcome]:
        """Those of the last ten that were given before their results had been seen."""
        return [one for one, before in self.last() if before]

    def table(self) -> Table:
        """The last ten, and how far off they were on average; headless those of this lab."""
        rows = tuple(
            (one.day, one.lab, one.name, _number(one.predicted, one.unit), _number(one.found, one.unit),
             _off(one) if before else "result was known")
            for one, before in self.last()
        )  # fmt: skip
        told = [str(one) for one in calibration(self.counted())]
        if not all(before for _, before in self.last()):
            told.append("A number for a result that was known already does not count.")
        title = f"Your predictions in lab {self.lab}" if self.how == "headless" else f"Your last {LAST} predictions"
        columns = ("day", "lab", "what", "predicted", "came", "off by")
        return Table(title, columns, rows, " ".join(told) or "There is none.")

    def where(self) -> str:
        """What becomes of them."""
        if self.how == "headless":
            return ""
        said = f"Predictions and results are kept on this machine, without your name: {self.kept.path}"
        return said if self.how == "thread" else f"{said}\nTo delete them: {DELETE}"

    def _keep(self) -> None:
        try:
            for one in self.own:
                self.kept.add(one)
            self.outcomes = self.kept.outcomes()
        except (ValueError, OSError) as error:  # the lab goes on without its record
            self.said = f"{self.said} {error}".strip()

    def _delete(self, armed: bool) -> None:
        if not armed:
            self.said = f"Press again to delete all predictions of all labs: {len(self.outcomes)}"
            self.armed = True
            return
        count = self.kept.delete()
        self.outcomes = []
        self.said = f"Deleted: {count} prediction{'' if count == 1 else 's'}."
        if self.picture:
            self.picture.update({"text/plain": ""}, raw=True)

    def _draw(self) -> None:
        from IPython.display import display

        shares = [one for one in self.counted() if one.unit == "share"]
        if shares:
            drawn = plots.predictions(shares)._repr_mimebundle_()  # without its numbers: the view has a table
            self.picture = display(drawn, raw=True, display_id=True)


class View:
    """The widgets of one look back; `draw` brings them up to date."""

    def __init__(self, shown: Predicting):
        import ipywidgets as w

        self.shown = shown
        self.texts = {name: w.HTML() for name in ("table", "progress", "kept")}
        self.button = w.Button(icon="trash", layout={"width": "auto", "min_width": "6em"})
        self.button.on_click(lambda _: shown.press())
        for name, widget in {**self.texts, "delete": self.button}.items():
            widget.add_class(f"ft-{name}")
        rows = [self.texts["table"], self.button, self.texts["progress"], self.texts["kept"]]
        self.box = w.VBox(rows, layout={"padding": "4px 0"})
        self.box.add_class("ft-predictions")

    def draw(self) -> None:
        shown = self.shown
        self.texts["table"].value = f'<div style="{INK};overflow-x:auto">{shown.table().html()}</div>'
        self.texts["progress"].value = f'<div role="status" style="{INK}">{html.escape(shown.said)}</div>'
        kept = f'<small style="overflow-wrap:anywhere">{html.escape(shown.where())}</small>'
        self.texts["kept"].value = f'<div style="{INK};line-height:1.4">{kept}</div>'
        self.button.description = "Press again to delete" if shown.armed else "Delete"


def _number(value: float, unit: str) -> str:
    return f"{value:.2f}" if unit == "share" else f"{value:.2f} {unit}".rstrip()


def _off(one: Outcome) -> str:
    size = f"{abs(one.error):.2f}"
    return size if size == "0.00" else f"{size} too {'high' if one.error > 0 else 'low'}"
