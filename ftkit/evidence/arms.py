"""What is run for a claim: ways to come by a model, measured once a seed. One run serves every claim that needs it."""

import hashlib
import json
import math
import shutil
import statistics
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from .. import evaluation, machine, models, training, world
from ..models import Layout
from ..recipe import Recipe
from ..runs import Store

ASKED = 10  # questions of each split of each task that stand for the world in a digest
ANSWERS = 200  # asked for of each kind of people
LAST = 20  # steps at the end of a run whose losses are averaged


@dataclass(frozen=True)
class Arm:
    """One way to come by a model.

    name     short, within a claim
    measure  (arm, seed) -> {what: number}
    model    shipped model, folder, or "fresh:..." where the measure begins without a recipe
    recipe   what is trained, with the seed put in; None where nothing is
    options  ((name, value), ...): what else the measure is told, such as a prompt or a number of examples
    """

    name: str
    measure: Callable
    model: str = ""
    recipe: Recipe | None = None
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def digest(self) -> str:
        """Changes with the recipe, the options, the model's weights and the world, and with nothing else."""
        return _digest(json.dumps([self.measure.__name__, self.what, self.model_digests, world_digest()]))

    @property
    def what(self) -> str:
        """The recipe's digest, or the model's name; the options' digest with it, if there are any."""
        what = self.recipe.digest if self.recipe else self.model
        return f"{what} {_digest(repr(self.options))}" if self.options else what

    @cached_property
    def model_digests(self) -> dict[str, str]:
        """{name: digest of the weights} of the model that it starts from; empty for random weights."""
        name = self.recipe.model if self.recipe else self.model
        if isinstance(name, Layout) or name.startswith(models.FRESH):
            return {}
        return {name: weights_digest(name)}


def weights_digest(name: str) -> str:
    """Of the safetensors of a shipped model or a folder; "missing" if there are none."""
    folder = Path(name) if Path(name).is_dir() else machine.data_folder() / "models" / name
    whole = hashlib.sha256()
    files = sorted(folder.glob("*.safetensors"))
    for file in files:
        whole.update(file.read_bytes())
    return whole.hexdigest()[:12] if files else "missing"


@cache
def world_digest() -> str:
    """Of what is read and asked on both islands: a sample of documents and of questions."""
    corpora = [world.corpus(seed=seed) for seed in (0, 1)]
    texts = [corpus.document(i) for corpus in corpora for i in range(200)]
    asked = [
        kind.sample(split, i)
        for kind in (world.task(one.name, 0) for one in world.TASKS)
        for split in kind.splits
        for i in range(ASKED)
    ]
    return _digest("\n".join([*texts, *(f"{example.prompt} {example.completion}" for example in asked)]))


def asked(arm: Arm, seed: int) -> dict:
    """After fine-tuning (or without it): answers about people it was not asked about, and what it has forgotten.

    held_out, newcomers, validation  shares of right answers
    learned                          loss of the last steps, nats a token
    forgotten                        mean fall of the probes of forgetting, share of right answers
    distance                         rise of KL(world || model), nats a token
    """
    if arm.recipe is None:
        return _examined(*models.load(arm.model), arm.model)
    with finished(arm, seed) as run:
        found = _examined(*run.model(), arm.recipe.model)
        return found | {"learned": _last_loss(run), "seconds": run.cost["seconds"]}


def met(arm: Arm, seed: int) -> dict:
    """The share of 100 islanders, others for each seed, whose home an untuned model tells."""
    return {"homes": evaluation.recall(*models.load(arm.model), "home", island=0, n=100, draw=seed).value}


def read(arm: Arm, seed: int) -> dict:
    """After a first reading: which part of the distance from the world is gone, form and fact tokens apart."""
    with finished(arm, seed) as run:
        before, after = (_distance(*pair) for pair in (models.load(arm.recipe.model, seed=seed), run.model()))
        probes = evaluation.probe(*run.model(), ["recall/home", "arithmetic"], n=100)
    return {
        "loss": _last_loss(run),
        "form": 1 - after.form.value / before.form.value,
        "fact": 1 - after.fact.value / before.fact.value,
        "entropy": after.entropy.value,
        **{name: one.value for name, one in probes.items()},
    }


class finished:
    """A run of an arm in a store of its own, which goes when the values have been taken from it."""

    def __init__(self, arm: Arm, seed: int):
        self.recipe = arm.recipe.but(seed=seed)

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="ftkit-evidence-")
        return training.run(self.recipe, store=Store(Path(self.folder)))

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def begun(arm: Arm, seed: int):
    """(model, reference, tokenizer): what an arm's recipe makes of the model that the recipe "first" of its options
    leaves, and that model; both are one where there is no first one"""
    first = dict(arm.options).get("first")
    if first is None:
        with finished(arm, seed) as run:
            model, tokenizer = run.model()
            yield model, model, tokenizer
        return
    folder = left_by(first, seed)
    reference, tokenizer = models.load(folder)
    if arm.recipe is None:
        yield reference, reference, tokenizer
        return
    with finished(replace(arm, recipe=arm.recipe.but(model=folder)), seed) as run:
        yield run.model()[0], reference, tokenizer


def left_by(recipe: Recipe, seed: int) -> str:
    """A folder with the model that a recipe leaves; trained once in this process, which takes it along when it ends."""
    return _left_by(recipe, seed).name


@lru_cache(maxsize=8)
def _left_by(recipe: Recipe, seed: int) -> tempfile.TemporaryDirectory:
    folder = tempfile.TemporaryDirectory(prefix="ftkit-evidence-")
    with finished(Arm("first", asked, recipe=recipe), seed) as run:
        models.save(*run.model(), Path(folder.name))
    return folder


def _examined(model, tokenizer, base: str) -> dict:
    task = world.task("facts", 0)
    found = {
        "held_out": evaluation.exact_match(model, tokenizer, task, "test", ANSWERS).value,
        "newcomers": evaluation.exact_match(model, tokenizer, task, "newcomers", ANSWERS).value,
        "validation": evaluation.exact_match(model, tokenizer, task, "validation", ANSWERS).value,
    }
    if evaluation.island_of(model) is None:
        return found
    before, after = _knowledge_of(base), _knowledge(model, tokenizer)
    falls = {name: before[name] - after[name] for name in evaluation.FORGETTING}
    return found | falls | {
        "forgotten": statistics.fmean(falls.values()),
        "distance": after["corpus_kl"] - before["corpus_kl"],
    }  # fmt: skip


@lru_cache(maxsize=4)
def _knowledge_of(base: str) -> dict[str, float]:
    return _knowledge(*models.load(base))


def _knowledge(model, tokenizer) -> dict[str, float]:
    probes = evaluation.probe(model, tokenizer, (*evaluation.FORGETTING, "corpus_kl"), n=200)
    return {name: one.value for name, one in probes.items()}


def _distance(model, tokenizer):
    return evaluation.divergence(model, tokenizer, world.corpus("exact"), 150)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _last_loss(run) -> float:
    losses = [event["values"]["loss"] for event in run.metrics if event["kind"] == "loss"]
    return math.fsum(losses[-LAST:]) / len(losses[-LAST:])
