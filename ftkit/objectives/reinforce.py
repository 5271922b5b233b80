"""REINFORCE: what earned more than the others was a good idea, every word of it."""

from dataclasses import dataclass

from ..records import Objective
from .policy import TELLS, Sampling, Written
from .rounds import Method, policy_plan


@dataclass(frozen=True)
class Reinforce(Sampling):
    """How to learn from rewards, in the plainest way."""


def leave_one_out(rewards):
    """
    How much more each completion has earned than the others to the same prompt.

    advantage[i] = reward[i] - mean of reward[j], j != i

    rewards  (P, G)  of G completions to each of P prompts
    returns  (P, G)  0 where all have earned the same
    raises   ValueError if there is no other completion
    source   Kool et al. 2019, Buy 4 REINFORCE Samples, Get a Baseline for Free!; Ahmadian et al. 2024, arXiv:2402.14740
    """
    number = rewards.shape[-1]
    if number < 2:
        raise ValueError("a completion alone has no others to be measured by; choose a group of 2 or more")
    return (rewards - rewards.mean(-1, keepdim=True)) * number / (number - 1)


def reinforce_loss(token_logprobs, completion_mask, advantages):
    """
    Its gradient makes completions likelier that earned more than expected, and others less likely.

    loss = - mean over completions of advantage * sum of token_logprobs

    token_logprobs   (B, T)  nats  of what was written
    completion_mask  (B, T)        1 on tokens of a completion, its end token included
    advantages       (B,)          reward minus baseline; no gradient flows through it
    returns          ()            its value says nothing; its gradient is the policy gradient
    source           Williams 1992, doi:10.1007/BF00992696, eq. 11, with the score of a whole completion as one action
    """
    completion_logprob = (token_logprobs * completion_mask).sum(-1)  # (B,)
    return -(advantages * completion_logprob).mean()


def _signals(config: Reinforce, written: Written, critic) -> dict:
    earned = written.rewards - config.beta * written.distances()  # (B,)
    return {"advantages": leave_one_out(earned.view(-1, config.group)).flatten()}


def _loss(config: Reinforce, written: Written, signals: dict, token_logprobs, values):
    return reinforce_loss(token_logprobs, written.completion_mask, signals["advantages"]), {}


RECORD = Objective(
    name="reinforce",
    title="REINFORCE",
    claim="A reward alone, and what the other tries earned, is enough to learn from.",
    paper="Williams 1992, doi:10.1007/BF00992696",
    year=1992,
    seed_row="Table 1, RLHF: the first step towards PPO",
    lab="52",
    config=Reinforce,
    equation=reinforce_loss,
    unit="",
    tells=TELLS,
    plan=policy_plan(Method(_signals, _loss)),
)
