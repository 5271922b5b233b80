"""What will a run cost here? Seconds and memory before it begins, from how fast this machine multiplies."""

import statistics
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from .. import machine, models
from ..adapters import Full
from ..data import Corpus, encode_example
from ..recipe import Recipe
from ..runs import store

LOOKED = 50  # examples whose lengths stand for all
PASSES = 3  # each weight meets each token forwards, and twice backwards
# Rough, as no part of a step is as fast as one large product, and each model spends its time elsewhere.
REACHED = 0.4  # of the speed of that product
STEP = 0.02  # seconds that a step, or a word that is written, takes however small it is
STREAM = 40  # numbers that a block keeps, for each of the numbers that describe a token, for the way back
SCORES = 3 * 4  # bytes for each word that a token could be: its score, log-probability and gradient
BASE = 0.55 * 2**30  # bytes of a process that has loaded the libraries
NEWEST, STEPS = 50, 10  # runs that are looked at, the shortest that tells the pace


@dataclass(frozen=True)
class Expected:
    """seconds of training, without the questions before and after; memory at its peak, in bytes

    ran  whether a run like it, on this machine, has told the pace
    """

    seconds: float
    memory: float
    ran: bool = False

    def __str__(self) -> str:
        spent = f"{self.seconds:.0f} s" if self.seconds < 120 else f"{self.seconds / 60:.0f} minutes"
        why = " (as your last run took)" if self.ran else ""
        return f"about {spent} of training{why} and {self.memory / 2**30:.1f} GiB here"


def expected(recipe: Recipe) -> Expected | None:
    """
    What a run should cost on this machine, roughly: to tell ten seconds from ten minutes. Where a run like it has
    finished here, its seconds correct the estimate.

    returns  None where model or task are not at hand, as a hub model that was never loaded
    """
    found = estimate(recipe)
    times = pace(recipe) if found else None
    return replace(found, seconds=found.seconds * times, ran=True) if times else found


def estimate(recipe: Recipe) -> Expected | None:
    """The same from sizes and the speed of a matrix product alone, whatever has run here."""
    try:
        weights, width, layers, words = _shape(recipe.model)
        rows = recipe.train.device_batch or recipe.train.batch
        length = _length(recipe)
    except (ValueError, OSError):
        return None
    written, again = getattr(recipe.objective, "longest", 0), getattr(recipe.objective, "passes", 1)
    read = weights * recipe.train.batch * (length + written)
    step = STEP * (1 + written) + again * PASSES * read / (REACHED * machine.products())
    kept = 4 * (4 if isinstance(recipe.adapter, Full) else 1) * weights  # gradients, and two moments of each
    token = 4 * STREAM * layers * width + SCORES * words
    return Expected(recipe.train.steps * step, BASE + kept + token * rows * length)


def pace(recipe: Recipe) -> float | None:
    """
    How many times as long as estimated the newest run like it took on this machine.

    returns  None if none has finished of the same model and the same kinds of adapter and objective
    """
    here, asked = machine.fingerprint(), _kinds(recipe.to_json())
    for one in store().folders()[:NEWEST]:
        try:
            if _kinds(one.recipe()) != asked or one.status() != "done" or one.read("machine.json") != here:
                continue
            ran = Recipe.from_json(one.recipe())
            seconds = one.read("result.json")["cost"]["seconds"]
        except (ValueError, KeyError):  # damaged, or of another version
            continue
        guess = estimate(ran)
        if guess and seconds and ran.train.steps >= STEPS:
            return seconds / guess.seconds
    return None


def weights(model) -> int | None:
    """How many a model has; None if it is not at hand."""
    try:
        return _shape(model)[0]
    except (ValueError, OSError):
        return None


def _kinds(recipe: dict) -> tuple:
    return recipe["model"], recipe["adapter"]["name"], recipe["objective"]["name"]


@lru_cache(maxsize=64)
def _shape(model) -> tuple[int, int, int, int]:
    """(weights, width, blocks, words)"""
    outline, _ = models.outline(model)
    about = outline.config.get_text_config()
    count = sum(one.numel() for one in outline.parameters())
    return count, about.hidden_size, about.num_hidden_layers, about.vocab_size


def _length(recipe: Recipe) -> float:
    """Tokens of a row, on average, as far as the objective reads it."""
    if isinstance(recipe.task, Corpus):
        return recipe.objective.context
    length = _mean(recipe.model, recipe.task)
    return min(length, getattr(recipe.objective, "context", length))


@lru_cache(maxsize=64)
def _mean(model, task) -> float:
    _, tokenizer = models.outline(model)
    return statistics.fmean(len(encode_example(tokenizer, one)[0]) for one in islice(task.source(), LOOKED))
