"""The watch over a trainer: it says what happens, stops when asked, and writes checkpoints whole or not at all."""

import copy
import math
import os
import sys
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch
from transformers import TrainerCallback

from ..recipe import Recipe, learning_rate_factor, live_knobs
from ..records import Plan
from ..runs import replace_folder
from .doctor import Doctor
from .hand import Hand
from .saving import SAVING, saving


class Watch(TrainerCallback):
    """Follows one run's steps.

    emit   (step, kind, **values) -> None
    look   (step) -> None, called after each step, for samples and probes
    turn   (step, knob, value) -> whether it is a change, called when a knob was turned by hand
    plan   its `tells` and `count`
    """

    def __init__(self, recipe: Recipe, folder: Path, doctor: Doctor, hand: Hand, emit, look, turn, plan: Plan):
        self.recipe, self.train, self.folder, self.doctor, self.hand = recipe, recipe.train, folder, doctor, hand
        self.emit, self.look, self.turn, self.tells, self.count = emit, look, turn, plan.tells, plan.count
        self.stopped = False
        self.trainer = None
        self.gradient = None
        self._forget()

    def _forget(self):
        self.loss, self.tokens, self.began = 0.0, 0, time.perf_counter()
        self.told = {name: [] for name in self.tells}

    def saw(self, loss, inputs) -> None:
        """One forward and backward pass; several make a step."""
        self.loss = self.loss + loss.detach()
        self.tokens += self.count(self.trainer, inputs)
        for name, theirs in self.tells.items():
            self.told[name].append(self.trainer._metrics["train"][theirs][-1])

    def on_train_begin(self, args, state, control, **kwargs):
        self._forget()
        self.pace = None
        self.learning_rate = self.recipe.at(state.global_step - 1, "learning_rate")
        for knob in live_knobs(self.recipe.objective):
            setattr(self.trainer, knob, self.recipe.at(state.global_step - 1, knob))

    def on_step_begin(self, args, state, control, **kwargs):
        """Knobs that are turned after so many steps, by the recipe or by hand."""
        step = state.global_step
        turned = {knob: value for when, knob, value in self.recipe.changes if when == step}
        if args.world_size == 1:
            turned |= {knob: value for knob, value in self.hand.take().items() if self.turn(step, knob, value)}
        for knob, value in turned.items():
            self.emit(step, "change", knob=knob, value=value)
            if knob == "learning_rate":
                self._set_learning_rate(step, value)
            else:
                setattr(self.trainer, knob, value)

    def _set_learning_rate(self, step: int, value: float) -> None:
        """All groups of weights keep their shares of it; the schedule goes on as it was."""
        times = value / self.learning_rate
        scheduler = self.trainer.lr_scheduler
        scheduler = getattr(scheduler, "scheduler", scheduler)  # accelerate wraps it
        scheduler.base_lrs = [rate * times for rate in scheduler.base_lrs]
        scheduler._last_lr = [rate * times for rate in scheduler.get_last_lr()]
        for group, rate in zip(scheduler.optimizer.param_groups, scheduler.get_last_lr(), strict=True):
            group["lr"] = rate
        self.learning_rate = self.doctor.learning_rate = value

    def on_pre_optimizer_step(self, args, state, control, optimizer=None, **kwargs):
        sums = torch.tensor([float(self.loss), self.tokens, self.hand.stopped.is_set()], dtype=torch.float64)
        if args.world_size > 1:
            sums = self.trainer.accelerator.reduce(sums.to(args.device, torch.float32), "sum").cpu()
        loss, self.tokens, self.stopped = sums[0].item() / args.world_size, int(sums[1]), bool(sums[2] > 0)
        self.loss, self.rate = loss, self.trainer.lr_scheduler.get_last_lr()[0]
        gradient = float(self.gradient) if self.gradient is not None else 0.0
        self.doctor.check(state.global_step + 1, loss, 0.0 if args.fp16 else gradient)  # fp16 skips such steps

    def on_step_end(self, args, state, control, **kwargs):
        step, now = state.global_step, time.perf_counter()
        seconds = now - self.began
        self.pace = seconds if self.pace is None else 0.9 * self.pace + 0.1 * seconds
        gradient = float(self.gradient) if self.gradient is not None else math.nan
        told = {name: math.fsum(values) / len(values) for name, values in self.told.items()}
        values = {
            **told,
            "loss": self.loss,
            "learning_rate": self.rate,
            "gradient": gradient if math.isfinite(gradient) else None,
            "tokens": self.tokens,
            "step_seconds": round(seconds, 4),
            "tokens_per_second": round(self.tokens / seconds, 1),
            "seconds_left": round((self.train.steps - step) * self.pace, 1),
        }
        self.emit(step, "loss", **values)
        for sentence in self.doctor.look(self.loss, told):
            self.emit(step, "doctor", text=sentence)
        last = step == self.train.steps
        if not self.stopped:
            self.look(step)
            self.stopped = args.world_size == 1 and self.hand.stopped.is_set()  # it may have been pressed meanwhile
        control.should_training_stop = self.stopped or last
        pausing = args.world_size == 1 and self.hand.paused
        due = self.stopped or last or pausing or step % self.train.checkpoint_every == 0
        control.should_save = self.doctor.healthy and due
        if not control.should_save:
            self._forget()
        return control

    def on_save(self, args, state, control, **kwargs):
        self.emit(state.global_step, "checkpoint")
        if args.world_size == 1 and self.hand.paused and not control.should_training_stop:
            self.emit(state.global_step, "pause")
            self.hand.wait()
            self.stopped = control.should_training_stop = self.hand.stopped.is_set()
        self._forget()
        return control


class Watched:
    """Goes in front of a trainer class; see `watched`."""

    watch: Watch

    def training_step(self, model, inputs, num_items_in_batch=None):
        seen = copy.copy(inputs)
        with scoring_what_counts():
            loss = super().training_step(model, inputs, num_items_in_batch)
        self.watch.saw(loss, seen)
        return loss

    def _get_grad_norm(self, model, grad_norm=None):
        self.watch.gradient = super()._get_grad_norm(model, grad_norm=grad_norm)
        return self.watch.gradient

    def _send_telemetry(self):
        """What somebody learns here is told to nobody."""

    def create_model_card(self, *args, **kwargs):
        """A checkpoint is no publication."""

    def floating_point_ops(self, inputs):
        return 0  # walks over all weights each step, and nobody asks

    def create_scheduler(self, num_training_steps, optimizer=None):
        if self.lr_scheduler is None:
            train = self.watch.train
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(
                optimizer or self.optimizer,
                lambda step: learning_rate_factor(step, train.steps, train.warmup, train.schedule),
            )
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def _get_output_dir(self, trial):
        return str(self.watch.folder / SAVING)

    def _save_checkpoint(self, model, trial):
        """As the library's, but beside, and renamed when whole."""
        step = self.state.global_step
        with saving(self.watch.folder) if self.args.should_save else nullcontext() as part:
            self.accelerator.wait_for_everyone()
            super()._save_checkpoint(model, trial)
            self.accelerator.wait_for_everyone()
            if part:
                whole, shelf = part / f"checkpoint-{step}", self.watch.folder / "checkpoint"
                (whole / "training_args.bin").unlink(missing_ok=True)  # pickled, and the recipe says it all
                shelf.mkdir(exist_ok=True)
                replace_folder(whole, shelf / str(step))
                for older in shelf.iterdir():
                    if older.name != str(step):
                        os.rename(older, part / older.name)  # so that half of it is never seen
        self.accelerator.wait_for_everyone()


@contextmanager
def scoring_what_counts():
    """Inside, TRL's trainers score the tokens that have a label, and no others. Without Triton they would score all,
    prompts and padding, too: shapes that change cost a compiler time, and here is none."""
    library = sys.modules.get("trl.trainer.utils")
    theirs = getattr(library, "_use_triton", None)
    if theirs is None:
        yield
        return
    library._use_triton = lambda device: True
    try:
        yield
    finally:
        library._use_triton = theirs


def watched(trainer: type) -> type:
    """A trainer class that reports to its `watch`."""
    return type(f"Watched{trainer.__name__}", (Watched, trainer), {})
