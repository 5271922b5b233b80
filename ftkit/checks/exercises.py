"""The exercises of the labs: what is right, on which inputs it is tried, and what people write instead."""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Exercise:
    """One stub of a lab.

    name       of the stub, by which `check` finds it
    reference  what is right
    cases      () -> inputs, each a dict of arguments
    mistakes   (what somebody wrote instead, the sentence for them)
    """

    name: str
    reference: Callable
    cases: Callable[[], list[dict]]
    mistakes: tuple[tuple[Callable, str], ...]


# ---- lab 00: meeting an islander ---------------------------------------------------------------------------------


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


# ---- lab 10: pretraining ------------------------------------------------------------------------------------------


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


# ---- lab 30: supervised fine-tuning -------------------------------------------------------------------------------


def completion_loss_per_example(token_logprobs, completion_mask):
    """
    As `completion_loss`, but every example weighs the same, however long its answer is.

    loss = mean over rows of ( - sum(mask * log p) / sum(mask) )

    token_logprobs   (B, T)  nats
    completion_mask  (B, T)  1 on tokens of the completion
    """
    per_row = -(token_logprobs * completion_mask).sum(1) / completion_mask.sum(1)
    return per_row.mean()


def _answers() -> list[dict]:
    import torch

    chance = torch.Generator().manual_seed(1)
    return [
        {
            "token_logprobs": torch.tensor([[-9.0, -1.0, -1.0, -1.0, -7.0], [-9.0, -9.0, -9.0, -5.0, -7.0]]),
            "completion_mask": torch.tensor([[0, 1, 1, 1, 0], [0, 0, 0, 1, 0]]),
        },
        {
            "token_logprobs": -torch.rand(3, 5, generator=chance) * 4,
            "completion_mask": torch.tensor([[0, 0, 1, 1, 1], [0, 1, 1, 0, 0], [0, 0, 0, 1, 0]]),
        },
        {"token_logprobs": torch.tensor([[-0.5, -0.25]]), "completion_mask": torch.tensor([[0, 1]])},
    ]


_SHIFTED = "the mask is shifted by one: here log p and mask already stand at the same token."
_PER_EXAMPLE = (
    (
        lambda token_logprobs, completion_mask: -(token_logprobs * completion_mask).sum() / completion_mask.sum(),
        "that is completion_loss itself: a long answer weighs more there. Average each row first, then the rows.",
    ),
    (lambda token_logprobs, completion_mask: -token_logprobs.mean(), "the mask is ignored: prompts count, too."),
    (
        lambda token_logprobs, completion_mask: -(token_logprobs * completion_mask).mean(),
        "divided by all T tokens; divide each row by the tokens that its mask leaves.",
    ),
    (
        lambda token_logprobs, completion_mask: -(token_logprobs * completion_mask).sum(1).mean(),
        "sum instead of mean within a row.",
    ),
    (
        lambda token_logprobs, completion_mask: (
            completion_loss_per_example(token_logprobs, completion_mask) * len(token_logprobs)
        ),
        "sum instead of mean over the rows.",
    ),
    (
        lambda token_logprobs, completion_mask: -completion_loss_per_example(token_logprobs, completion_mask),
        "a minus is missing: log p is below 0, a loss is above.",
    ),
    (
        lambda token_logprobs, completion_mask: completion_loss_per_example(token_logprobs, 1 - completion_mask),
        "the mask is the wrong way round: 1 means that a token counts.",
    ),
    (
        lambda token_logprobs, completion_mask: completion_loss_per_example(
            token_logprobs[:, 1:], completion_mask[:, :-1]
        ),
        _SHIFTED,
    ),
    (
        lambda token_logprobs, completion_mask: completion_loss_per_example(
            token_logprobs[:, :-1], completion_mask[:, 1:]
        ),
        _SHIFTED,
    ),
)

# ---- lab 20: prompting and learning in context --------------------------------------------------------------------


def calibrated_by_many(logprobs, content_free):
    """
    As `calibrated`, for one question, with what a label weighs before it averaged over several content-free texts.

    p(label | nothing) = mean over texts of softmax(content_free[text])
    q(label) = p(label | question) / p(label | nothing), divided by its sum over labels

    logprobs      (C,)    nats  log p of each label's words after the question
    content_free  (F, C)  nats  the same after each of F texts that say nothing
    returns       ()      q of the first label
    """
    before = content_free.softmax(-1).mean(0)
    quotient = logprobs.softmax(-1) / before
    return quotient[0] / quotient.sum()


def _weighed() -> list[dict]:
    import torch

    chance = torch.Generator().manual_seed(2)
    return [
        {
            "logprobs": torch.tensor([0.6, 0.4]).log(),
            "content_free": torch.tensor([[0.9, 0.1], [0.3, 0.7]]).log(),
        },
        {
            "logprobs": torch.tensor([-9.0, -8.0, -10.5]),
            "content_free": torch.randn(3, 3, generator=chance) * 2 - torch.tensor([[4.0], [7.0], [9.0]]),
        },
        {"logprobs": torch.tensor([-3.0, -2.0]), "content_free": torch.tensor([[-1.0, -2.5]])},
    ]


def _one_text(logprobs, content_free):
    quotient = logprobs.softmax(-1) / content_free.softmax(-1)
    return (quotient / quotient.sum(-1, keepdim=True))[..., 0]


_BY_MANY = (
    (
        lambda logprobs, content_free: _one_text(logprobs, content_free.mean(0)),
        "that averages nats, and so multiplies probabilities; average the probabilities.",
    ),
    (
        lambda logprobs, content_free: _one_text(logprobs, content_free).mean(),
        "calibrated by each text, and averaged then; average first, and divide once.",
    ),
    (
        lambda logprobs, content_free: _one_text(logprobs, content_free.exp().mean(0).log()),
        "a text after which all labels are likelier counts more; let each text's labels add up to 1 first.",
    ),
    (
        lambda logprobs, content_free: logprobs.softmax(-1)[0] / content_free.softmax(-1).mean(0)[0],
        "the quotients do not add up to 1; divide by their sum.",
    ),
    (
        lambda logprobs, content_free: logprobs.softmax(-1)[0],
        "that is what the model says uncalibrated; divide by what it said before.",
    ),
    (
        lambda logprobs, content_free: _one_text(logprobs, -content_free.softmax(-1).mean(0).log()),
        "multiplied by what the label weighed before; divide by it.",
    ),
    (
        lambda logprobs, content_free: _one_text(logprobs, content_free[0]),
        "only the first of the texts was used; average over all of them.",
    ),
    (
        lambda logprobs, content_free: 1 - calibrated_by_many(logprobs, content_free),
        "that is the chance of all other labels; the first label was wanted.",
    ),
)

# ---- lab 22: retrieval --------------------------------------------------------------------------------------------


def rag_token(document_logprobs, token_logprobs):
    """
    As `rag_sequence`, but each token of the answer may come from another document.

    log p(y | x) = sum over t of log sum over z of p(z | x) p(y_t | x, z, y_<t)

    document_logprobs  (K,)    nats  log p(z | x)
    token_logprobs     (K, T)  nats
    """
    return (document_logprobs[:, None] + token_logprobs).logsumexp(0).sum()


def _found() -> list[dict]:
    import torch

    chance = torch.Generator().manual_seed(2)
    return [
        {
            "document_logprobs": torch.tensor([0.75, 0.25]).log(),
            "token_logprobs": torch.tensor([[0.8, 0.5], [0.4, 0.1]]).log(),
        },
        {
            "document_logprobs": torch.tensor([0.2, 0.5, 0.3]).log(),
            "token_logprobs": -torch.rand(3, 4, generator=chance) * 3,
        },
        {"document_logprobs": torch.zeros(1), "token_logprobs": torch.tensor([[-0.5, -0.25, -2.0]])},
    ]


_BY_TOKEN = (
    (
        lambda document_logprobs, token_logprobs: (document_logprobs + token_logprobs.sum(1)).logsumexp(0),
        "that is rag_sequence itself: one document for the whole answer. Sum over documents first, then over tokens.",
    ),
    (
        lambda document_logprobs, token_logprobs: token_logprobs.logsumexp(0).sum(),
        "p(z | x) is missing, so the documents' shares do not add up to 1.",
    ),
    (
        lambda document_logprobs, token_logprobs: token_logprobs.exp().mean(0).log().sum(),
        "every document weighs the same here; weigh each by p(z | x).",
    ),
    (
        lambda document_logprobs, token_logprobs: (document_logprobs.exp()[:, None] * token_logprobs).sum(),
        "that averages logarithms; average probabilities, then take the logarithm.",
    ),
    (
        lambda document_logprobs, token_logprobs: token_logprobs[document_logprobs.argmax()].sum(),
        "that reads the best document alone; all of them count.",
    ),
    (
        lambda document_logprobs, token_logprobs: (document_logprobs[:, None] + token_logprobs).max(0).values.sum(),
        "the largest instead of the sum over documents.",
    ),
    (
        lambda document_logprobs, token_logprobs: rag_token(document_logprobs, token_logprobs).exp(),
        "that is the probability itself; its logarithm was wanted.",
    ),
    (
        lambda document_logprobs, token_logprobs: (
            rag_token(document_logprobs, token_logprobs) / token_logprobs.shape[1]
        ),
        "mean instead of sum over the tokens.",
    ),
    (lambda document_logprobs, token_logprobs: -rag_token(document_logprobs, token_logprobs), "the sign is turned."),
)

EXERCISES = {
    one.name: one
    for one in (
        Exercise("perplexity", perplexity, _sentences, _PERPLEXITY),
        Exercise("next_token_bits", next_token_bits, _readings, _BITS),
        Exercise("completion_loss_per_example", completion_loss_per_example, _answers, _PER_EXAMPLE),
        Exercise("calibrated_by_many", calibrated_by_many, _weighed, _BY_MANY),
        Exercise("rag_token", rag_token, _found, _BY_TOKEN),
    )
}
