"""Part 0 and 1, labs 00 and 10: how surprised a reader is."""

import math

from .exercise import Exercise


def perplexity(token_logprobs):
    """
    Among how many equally likely tokens a model seems to choose, on average.

    perplexity = exp(- mean of log p)

    token_logprobs  list of T numbers, nats: log p of each token of a sentence
    """
    return math.exp(-sum(token_logprobs) / len(token_logprobs))


def _sentences() -> list[dict]:
    return [
        {"token_logprobs": [math.log(1 / 4)] * 3},
        {"token_logprobs": [-0.1, -2.3, -0.7, -0.02]},
        {"token_logprobs": [-5.0]},
    ]


_PERPLEXITY = (
    (lambda token_logprobs: math.exp(-sum(token_logprobs)), "sum instead of mean: a longer sentence is not worse."),
    (
        lambda token_logprobs: math.exp(sum(token_logprobs) / len(token_logprobs)),
        "a minus is missing: log p is below 0.",
    ),
    (lambda token_logprobs: -sum(token_logprobs) / len(token_logprobs), "that is the mean surprise in nats; take exp."),
    (lambda token_logprobs: 2 ** (-sum(token_logprobs) / len(token_logprobs)), "2 ** goes with bits; these are nats."),
    (
        lambda token_logprobs: sum(math.exp(-one) for one in token_logprobs) / len(token_logprobs),
        "exp first and mean second; take the mean of the log-probabilities first.",
    ),
    (
        lambda token_logprobs: len(token_logprobs) / sum(math.exp(one) for one in token_logprobs),
        "that averages probabilities; average their logarithms.",
    ),
)


def next_token_bits(logits, input_ids):
    """
    Bits that a reader's best code spends on each next token, on average.

    bits = - mean over t of log2 softmax(logits[t])[input_ids[t + 1]]

    logits     (B, T, V)  those at t foretell token t + 1
    input_ids  (B, T)
    """
    return _surprises(logits, input_ids).mean() / math.log(2)


def _surprises(logits, input_ids, ahead: int = 1):
    """(B, T - ahead) nats of each token under the logits `ahead` places before it"""
    length = logits.shape[1] - ahead
    logprobs = logits[:, :length] - logits[:, :length].exp().sum(-1, keepdim=True).log()
    return -logprobs.gather(2, input_ids[:, ahead:, None])[..., 0]


def _readings() -> list[dict]:
    import torch

    certain = torch.zeros(1, 3, 4)
    chance = torch.Generator().manual_seed(0)
    return [
        {"logits": certain, "input_ids": torch.tensor([[0, 1, 2]])},
        {"logits": torch.randn(2, 4, 3, generator=chance) * 2, "input_ids": torch.tensor([[0, 2, 1, 1], [2, 2, 0, 1]])},
        {"logits": torch.randn(1, 5, 4, generator=chance) * 2, "input_ids": torch.tensor([[3, 0, 0, 2, 1]])},
    ]


def _backwards(logits, input_ids):
    length = logits.shape[1] - 1
    logprobs = logits[:, 1:].log_softmax(-1)
    return -logprobs.gather(2, input_ids[:, :length, None])[..., 0].mean() / math.log(2)


_BITS = (
    (lambda logits, input_ids: _surprises(logits, input_ids).mean(), "these are nats; 1 nat is 1 / ln 2 bits."),
    (lambda logits, input_ids: _surprises(logits, input_ids).mean() * math.log(2), "divide nats by ln 2, not times."),
    (
        lambda logits, input_ids: _surprises(logits, input_ids, 0).mean() / math.log(2),
        "no shift: the logits at t foretell token t + 1, not token t.",
    ),
    (_backwards, "shifted the wrong way: the logits at t + 1 have already read token t."),
    (lambda logits, input_ids: _surprises(logits, input_ids).sum() / math.log(2), "sum instead of mean."),
    (
        lambda logits, input_ids: _surprises(logits, input_ids).sum() / input_ids.numel() / math.log(2),
        "divided by all tokens; the first of each row is foretold by nothing and does not count.",
    ),
    (lambda logits, input_ids: -_surprises(logits, input_ids).mean() / math.log(2), "a minus is missing."),
)

EXERCISES = (
    Exercise("perplexity", perplexity, _sentences, _PERPLEXITY),
    Exercise("next_token_bits", next_token_bits, _readings, _BITS),
)
