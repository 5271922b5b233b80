"""The bench in bad luck: Stop at the worst moment, a disk that is full, a folder that is gone, a field of nonsense."""

import os
import resource
import shutil
import threading
from contextlib import contextmanager

import pytest
import torch
from patience import seconds, until

from ftkit import bench, runs, training
from ftkit.training import watch

pytestmark = pytest.mark.usefixtures("nothing_runs")


def weights(run):
    return run.model()[0].state_dict()


@pytest.fixture(scope="module")
def same(reading, tmp_path_factory):
    """Whether a run has come to the weights of one that nothing befell."""
    whole = weights(training.run(reading, store=runs.store(tmp_path_factory.mktemp("whole"))))
    return lambda run: equal(weights(run), whole)


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def able(panel) -> list[str]:
    """The buttons that do something now, by what stands on them."""
    return [button.description for button in panel.view.buttons.values() if not button.disabled]


def said(panel) -> str:
    return panel.view.texts["progress"].value


def threads() -> int:
    return sum(one.name == "ftkit-run" for one in threading.enumerate())


def ended(panel, state: str, *buttons: str) -> None:
    """One end: the same on the panel, on its buttons and among the threads."""
    assert panel.live.join(seconds(60))
    until(lambda: threads() == 0)
    assert panel.state == state and f" {state}" in panel.view.texts["state"].value
    assert [name for name in able(panel) if name in ("Run", "Pause", "Resume", "Stop")] == ["Run", *buttons]


def paused(panel, step: int = 2) -> int:
    """Runs until so many steps are taken and waits there; returns the step at which it waits."""
    panel.view.buttons["run"].click()
    until(lambda: panel.step >= step)
    panel.view.buttons["pause"].click()
    until(lambda: panel.state == "paused")
    return panel.step


class Gate:
    """Holds a run inside a function until the test has done what it wants there."""

    def __init__(self, monkeypatch, owner, name: str, when=lambda: True):
        self.here, self.go = threading.Event(), threading.Event()
        real = getattr(owner, name)

        def held(*args, **kwargs):
            if when() and not self.go.is_set():
                self.here.set()
                assert self.go.wait(seconds(60))
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, held)

    def inside(self, do) -> None:
        assert self.here.wait(seconds(60))
        do()
        self.go.set()


# ---- Stop at the worst moment ------------------------------------------------------------------------------------


def test_stop_pressed_twice_within_the_first_step_ends_after_it(store, reading, same, watched, monkeypatch):
    gate = Gate(monkeypatch, watch.Watched, "training_step")
    panel = bench.panel(reading, "first")
    panel.view.buttons["run"].click()
    gate.inside(lambda: [panel.view.buttons["stop"].click() for _ in range(2)])
    ended(panel, "stopped", "Resume")
    assert panel.step == 1 and [one.status for one in store.runs()] == ["stopped"]
    panel.view.buttons["pause"].click()
    ended(panel, "done")
    assert same(panel.result())


def test_stop_while_a_checkpoint_is_written_leaves_it_whole(store, reading, same, watched, monkeypatch):
    panel = bench.panel(reading, "saving")
    gate = Gate(monkeypatch, watch, "replace_folder")
    panel.view.buttons["run"].click()
    gate.inside(panel.view.buttons["stop"].click)
    ended(panel, "stopped", "Resume")
    (entry,) = store.runs()
    folder = store.folder(entry.id)
    assert entry.status == "stopped" and folder.checkpoint().name == str(panel.step)
    assert not list(folder.path.rglob("*.part")) and not (folder.path / ".saving").exists()
    panel.view.buttons["pause"].click()
    ended(panel, "done")
    assert same(panel.result())


def test_run_pressed_while_a_run_stops_begins_nothing(store, reading, watched, monkeypatch):
    gate = Gate(monkeypatch, watch.Watched, "training_step")
    panel = bench.panel(reading, "run run stop run")
    run, stop = panel.view.buttons["run"], panel.view.buttons["stop"]

    def press():
        for button in (run, stop, run, stop):
            button.click()

    run.click()
    gate.inside(press)
    ended(panel, "stopped", "Resume")
    assert len(store.runs()) == 1


def test_an_interrupt_within_a_step_of_a_run_without_a_thread_ends_it(store, reading, same, monkeypatch):
    monkeypatch.setenv("FTKIT_MODE", "headless")
    real, steps = watch.Watched.training_step, []

    def interrupted(self, *args, **kwargs):
        steps.append(1)
        if len(steps) == 5:
            raise KeyboardInterrupt
        return real(self, *args, **kwargs)

    monkeypatch.setattr(watch.Watched, "training_step", interrupted)
    panel = bench.panel(reading, "interrupted")
    with pytest.raises(KeyboardInterrupt):
        panel.result()
    (entry,) = store.runs()
    assert (entry.status, panel.live.busy, threads()) == ("interrupted", False, 0)
    assert same(training.resume(entry.id))


# ---- a full disk -------------------------------------------------------------------------------------------------


@contextmanager
def room(size: int):
    """Inside, no file may grow beyond so many bytes: the system writes what still fits, and refuses the rest."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


FULL = {
    "within a checkpoint": lambda folder: 40_000,
    "within a line of the events": lambda folder: (folder.path / "metrics.jsonl").stat().st_size + 40,
    "before the least file": lambda folder: 10,
}


@pytest.mark.parametrize("where", FULL)
def test_a_full_disk_is_one_sentence_and_with_room_the_run_goes_on(store, reading, same, watched, where):
    panel = bench.panel(reading, where)
    step = paused(panel)
    (entry,) = store.runs()
    folder = store.folder(entry.id)
    with room(FULL[where](folder)):
        for _ in ("goes on", "tries again"):
            panel.view.buttons["pause"].click()
            assert panel.live.join(seconds(60))
    ended(panel, "failed", "Resume")
    assert said(panel).count("No space left on the disk") == 1 and "make room" in said(panel)
    assert "Errno" not in said(panel) and "Traceback" not in said(panel)
    assert folder.status() in ("failed", "interrupted") and folder.checkpoint().name == str(step)
    panel.view.buttons["pause"].click()
    ended(panel, "done")
    assert same(panel.result())


def test_a_fork_that_finds_no_room_leaves_nothing_half(store, reading, watched):
    panel = bench.panel(reading, "no fork", ["learning_rate"])
    paused(panel)
    panel.view.buttons["stop"].click()
    ended(panel, "stopped", "Resume")
    panel.view.knobs[0][1].value = 1e-4
    with room(40_000):
        panel.view.buttons["fork"].click()
        assert panel.live.join(seconds(60))
    ended(panel, "failed", "Resume")
    assert "No space left on the disk" in said(panel)
    assert [one.status for one in store.runs()] == ["stopped"]


# ---- a folder that is gone ---------------------------------------------------------------------------------------


def test_a_run_whose_folder_is_deleted_on_the_way_says_so_and_run_begins_another(store, reading, watched):
    panel = bench.panel(reading, "deleted")
    paused(panel)
    (entry,) = store.runs()
    shutil.rmtree(store.folder(entry.id).path)
    panel.view.buttons["pause"].click()
    ended(panel, "failed")
    assert f"folder of run {entry.id} is gone" in said(panel) and "Errno" not in said(panel)
    assert store.runs() == []
    panel.view.buttons["run"].click()
    ended(panel, "done")
    assert panel.result().model() and [one.status for one in store.runs()] == ["done"]


def test_a_run_whose_folder_is_moved_while_it_trains_says_so(store, reading, watched, tmp_path):
    panel = bench.panel(reading.but(steps=5000), "moved")
    panel.view.buttons["run"].click()
    until(lambda: panel.step >= 2)
    (entry,) = store.runs()
    os.rename(store.folder(entry.id).path, tmp_path / "trash")
    ended(panel, "failed")
    assert "is gone" in said(panel)


def test_a_run_that_was_deleted_after_its_end_stays_on_the_panel(store, reading, watched):
    panel = bench.panel(reading, "later", ["learning_rate"])
    paused(panel)
    panel.view.buttons["stop"].click()
    ended(panel, "stopped", "Resume")
    panel.view.knobs[0][1].value = 1e-4
    shutil.rmtree(store.root)
    for button in ("pause", "fork"):
        panel.view.buttons[button].click()
        assert "is gone" in said(panel), button
        ended(panel, "stopped")
        assert "Fork" not in able(panel) and "ft-last" in panel.view.texts["curve"].value
    with pytest.raises(ValueError, match="is gone"):
        panel.live.value.model()
    panel.view.buttons["run"].click()
    ended(panel, "done")
