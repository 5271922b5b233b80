"""Part 5, labs 50, 54 and 58: the loss of a reward model, and two of direct preference optimisation."""

from .exercise import Exercise


def reward_loss_with_margin(chosen_reward, rejected_reward, margin):
    """
    As `reward_loss`, but the chosen reward has to be ahead by a margin of each pair's own.

    loss = mean(-log sigmoid(chosen_reward - rejected_reward - margin))

    chosen_reward, rejected_reward  (B,)  nats
    margin                          (B,)  nats  the larger, the more clearly the chosen completion is the better one
    source                          Touvron et al. 2023, arXiv:2307.09288, eq. 2
    """
    return _surprise(chosen_reward - rejected_reward - margin).mean()


def _surprise(margin):
    """(B,) nats: -log sigmoid"""
    from torch.nn.functional import softplus

    return softplus(-margin)


def _rewarded() -> list[dict]:
    import torch

    chance = torch.Generator().manual_seed(5)
    chosen, rejected = torch.randn(2, 4, generator=chance) * 2
    return [
        {
            "chosen_reward": torch.tensor([3.0, 1.0]),
            "rejected_reward": torch.tensor([1.0, 1.0]),
            "margin": torch.tensor([2.0, 0.0]),
        },
        {"chosen_reward": chosen, "rejected_reward": rejected, "margin": torch.tensor([0.5, 1.0, 0.2, 3.0])},
        {
            "chosen_reward": torch.tensor([-0.5]),
            "rejected_reward": torch.tensor([0.7]),
            "margin": torch.tensor([0.3]),
        },
    ]


_MARGIN = (
    (
        lambda chosen_reward, rejected_reward, margin: _surprise(chosen_reward - rejected_reward).mean(),
        "that is reward_loss itself: the margin does not occur in it.",
    ),
    (
        lambda chosen_reward, rejected_reward, margin: _surprise(chosen_reward - rejected_reward + margin).mean(),
        "a margin added makes a pair easier; take it off the difference.",
    ),
    (
        lambda chosen_reward, rejected_reward, margin: (_surprise(chosen_reward - rejected_reward) - margin).mean(),
        "the margin stands outside of the sigmoid; there it has no gradient and teaches nothing.",
    ),
    (
        lambda chosen_reward, rejected_reward, margin: _surprise(
            chosen_reward - rejected_reward - margin.mean()
        ).mean(),
        "one margin for all; each pair has its own.",
    ),
    (
        lambda chosen_reward, rejected_reward, margin: _surprise(rejected_reward - chosen_reward - margin).mean(),
        "chosen and rejected are exchanged.",
    ),
    (
        lambda chosen_reward, rejected_reward, margin: _surprise(chosen_reward - rejected_reward - margin).sum(),
        "sum instead of mean over the pairs.",
    ),
    (
        lambda chosen_reward, rejected_reward, margin: -reward_loss_with_margin(chosen_reward, rejected_reward, margin),
        "a minus is missing: log sigmoid is below 0, a loss is above.",
    ),
    (
        lambda chosen_reward, rejected_reward, margin: -(chosen_reward - rejected_reward - margin).sigmoid().mean(),
        "the logarithm is missing.",
    ),
)


def dpo_loss_per_token(chosen_logratio, rejected_logratio, chosen_tokens, rejected_tokens, beta):
    """
    As `dpo_loss`, but with mean log-ratios: a long completion has no larger say than a short one; the mean over pairs.

    loss = mean(-log sigmoid(beta * (chosen_logratio / chosen_tokens - rejected_logratio / rejected_tokens)))

    chosen_logratio, rejected_logratio  (B,)  nats    summed over the tokens of the completion
    chosen_tokens, rejected_tokens      (B,)  tokens
    beta                                ()    1/nat
    source                              Lambert et al. 2024, arXiv:2411.15124, eq. 6
    """
    return _surprise(beta * (chosen_logratio / chosen_tokens - rejected_logratio / rejected_tokens)).mean()


def _ratios() -> list[dict]:
    import torch

    chance = torch.Generator().manual_seed(6)
    chosen, rejected = torch.randn(2, 4, generator=chance) * 6 - 4
    return [
        {
            "chosen_logratio": torch.tensor([6.0, -8.0]),
            "rejected_logratio": torch.tensor([-3.0, -20.0]),
            "chosen_tokens": torch.tensor([3, 4]),
            "rejected_tokens": torch.tensor([3, 10]),
            "beta": 2.0,
        },
        {
            "chosen_logratio": chosen,
            "rejected_logratio": rejected,
            "chosen_tokens": torch.tensor([12, 9, 20, 15]),
            "rejected_tokens": torch.tensor([40, 11, 14, 33]),
            "beta": 5.0,
        },
        {
            "chosen_logratio": torch.tensor([1.5]),
            "rejected_logratio": torch.tensor([0.5]),
            "chosen_tokens": torch.tensor([2]),
            "rejected_tokens": torch.tensor([5]),
            "beta": 0.5,
        },
    ]


def _compared(chosen, rejected, beta):
    return _surprise(beta * (chosen - rejected)).mean()


_PER_TOKEN = (
    (
        lambda chosen_logratio, rejected_logratio, chosen_tokens, rejected_tokens, beta: _compared(
            chosen_logratio, rejected_logratio, beta
        ),
        "that is the mean of dpo_loss itself: the lengths do not occur in it.",
    ),
    (
        lambda chosen_logratio, rejected_logratio, chosen_tokens, rejected_tokens, beta: _compared(
            chosen_logratio / (chosen_tokens + rejected_tokens),
            rejected_logratio / (chosen_tokens + rejected_tokens),
            beta,
        ),
        "both are divided by both lengths together; divide each by its own.",
    ),
    (
        lambda chosen_logratio, rejected_logratio, chosen_tokens, rejected_tokens, beta: _compared(
            chosen_logratio / chosen_tokens, rejected_logratio / chosen_tokens, beta
        ),
        "both are divided by the chosen one's length; divide each by its own.",
    ),
    (
        lambda chosen_logratio, rejected_logratio, chosen_tokens, rejected_tokens, beta: _compared(
            chosen_logratio / chosen_tokens.float().mean(), rejected_logratio / rejected_tokens.float().mean(), beta
        ),
        "divided by mean lengths; each completion has its own.",
    ),
    (
        lambda chosen_logratio, rejected_logratio, chosen_tokens, rejected_tokens, beta: _compared(
            rejected_logratio / rejected_tokens, chosen_logratio / chosen_tokens, beta
        ),
        "chosen and rejected are exchanged.",
    ),
    (
        lambda chosen_logratio, rejected_logratio, chosen_tokens, rejected_tokens, beta: _compared(
            chosen_logratio / chosen_tokens, rejected_logratio / rejected_tokens, 1.0
        ),
        "beta is missing.",
    ),
    (
        lambda chosen_logratio, rejected_logratio, chosen_tokens, rejected_tokens, beta: (
            len(chosen_logratio) * _compared(chosen_logratio / chosen_tokens, rejected_logratio / rejected_tokens, beta)
        ),
        "sum instead of mean over the pairs.",
    ),
    (
        lambda chosen_logratio, rejected_logratio, chosen_tokens, rejected_tokens, beta: (
            -_compared(chosen_logratio / chosen_tokens, rejected_logratio / rejected_tokens, beta)
        ),
        "a minus is missing: log sigmoid is below 0, a loss is above.",
    ),
)


def dpo_loss_with_slips(chosen_logratio, rejected_logratio, beta, slips):
    """
    As `dpo_loss`, for somebody who clicks on the wrong answer now and then; the mean over pairs.

    loss = mean(-(1 - slips) * log sigmoid(margin) - slips * log sigmoid(-margin))
    margin = beta * (chosen_logratio - rejected_logratio)

    chosen_logratio, rejected_logratio  (B,)  nats
    beta                                ()    1/nat
    slips                               ()    share of clicks on the answer that was liked less
    source                              Mitchell 2023, A note on DPO with noisy preferences, eq. 3
    """
    margin = beta * (chosen_logratio - rejected_logratio)
    return ((1 - slips) * _surprise(margin) + slips * _surprise(-margin)).mean()


def _clicked() -> list[dict]:
    import torch

    chance = torch.Generator().manual_seed(7)
    chosen, rejected = torch.randn(2, 4, generator=chance) * 3
    return [
        {
            "chosen_logratio": torch.tensor([4.0, 0.0]),
            "rejected_logratio": torch.tensor([-4.0, 0.0]),
            "beta": 0.5,
            "slips": 0.25,
        },
        {"chosen_logratio": chosen, "rejected_logratio": rejected, "beta": 0.3, "slips": 0.1},
        {"chosen_logratio": torch.tensor([1.0]), "rejected_logratio": torch.tensor([3.0]), "beta": 1.0, "slips": 0.4},
    ]


def _margins(chosen_logratio, rejected_logratio, beta):
    return beta * (chosen_logratio - rejected_logratio)


_SLIPS = (
    (
        lambda chosen_logratio, rejected_logratio, beta, slips: _compared(chosen_logratio, rejected_logratio, beta),
        "that is the mean of dpo_loss itself: nobody slips in it.",
    ),
    (
        lambda chosen_logratio, rejected_logratio, beta, slips: (
            (1 - slips) * _compared(chosen_logratio, rejected_logratio, beta)
        ),
        "the slips only make the loss smaller; they are clicks, too, on the other answer.",
    ),
    (
        lambda chosen_logratio, rejected_logratio, beta, slips: dpo_loss_with_slips(
            chosen_logratio, rejected_logratio, beta, 1 - slips
        ),
        "the shares are exchanged: most clicks are right.",
    ),
    (
        lambda chosen_logratio, rejected_logratio, beta, slips: _surprise(
            (1 - 2 * slips) * _margins(chosen_logratio, rejected_logratio, beta)
        ).mean(),
        "the margins are mixed; mix the two losses.",
    ),
    (
        lambda chosen_logratio, rejected_logratio, beta, slips: (
            (1 - slips) * _surprise(_margins(chosen_logratio, rejected_logratio, beta))
            - slips * _surprise(-_margins(chosen_logratio, rejected_logratio, beta))
        ).mean(),
        "a loss is added here, not taken off: the one with slips, too, has a minus before its log.",
    ),
    (
        lambda chosen_logratio, rejected_logratio, beta, slips: dpo_loss_with_slips(
            chosen_logratio, rejected_logratio, 1.0, slips
        ),
        "beta is missing.",
    ),
    (
        lambda chosen_logratio, rejected_logratio, beta, slips: (
            len(chosen_logratio) * dpo_loss_with_slips(chosen_logratio, rejected_logratio, beta, slips)
        ),
        "sum instead of mean over the pairs.",
    ),
    (
        lambda chosen_logratio, rejected_logratio, beta, slips: (
            -dpo_loss_with_slips(chosen_logratio, rejected_logratio, beta, slips)
        ),
        "a minus is missing: log sigmoid is below 0, a loss is above.",
    ),
)

EXERCISES = (
    Exercise("reward_loss_with_margin", reward_loss_with_margin, _rewarded, _MARGIN),
    Exercise("dpo_loss_per_token", dpo_loss_per_token, _ratios, _PER_TOKEN),
    Exercise("dpo_loss_with_slips", dpo_loss_with_slips, _clicked, _SLIPS),
)
