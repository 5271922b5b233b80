"""Part 3, lab 30: the loss of an answer."""

from .exercise import Exercise


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

EXERCISES = (Exercise("completion_loss_per_example", completion_loss_per_example, _answers, _PER_EXAMPLE),)
