"""What a panel looks like: core widgets, each with a class of its own; whatever a model wrote is escaped."""

import html
import threading
from functools import partial

from .. import plots
from . import knobs, outcome
from .buttons import EXPORT, offered
from .curve import numbers
from .earlier import offer, stored
from .live import own_widgets
from .metrics import metrics
from .python import python

SIGNS = {
    "idle": "○",
    "running": "▶",
    "pausing": "‖",
    "paused": "‖",
    "stopping": "◼",
    "done": "✓",
    "stopped": "◼",
    "failed": "✗",
}
WORDS = {state: state for state in SIGNS} | {"idle": "ready"}
TALK = """<style>
.ft-talk { --jp-widgets-font-size: 22px; --jp-widgets-inline-height: 44px; --jp-widgets-inline-label-width: 8em;
  --jp-widgets-inline-width: 30em; font-size: 22px }
.ft-talk .ft-curve svg[role=img] { max-width: none !important; max-height: 60vh }
.ft-talk .ft-python, .ft-talk .ft-samples { display: none }
.ft-talk .ft-panel button { width: auto }
.jp-Notebook:has(.ft-talk) .jp-Cell-inputWrapper { display: none }
</style>"""
PARTS = (  # below the buttons, in this order
    "curve", "metrics", "numbers", "doctor", "samples", "answers", "forgetting", "python",
)  # fmt: skip
SAID = ("costs", "preset-said", "state", "progress", "exported")  # sentences beside controls and buttons
AS_IT_IS, SUITED = "as the lab has it", "for this machine"
INK = "color:var(--jp-ui-font-color1, var(--colab-primary-text-color, inherit))"


class View:
    """The widgets of one panel; `draw` brings them up to date, from whichever thread has news."""

    def __init__(self, panel):
        import ipywidgets as w

        self.panel, self.lock = panel, threading.Lock()
        self.knobs = [(one, knobs.widget(one, panel.recipe)) for one in panel.offered]
        for _, widget in self.knobs:
            widget.observe(self._turned, "value")
        self.buttons, self.muted = {}, False
        for one in (*offered(panel), EXPORT):
            button = w.Button(description=one.word, icon=one.icon, button_style=one.style, layout={"width": "8em"})
            setattr(button, "tooltip" if button.has_trait("tooltip") else "description_tooltip", one.help)
            button.on_click(partial(one.press, panel))
            self.buttons[one.word.lower()] = button
        self.texts = {name: w.HTML() for name in (*SAID, *PARTS)}
        how = {"style": {"description_width": "10.5em"}, "layout": {"width": "38.5em"}}
        self.preset = w.Dropdown(options=((AS_IT_IS, False), (SUITED, True)), description="Preset", **how)
        self.only = w.Dropdown(options=outcome.ONLY, value=panel.only, description="Answers", **how)
        self.stored = w.Dropdown(options=stored(panel.first), description="Lay under", **how)
        self.preset.observe(lambda change: panel.suit(change["new"]), "value")
        self.stored.observe(lambda change: panel.overlay(change["new"]), "value")
        self.only.observe(lambda change: panel.show_only(change["new"]), "value")
        for name, widget in {**self.texts, **self.buttons, **self._lists()}.items():
            widget.add_class(f"ft-{name}")
        self.box = w.VBox([*self._rows(), *named("ft-panel", panel.how)], layout={"padding": "4px 0"})
        self.box.add_class("ft-panel")
        if panel.talk:
            self.box.add_class("ft-talk")
            self.box.children += (w.HTML(TALK),)

    def _lists(self) -> dict:
        return {"preset": self.preset, "only": self.only, "stored": self.stored}

    def _rows(self) -> list:
        """What stands on the panel, from top to bottom."""
        import ipywidgets as w

        texts, wrapped = self.texts, {"flex_flow": "row wrap", "align_items": "center"}
        bar = [] if self.panel.how == "cell" else [self.buttons[one.word.lower()] for one in offered(self.panel)]
        return [
            w.HBox([self.preset, texts["preset-said"]], layout=wrapped),
            *([w.HBox([widget for _, widget in self.knobs], layout=wrapped)] if self.knobs else []),
            texts["costs"],
            w.HBox([*bar, texts["state"], texts["progress"]], layout=wrapped),
            texts["curve"],
            texts["metrics"],
            self.stored,
            *[texts[name] for name in ("numbers", "doctor", "samples")],
            w.HBox([self.only, self.buttons["export"], texts["exported"]], layout=wrapped),
            *[texts[name] for name in ("answers", "forgetting", "python")],
        ]

    def draw(self) -> None:
        """Assigns what has changed; a widget whose text is the same sends nothing."""
        panel = self.panel
        with self.lock:
            self.only.disabled = not outcome.asked_again(panel)
            self.preset.disabled = panel.preset is None
            for one in (*offered(panel), EXPORT):
                self.buttons[one.word.lower()].disabled = not one.able(panel)
            pause = self.buttons["pause"]
            resumes = panel.state != "running" and not pause.disabled
            pause.description, pause.icon = ("Resume", "play") if resumes else ("Pause", "pause")
            for name, text in {
                "costs": costs(panel),
                "preset-said": _status(panel.preset_said),
                "state": state(panel),
                "progress": f'<span style="{INK}">{html.escape(progress(panel))}</span>',
                "exported": _status(panel.exported),
                "curve": panel.curve(),
                "metrics": metrics(panel.said("loss"), panel.technique.tells, panel.technique.curve[0]),
                "numbers": "" if panel.live.busy else _inked(numbers(panel.lines(), *panel.technique.curve)),
                "doctor": doctor(panel),
                "samples": samples(panel),
                "answers": _inked(outcome.answers(panel)),
                "forgetting": _inked(outcome.forgetting(panel)),
                "python": code(panel),
            }.items():
                self.texts[name].value = text

    def reset(self) -> None:
        """Controls as they were at first."""
        self.preset.value = False
        self.put(self.panel.first)

    def put(self, recipe) -> None:
        """Controls as a recipe has them; the panel is told once."""
        self.muted = True
        for control, widget in self.knobs:
            knobs.put(widget, control, recipe)
        self.muted = False
        self._turned()

    def offer(self, preset) -> None:
        """Names the preset for the machine that was found."""
        self.preset.options = ((AS_IT_IS, False), (f"{SUITED}: {preset.name} ({preset.found})", True))

    def _turned(self, _=None) -> None:
        if not self.muted:
            self.panel.turn([(control, widget.value) for control, widget in self.knobs])


def named(box: str, how: str) -> list:
    """What gives the sliders of a box their names, and its lists their keys, where a page can have it."""
    if not own_widgets(how):
        return []
    from .own import Names

    return [Names(box=box, layout={"display": "none"})]


class Waiting:
    """Progress below a cell that waits for a panel."""

    def __init__(self, panel):
        from IPython.display import display

        self.panel, self.said = panel, ""
        self.handle = display({"text/plain": "waiting"}, raw=True, display_id=True)

    def tell(self, last: bool = False) -> None:
        text = (
            ending(self.panel) if last else f"{progress(self.panel)}; to stop, press the stop square of this notebook"
        )
        if text != self.said and self.handle:
            self.said = text
            self.handle.update({"text/plain": text}, raw=True)


def state(panel) -> str:
    """Sign and word; a screen reader says it when it changes."""
    words = f"{SIGNS[panel.state]} {WORDS[panel.state]}"
    words += ": replay of an earlier run, nothing is trained" if panel.told else ""
    return f'<span role="status" style="font-weight:bold;{INK}">{words}</span>'


def costs(panel) -> str:
    """What the next run will cost."""
    return f'<span style="{INK}">Run: {html.escape(str(panel.costs))}</span>' if panel.costs else ""


def progress(panel) -> str:
    """How far it is, or what is wrong."""
    if panel.complaint:
        return panel.complaint
    if panel.state == "idle":
        if panel.how == "cell":
            return "Run the next cell to train; its stop square stops the run."
        return offer(panel.left())
    if not panel.live.busy:
        return ending(panel)
    losses = panel.said("loss")
    if not losses:
        return "loading the model, asking it before it is tuned"
    last, steps = losses[-1], panel.ran.train.steps
    said = f"step {panel.step} of {steps}, {panel.technique.curve[0]} {last[panel.technique.curve[0]]:.3f}"
    if panel.state == "paused" and not panel.told:
        return f"{said}; its state is saved, and it waits"
    if panel.state == "stopping" or panel.step >= steps:
        return f"step {panel.step} of {steps}: " + ("saving" if panel.state == "stopping" else "saving, asking again")
    return f"{said}, about {last['seconds_left']:.0f} s left"


def ending(panel) -> str:
    """One sentence about a run that has ended."""
    if panel.state == "failed":
        error = panel.live.error
        known = isinstance(error, ValueError | RuntimeError | OSError) and str(error)
        return f"failed: {error if known else f'{type(error).__name__}: {error}'}"
    done, steps, (name, unit) = panel.live.value, panel.said("loss"), panel.technique.curve
    last = f", {name} {steps[-1][name]:.3f} {unit}".rstrip() if steps else ""
    seconds = f", {done.cost['seconds']:.1f} s of training" if done.cost else ""
    return f"{done.id}: {WORDS[panel.state]} at step {panel.step if steps else 0}{last}{seconds}"


def report(panel, done) -> None:
    """What stands on the page of a notebook that nobody watched."""
    from IPython.display import display

    for sentence in panel.said("doctor"):
        print(f"Doctor: {sentence['text']}")
    if panel.now().points:
        (name, unit), runs = panel.technique.curve, {panel.now().label: done}
        if name == "loss":
            display(plots.loss_curve(runs, x="step", unit=unit))
        else:
            display(plots.told(runs, name, f"{name} ({unit})", f"{name.capitalize()} while training", over=1))
    if panel.said("sample"):
        display(plots.samples(done))
    if done.answers:
        display(plots.answers(done))
    if any(pair["after"] is not None for pair in done.forgetting.values()):
        display(plots.forgetting(done.forgetting))
    print(ending(panel))


def doctor(panel) -> str:
    """What the run doctor said."""
    said = "".join(f"<li>{html.escape(one['text'])}</li>" for one in panel.said("doctor"))
    return f'<div style="{INK}"><b>The doctor says</b><ul>{said}</ul></div>' if said else ""


def samples(panel) -> str:
    """What the model wrote last, to each beginning."""
    last = {one["prompt"]: one["text"] for one in panel.said("sample")}
    rows = "".join(f"<b>{html.escape(prompt)}</b>{html.escape(text)}\n" for prompt, text in last.items())
    return _open("What it writes now", f"<pre style='white-space:pre-wrap;{INK}'>{rows}</pre>") if rows else ""


def code(panel) -> str:
    """What Run would do; and, where a knob was turned on the way, what was done."""
    texts = {"The same in Python": panel.recipe}
    if panel.ran and panel.ran.changes:
        texts["The run in the picture, as it was turned"] = panel.ran
    return "".join(
        _open(title, f"<pre style='{INK}'>{html.escape(python(recipe))}</pre>") for title, recipe in texts.items()
    )


def _status(said: str) -> str:
    """A sentence that a screen reader says when it comes."""
    return f'<span role="status" style="{INK}">{html.escape(said)}</span>'


def _inked(inside: str) -> str:
    return f'<div style="{INK}">{inside}</div>' if inside else ""


def _open(title: str, inside: str) -> str:
    return f'<details open style="{INK}"><summary>{html.escape(title)}</summary>{inside}</details>'
