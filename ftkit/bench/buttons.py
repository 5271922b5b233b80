"""Which buttons has a panel, when do they do something, and what?"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .earlier import newest


@dataclass(frozen=True)
class Button:
    """
    able  (panel) -> whether it does something now
    do    (panel) -> what it does
    """

    word: str
    icon: str
    style: str
    help: str
    able: Callable[[Any], bool]
    do: Callable[[Any], object]

    def press(self, panel, _=None) -> None:
        if self.word == "Stop" or panel.hears():
            self.do(panel)


def _can_pause(panel) -> bool:
    """The same button resumes: a run that is paused, or one that was stopped."""
    return panel.state in ("running", "pausing", "paused") if panel.live.busy else panel.left() is not None


def _can_fork(panel) -> bool:
    still = panel.state == "paused" if panel.live.busy else panel.left() is not None
    return still and bool(panel.turned())


def _can_replay(panel) -> bool:
    return not panel.live.busy and bool(newest(panel.recipe, ("done",)))


BUTTONS = (
    Button(
        "Run", "play", "success", "trains with the controls as they are",
        lambda panel: not panel.live.busy, lambda panel: panel.start(),
    ),
    Button(
        "Pause", "pause", "", "saves the state and waits; pressed again, the run goes on",
        _can_pause, lambda panel: panel.pause() if panel.state == "running" else panel.resume(),
    ),
    Button(
        "Stop", "stop", "danger", "ends the run, with its state saved",
        lambda panel: panel.live.state == "running", lambda panel: panel.stop(),
    ),
    Button(
        "Reset", "undo", "", "puts the controls back to where they were at first",
        lambda panel: panel.recipe != panel.first or bool(panel.complaint), lambda panel: panel.view.reset(),
    ),
    Button(
        "Fork", "code-fork", "", "goes on from the state of a run that is paused or stopped, with the turned knob",
        _can_fork, lambda panel: panel.fork(),
    ),
)  # fmt: skip
REPLAY = Button(
    "Replay", "history", "", "shows the last finished run of this recipe once more; nothing is trained",
    _can_replay, lambda panel: panel.replay(),
)  # fmt: skip
EXPORT = Button(
    "Export", "download", "", "writes the runs in this picture as a table and as a page, beside the runs",
    lambda panel: not panel.live.busy and bool(panel.lines()), lambda panel: panel.export(),
)  # fmt: skip


def offered(panel) -> tuple[Button, ...]:
    """In a talk, also Replay."""
    return (*BUTTONS, REPLAY) if panel.talk else BUTTONS
