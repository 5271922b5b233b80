"""PPO: earn more, in small steps, and stay near the model that you were."""

from dataclasses import dataclass

from ..records import Objective, knob
from .policy import TELLS, Sampling, Written
from .rounds import Method, policy_plan

GAMMA = 1.0  # a reward at the end counts as much for the first token as for the last
PATIENCE = 0.1  # share of its error by which the price of distance changes in a round
WIDEST = 0.2  # of those errors


@dataclass(frozen=True)
class PPO(Sampling):
    """How far a step may go, and what distance costs."""

    group: int = knob(1, 1, 64, unit="completions", help="written to each prompt; the critic needs no others")
    clip_ratio: float = knob(
        0.2, 0.01, 10.0, help="how much likelier a token may become in a round, before it stops to pay"
    )
    passes: int = knob(4, 1, 16, help="how often a round learns from the same completions")
    trace: float = knob(0.95, 0.0, 1.0, help="lambda of the advantages: 1 trusts what was earned, 0 the critic")
    critic: float = knob(0.1, 0.0, 10.0, help="weight of the critic's own loss")
    target: float = knob(0.0, 0.0, 1000.0, unit="nats", help="distance that beta is steered to; 0: beta stays")


def advantages_of(rewards, values, completion_mask, trace: float, gamma: float = GAMMA):
    """
    How much better each token did than the critic expected (generalised advantage estimation).

    delta[t] = reward[t] + gamma * value[t + 1] - value[t]
    advantage[t] = delta[t] + gamma * trace * advantage[t + 1]

    rewards          (B, T)  of each token; 0 beyond the completion
    values           (B, T)  expected from each token on
    completion_mask  (B, T)  1 on tokens of the completion
    trace            ()      lambda
    returns          (B, T)  0 beyond the completion
    source           Schulman et al. 2015, arXiv:1506.02438, eq. 16
    """
    import torch

    values = values * completion_mask
    after = torch.zeros_like(values[:, 0])
    next_value, found = after, []
    for t in range(values.shape[1] - 1, -1, -1):
        delta = rewards[:, t] + gamma * next_value - values[:, t]
        after = (delta + gamma * trace * after) * completion_mask[:, t]
        next_value = values[:, t]
        found.append(after)
    return torch.stack(found[::-1], 1)


def ppo_loss(token_logprobs, old_logprobs, advantages, completion_mask, clip_ratio: float):
    """
    Makes tokens likelier that did better than expected, as far as a round may go.

    loss = - mean over tokens of min(ratio * advantage, clip(ratio, 1 - clip_ratio, 1 + clip_ratio) * advantage)
    ratio = exp(token_logprobs - old_logprobs)

    token_logprobs   (B, T)  nats  under the policy that learns
    old_logprobs     (B, T)  nats  under the policy that wrote
    advantages       (B, T)
    completion_mask  (B, T)        1 on tokens of the completion
    clip_ratio       ()            epsilon; a ratio beyond it earns nothing more, but nothing pulls it back
    returns          ()            0 at first, when advantages have mean 0
    source           Schulman et al. 2017, arXiv:1707.06347, eq. 7
    """
    import torch

    ratio = (token_logprobs - old_logprobs).exp()
    clipped = ratio.clamp(1 - clip_ratio, 1 + clip_ratio)
    gain = torch.minimum(ratio * advantages, clipped * advantages)
    return -(gain * completion_mask).sum() / completion_mask.sum()


def critic_loss(values, old_values, returns, completion_mask, clip_ratio: float):
    """
    How wrong the critic is, of two answers the worse: as it is, and moved no further than clip_ratio in a round.

    loss = 1/2 mean over tokens of max((value - return)^2, (clipped value - return)^2)

    source  Ouyang et al. 2022, arXiv:2203.02155, and their predecessors' code; not in the paper on PPO
    """
    import torch

    near = old_values + (values - old_values).clamp(-clip_ratio, clip_ratio)
    worse = torch.maximum((values - returns) ** 2, (near - returns) ** 2)
    return 0.5 * (worse * completion_mask).sum() / completion_mask.sum()


def steered(beta: float, distance: float, target: float) -> float:
    """
    The price of distance for the next round: higher where the policy has gone too far.

    beta <- beta (1 + 0.1 clip(distance / target - 1, -0.2, 0.2))

    source  Ziegler et al. 2019, arXiv:1909.08593, section 2.2
    """
    return beta * (1 + PATIENCE * max(-WIDEST, min(WIDEST, distance / target - 1)))


def token_rewards(written: Written, beta: float):
    """
    What each token earns: it pays for its distance from the reference, and the last one earns the completion's reward.

    returns  (B, T)
    """
    import torch

    mask = written.completion_mask
    earned = -beta * (written.old_logprobs - written.reference_logprobs) * mask
    last = mask.sum(-1) - 1  # (B,)
    return earned + written.rewards[:, None] * torch.nn.functional.one_hot(last, mask.shape[1])


def whitened(advantages, completion_mask):
    """Advantages with mean 0 and deviation 1 over all tokens of a round; as they are where all are the same."""
    count = completion_mask.sum()
    mean = (advantages * completion_mask).sum() / count
    spread = (((advantages - mean) ** 2 * completion_mask).sum() / count).sqrt()
    return (advantages - mean) * completion_mask / spread.clamp(min=1e-6)


def _signals(config: PPO, written: Written, critic) -> dict:
    found = advantages_of(
        token_rewards(written, critic.beta.item()), written.values, written.completion_mask, config.trace
    )
    return {
        "advantages": whitened(found, written.completion_mask),
        "returns": found + written.values * written.completion_mask,
    }


def _loss(config: PPO, written: Written, signals: dict, token_logprobs, values):
    mask = written.completion_mask
    policy = ppo_loss(token_logprobs, written.old_logprobs, signals["advantages"], mask, config.clip_ratio)
    critic = critic_loss(values, written.values, signals["returns"], mask, config.clip_ratio)
    return policy + config.critic * critic, {"critic_loss": critic.item()}


def _ends(config: PPO, critic, distance: float) -> None:
    if config.target:
        critic.beta.fill_(steered(critic.beta.item(), distance, config.target))


METHOD = Method(_signals, _loss, critic=True, tells=("critic_loss",), passes=lambda config: config.passes, ends=_ends)
RECORD = Objective(
    name="ppo",
    title="Proximal policy optimisation",
    claim="A critic tells which words earned the reward; clipped ratios keep each round's step small.",
    paper="Schulman et al. 2017, arXiv:1707.06347; for language models Ouyang et al. 2022, arXiv:2203.02155",
    year=2017,
    seed_row="Table 1, RLHF: PPO",
    lab="52",
    config=PPO,
    equation=ppo_loss,
    unit="",
    tells=TELLS | {"critic_loss": "reward²"},
    plan=policy_plan(METHOD),
)
