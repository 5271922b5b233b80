"""What pairs teach: a number, a shortcut where there is one, a taste, and what it costs; labs 50, 54 and 58."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from statistics import fmean

from .. import evaluation, models, training, world
from ..data import Pairs
from ..data.pairs import PADDING, Pair
from ..objectives import DPO, SFT, Reward
from ..objectives.reward import correlation
from ..preferences import SET, preference_set
from ..recipe import Recipe, Train
from ..rewards import rewards
from ..world import Example
from ..world.style import curt_and_polite
from .arms import Arm, finished
from .verdicts import Claim, Judgement, beyond, values_of

ASKED = 200  # questions or pairs of a seed, others for each
CLICKS = 30
TOKENS = 80  # of a sampled answer, at most
TAUGHT = Recipe(  # what an answer is, before any is preferred: the better and the worse ones, half and half
    model="small",
    objective=SFT(),
    task=Pairs(examples=2000, noise=0.5),
    train=Train(steps=100, batch=16, learning_rate=1e-3, schedule="cosine", warmup=10, eval_examples=0),
)
LEARNING_RATES = {"reward": 1e-3, "dpo": 3e-4, "sft": 1e-3}
TRIED = {"reward": (3e-4, 1e-3, 3e-3), "dpo": (1e-4, 3e-4, 1e-3), "sft": (3e-4, 1e-3, 3e-3)}
