"""How often is one of several tries right? What sampling finds, beside what comes first."""

import math
import statistics
from collections.abc import Sequence

from ..data import as_prompt
from ..generation import generate
from .intervals import Measurement, bootstrap

ROWS = 400  # decoded at a time


def pass_at(
    model, tokenizer, task, split: str = "test", n: int = 100, samples: int = 16, ks: Sequence[int] = (1, 16),
    temperature: float = 1.0, seed: int = 1,
) -> dict[int, Measurement]:  # fmt: skip
    """
    Share of questions that at least one of k sampled answers gets right, for each k.

    pass@k = mean over questions of 1 - C(samples - right, k) / C(samples, k)

    n        the first n questions of a split
    samples  answers to each; the mean over all choices of k of them is exact, not another draw
    returns  {k: share}
    raises   ValueError if a k is more than the samples, or less than 1
    source   Chen et al. 2021, arXiv:2107.03374, eq. 1
    """
    if not all(1 <= k <= samples for k in ks):
        raise ValueError(f"k is {max(ks)} with {samples} samples of each question; choose k from 1 to {samples}")
    right, most = [], max(1, ROWS // samples)
    for start in range(0, n, most):
        asked = [task.sample(split, i) for i in range(start, min(n, start + most))]
        prompts = [as_prompt(tokenizer, example.prompt) for example in asked]
        texts = generate(
            model, tokenizer, prompts, samples, temperature, max_new_tokens=task.answer_tokens, seed=seed + start
        ).texts
        good = [task.check(asked[i // samples], text).value >= 1 for i, text in enumerate(texts)]
        right += [sum(good[first : first + samples]) for first in range(0, len(good), samples)]
    found = {}
    for k in ks:
        rates = [1 - math.comb(samples - one, k) / math.comb(samples, k) for one in right]
        found[k] = Measurement(statistics.fmean(rates), "share", n, *bootstrap(rates))
    return found
