"""P1: tokens read a second in pretraining, ours beside transformers' Trainer and a loop in nanoGPT's manner.

All arms begin with the same weights and read the same rows at the same learning rates, so they must show the same
losses; Muon, which is another optimiser, must show the same first loss.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ftkit import machine, models
from ftkit.data import Corpus, Rows
from ftkit.models import Layout
from ftkit.objectives import Pretrain
from ftkit.recipe import Recipe, Train

from .side_by_side import Arm, Block, Comparison, Goal, compare, now

WARM, TIMED = 3, 10  # steps a round; the first ones pay for kernels, memory and, on ours, a thread's first products
RATE, MUON_RATE = 1e-3, 0.02
EQUAL = {"float32": 1e-3, "bfloat16": 1e-2, "float16": 1e-2}  # share by which a loss may differ
TRAINER, OURS = "Trainer", "ours"


@dataclass(frozen=True)
class Case:
    """A model and the shape of its batches."""

    layout: Layout
    batch: int
    context: int
    steps: int = WARM + TIMED

    def recipe(self, optimizer: str = "adamw", compile: bool = False) -> Recipe:
        """As ftkit is asked for it."""
        rate = MUON_RATE if optimizer == "muon" else RATE
        train = Train(self.steps, self.batch, rate, eval_examples=0, checkpoint_every=1_000_000)
        return Recipe(self.layout, Pretrain(self.context, optimizer, compile), Corpus(), train=train)


CASES = (
    Case(Layout(width=192, layers=6, heads=3, feed_forward=512, context=256), 16, 128),
    Case(Layout(width=192, layers=6, heads=3, feed_forward=512, context=256), 32, 256),
    Case(Layout(width=256, layers=6, heads=4, feed_forward=704, context=256), 16, 128),
)


class Clock:
    """Loss and time of each step's end, the same for all arms: reading rows lies within, saving a model does not."""

    def __init__(self, case: Case):
        self.case, self.losses, self.ends = case, [], []

    def tick(self, loss) -> None:
        self.losses.append(loss)
        self.ends.append(now())

    def block(self) -> Block:
        case = self.case
        if len(self.ends) != case.steps:
            raise RuntimeError(f"{case.steps} steps were asked for, {len(self.ends)} were seen")
        warm = min(WARM, case.steps - 1)
        tokens = (case.steps - warm) * case.batch * case.context
        return Block(tokens, self.ends[-1] - self.ends[warm - 1], [float(loss) for loss in self.losses])


def measured(case: Case, seconds: float, tell=lambda text: None) -> Comparison:
    """The comparison of one case."""
    folder = Path(tempfile.mkdtemp(prefix="ftkit-bench-"))
    try:
        model, tokenizer = models.fresh(case.layout, seed=0)
        models.save(model, tokenizer, folder / "start")
        rows = list(Rows(Corpus().source(), tokenizer, case.context, case.steps * case.batch))
        outcomes, probes = compare(arms(case, folder, [row["input_ids"] for row in rows]), seconds, tell)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    size, goal = sum(weight.numel() for weight in model.parameters()), 2.5 if _pays() else 1.2
    title = f"pretraining {size / 1e6:.2f} M weights, {case.batch} x {case.context} tokens a step"
    return Comparison("P1", title, TRAINER, 6 * size, (Goal(OURS, goal, TRAINER),), outcomes, probes)


def arms(case: Case, folder: Path, ids: list[list[int]]) -> list[Arm]:
    """The reference first."""
    start, chosen = str(folder / "start"), machine.training_dtype()
    near, first = same_losses(EQUAL[chosen]), same_losses(EQUAL[chosen], steps=1)
    return [
        Arm(TRAINER, lambda: library(case, start, ids), same_losses(EQUAL["float32"])),
        Arm("Trainer, bf16", lambda: library(case, start, ids, bf16=True), same_losses(EQUAL["bfloat16"])),
        Arm("nanoGPT's manner", lambda: plain(case, start, ids), same_losses(EQUAL["float32"])),
        Arm(OURS, lambda: ours(case, folder), near),
        Arm("ours, Muon", lambda: ours(case, folder, optimizer="muon"), first),
        Arm("ours, compiled", lambda: ours(case, folder, compile=True), near, optional=True),
        Arm("ours, Muon, compiled", lambda: ours(case, folder, "muon", True), first, optional=True),
    ]


def same_losses(share: float, steps: int | None = None):
    """A judge: are two runs' losses equal within a share of them?

    steps  how many are compared; None means all
    """

    def differs(made: list[float], reference: list[float]) -> str:
        if len(made) != len(reference):
            return f"{len(made)} losses instead of {len(reference)}"
        for step, (one, other) in enumerate(list(zip(made, reference, strict=True))[:steps], 1):
            if not abs(one - other) <= share * abs(other):
                return f"loss of step {step} is {one:.4f} instead of {other:.4f}"
        return ""

    return differs


def ours(case: Case, folder: Path, optimizer: str = "adamw", compile: bool = False) -> Block:
    """What `ftkit pretrain` does, whole: rows are tokenised while it reads, every step is written down."""
    from ftkit.runs import Store
    from ftkit.training import run

    clock = Clock(case)

    def listen(event):
        if event["kind"] == "loss":
            clock.tick(event["values"]["loss"])

    if compile:
        _forget_compiled()
    store = Store(folder / "runs")
    run(case.recipe(optimizer, compile), on_event=listen, store=store)
    shutil.rmtree(store.root, ignore_errors=True)
    return clock.block()


def library(case: Case, start: str, ids: list[list[int]], bf16: bool = False) -> Block:
    """transformers' Trainer as it comes: its model, its attention, its data loader, its arguments.

    differs  the order of the rows, which must be ours, the learning rate, and nothing is saved
    """
    from transformers import AutoModelForCausalLM, PrinterCallback, Trainer, TrainerCallback, TrainingArguments

    clock, losses = Clock(case), []

    class Seen(Trainer):
        def training_step(self, *args, **kwargs):
            losses.append(super().training_step(*args, **kwargs).detach())
            return losses[-1]

    class Ends(TrainerCallback):
        def on_step_end(self, *args, **kwargs):
            clock.tick(losses[-1])

    machine.settle()
    with tempfile.TemporaryDirectory() as folder, models.quiet():
        trainer = Seen(
            AutoModelForCausalLM.from_pretrained(start),
            TrainingArguments(
                folder, per_device_train_batch_size=case.batch, max_steps=case.steps, learning_rate=RATE, bf16=bf16,
                train_sampling_strategy="sequential", save_strategy="no", disable_tqdm=True,
                use_cpu=machine.device() == "cpu", dataloader_pin_memory=machine.device() == "cuda",
            ),
            train_dataset=[{"input_ids": row, "labels": row} for row in ids],
            callbacks=[Ends()],
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return clock.block()


def plain(case: Case, start: str, ids: list[list[int]]) -> Block:
    """A bare loop without a trainer."""
    import torch
    from transformers import AutoModelForCausalLM

    from . import nano

    clock, device = Clock(case), machine.device()
    with models.quiet():
        model = nano.Nano(AutoModelForCausalLM.from_pretrained(start)).to(device)
    nano.train(model, torch.tensor(ids, device=device), case.batch, RATE, Train().clip, clock.tick)
    return clock.block()


def _pays() -> bool:
    return machine.training_dtype() != "float32"


def _forget_compiled() -> None:
    """So that each round compiles for itself; what the compiler wrote stays on disk, as it does for a learner."""
    import torch

    torch._dynamo.reset()
