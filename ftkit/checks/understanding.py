"""Parts 1 and 3, labs 12 and 34: what comprehension costs."""

import math

from .exercise import Exercise


def surplus_code_length(bits, block, tolerance):
    """
    As the prequential code length, but only what a block costs beyond what may be left when everything is learned.

    surplus = sum over blocks b of max(0, sum over examples of b of (bits - tolerance))

    bits       list of N numbers, bits of each example in the order in which they were coded
    block      examples that were coded before the next lesson; the last block may have fewer
    tolerance  bits an example
    source     Whitney et al. 2020, arXiv:2009.07368, with a block's mean for the expected loss
    """
    return sum(max(0.0, sum(one - tolerance for one in coded)) for coded in _blocks(bits, block))


def _blocks(bits, block: int) -> list[list[float]]:
    return [bits[start : start + block] for start in range(0, len(bits), block)]


def _coded() -> list[dict]:
    return [
        {"bits": [9.0, 5.0, 1.0, 2.5, 1.0], "block": 2, "tolerance": 2.0},
        {"bits": [12.0, 3.5, 8.0, 2.0, 6.0, 0.5, 4.0, 9.5, 1.5, 9.0, 7.0], "block": 3, "tolerance": 4.5},
        {"bits": [6.0, 7.0], "block": 20, "tolerance": 0.5},
    ]


def _until_it_is_low(bits, block, tolerance):
    surplus = 0.0
    for coded in _blocks(bits, block):
        more = sum(one - tolerance for one in coded)
        if more <= 0:
            break
        surplus += more
    return surplus


_SURPLUS = (
    (lambda bits, block, tolerance: sum(bits), "that is the whole code length; take off the tolerance."),
    (
        lambda bits, block, tolerance: sum(bits) - tolerance * len(bits),
        "a block below the tolerance pays nothing back; clip each block at 0.",
    ),
    (
        lambda bits, block, tolerance: sum(max(0.0, one - tolerance) for one in bits),
        "each example is clipped, so chance within a block counts as surplus; add up a block, then clip.",
    ),
    (
        lambda bits, block, tolerance: sum(max(0.0, sum(coded) - tolerance) for coded in _blocks(bits, block)),
        "the tolerance is for one example; a block may spend it once for each of its examples.",
    ),
    (
        lambda bits, block, tolerance: sum(
            max(0.0, sum(coded) / len(coded) - tolerance) for coded in _blocks(bits, block)
        ),
        "that adds up means; multiply each by the number of examples in its block.",
    ),
    (
        lambda bits, block, tolerance: surplus_code_length(bits[: len(bits) // block * block], block, tolerance),
        "the last block is missing where it has fewer examples.",
    ),
    (_until_it_is_low, "a block below the tolerance is no end: later ones may cost more again."),
    (
        lambda bits, block, tolerance: surplus_code_length(bits, block, tolerance) / len(bits),
        "mean instead of sum over the examples.",
    ),
)


def content_bits(value_logprobs, answers):
    """
    As `form_bits`, but the rest: what the right value costs once it is clear that it is one of its kind; the mean.

    content = mean over questions of - log2 ( p(right value) / sum over values of p(value) )

    value_logprobs  (N, C)  nats  log p of each of the C values of the kind, after each of N questions
    answers         (N,)    which of them is right
    """
    return -_chances(value_logprobs, answers).log2().mean()


def _chances(value_logprobs, answers):
    """(N,) share that the right value has of its kind's chances"""
    return value_logprobs.softmax(-1).gather(1, answers[:, None])[:, 0]


def _right(value_logprobs, answers):
    """(N,) nats of the right value"""
    return value_logprobs.gather(1, answers[:, None])[:, 0]


def _asked() -> list[dict]:
    import torch

    chance = torch.Generator().manual_seed(3)
    return [
        {
            "value_logprobs": torch.tensor([[0.1, 0.05, 0.05], [0.02, 0.04, 0.02]]).log(),
            "answers": torch.tensor([0, 2]),
        },
        {
            "value_logprobs": torch.randn(4, 3, generator=chance) * 2 - 6,
            "answers": torch.tensor([2, 0, 1, 1]),
        },
        {"value_logprobs": torch.tensor([[-0.2, -3.0]]), "answers": torch.tensor([1])},
    ]


_CONTENT = (
    (
        lambda value_logprobs, answers: -_right(value_logprobs, answers).mean() / math.log(2),
        "that is form and content together; divide by what all values of the kind have.",
    ),
    (
        lambda value_logprobs, answers: -value_logprobs.logsumexp(-1).mean() / math.log(2),
        "that is the form: the answer does not occur in it.",
    ),
    (
        lambda value_logprobs, answers: -_chances(value_logprobs, answers).log().mean(),
        "these are nats; 1 nat is 1 / ln 2 bits.",
    ),
    (
        lambda value_logprobs, answers: -_chances(value_logprobs, answers).log2().sum(),
        "sum instead of mean over the questions.",
    ),
    (
        lambda value_logprobs, answers: -_chances(value_logprobs, answers).mean().log2(),
        "average the bits of the questions, not their chances.",
    ),
    (
        lambda value_logprobs, answers: -content_bits(value_logprobs, answers),
        "a minus is missing: log p is below 0.",
    ),
)

EXERCISES = (
    Exercise("surplus_code_length", surplus_code_length, _coded, _SURPLUS),
    Exercise("content_bits", content_bits, _asked, _CONTENT),
)
