"""P3O: of two completions to one prompt, the better becomes likelier and the worse less so, by what lies between."""

from dataclasses import dataclass

from ..records import Objective, knob
from .policy import TELLS, Sampling, Written
from .rounds import Method, policy_plan


@dataclass(frozen=True)
class P3O(Sampling):
    """How to learn from pairs of one's own completions."""

    group: int = knob(2, 2, 2, unit="completions", help="written to each prompt: a pair")
    clip_ratio: float = knob(
        0.2, 0.01, 10.0, help="how much likelier a completion may become in a round, before it stops to pay"
    )
    passes: int = knob(2, 1, 16, help="how often a round learns from the same completions")


def p3o_loss(first_logratio, second_logratio, differences, clip_ratio: float):
    """
    Makes the better completion of a pair likelier and the other one less likely, as far as a round may go.

    loss = - 1/2 mean over pairs of [min(r1 d, clip(r1) d) + min(-r2 d, -clip(r2) d)],  d = differences
    r = exp(logratio), clip(r) = clip(r, 1 - clip_ratio, 1 + clip_ratio)

    first_logratio   (P,)  nats  log policy - log policy that wrote, summed over the first completion's tokens
    second_logratio  (P,)  nats  the same for the second
    differences      (P,)        reward of the first minus reward of the second, each with its price of distance
    clip_ratio       ()          epsilon
    returns          ()          a reward that is raised by the same amount for all answers to a prompt changes nothing
    source           Wu et al. 2023, arXiv:2310.00212, eq. 7 and section 4.2, with the ratios clipped one by one
    """
    import torch

    def gain(logratio, advantage):
        ratio = logratio.exp()
        return torch.minimum(ratio * advantage, ratio.clamp(1 - clip_ratio, 1 + clip_ratio) * advantage)

    return -((gain(first_logratio, differences) + gain(second_logratio, -differences)) / 2).mean()


def _signals(config: P3O, written: Written, critic) -> dict:
    earned = written.rewards - config.beta * written.distances()
    pairs = earned.view(-1, 2)
    return {"differences": (pairs[:, 0] - pairs[:, 1]).repeat_interleave(2)}


def _loss(config: P3O, written: Written, signals: dict, token_logprobs, values):
    logratios = ((token_logprobs - written.old_logprobs) * written.completion_mask).sum(-1)  # (B,)
    return p3o_loss(logratios[::2], logratios[1::2], signals["differences"][::2], config.clip_ratio), {}


RECORD = Objective(
    name="p3o",
    title="Pairwise proximal policy optimisation",
    claim="Only differences of rewards count, so no critic is needed, and a reward's zero may lie anywhere.",
    paper="Wu et al. 2023, arXiv:2310.00212",
    year=2023,
    seed_row='Table 1, RLHF: "PPO [39,57]", whose [57] is this',
    lab="52",
    config=P3O,
    equation=p3o_loss,
    unit="",
    tells=TELLS,
    plan=policy_plan(Method(_signals, _loss, passes=lambda config: config.passes)),
)
