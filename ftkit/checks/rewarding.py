"""Labs 40, 52 and 66: a LoRA that is as loud at any rank, returns, and advantages."""

from ..adapters.lora import lora_forward
from .exercise import Exercise


def rslora_forward(x, weight, a, b, alpha):
    """
    As `lora_forward`, but as loud at any rank.

    y = x W^T + (alpha / sqrt(rank)) (x A^T) B^T

    source  Kalajdzievski 2023, arXiv:2312.03732
    """
    return lora_forward(x, weight, a, b, alpha * a.shape[0] ** 0.5)


def discounted_returns(rewards, completion_mask, gamma):
    """
    What each token earns from there on, each later reward times gamma for every token between.

    return[t] = reward[t] + gamma * return[t + 1]

    rewards          (B, T)
    completion_mask  (B, T)  1 on tokens of the completion; what stands beyond earns nothing
    returns          (B, T)
    """
    import torch

    after, found = torch.zeros_like(rewards[:, 0]), []
    for t in range(rewards.shape[1] - 1, -1, -1):
        after = (rewards[:, t] + gamma * after) * completion_mask[:, t]
        found.append(after)
    return torch.stack(found[::-1], 1)


def advantages_without_scale(rewards):
    """
    How much more each answer has earned than the others of its group.

    advantage[i] = reward[i] - mean of reward[j], j != i

    rewards  (P, G)
    source   Liu et al. 2025, arXiv:2503.20783, section 3.2
    """
    others = (rewards.sum(-1, keepdim=True) - rewards) / (rewards.shape[-1] - 1)
    return rewards - others


def _thin() -> list[dict]:
    import torch

    chance = torch.Generator().manual_seed(1)

    def drawn(*shape):
        return torch.randn(*shape, generator=chance)

    return [
        {"x": drawn(2, 4), "weight": drawn(3, 4), "a": drawn(r, 4), "b": drawn(3, r), "alpha": alpha}
        for r, alpha in ((4, 8.0), (2, 3.0), (1, 2.0))
    ]


_LOUD = (
    (lora_forward, "that is lora_forward itself: with rank 4 it is half as loud as asked for."),
    (
        lambda x, weight, a, b, alpha: x @ weight.T + alpha * (x @ a.T) @ b.T,
        "divided by nothing; divide by the root of the rank.",
    ),
    (
        lambda x, weight, a, b, alpha: lora_forward(x, weight, a, b, alpha * a.shape[0] ** 1.5),
        "multiplied by the root of the rank; divide by it.",
    ),
    (
        lambda x, weight, a, b, alpha: rslora_forward(x, weight, a, b, alpha) - x @ weight.T,
        "the change alone; the frozen matrix speaks, too.",
    ),
)


def _earned() -> list[dict]:
    import torch

    return [
        {
            "rewards": torch.tensor([[0.0, 1.0, 2.0], [1.0, -1.0, 5.0]]),
            "completion_mask": torch.tensor([[1, 1, 1], [1, 1, 0]]),
            "gamma": 0.5,
        },
        {"rewards": torch.tensor([[0.3, 0.0, 0.0, 4.0]]), "completion_mask": torch.ones(1, 4), "gamma": 0.9},
    ]


def _undiscounted(rewards, completion_mask, gamma):
    return discounted_returns(rewards, completion_mask, 1.0)


_RETURNS = (
    (_undiscounted, "gamma is missing: a late reward counts as much as an early one."),
    (
        lambda rewards, completion_mask, gamma: discounted_returns(rewards, completion_mask * 0 + 1, gamma),
        "the mask is missing: what stands beyond the answer earns, too.",
    ),
    (
        lambda rewards, completion_mask, gamma: (rewards * completion_mask).cumsum(1),
        "what was earned so far; asked for is what is still to come.",
    ),
    (
        lambda rewards, completion_mask, gamma: rewards * completion_mask,
        "each token's own reward; add what comes later.",
    ),
)


def _groups() -> list[dict]:
    import torch

    return [{"rewards": torch.tensor([[1.0, 0.0, 0.0, 0.0], [2.0, 2.0, 2.0, 2.0]])},
            {"rewards": torch.tensor([[0.5, 1.0, 0.0]])}]  # fmt: skip


def _scaled(rewards):
    from ..objectives.grpo import group_advantages

    return group_advantages(rewards)


_UNSCALED = (
    (_scaled, "that is group_advantages itself; do not divide by the deviation."),
    (
        lambda rewards: rewards - rewards.mean(-1, keepdim=True),
        "the attempt itself is in the mean; leave it out.",
    ),
    (lambda rewards: rewards - rewards.mean(), "one mean for all groups; each has its own."),
    (lambda rewards: -advantages_without_scale(rewards), "the sign is turned: what earned more is to become likelier."),
)


EXERCISES = (
    Exercise("rslora_forward", rslora_forward, _thin, _LOUD),
    Exercise("discounted_returns", discounted_returns, _earned, _RETURNS),
    Exercise("advantages_without_scale", advantages_without_scale, _groups, _UNSCALED),
)
