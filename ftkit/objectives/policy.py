"""What reinforcement shares: what a policy is asked, what it wrote, how it is graded, and how likely each token is."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .. import rewards
from ..data import as_prompt, encode, shuffled_order
from ..generation import generate
from ..records import check_knobs, knob

TELLS = {  # and their units
    "reward": "as graded", "gold": "score", "kl": "nats/answer", "length": "tokens", "cut": "share of answers",
    "silent_groups": "share of groups", "failed": "share of answers",
}  # fmt: skip
SEEDS = 1_000_003  # rounds of one run, and runs with neighbouring seeds, draw from chances of their own


@dataclass(frozen=True)
class Sampling:
    """How a policy tries, and who judges its tries; the first knobs of every technique that learns from rewards.

    reward  a grader's name, as `rewards.grader` reads it
    """

    reward: str = "rule"
    group: int = knob(8, 2, 64, unit="completions", help="written to each prompt")
    longest: int = knob(64, 1, 4096, "log", "tokens", "completions are cut to so many")
    temperature: float = knob(1.0, 0.1, 2.0, help="of the sampling; higher tries more")
    beta: float = knob(0.05, 0.0, 10.0, help="price of a nat of distance from the model that it was at first; 0: none")

    def __post_init__(self):
        check_knobs(self)


@dataclass(frozen=True)
class Written:
    """B completions, those to one prompt side by side, and all that stays as it was while the policy learns from them.

    input_ids           (B, P + T)        prompts filled up on the left, completions on the right
    attention_mask      (B, P + T)
    completion_mask     (B, T)            1 on tokens that the policy wrote, the end token included
    old_logprobs        (B, T)      nats  under the policy that wrote them
    reference_logprobs  (B, T)      nats  under the model that it was at first
    values              (B, T)            what the critic expected; None without one
    rewards             (B,)              of whole completions
    """

    input_ids: Any
    attention_mask: Any
    completion_mask: Any
    old_logprobs: Any = None
    reference_logprobs: Any = None
    values: Any = None
    rewards: Any = None

    def distances(self):
        """
        How much likelier each completion is to the policy than to the reference; their KL divergence, on average.

        returns  (B,)  nats
        """
        return ((self.old_logprobs - self.reference_logprobs) * self.completion_mask).sum(-1)

    def rows(self, part: slice) -> "Written":
        """Some of the completions."""
        kept = {name: None if value is None else value[part] for name, value in vars(self).items()}
        return Written(**kept)


@dataclass(frozen=True)
class Setting:
    """What a policy is asked, and by whom it is graded.

    prompts  of the examples, as the model is asked them
    order    numbers of the examples in the order in which they are asked
    gold     the task's own rule, whoever else may grade
    steps    rounds
    """

    config: Sampling
    examples: Sequence
    prompts: Sequence
    order: Sequence[int]
    grader: rewards.Grader
    gold: rewards.Grader
    steps: int
    seed: int

    def round(self, step: int, process: int = 0, processes: int = 1) -> Sequence[int]:
        """Numbers of the examples that are asked in a step, or of those that one of several processes asks."""
        share = len(self.order) // self.steps // processes
        first = (step * processes + process) * share
        return self.order[first : first + share]

    def write(self, model, tokenizer, asked: Sequence[int], step: int):
        """A rollout of one group of completions to each of these examples; the same step draws the same chances."""
        config, prompts = self.config, [self.prompts[i] for i in asked]
        seed = self.seed * SEEDS + step
        return generate(model, tokenizer, prompts, config.group, config.temperature, config.longest, seed)

    def judge(self, asked: Sequence[int], rollout) -> tuple[list[float], dict]:
        """The rewards of a rollout, and {name: number} to tell of it."""
        examples = [self.examples[i] for i in asked for _ in range(self.config.group)]
        before = self.grader.failed
        earned = [score.value for score in self.grader.grade(examples, rollout.texts)]
        groups = [earned[first : first + self.config.group] for first in range(0, len(earned), self.config.group)]
        return earned, {
            "reward": statistics.fmean(earned),
            "gold": statistics.fmean(score.value for score in self.gold.grade(examples, rollout.texts)),
            "length": statistics.fmean(map(len, rollout.completion_ids)),
            "cut": 1 - statistics.fmean(rollout.finished),
            "silent_groups": statistics.fmean(len(set(group)) == 1 for group in groups),
            "failed": (self.grader.failed - before) / len(earned),
        }


def setting(config: Sampling, model, tokenizer, task, train) -> Setting:
    """
    raises  ValueError if groups do not fit into batches, the task asks nothing, or no grader has that name
    """
    asks = task.asks()
    if asks is None:
        raise ValueError("texts ask nothing that could be rewarded; choose a task with questions")
    if train.batch % config.group:
        raise ValueError(f"batch is {train.batch} completions; choose a multiple of the group of {config.group}")
    examples = task.source()
    prompts = [as_prompt(tokenizer, example.prompt) for example in examples]
    lengths = [len(encode(tokenizer, prompt)) for prompt in prompts]
    room = getattr(model.config.get_text_config(), "max_position_embeddings", None) or max(lengths) + 1
    if max(lengths) >= room:
        raise ValueError(f"a prompt has {max(lengths)} tokens and the model reads {room}; choose shorter questions")
    order = shuffled_order(len(examples), train.batch // config.group * train.steps, train.seed)
    grader = rewards.grader(config.reward, asks[0], (model, tokenizer))
    return Setting(config, examples, prompts, order, grader, rewards.grader("rule", asks[0]), train.steps, train.seed)


def token_logprobs(model, written: Written, temperature: float, critic=None):
    """
    How likely each written token is now, and what the critic expects at each.

    returns  (B, T) nats at that temperature, and (B, T) or None
    """
    from torch.nn.functional import cross_entropy

    width = written.completion_mask.shape[1]
    out = model(
        input_ids=written.input_ids,
        attention_mask=written.attention_mask,
        position_ids=(written.attention_mask.cumsum(-1) - 1).clamp(min=0),
        use_cache=False,
        output_hidden_states=critic is not None,
        logits_to_keep=width + 1,
    )
    logits = out.logits[:, :-1].float() / temperature  # those at t foretell token t + 1
    logprobs = -cross_entropy(logits.transpose(1, 2), written.input_ids[:, -width:], reduction="none")
    return logprobs, None if critic is None else critic(out.hidden_states[-1][:, -width - 1 : -1])


def laid_out(rollout, pad: int, device) -> Written:
    """A rollout as tensors."""
    import torch

    prompts, said = rollout.prompt_ids, rollout.completion_ids
    left, right = max(map(len, prompts)), max(map(len, said))
    ids = [
        [pad] * (left - len(asked)) + asked + answer + [pad] * (right - len(answer))
        for asked, answer in zip(prompts, said, strict=True)
    ]
    read = [[0] * (left - len(asked)) + [1] * len(asked) for asked in prompts]
    wrote = [[1] * len(answer) + [0] * (right - len(answer)) for answer in said]
    mask = torch.tensor(wrote, device=device)
    return Written(torch.tensor(ids, device=device), torch.cat([torch.tensor(read, device=device), mask], 1), mask)
