"""The one path: from a recipe to a run on disk, from its first second to its last, and on again after a crash."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .. import models, runs
from ..recipe import Recipe
from ..runs import RunFolder, Store
from .doctor import Diverged
from .hand import Hand
from .saving import in_words


@dataclass(frozen=True)
class Run:
    """What a run left.

    status      done, stopped, failed or interrupted
    metrics     its events
    answers     [{"prompt", "expected", "before", "after", "score_before", "score_after", "why"}]; no "after" if stopped
    forgetting  {probe: {"before", "after", "unit"}}
    cost        {"seconds", "peak_memory_bytes", "trainable_parameters", "total_parameters", "tokens"}
    """

    id: str
    recipe: Recipe
    status: str
    path: Path
    metrics: list[dict] = field(default_factory=list, repr=False)
    answers: list[dict] = field(default_factory=list, repr=False)
    forgetting: dict = field(default_factory=dict, repr=False)
    cost: dict = field(default_factory=dict)

    def model(self):
        """(model, tokenizer) as this run left it; raises ValueError if it left none"""
        if not self.path.is_dir():
            raise ValueError(f"the folder of run {self.id} is gone, and its model with it: {self.path.absolute()}")
        if not (self.path / "model").is_dir():
            raise ValueError(f"run {self.id} is {self.status} and has left no model; resume it first")
        return models.load(str(self.path / "model"))


def run(
    recipe: Recipe,
    on_event: Callable[[dict], None] | None = None,
    hand: Hand | None = None,
    store: Store | None = None,
    report_to: Sequence[str] = (),
) -> Run:
    """
    Trains, always, and leaves everything on disk.

    on_event   is called with every event {"step", "seconds", "kind", "values"}; an error in it ends the run
    hand       lets another thread stop, pause or change the run
    store      where runs are kept; None means $FTKIT_RUNS or ./runs
    report_to  "tensorboard", "trackio", "wandb": never by default
    returns    the finished or stopped Run
    raises     Diverged if the loss explodes; OSError if a file cannot be written. The run is then marked as failed,
               with the reason, and its last checkpoint kept
    """
    from .session import create

    folder = create(store or runs.store(), recipe)
    return _drive(folder, recipe, on_event, hand, report_to)


def resume(
    run_id: str,
    on_event: Callable[[dict], None] | None = None,
    hand: Hand | None = None,
    store: Store | None = None,
    report_to: Sequence[str] = (),
) -> Run:
    """
    Goes on with an interrupted, stopped or failed run from its checkpoint; the end is the same as without the break.

    raises  ValueError if it is done or still running; DamagedRun if its folder cannot be read
    """
    folder = (store or runs.store()).folder(run_id)
    status = folder.status()
    if status in ("done", runs.RUNNING):
        what = "is finished" if status == "done" else f"is running in process {folder.read('status.json').get('pid')}"
        raise ValueError(f"run {run_id} {what}; there is nothing to resume")
    recipe = Recipe.from_json(folder.recipe())
    folder.events()  # a damaged file is said before anything is written
    return _drive(folder, recipe, on_event, hand, report_to)


def fork(
    run_id: str,
    on_event: Callable[[dict], None] | None = None,
    hand: Hand | None = None,
    store: Store | None = None,
    report_to: Sequence[str] = (),
    **turned: float,
) -> Run:
    """
    A second run that goes on from the checkpoint of one that was stopped, with knobs turned; the first stays as it is.

    Its recipe is that of the first with the change in it, so that it can be run from nothing, to the same weights.

    turned  live knobs, such as learning_rate=1e-3
    raises  ValueError if the first has no checkpoint, or has come to its end, or a knob cannot be turned; DamagedRun
    """
    from .session import create

    where = store or runs.store()
    first = where.folder(run_id)
    recipe, checkpoint = Recipe.from_json(first.recipe()), first.checkpoint()
    if checkpoint is None:
        raise ValueError(f"run {run_id} has saved no checkpoint yet; stop it after a step, and fork it then")
    step = int(checkpoint.name)
    if step >= recipe.train.steps:
        raise ValueError(f"run {run_id} has taken all of its {step} steps; there is nothing left to change")
    for knob, value in turned.items():
        recipe = recipe.turned(step, knob, value)
    folder = create(where, recipe)
    try:
        with in_words(folder.path, lambda: step):
            folder.take_over(first, checkpoint)
    except OSError:
        shutil.rmtree(folder.path, ignore_errors=True)  # nothing was learned in it
        raise
    return _drive(folder, recipe, on_event, hand, report_to)


def open_run(run_id: str, store: Store | None = None) -> Run:
    """A run as it is on disk now.

    raises  ValueError if there is none; DamagedRun
    """
    return _read((store or runs.store()).folder(run_id))


def _read(folder: RunFolder) -> Run:
    left = folder.read("result.json") if (folder.path / "result.json").exists() else {}
    return Run(folder.id, Recipe.from_json(folder.recipe()), folder.status(), folder.path, folder.events(), **left)


def _drive(folder: RunFolder, recipe: Recipe, on_event, hand, report_to) -> Run:
    """Status around the session: whatever happens, the folder says it."""
    from .session import Session

    hand = hand or Hand()
    hand.run_id = folder.id
    session = Session(folder, recipe, on_event, hand, tuple(report_to))
    try:
        with in_words(folder.path, lambda: session.step):
            session.mark(runs.RUNNING)
            state = session.go()
            session.end(state)
    except BaseException as error:
        _tell_failure(session, error)
        raise
    return _read(folder)


def _tell_failure(session, error: BaseException) -> None:
    """Marks the run as far as the disk and the listener still allow it."""
    state = "failed" if isinstance(error, Exception) else "interrupted"
    reason = str(error) or type(error).__name__
    tell = [lambda: session.mark(state, reason), lambda: session.emit(session.step, "end", status=state, reason=reason)]
    if isinstance(error, Diverged):
        error.run_id = session.folder.id
        tell.insert(0, lambda: session.advise(reason))
    for one in tell:
        try:
            one()
        except Exception as second:
            error.add_note(f"Then this failed, too: {second}")
