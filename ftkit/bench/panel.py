"""`panel(recipe)`: controls, Run, Stop, the live curve, what came of it. Headless: the same run, tables, pictures."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from .. import machine, plots, training
from ..checks import Source
from ..recipe import Recipe
from . import knobs, page
from .curve import Line, curve
from .live import Live, mode
from .python import changes, python

EARLIER = 4  # runs that stay in the picture
LATE = 0.5  # seconds after a waiting cell in which clicks that queued up behind it arrive
_panels: dict[str, "Panel"] = {}


def panel(recipe: Recipe, name: str = "", controls: Sequence[str] | Mapping[str, Any] | None = None) -> "Panel":
    """
    Shows a panel for a recipe; `panel.result()` in the next cell gives the finished run.

    name      a panel of the same name is stopped and replaced, and its runs stay in the picture; "" means the panel of
              this cell
    controls  knobs to turn; see `knobs.controls`
    raises    ValueError for an unknown knob
    """
    offered = knobs.controls(recipe, controls)
    name = name or _cell() or recipe.digest
    made = Panel(recipe, name, offered, mode())
    if name in _panels:
        made.earlier, made.runs = _panels[name].close(), _panels[name].runs
    _panels[name] = made
    made.show()
    return made


class Panel:
    """One recipe, its controls, and the runs made with it. Made by `panel`.

    recipe   as the controls now say
    state    idle, running, stopping, done, stopped or failed
    step     the last one taken
    earlier  curves of earlier runs
    """

    def __init__(self, recipe: Recipe, name: str, offered: list[knobs.Control], how: str):
        self.first = self.recipe = recipe
        self.name, self.offered, self.how = name, offered, how
        self.live = Live(how, self.draw)
        self.earlier: list[Line] = []
        self.events: list[dict] = []
        self.ran: Recipe | None = None
        self.runs, self.complaint, self.view, self._deaf_until = 0, "", None, 0.0

    @property
    def state(self) -> str:
        return self.live.state

    @property
    def step(self) -> int:
        return self.events[-1]["step"] if self.events else 0

    def __repr__(self) -> str:
        return f"panel {self.name}: {self.state}, step {self.step}"

    def show(self) -> None:
        from IPython.display import display

        if self.how == "headless":
            display(Source(python(self.recipe), "this panel runs"))
            return
        self.view = page.View(self)
        self.draw()
        display(self.view.box)
        machine.release_helpers()  # of the thread that runs cells; a click may come in another one

    def start(self) -> bool:
        """Begins a run with the controls as they are; False, and a sentence on the panel, if that cannot be."""
        if self.live.busy:
            return False
        if self.complaint:
            self.draw()
            return False
        recipe, earlier, events = self.recipe, self._with_last(), []

        def train(stop):
            import torch

            self.earlier, self.events, self.ran, self.runs = earlier, events, recipe, self.runs + 1
            with torch.enable_grad():  # modes belong to a thread: a cell that switched gradients off means itself
                return training.run(recipe, on_event=self._on_event, stop=stop)

        if self.live.start(train):
            return True
        self.complaint = "Another run is going on; stop it, or wait for it."
        self.draw()
        self.complaint = ""
        return False

    def stop(self) -> None:
        self.live.stop()

    def result(self) -> training.Run:
        """
        The finished run, started now if nobody did; waits, with progress on the screen. The stop square is Stop.

        raises  ValueError if the controls make no recipe; whatever the run raised
        """
        if self.complaint:
            raise ValueError(self.complaint)
        fresh = self.state == "idle"
        while self.state == "idle" and not self.start():
            Live.others(0.2)
        waiting = page.Waiting(self) if self.live.busy else None
        try:
            done = self.live.wait(waiting.tell if waiting else lambda: None)
        finally:
            self._deaf_until = time.monotonic() + LATE
            if waiting:
                waiting.tell(last=True)
        if fresh and self.how == "headless":
            self._report(done)
        return done

    def close(self) -> list[Line]:
        """Stops its run and takes it from the screen; returns the curves of its runs."""
        self.stop()
        self.live.join()
        if self.view:
            self.view.box.close()
        return self._with_last()

    def turn(self, values: Sequence[tuple[knobs.Control, Any]]) -> None:
        """The controls were moved."""
        try:
            self.recipe, self.complaint = knobs.turned(self.first, values), ""
        except (ValueError, TypeError) as error:
            self.complaint = str(error)
        self.draw()

    def click_run(self, _=None) -> None:
        if time.monotonic() >= self._deaf_until:
            self.start()

    def click_stop(self, _=None) -> None:
        self.stop()

    def draw(self) -> None:
        if self.view:
            self.view.draw()

    def curve(self) -> str:
        steps = (self.ran or self.recipe).train.steps
        return curve(self._now(), self.earlier, steps)

    def said(self, kind: str) -> list[dict]:
        """The values of all events of a kind in the present run."""
        return [event["values"] for event in tuple(self.events) if event["kind"] == kind]

    def _on_event(self, event: dict) -> None:
        self.events.append(event)
        self.live.tick()

    def _now(self) -> Line:
        label = f"run {self.runs}" if self.runs else "no run yet"
        turned = changes(self.ran, self.first) if self.ran else ""
        return Line(f"{label}: {turned}" if turned else label, plots.losses(tuple(self.events), "step"), self.runs - 1)

    def _with_last(self) -> list[Line]:
        now = self._now()
        return [*self.earlier, *([now] if now.points else [])][-EARLIER:]

    def _report(self, done: training.Run) -> None:
        """What stands on the page of a notebook that nobody watched."""
        from IPython.display import display

        for sentence in self.said("doctor"):
            print(f"Doctor: {sentence['text']}")
        if self._now().points:
            display(plots.loss_curve({self._now().label: done}, x="step"))
        if self.said("sample"):
            display(plots.samples(done))
        if done.answers:
            display(plots.answers(done))
        if any(pair["after"] is not None for pair in done.forgetting.values()):
            display(plots.forgetting(done.forgetting))
        print(page.ending(self))


def _cell() -> str:
    """Id of the cell that is being run, where the notebook tells it."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return parent.get("metadata", {}).get("cellId", "")
