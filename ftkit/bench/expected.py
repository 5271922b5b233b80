"""What will a run cost here? Seconds and memory before it begins, from how fast this machine multiplies."""

import statistics
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from .. import machine, models
from ..adapters import Full
from ..data import Corpus, encode_example
from ..recipe import Recipe

LOOKED = 50  # examples whose lengths stand for all
PASSES = 3  # each weight meets each token forwards, and twice backwards
# Rough, as no part of a step is as fast as one large product, and each model spends its time elsewhere.
REACHED = 0.4  # of the speed of that product
STEP = 0.02  # seconds that a step takes however small it is
STREAM = 40  # numbers that a block keeps, for each of the numbers that describe a token, for the way back
BASE = 0.55 * 2**30  # bytes of a process that has loaded the libraries


@dataclass(frozen=True)
class Expected:
    """seconds of training, without the questions before and after; memory at its peak, in bytes"""

    seconds: float
    memory: float

    def __str__(self) -> str:
        spent = f"{self.seconds:.0f} s" if self.seconds < 120 else f"{self.seconds / 60:.0f} minutes"
        return f"about {spent} of training and {self.memory / 2**30:.1f} GiB here"


def expected(recipe: Recipe) -> Expected | None:
    """
    What a run should cost on this machine, roughly: to tell ten seconds from ten minutes.

    returns  None where model or task are not at hand, as a hub model that was never loaded
    """
    try:
        weights, width, layers = _shape(recipe.model)
        rows = recipe.train.device_batch or recipe.train.batch
        length = _length(recipe)
    except (ValueError, OSError):
        return None
    step = STEP + PASSES * weights * recipe.train.batch * length / (REACHED * machine.products())
    kept = 4 * (4 if isinstance(recipe.adapter, Full) else 1) * weights  # gradients, and two moments of each
    return Expected(recipe.train.steps * step, BASE + kept + 4 * STREAM * layers * width * rows * length)


@lru_cache(maxsize=64)
def _shape(model) -> tuple[int, int, int]:
    """(weights, width, blocks)"""
    outline, _ = models.outline(model)
    about = outline.config.get_text_config()
    return sum(one.numel() for one in outline.parameters()), about.hidden_size, about.num_hidden_layers


def _length(recipe: Recipe) -> float:
    """Tokens of a row, on average."""
    if isinstance(recipe.task, Corpus):
        return recipe.objective.context
    return _mean(recipe.model, recipe.task)


@lru_cache(maxsize=64)
def _mean(model, task) -> float:
    _, tokenizer = models.outline(model)
    return statistics.fmean(len(encode_example(tokenizer, one)[0]) for one in islice(task.source(), LOOKED))
