"""Killed at any moment, a run is found again as interrupted and ends as if nothing had happened.

Every attempt is a real process that is ended by signal 9: at a random moment, while a checkpoint is being written, or
while probes run. A fork server that has imported the libraries once makes an attempt cost a second.
"""

import multiprocessing
import os
import random
import signal
import sys
import time

import pytest
import torch

from ftkit import runs, training
from ftkit.adapters import LoRA
from ftkit.recipe import Recipe

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fork servers and signal 9 are not Windows's")
MOMENTS = ("any", "saving", "probing")
LONGEST = 60  # seconds that an attempt may take


def attempt(root: str, recipe: dict) -> None:
    """In a process of its own: begins the run, or goes on with it."""
    torch.set_num_threads(1)
    os.environ["FTKIT_RUNS"] = root
    store = runs.store()
    (entry,) = store.runs() or [None]
    if entry is None:
        training.run(Recipe.from_json(recipe))
    else:
        training.resume(entry.id)


class Killer:
    """Starts attempts and ends them; remembers in which state each kill left the run."""

    def __init__(self, store, recipe, seed: int):
        self.store, self.recipe, self.chance = store, recipe, random.Random(seed)
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["ftkit.training.loop", "trl", "peft", "datasets", "ftkit.evaluation"])
        self.kills: list[str] = []

    @property
    def folder(self):
        (entry,) = self.store.runs()
        return self.store.folder(entry.id)

    def strike(self, moment: str) -> bool:
        """One attempt; whether it was killed (it may have been done before, or not yet have made its folder)."""
        self.begun = time.time_ns()
        process = self.context.Process(target=attempt, args=(str(self.store.root), self.recipe.to_json()))
        process.start()
        self._wait_for(process, moment)
        process.kill()
        process.join()
        if process.exitcode == 0 or not self.store.runs():
            return False
        assert process.exitcode == -signal.SIGKILL
        self.kills.append(self._left())
        return True

    def _wait_for(self, process, moment: str) -> None:
        """Returns soon after the moment has come."""
        end = time.monotonic() + LONGEST
        while process.is_alive() and time.monotonic() < end:
            if moment == "any" and self._told():
                return time.sleep(self.chance.random())
            if moment == "saving" and self._saving():
                return time.sleep(self.chance.random() * 0.02)
            if moment == "probing" and self._probing():
                return time.sleep(self.chance.random() * 0.05)
            time.sleep(0.001)
        return None

    def _written(self, pattern: str) -> bool:
        """Whether this attempt wrote such a file; those of earlier ones may lie around."""
        try:
            return any(path.stat().st_mtime_ns > self.begun for path in self.store.root.glob(f"[!.]*/{pattern}"))
        except FileNotFoundError:  # it was moved while we looked
            return False

    def _told(self) -> bool:
        return self._written("metrics.jsonl")

    def _saving(self) -> bool:
        return self._written(".saving/*/*")

    def _probing(self) -> bool:
        last = self.folder.events()[-1:] if self._told() else ()
        return any(one["kind"] == "loss" and one["step"] % self.recipe.train.probe_every == 0 for one in last)

    def _left(self) -> str:
        if self._saving():
            return "saving"
        return "probing" if self._probing() else "any"


@pytest.mark.parametrize(("kind", "kills"), [("asking", 10), ("reading", 10)])
def test_a_run_killed_at_random_moments_ends_bit_for_bit_as_an_unbroken_one(store, tmp_path, request, kind, kills):
    recipe = request.getfixturevalue(kind).but(
        steps=30, checkpoint_every=3, probe_every=2, sample_every=5, eval_examples=4
    )
    recipe = recipe.but(adapter=LoRA(rank=2)) if kind == "asking" else recipe
    killer = Killer(store, recipe, seed=kills)
    for attempts in range(4 * kills):
        if not killer.strike(MOMENTS[attempts % len(MOMENTS)]):
            continue
        (entry,) = store.runs()
        assert entry.status == "interrupted", entry.reason
        if len(killer.kills) == kills:
            break
    assert len(killer.kills) == kills and {"saving", "probing"} <= set(killer.kills), killer.kills
    broken = training.resume(killer.folder.id)
    whole = training.run(recipe, store=runs.store(tmp_path / "whole"))
    one, other = broken.model()[0].state_dict(), whole.model()[0].state_dict()
    assert broken.status == "done" and all(
        torch.equal(one[name], other[name]) for name in whole.model()[0].state_dict()
    )
    assert _told(broken) == _told(whole)
    assert broken.answers == whole.answers and broken.forgetting == whole.forgetting
    assert broken.cost["tokens"] == whole.cost["tokens"]
    assert not list(broken.path.rglob("*.part")) and not (broken.path / ".saving").exists()


def _told(run) -> list:
    """What the run said, without what depends on the clock, or on when it was saved."""
    return [
        (event["step"], event["kind"], event["values"].get("loss"), event["values"].get("text"))
        for event in run.metrics
        if event["kind"] not in ("checkpoint", "start")
    ]
