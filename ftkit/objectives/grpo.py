"""GRPO: of a group of answers to one question, those that are better than the group become likelier."""

import copy
import warnings
from dataclasses import dataclass
from functools import cache

from ..records import Objective, Plan, knob
from .policy import TELLS, Sampling, Setting, setting

MORE = {"entropy": "nats/token"}  # told besides


@dataclass(frozen=True)
class GRPO(Sampling):
    """How groups are compared. `GRPO(group=16, beta=1e-3, clip_ratio=10.0)` has the numbers of DeepSeek-R1-Zero."""

    beta: float = knob(0.04, 0.0, 10.0, help="price of a nat of distance from the model that it was at first; 0: none")
    clip_ratio: float = knob(0.2, 0.01, 10.0, help="how much likelier a token may become before it stops to pay")
    scale: str = knob(
        "group", scale="choice", choices=("group", "batch", "none"),
        help="by whose spread rewards are divided; none: hard and easy questions count as their rewards do",
    )  # fmt: skip
    average: str = knob(
        "grpo", scale="choice", choices=("grpo", "dapo", "dr_grpo"),
        help="grpo: each answer counts the same; dapo: each token; dr_grpo: each token, by a constant",
    )  # fmt: skip


def group_advantages(rewards):
    """
    How far each answer is above the mean of its group, in the group's deviations.

    advantage = (reward - mean) / deviation

    rewards  (P, G)  of G answers to each of P questions
    returns  (P, G)  0 where a whole group has earned the same: it teaches nothing
    source   Shao et al. 2024, arXiv:2402.03300, section 4.1.2
    differs  1e-4 is added to the deviation, as TRL does, so that a silent group does not divide by 0
    """
    return (rewards - rewards.mean(-1, keepdim=True)) / (rewards.std(-1, keepdim=True) + 1e-4)


def grpo_loss(token_logprobs, old_logprobs, reference_logprobs, advantages, completion_mask, clip_ratio, beta):
    """
    Makes the tokens of better answers likelier, as far as a round may go, and pays for distance from the reference.

    loss = - mean over answers of mean over their tokens of
           [min(ratio * A, clip(ratio, 1 - clip_ratio, 1 + clip_ratio) * A) - beta * (exp(d) - d - 1)]
    ratio = exp(token_logprobs - old_logprobs),  d = reference_logprobs - token_logprobs

    token_logprobs      (B, T)  nats   under the policy that learns
    old_logprobs        (B, T)  nats   under the policy that wrote
    reference_logprobs  (B, T)  nats   under the model that it was at first
    advantages          (B,)           of whole answers
    completion_mask     (B, T)         1 on tokens of the answer
    beta                ()      1/nat
    returns             ()             0 at first, but its gradient is not
    source              Shao et al. 2024, arXiv:2402.03300, eq. 3 and 4
    """
    import torch

    ratio, advantage = (token_logprobs - old_logprobs).exp(), advantages[:, None]
    gain = torch.minimum(ratio * advantage, ratio.clamp(1 - clip_ratio, 1 + clip_ratio) * advantage)
    d = reference_logprobs - token_logprobs
    each = (gain - beta * (d.exp() - d - 1)) * completion_mask
    return -(each.sum(-1) / completion_mask.sum(-1)).mean()


def plan(config: GRPO, model, tokenizer, task, train) -> Plan:
    """
    Questions in the order in which they are asked, for TRL's GRPOTrainer, which writes by our decode loop.

    raises  ValueError if groups do not fit into batches, the task asks nothing, or no grader has that name
    """
    from datasets import Dataset
    from trl import GRPOConfig

    warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)  # TRL's own affair
    asked = setting(config, model, tokenizer, task, train)
    return Plan(
        trainer=_trainer(),
        arguments=GRPOConfig,
        options={
            "num_generations": config.group,
            "max_completion_length": config.longest,
            "temperature": config.temperature,
            "epsilon": config.clip_ratio,
            "loss_type": config.average,
            "scale_rewards": config.scale,
            "beta": 0.0,  # with it, the library would load its reference from the folder that the model came from
            "use_bias_correction_kl": False,  # the paper's loss has none
            "shuffle_dataset": False,
        },
        rows=Dataset.from_list([{"prompt": asked.prompts[i], "number": i} for i in asked.order]),
        collate=None,
        extras={"setting": asked},
        tells={name: name for name in (*TELLS, *MORE) if config.beta or name != "kl"},
        count=lambda trainer, batch: trainer.tokens,
        rewarded=True,
    )


@cache
def _trainer() -> type:
    from trl import GRPOTrainer

    class Grouped(GRPOTrainer):
        """The library's; it writes by our loop, is graded by our graders, and keeps the model that it was at first."""

        def __init__(self, *args, model, setting: Setting, data_collator=None, **kwargs):
            self.setting, self.tokens = setting, 0
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="You are using 'rollout_func'")
                super().__init__(*args, model=model, reward_funcs=self._grade, rollout_func=self._roll_out, **kwargs)
            self.beta = setting.config.beta
            if self.beta and not hasattr(model, "peft_config"):
                self.ref_model = copy.deepcopy(model).eval().requires_grad_(False)

        def _generate_and_score_completions(self, inputs):
            self.numbers = [one["number"] for one in inputs][:: self.setting.config.group]
            return super()._generate_and_score_completions(inputs)

        def _roll_out(self, prompts, trainer) -> dict:
            writer = self.accelerator.unwrap_model(self.model)
            rollout = self.setting.write(writer, self.processing_class, self.numbers, self.state.global_step)
            self.earned, told = self.setting.judge(self.numbers, rollout)
            for name, value in told.items():
                if name != "reward":  # the library tells that itself
                    self._metrics["train"][name].append(value)
            return {
                "prompt_ids": rollout.prompt_ids,
                "completion_ids": rollout.completion_ids,
                "logprobs": rollout.token_logprobs,
            }

        def _grade(self, **_) -> list[float]:
            return self.earned

        def _compute_loss(self, model, inputs):
            loss = super()._compute_loss(model, inputs)
            self.tokens = int(inputs["prompt_mask"].sum() + inputs["completion_mask"].sum())
            if self.beta:  # the library tells it of a token, and we of a completion
                self._metrics["train"]["kl"][-1] *= inputs["completion_mask"].sum(-1).float().mean().item()
            return loss

    return Grouped


RECORD = Objective(
    name="grpo",
    title="Group relative policy optimisation",
    claim="Where a rule can grade, a group of one's own answers is teacher enough: no critic, no human.",
    paper="Shao et al. 2024, arXiv:2402.03300; DeepSeek-AI 2025, arXiv:2501.12948",
    year=2024,
    seed_row="Table 1, RLHF: DeepSeek-R1",
    lab="66",
    config=GRPO,
    equation=grpo_loss,
    unit="",
    tells=TELLS | MORE,
    plan=plan,
)
