"""What our reinforcement shares: in each step, a round, the policy writes, is graded, and learns from what it wrote."""

import copy
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from .. import rewards
from ..data import as_prompt, encode, reading_order
from ..generation import generate
from ..records import Plan, check_knobs, knob
from .batches import side_by_side

TELLS = {  # and their units
    "reward": "reward", "gold": "score", "kl": "nats/answer", "length": "tokens", "cut": "share of answers",
    "silent_groups": "share of groups", "failed": "share of answers",
}  # fmt: skip
CRITIC = "critic.safetensors"  # beside the weights in a checkpoint
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
class Method:
    """What a technique has of its own.

    signals  (config, written, critic) -> {name: (B, ...)}: advantages and the like, computed once a round
    loss     (config, written, signals, token_logprobs, values) -> (loss, {name: number to tell})
    critic   whether it has a critic, which learns with the policy
    tells    names of what `loss` tells
    passes   (config) -> how often a round learns from the same completions
    ends     (config, critic, distance) -> None, called when a round is over; distance in nats
    """

    signals: Callable
    loss: Callable
    critic: bool = False
    tells: tuple[str, ...] = ()
    passes: Callable = lambda config: 1
    ends: Callable = lambda config, critic, distance: None


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
    order = reading_order(lengths, train.batch // config.group, train.steps, train.seed)
    grader = rewards.grader(config.reward, asks[0], (model, tokenizer))
    return Setting(config, examples, prompts, order, grader, rewards.grader("rule", asks[0]), train.steps, train.seed)


def policy_plan(method: Method) -> Callable:
    """The `plan` of a technique that learns from its own completions."""

    def plan(config, model, tokenizer, task, train) -> Plan:
        """
        A row for each question of a round, and the Trainer of rounds.

        raises  ValueError if groups do not fit into batches, the task asks nothing, or no grader has that name
        """
        from transformers import TrainingArguments

        asked = setting(config, model, tokenizer, task, train)
        rows = [{"input_ids": encode(tokenizer, asked.prompts[i])} for i in asked.order for _ in range(config.group)]
        return Plan(
            trainer=_trainer(),
            arguments=TrainingArguments,
            options={},
            rows=rows,
            collate=partial(side_by_side, pad=tokenizer.pad_token_id),
            extras={"setting": asked, "method": method},
            tells={name: name for name in (*TELLS, *method.tells)},
            count=lambda trainer, batch: trainer.tokens,
            rewarded=True,
        )

    return plan


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


def _critic(width: int, beta: float):
    """What to expect from here on: a line through the last states, which begins at 0."""
    import torch

    class Critic(torch.nn.Module):
        """beta  the price of distance; it is kept here because it changes on the way, as the weights do"""

        def __init__(self):
            super().__init__()
            self.line = torch.nn.Linear(width, 1)
            self.register_buffer("beta", torch.tensor(beta))
            for weight in self.line.parameters():
                torch.nn.init.zeros_(weight)

        def forward(self, states):
            """(B, T, D) -> (B, T)"""
            return self.line(states.float())[..., 0]

    return Critic()


def reference(model):
    """The model that it is now, as () -> (model, context): its copy, or an adapted model with the adapter off."""
    if hasattr(model, "peft_config"):
        return lambda: (model, model.disable_adapter())
    first = copy.deepcopy(model).eval().requires_grad_(False)
    return lambda: (first, nullcontext())


@cache
def _trainer() -> type:
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import Trainer

    class Policy(Trainer):
        """One step is one round, so every checkpoint stands between two rounds."""

        def __init__(self, *args, model, setting: Setting, method: Method, **kwargs):
            super().__init__(*args, model=model, **kwargs)
            self.setting, self.method, self.reference = setting, method, reference(model)
            self._metrics, self.bites, self.tokens = {"train": defaultdict(list)}, [], 0
            width = model.config.get_text_config().hidden_size
            self.critic = _critic(width, setting.config.beta).to(model.device) if method.critic else None

        def create_optimizer(self, model=None):
            begun = self.optimizer is not None
            optimizer = super().create_optimizer(model)
            if self.critic is not None and not begun:
                optimizer.add_param_group({"params": list(self.critic.parameters()), "weight_decay": 0.0})
            return optimizer

        def training_step(self, model, inputs, num_items_in_batch=None):
            """The first bite of a batch begins a round; each then takes its part of the last look."""
            if not self.bites:
                self.bites = self._round(model)
            written, signals = self.bites.pop(0)
            self.tokens = int(written.attention_mask.sum())
            return self._learn(model, written, signals)

        def _round(self, model) -> list[tuple[Written, dict]]:
            """Writes, is graded, and takes all looks but the last; the completions in bites, each with its signals."""
            config, method, args = self.setting.config, self.method, self.args
            asked = self.setting.round(self.state.global_step, args.process_index, args.world_size)
            writer = self.accelerator.unwrap_model(model)
            rollout = self.setting.write(writer, self.processing_class, asked, self.state.global_step)
            earned, told = self.setting.judge(asked, rollout)
            written = self._judged(model, laid_out(rollout, self.processing_class.pad_token_id, args.device), earned)
            signals = method.signals(config, written, self.critic)
            places = _places(len(earned), args.per_device_train_batch_size)
            bites = [(written.rows(place), {name: one[place] for name, one in signals.items()}) for place in places]
            model.train()
            for _ in range(method.passes(config) - 1):
                self._forget_gradients(model)
                for bite in bites:
                    self._learn(model, *bite)
                self._clip_grad_norm(model)
                self._step()
            self._forget_gradients(model)
            self._tell(told | {"kl": written.distances().mean().item()})
            method.ends(config, self.critic, self._metrics["train"]["kl"][-1])
            return bites

        @torch.no_grad()
        def _judged(self, model, written: Written, earned: list[float]) -> Written:
            """What was written, with its rewards, and as it is read before anything is learned from it."""

            def read(reader, critic=None):
                parts = []
                for place in _places(len(earned), self.args.per_device_train_batch_size):
                    with self.compute_loss_context_manager():
                        bite = written.rows(place)
                        parts.append(token_logprobs(reader, bite, self.setting.config.temperature, critic))
                logprobs, values = zip(*parts, strict=True)
                return torch.cat(logprobs), None if critic is None else torch.cat(values)

            model.eval()
            old, values = read(model, self.critic)
            first, context = self.reference()
            with context:
                before, _ = read(first)
            return replace(
                written, old_logprobs=old, reference_logprobs=before, values=values,
                rewards=torch.tensor(earned, device=old.device),
            )  # fmt: skip

        def _learn(self, model, written: Written, signals: dict):
            """Gradients of one look at some completions, and their part of the mean loss."""
            config = self.setting.config
            with self.compute_loss_context_manager():
                now, values = token_logprobs(model, written, config.temperature, self.critic)
                loss, told = self.method.loss(config, written, signals, now, values)
            loss = loss / self.args.gradient_accumulation_steps
            self.accelerator.backward(loss)
            self._tell(told)
            return loss.detach()

        def _tell(self, told: dict) -> None:
            for name, value in told.items():
                self._metrics["train"][name].append(value)

        def _step(self) -> None:
            """A change of the weights before the last bite, where accelerate would wait for that one."""
            whole = self.accelerator.gradient_state
            before = whole.sync_gradients
            whole._set_sync_gradients(True)
            self.optimizer.step()
            whole._set_sync_gradients(before)

        def _forget_gradients(self, model) -> None:
            model.zero_grad()
            if self.critic is not None:
                self.critic.zero_grad()

        def _save_checkpoint(self, model, trial):
            super()._save_checkpoint(model, trial)
            if self.critic is not None and self.args.should_save:
                place = Path(self._get_output_dir(trial)) / f"checkpoint-{self.state.global_step}"
                save_file(self.critic.state_dict(), place / CRITIC)

        def _load_from_checkpoint(self, resume_from_checkpoint, model=None):
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            if self.critic is not None:
                self.critic.load_state_dict(load_file(Path(resume_from_checkpoint) / CRITIC))

    return Policy


def _places(number: int, size: int) -> list[slice]:
    return [slice(first, first + size) for first in range(0, number, size)]
