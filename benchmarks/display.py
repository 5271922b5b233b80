"""D1: what a panel costs a run: tokens learned from a second with one that draws, beside the same run with none.

The same recipe in the same process, once by `training.run`, once by a panel whose thread updates widgets five times a
second while a cell waits. Losses must be the same. Messages to the page are written as a kernel writes them, to JSON,
and sent nowhere.
"""

import io
import json
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from ftkit import training
from ftkit.bench import Panel
from ftkit.bench.knobs import controls
from ftkit.data import Task
from ftkit.models import Layout
from ftkit.objectives import SFT
from ftkit.recipe import Recipe, Train

from .pretraining import WARM, same_losses
from .side_by_side import Arm, Block, Comparison, Goal, compare, size_of

ALONE, PANEL, GOAL = "training.run", "panel", 0.98
EQUAL = 1e-6  # share by which a loss may differ: the work is the same, in the same order
OFFERED = ("learning_rate", "examples", "steps")  # controls, as labs have them


@dataclass(frozen=True)
class Case:
    """A model, and how many steps of so many questions it is tuned."""

    model: str | Layout
    batch: int
    steps: int

    def recipe(self) -> Recipe:
        train = Train(self.steps, self.batch, eval_examples=0, checkpoint_every=1_000_000)
        return Recipe(self.model, SFT(), Task(examples=400), train=train)


CASES = (Case("nano", 16, 150),)


class Wire:
    """Takes a kernel's messages to a page.

    sent  characters
    """

    def __init__(self):
        self.sent = 0

    def comm(self, **opening):
        """What `comm.create_comm` makes while this wire is open."""
        from comm.base_comm import BaseComm

        wire = self

        class Comm(BaseComm):
            def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
                wire.sent += len(json.dumps([msg_type, data, metadata], default=str))

        return Comm(**opening)


def measured(case: Case, seconds: float, tell=lambda text: None) -> Comparison:
    """The comparison of one case."""
    folder, shares = Path(tempfile.mkdtemp(prefix="ftkit-bench-")), []
    try:
        with widgets(folder / "runs", Wire()):
            outcomes, probes = compare(arms(case, shares), seconds, tell)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    size = size_of(case.model)
    title = f"a panel that draws {case.steps} steps of {size / 1e6:.2f} M weights, {case.batch} questions each"
    note = f"The thread that trains spent {median(shares):.2%} of its time on what the page shows."
    return Comparison("D1", title, ALONE, 6 * size, (Goal(PANEL, GOAL, ALONE),), outcomes, probes, note)


def arms(case: Case, shares: list[float]) -> list[Arm]:
    """The reference first.

    shares  takes what part of each watched run went into drawing
    """
    judge = same_losses(EQUAL)
    return [Arm(ALONE, lambda: alone(case), judge), Arm(PANEL, lambda: watched(case, shares), judge)]


def alone(case: Case) -> Block:
    return block(training.run(case.recipe()))


def watched(case: Case, shares: list[float]) -> Block:
    """As in JupyterLab: a panel is shown, and the next cell waits for it."""
    recipe = case.recipe()
    panel = Panel(recipe, "D1", controls(recipe, OFFERED), "thread")
    tick, spent = panel.live.tick, []

    def timed(**how):
        began = time.perf_counter()
        tick(**how)
        spent.append(time.perf_counter() - began)

    panel.live.tick = timed
    with redirect_stdout(io.StringIO()):  # no page: displaying prints
        panel.show()
        done = panel.result()
    panel.close()
    learned = [event["seconds"] for event in done.metrics if event["kind"] == "loss"]
    shares.append(sum(spent) / (learned[-1] - learned[0]))
    return block(done)


def block(done: training.Run) -> Block:
    """Both arms are timed by what they have written down: from the end of the warm steps to that of the last one."""
    losses = [event for event in done.metrics if event["kind"] == "loss"]
    warm = min(WARM, len(losses) - 1)
    tokens = sum(event["values"]["tokens"] for event in losses[warm:])
    seconds = losses[-1]["seconds"] - losses[warm - 1]["seconds"]
    shutil.rmtree(done.path)
    return Block(tokens, seconds, [event["values"]["loss"] for event in losses])


@contextmanager
def widgets(store: Path, wire: Wire):
    """Inside, widgets talk to a wire, and runs are kept in a folder of their own."""
    import comm

    before, kept = comm.create_comm, os.environ.get("FTKIT_RUNS")
    comm.create_comm, os.environ["FTKIT_RUNS"] = wire.comm, str(store)
    try:
        yield
    finally:
        comm.create_comm = before
        os.environ.pop("FTKIT_RUNS")
        if kept is not None:
            os.environ["FTKIT_RUNS"] = kept
