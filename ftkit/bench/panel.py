"""A panel: controls, Run, Stop, the live curve, what came of it. Headless: the same run, tables, pictures."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from .. import machine, plots, training
from ..checks import Source
from ..recipe import Recipe, technique
from ..runs import RunFolder
from . import knobs, page
from .curve import Line, curve
from .earlier import curve_of, newest, resumable
from .expected import Expected, expected
from .export import export
from .live import Live
from .presets import Preset, fitted, preset, told
from .python import python
from .replay import replay

EARLIER = 4  # runs that stay in the picture
LATE = 0.5  # seconds after a waiting cell in which clicks that queued up behind it arrive
GONE = "This run cannot go on any more: its folder, or what it had saved there, is gone. Run begins another."


class Panel:
    """One recipe, its controls, and the runs made with it. Made by `panel`.

    recipe   as the controls now say
    state    idle, running, pausing, paused, stopping, done, stopped or failed
    step     the last one taken
    earlier  curves of earlier runs
    told     id of the run that is replayed; "" where one is trained
    base     what the controls turn: the recipe as it was given, or as it suits this machine
    only     which answers are shown; see `plots.differences`
    """

    def __init__(self, recipe: Recipe, name: str, offered: list[knobs.Control], how: str, talk: bool = False):
        self.first = self.base = self.recipe = recipe
        self.name, self.offered, self.how, self.talk, self.told = name, offered, how, talk, ""
        self.live = Live(how, self.draw)
        self.earlier: list[Line] = []
        self.events: list[dict] = []
        self.ran: Recipe | None = None
        self.costs: Expected | None = None
        self.preset: Preset | None = None
        self.only, self.preset_said, self.exported = "all", "", ""
        self.runs, self.last, self.complaint, self.view, self._deaf_until = 0, "", "", None, 0.0

    @property
    def state(self) -> str:
        if self.live.state != "running" or not self.live.hand.paused:
            return self.live.state
        waits = self.told or (self.events and self.events[-1]["kind"] == "pause")
        return "paused" if waits else "pausing"

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
        self.last = self.last or newest(self.recipe)
        self.view = page.View(self)
        self.draw()
        display(self.view.box)
        self.preset = preset()  # after the first picture, as is the next line: they load the libraries
        self.costs = expected(self.recipe)
        self.view.offer(self.preset)
        self.draw()
        machine.release_helpers()  # of the thread that runs cells; a click may come in another one

    def start(self) -> bool:
        """Begins a run with the controls as they are; False, and a sentence on the panel, if that cannot be."""
        recipe = self.recipe
        return self._begin(recipe, [], lambda **how: training.run(recipe, **how))

    def pause(self) -> None:
        """Asks the run to save its state and to wait."""
        self.live.hand.pause()
        self.draw()

    def resume(self) -> bool:
        """Lets a paused run go on, or one that was stopped, has failed or was interrupted, from its last checkpoint."""
        if self.live.busy:
            self.live.hand.resume()
            self.draw()
            return True
        left = self.left()
        if left is None:
            return self._refuse(GONE)
        recipe = Recipe.from_json(left.recipe())
        return self._begin(recipe, left.saved(), lambda **how: training.resume(left.id, **how), again=True)

    def fork(self) -> bool:
        """Goes on from the state of a run that is paused or stopped, with live knobs as the controls are now."""
        if self.state == "paused":
            self.stop()
            self.live.join()
        left, turned = self.left(), self.turned()
        if self.live.busy or not turned:
            return False
        if left is None:
            return self._refuse(GONE)
        recipe, step = Recipe.from_json(left.recipe()), int(left.checkpoint().name)
        for knob, value in turned.items():
            recipe = recipe.turned(step, knob, value)
        return self._begin(recipe, left.saved(), lambda **how: training.fork(left.id, **turned, **how))

    def replay(self) -> bool:
        """Shows the newest finished run of the present recipe once more, as it came; False if there is none."""
        found = newest(self.recipe, ("done",))
        if not found or self.live.busy:
            return False
        done = training.open_run(found)

        def tell(on_event, hand):
            self.told = found
            replay(done.metrics, on_event, hand)
            return done

        return self._begin(done.recipe, [], tell)

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
            page.report(self, done)
        return done

    def close(self) -> list[Line]:
        """Stops its run and takes it from the screen; returns the curves of its runs."""
        self.stop()
        self.live.join()
        if self.view:
            self.view.box.close()
        return self.lines()

    def turn(self, values: Sequence[tuple[knobs.Control, Any]]) -> None:
        """The controls were moved."""
        before = self._live_knobs()
        try:
            self.recipe, self.complaint = knobs.turned(self.base, values), ""
        except (ValueError, TypeError) as error:
            self.complaint = str(error)
        for knob, value in self._live_knobs().items():
            if self.live.busy and value != before[knob]:
                self.live.hand.turn(knob, value)
        self.costs = None if self.complaint else expected(self.recipe)
        self.draw()

    def suit(self, machine_found: bool) -> None:
        """Puts the recipe to what suits this machine, or back to what it was at first, and the controls with it."""
        self.base, self.preset_said = self.first, ""
        if machine_found:
            self.base, fits = fitted(self.preset, self.first)
            self.preset_said = told(self.preset, self.first, self.base, self.offered, fits)
        self.view.put(self.base)

    def show_only(self, only: str) -> None:
        """Chooses which answers are shown."""
        self.only = only
        self.draw()

    def overlay(self, run_id: str) -> bool:
        """Lays the curve of a stored run under the others; with "" takes all such curves away."""
        kept = [one for one in self.earlier if one.place >= 0]
        if run_id:
            line = curve_of(run_id, self.first, place=len(kept) - len(self.earlier) - 1)
            if line is None:
                return self._refuse("That run is not there any more; choose another one.")
            kept = [line, *(one for one in self.earlier if one.run != run_id)]
        self.earlier = kept
        self.draw()
        return True

    def export(self) -> None:
        """Writes the runs in the picture as a table and as a page, and says where."""
        self.exported = export(self.lines())
        self.draw()

    def hears(self) -> bool:
        """Whether a press counts: some arrive late, when they have queued up behind a cell that waited."""
        return time.monotonic() >= self._deaf_until

    def draw(self) -> None:
        if self.view:
            self.view.draw()

    @property
    def technique(self):
        """The record of what the curves in the picture are for."""
        return technique(self.first.objective)

    def curve(self) -> str:
        steps = (self.ran or self.recipe).train.steps
        return curve(self.now(), self.earlier, steps, *self.technique.curve)

    def now(self) -> Line:
        """The curve of the present run."""
        label = f"run {self.runs}" if self.runs else "no run yet"
        label += f", replay of {self.told}" if self.told else ""
        turned, _ = plots.differing([self.ran, self.first]) if self.ran else ("", "")
        done = [(event["step"], event["values"]) for event in tuple(self.events) if event["kind"] == "change"]
        marks = [(step, f"{one['knob'].replace('_', ' ')} {one['value']:g}") for step, one in done]
        points = plots.losses(tuple(self.events), "step", self.technique.curve[0])
        name, run = f"{label}: {turned}" if turned else label, self.last if self.runs else ""
        return Line(name, points, self.runs - 1, marks, run)

    def lines(self) -> list[Line]:
        """The curves in the picture, the present one last."""
        now = self.now()
        return [*self.earlier, *([now] if now.points else [])][-EARLIER:]

    def said(self, kind: str) -> list[dict]:
        """The values of all events of a kind in the present run."""
        return [event["values"] for event in tuple(self.events) if event["kind"] == kind]

    def _begin(self, recipe: Recipe, events: list[dict], work: Callable, again: bool = False) -> bool:
        """Starts some work on a run; False, and a sentence on the panel, if that cannot be.

        events  what is known of it already
        again   whether it is the run that is in the picture
        """
        if self.live.busy:
            return False
        if self.complaint:
            self.draw()
            return False
        earlier = self.earlier if again and self.runs else self.lines()

        def train(hand):
            import torch

            self.earlier, self.events, self.ran, self.told = earlier, list(events), recipe, ""
            self.runs += 0 if again and self.runs else 1
            self.exported = ""
            with torch.enable_grad():  # modes belong to a thread: a cell that switched gradients off means itself
                done = work(on_event=self._on_event, hand=hand)
            if self.view and not self.complaint:
                self.costs = expected(self.recipe)
            return done

        return self.live.start(train) or self._refuse("Another run is going on; stop it, or wait for it.")

    def _refuse(self, sentence: str) -> bool:
        """False, and why, on the panel until it is drawn again."""
        kept, self.complaint = self.complaint, sentence
        self.draw()
        self.complaint = kept
        return False

    def left(self) -> RunFolder | None:
        """The last run, if it can go on."""
        return None if self.live.busy else resumable(self.last)

    def turned(self) -> dict[str, float]:
        """Live knobs whose controls stand at other values than the last run has come to."""
        if self.ran is None:
            return {}
        return {name: value for name, value in self._live_knobs().items() if value != self.ran.at(self.step, name)}

    def _live_knobs(self) -> dict[str, float]:
        """What can be turned on the way, as the controls are now."""
        return {one.name: one.value(self.recipe) for one in self.offered if one.knob.live}

    def _on_event(self, event: dict) -> None:
        self.last = self.live.hand.run_id or self.told
        self.events.append(event)
        if event["kind"] == "change":
            change = (event["step"], *event["values"].values())
            if change not in self.ran.changes:
                self.ran = self.ran.turned(*change)
        self.live.tick(urgent=event["kind"] in ("pause", "change"))
