"""Does an ability appear all at once? The same answers of models of several sizes, judged whole and token by token."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .. import world
from ..evaluation import Measurement, mean, share
from ..world.strings import WordTask
from .coding import continued, costs

PER_TOKEN = "nats/token"


@dataclass(frozen=True)
class Scaled:
    """How one model answers, by the number of tokens that an answer has.

    parameters  weights of the model
    whole       {tokens: share of answers whose tokens are all right}; greedy decoding would write these
    single      {tokens: share of single tokens that are right, all before them given}
    surprise    {tokens: -log p of a single token}
    """

    parameters: int
    whole: dict[int, Measurement]
    single: dict[int, Measurement]
    surprise: dict[int, Measurement]

    def expected(self, tokens: int) -> float:
        """The share of answers that would be right if their tokens were right independently of each other."""
        return all_right(self.single[tokens].value, tokens)


def all_right(right: float, tokens: int) -> float:
    """
    How often all tokens of an answer are right, if each is right equally often and whatever the others are.

    p(all right) = p ** k

    right    share of single tokens that are right
    tokens   k
    source   Schaeffer et al. 2023, arXiv:2304.15004, section 2
    differs  they take exp(-cross-entropy) for p, which is right for sampled answers; greedy ones take the likeliest
    """
    return right**tokens


def scaled(model, tokenizer, told: Sequence[tuple[str, str]]) -> Scaled:
    """How a model goes on with texts, of which it is known how they must go on.

    told  (beginning, what is to follow), in the voice of the texts that the model has read
    """
    rows = [continued(tokenizer, *one) for one in told]
    found = sorted(costs(model, tokenizer, rows), key=lambda cost: cost.tokens)
    by_tokens = {k: [cost for cost in found if cost.tokens == k] for k in dict.fromkeys(cost.tokens for cost in found)}
    return Scaled(
        parameters=sum(weight.numel() for weight in model.parameters()),
        whole={k: share([cost.right == k for cost in own]) for k, own in by_tokens.items()},
        single={k: mean([cost.right / k for cost in own], "share") for k, own in by_tokens.items()},
        surprise={k: mean([cost.bits * math.log(2) / k for cost in own], PER_TOKEN) for k, own in by_tokens.items()},
    )


def to_sort(n: int = 400, first: int = 0) -> list[tuple[str, str]]:
    """Words of three to six letters and the same letters sorted, as corpora tell it of words that this one is none of.

    first  number of the first word
    """
    task = WordTask(world.island(), operations=("sort",), tags=True)
    examples = (task.sample("test", i) for i in range(first, first + n))
    return [(f"{example.prompt} ->", example.completion) for example in examples]
