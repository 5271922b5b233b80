"""S1: tokens learned from a second in supervised fine-tuning, ours beside TRL's SFTTrainer as it comes, and tuned.

All arms begin with the same weights and see the same questions in the same batches at the same learning rates, so they
must show the same losses. Only tokens that are no padding count.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ftkit import machine, models
from ftkit.data import Task, encode_example, reading_order
from ftkit.objectives import SFT
from ftkit.recipe import Recipe, Train

from .pretraining import EQUAL, RATE, WARM, same_losses
from .side_by_side import Arm, Block, Comparison, Goal, as_it_comes, compare, now, size_of

DEFAULT, TUNED, OURS = "SFTTrainer", "SFTTrainer, tuned", "ours"
PLAIN = {"bf16": False, "fp16": False}  # the library would compute in bfloat16, where it may have no units, too
QUICK = {"activation_checkpointing": False}


@dataclass(frozen=True)
class Case:
    """A model, a task, and how many of its questions are read in each of so many steps."""

    model: str = "small"
    task: str = "medical question"
    batch: int = 32
    steps: int = 13

    def recipe(self) -> Recipe:
        train = Train(self.steps, self.batch, RATE, eval_examples=0, checkpoint_every=1_000_000, clip=1.0)
        return Recipe(self.model, SFT(), Task(self.task, examples=600), train=train)


CASES = (Case(),)


def measured(case: Case, seconds: float, tell=lambda text: None) -> Comparison:
    """The comparison of one case."""
    with tempfile.TemporaryDirectory(prefix="ftkit-bench-") as folder:
        outcomes, probes = compare(arms(case, Path(folder)), seconds, tell)
    size = size_of(case.model)
    title = f"tuning {size / 1e6:.2f} M weights on {case.task}, {case.batch} questions a step"
    goals = (Goal(OURS, 2.0, DEFAULT),)
    return Comparison("S1", title, DEFAULT, 6 * size, goals, outcomes, probes)


def arms(case: Case, folder: Path) -> list[Arm]:
    """The reference first."""
    near = same_losses(EQUAL[machine.training_dtype()])
    return [
        Arm(DEFAULT, lambda: library(case, **PLAIN), same_losses(EQUAL["float32"])),
        Arm(TUNED, lambda: library(case, **PLAIN, **QUICK), same_losses(EQUAL["float32"])),
        Arm(OURS, lambda: ours(case, folder), near),
    ]


def ours(case: Case, folder: Path) -> Block:
    """As a lab asks for it, whole: every step is written down."""
    from ftkit.runs import Store
    from ftkit.training import run

    store = Store(folder / "runs")
    done = run(case.recipe(), store=store)
    learned = [event for event in done.metrics if event["kind"] == "loss"]
    shutil.rmtree(store.root, ignore_errors=True)
    ends, losses = ([one["seconds"] for one in learned], [one["values"]["loss"] for one in learned])
    return block([one["values"]["tokens"] for one in learned], ends, losses)


def library(case: Case, **options) -> Block:
    """TRL's trainer, given the same rows.

    differs  the order of the rows, which must be ours, the learning rate, and nothing is saved
    """
    from datasets import Dataset
    from transformers import PrinterCallback, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    machine.settle()
    recipe = case.recipe()
    model, tokenizer = models.load(case.model)
    rows = [encode_example(tokenizer, example) for example in recipe.task.source()]
    order = reading_order([len(ids) for ids, _ in rows], case.batch, case.steps, recipe.train.seed)
    table = [{"input_ids": ids, "labels": _masked(ids, mask)} for ids, mask in (rows[i] for i in order)]
    tokens, ends, losses = [], [], []

    class Seen(SFTTrainer):
        def training_step(self, model, inputs, num_items_in_batch=None):
            tokens.append(int(inputs["attention_mask"].sum()))
            losses.append(super().training_step(model, inputs, num_items_in_batch).detach())
            return losses[-1]

    class Ends(TrainerCallback):
        def on_step_end(self, *args, **kwargs):
            ends.append(now())

    with tempfile.TemporaryDirectory() as folder, as_it_comes():
        trainer = Seen(
            model,
            SFTConfig(
                folder, per_device_train_batch_size=case.batch, max_steps=case.steps, learning_rate=RATE,
                train_sampling_strategy="sequential", save_strategy="no", disable_tqdm=True, max_length=None,
                use_cpu=machine.device() == "cpu", dataloader_pin_memory=machine.device() == "cuda", **options,
            ),
            train_dataset=Dataset.from_list(table),
            processing_class=tokenizer,
            callbacks=[Ends()],
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return block(tokens, ends, [float(loss) for loss in losses])


def block(tokens: list[int], ends: list[float], losses: list[float]) -> Block:
    """From the end of the warm steps to that of the last one."""
    warm = min(WARM, len(losses) - 1)
    return Block(sum(tokens[warm:]), ends[-1] - ends[warm - 1], losses)


def _masked(ids: list[int], mask: list[int]) -> list[int]:
    return [token if learned else -100 for token, learned in zip(ids, mask, strict=True)]
