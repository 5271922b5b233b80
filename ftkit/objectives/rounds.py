"""A run of rounds: in each step the policy writes, is graded, and learns from what it wrote; the trainer of our own
reinforcement."""

import copy
from collections import defaultdict
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from ..data import encode
from ..records import Plan
from .batches import side_by_side
from .policy import TELLS, Setting, Written, laid_out, setting, token_logprobs

CRITIC = "critic.safetensors"  # beside the weights in a checkpoint


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


def _critic(width: int, beta: float):
    """What to expect from here on: a line through the last states, which at first is what the first round earned."""
    import torch

    class Critic(torch.nn.Module):
        """beta  the price of distance; it is kept here because it changes on the way, as the weights do"""

        def __init__(self):
            super().__init__()
            self.line = torch.nn.Linear(width, 1)
            self.register_buffer("beta", torch.tensor(beta))
            torch.nn.init.zeros_(self.line.weight)

        def expect(self, reward: float) -> None:
            """The same from every token on."""
            torch.nn.init.constant_(self.line.bias, reward)

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
            if self.critic is not None and not self.state.global_step:
                self.critic.expect(told["reward"])
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
            with context, self.accelerator.autocast():  # in the format in which the policy was read
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
