"""R1: tokens of questions and attempts that a second of GRPO reads and learns from, ours beside TRL's as it comes.

A round writes attempts, grades them and learns from them. Chance differs between the arms, so what must be equal is
what the same policy earns on average; the learning rate is so small that it stays the same policy.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from ftkit import machine, models, rewards
from ftkit.data import Task, as_prompt
from ftkit.objectives import GRPO
from ftkit.recipe import Recipe, Train

from .side_by_side import Arm, Block, Comparison, compare, now

DEFAULT, TUNED, OURS, GOAL = "GRPOTrainer", "GRPOTrainer, tuned", "ours", 3.0
PLAIN = {"bf16": False, "fp16": False}  # the library would compute in bfloat16, where it may have no units, too
QUICK = {"gradient_checkpointing": False, "num_generations": 8}
RATE, EQUAL, WARM = 1e-9, 0.1, 1
GROUP = 8


@dataclass(frozen=True)
class Case:
    """Attempts of so many tokens at most, so many of them in a round."""

    model: str = "small"
    task: str = "sums"
    attempts: int = 64
    longest: int = 24
    rounds: int = 5


CASES = (Case(),)


@rewards.register("vowels")
def vowels(example, text) -> float:
    """The share of an attempt's letters that are vowels: something that every attempt has."""
    return sum(letter in "aeiou" for letter in text) / max(1, len(text))


def measured(case: Case, seconds: float, tell=lambda text: None) -> Comparison:
    """The comparison of one case."""
    folder = Path(tempfile.mkdtemp(prefix="ftkit-bench-"))
    try:
        outcomes, probes = compare(arms(case, folder), seconds, tell)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    outline, _ = models.outline(case.model)
    size = sum(weight.numel() for weight in outline.parameters())
    title = f"rounds of {case.attempts} attempts of {case.longest} tokens, {size / 1e6:.2f} M weights"
    return Comparison("R1", title, DEFAULT, 6 * size, (OURS, GOAL), outcomes, probes)


def arms(case: Case, folder: Path) -> list[Arm]:
    """The reference first; it makes a round of one group, as it comes."""
    return [
        Arm(DEFAULT, lambda: library(case, GROUP, folder, **PLAIN), same_earnings),
        Arm(TUNED, lambda: library(case, case.attempts, folder, **PLAIN, **QUICK), same_earnings),
        Arm(OURS, lambda: ours(case, folder), same_earnings),
    ]


def same_earnings(made: list[float], reference: list[float]) -> str:
    """Empty if as much was earned on average."""
    apart = abs(fmean(made) - fmean(reference))
    return "" if apart <= EQUAL else f"it earned {fmean(made):.3f} instead of {fmean(reference):.3f}"


def ours(case: Case, folder: Path) -> Block:
    """As a lab asks for it, whole: every round is written down."""
    from ftkit.runs import Store
    from ftkit.training import run

    objective = GRPO(group=GROUP, longest=case.longest, reward="python:vowels", beta=0.0)
    train = Train(case.rounds, case.attempts, RATE, schedule="constant", eval_examples=0, checkpoint_every=1_000_000)
    store = Store(folder / "runs")
    done = run(Recipe(case.model, objective, Task(case.task, examples=400), train=train), store=store)
    rounds = [event for event in done.metrics if event["kind"] == "loss"]
    shutil.rmtree(store.root, ignore_errors=True)
    tokens = [one["values"]["tokens"] for one in rounds]
    return block(tokens, [one["seconds"] for one in rounds], [one["values"]["reward"] for one in rounds])


def library(case: Case, batch: int, folder: Path, **options) -> Block:
    """TRL's trainer with its own way to write, as many attempts in all."""
    from datasets import Dataset
    from transformers import PrinterCallback, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    machine.settle()
    model, tokenizer = models.load(case.model)
    asked = Task(case.task, examples=400).source()
    tokens, ends, earned = [], [], []

    def graded(completions, **_) -> list[float]:
        texts = [one if isinstance(one, str) else one[0]["content"] for one in completions]
        found = [vowels(None, text) for text in texts]
        earned.append(fmean(found))
        return found

    class Seen(GRPOTrainer):
        def _compute_loss(self, model, inputs):
            tokens.append(int(inputs["prompt_mask"].sum() + inputs["completion_mask"].sum()))
            return super()._compute_loss(model, inputs)

    class Ends(TrainerCallback):
        def on_step_end(self, *args, **kwargs):
            ends.append(now())

    with models.quiet():
        trainer = Seen(
            model=model,
            reward_funcs=graded,
            args=GRPOConfig(
                str(folder / "trl"), per_device_train_batch_size=batch, max_steps=case.rounds * case.attempts // batch,
                learning_rate=RATE, max_completion_length=case.longest, save_strategy="no", disable_tqdm=True,
                use_cpu=machine.device() == "cpu", dataloader_pin_memory=machine.device() == "cuda", **options,
            ),
            train_dataset=Dataset.from_list([{"prompt": as_prompt(tokenizer, one.prompt)} for one in asked]),
            processing_class=tokenizer,
            callbacks=[Ends()],
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return block(tokens, ends, earned)


def block(tokens: list[int], ends: list[float], earned: list[float]) -> Block:
    """From the end of the first rounds to that of the last one."""
    warm = max(1, len(tokens) * WARM // 5)
    return Block(sum(tokens[warm:]), ends[-1] - ends[warm - 1], earned)
