"""Part 2, labs 20 and 22: calibration of labels, and answers from several documents."""

from .exercise import Exercise


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

EXERCISES = (
    Exercise("calibrated_by_many", calibrated_by_many, _weighed, _BY_MANY),
    Exercise("rag_token", rag_token, _found, _BY_TOKEN),
)
