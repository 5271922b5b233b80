"""How often is one of several tries right? What sampling finds, beside what comes first."""

import math
import statistics
from collections.abc import Sequence

from ..data import as_prompt
from ..generation import generate
from .answers import Answer, answers
from .intervals import Measurement, bootstrap

ROWS = 96  # decoded at a time


def pass_at(
    model, tokenizer, task, split: str = "test", n: int = 100, samples: int = 16, ks: Sequence[int] = (1, 16),
    temperature: float = 1.0, seed: int = 1, first: int = 0,
) -> dict[int, Measurement]:  # fmt: skip
    """
    Share of questions that at least one of k sampled answers gets right, for each k.

    pass@k = mean over questions of 1 - C(samples - right, k) / C(samples, k)

    n        questions of a split, from number `first` on
    samples  answers to each; the mean over all choices of k of them is exact, not another draw
    returns  {k: share}
    raises   ValueError if a k is more than the samples, or less than 1
    source   Chen et al. 2021, arXiv:2107.03374, eq. 1
    """
    if not all(1 <= k <= samples for k in ks):
        raise ValueError(f"k is {max(ks)} with {samples} samples of each question; choose k from 1 to {samples}")
    right, most = [], max(1, ROWS // samples)
    for start in range(first, first + n, most):
        asked = [task.sample(split, i) for i in range(start, min(first + n, start + most))]
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


def best_of(
    model, tokenizer, task, judge, split: str = "test", n: int = 100, samples: int = 8, longest: int = 64,
    first: int = 0, temperature: float = 1.0, seed: int = 1,
) -> list[Answer]:  # fmt: skip
    """
    Of several sampled answers to each question the one that a judge likes best; no weight moves.

    judge    a grader, as `rewards.grader` gives it; what its own checker says of an answer stays with the answer
    longest  tokens of an answer
    returns  n answers
    """
    asked = [task.sample(split, i) for i in range(first, first + n)]
    tried = [
        answers(model, tokenizer, task, split, n, longest, first, temperature=temperature, seed=seed + k)
        for k in range(samples)
    ]
    liked = [[score.value for score in judge.grade(asked, [one.text for one in some])] for some in tried]
    return [tried[max(range(samples), key=lambda k: liked[k][i])][i] for i in range(n)]
