"""One run from loading to leaving: what was measured before, the training itself, what was measured after."""

import gc
import shutil
import threading
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from .. import evaluation, machine, models
from ..generation import generate
from ..recipe import Recipe, technique
from ..runs import RunFolder, Store, replace_folder, write_json
from . import memory, ranks
from .doctor import about_answers

SAMPLE_TOKENS = 48
PROBE_ITEMS = 50


class Stopped(Exception):
    """Somebody asked for the end."""


def create(store: Store, recipe: Recipe) -> RunFolder:
    """A new run folder; of several processes the first one makes it and tells the others."""
    name = "layout" if isinstance(recipe.model, models.Layout) else recipe.model.replace(":", "-")
    name = "".join(letter if letter.isalnum() else "-" for letter in Path(name).name)[:24]
    name = f"{name}-{technique(recipe.adapter).name}-{technique(recipe.objective).name}"
    return RunFolder(ranks.agree(lambda: str(store.create(recipe.to_json(), name).path)))


class Session:
    """The state of one call of `run` or `resume`.

    plan  what was decided for this machine: {"dtype", "device_batch", "processes"}; a resumed run takes it over, so
          that its numbers are the same
    """

    def __init__(self, folder: RunFolder, recipe: Recipe, on_event, stop: threading.Event, report_to: tuple):
        self.folder, self.recipe, self.on_event, self.stop, self.report_to = folder, recipe, on_event, stop, report_to
        self.train, self.leads = recipe.train, ranks.leads()
        self.model, self.total, self.trainable = None, 0, 0
        self._find_checkpoint()

    def _find_checkpoint(self):
        self.checkpoint = self.folder.checkpoint()
        self.step = int(self.checkpoint.name) if self.checkpoint else 0
        if self.leads:
            self.folder.keep(self.step if self.checkpoint else None)
        ranks.wait()

    def emit(self, step: int, kind: str, **values) -> None:
        self.step = step
        if self.leads:
            event = self.folder.event(step, kind, **values)
            if self.on_event:
                self.on_event(event)

    def mark(self, state: str, reason: str = "") -> None:
        if self.leads:
            self.folder.mark(state, reason)

    def end(self, state: str, reason: str = "") -> None:
        """The last event and the state."""
        self.emit(self.step, "end", status=state, reason=reason)
        self.mark(state, reason)

    def go(self) -> str:
        """Everything; returns the state in which it ended: done or stopped."""
        machine.bound_threads()
        memory.forget_peak()
        self.plan = self._plan()
        before, after = {}, {}
        try:
            before = self._before()
            stopped = self._train()
            self._write_models()
            after = {} if stopped else self._after()
        except Stopped:
            pass
        self._write_result(before, after)
        return "done" if after else "stopped"

    # ---- training ----

    def _plan(self) -> dict:
        if (self.folder.path / "plan.json").exists():
            return self.folder.read("plan.json")
        processes, batch = ranks.count(), self.train.batch
        if batch % processes:
            raise ValueError(f"batch is {batch} on {processes} processes; choose a multiple of {processes}")
        bite = min(self.train.device_batch or batch, batch // processes)
        if (batch // processes) % bite:
            raise ValueError(
                f"device_batch is {bite}; choose a divisor of the {batch // processes} rows of each device"
            )
        dtype = machine.training_dtype() if self.train.dtype == "auto" else self.train.dtype
        return self._decide({"dtype": dtype, "device_batch": bite, "processes": processes})

    def _decide(self, plan: dict) -> dict:
        ranks.wait()
        if self.leads:
            write_json(self.folder.path / "plan.json", plan)
        ranks.wait()
        return plan

    def _load(self, name=None):
        self.model, self.tokenizer = models.load(name or self.recipe.model, seed=self.train.seed)
        self.model.to(machine.device())

    def _train(self) -> bool:
        """Trains; where memory runs out, again in smaller bites of the same batch. Returns whether it was stopped."""
        from .loop import train

        while True:
            try:
                return train(self, self._prepare())
            except Exception as error:
                if not memory.ran_out(error) or self.plan["device_batch"] == 1 or ranks.count() > 1:
                    raise
            self._smaller_bites()

    def _prepare(self):
        """Lets the adapter choose what moves, and the objective what is read."""
        recipe = self.recipe
        self.model = technique(recipe.adapter).attach(self.model, recipe.adapter, self.train.seed)
        weights = list(self.model.parameters())
        self.total = sum(weight.numel() for weight in weights)
        self.trainable = sum(weight.numel() for weight in weights if weight.requires_grad)
        plan = technique(recipe.objective).plan(recipe.objective, self.model, self.tokenizer, recipe.task, self.train)
        if self.checkpoint is None:
            for note in plan.notes:
                self.emit(0, "doctor", text=note)
        return plan

    def _smaller_bites(self) -> None:
        bite = next(size for size in range(self.plan["device_batch"] // 2, 0, -1) if self.train.batch % size == 0)
        self.plan = self._decide({**self.plan, "device_batch": bite})
        self.model = None
        gc.collect()
        self._find_checkpoint()
        self.emit(
            self.step,
            "doctor",
            text=f"Memory ran out, so each batch of {self.train.batch} rows is now read {bite} rows at a time"
            " (device_batch); it remains the same batch, a step takes longer.",
        )
        self._load()

    def look(self, step: int) -> None:
        """Between steps: lets the model write, and measures, as often as the recipe says."""
        if not self.leads:
            return
        training = self.model.training
        if self.train.sample_every and step % self.train.sample_every == 0:
            self._sample(step)
        if self.train.probe_every and step % self.train.probe_every == 0:
            self.emit(step, "probe", when="during", **self._probes())
        self.model.train(training)

    def _sample(self, step: int) -> None:
        prompts = self.train.prompts or ("",)
        written = generate(self.model, self.tokenizer, prompts, max_new_tokens=SAMPLE_TOKENS)
        for prompt, text in zip(prompts, written.texts, strict=True):
            self.emit(step, "sample", prompt=prompt, text=text)

    # ---- measuring ----

    def _before(self) -> dict:
        """Loads the model and measures it, unless an interrupted run did that already."""
        self._load()
        path = self.folder.path / "before.json"
        found = self.folder.read("before.json") if path.exists() else self._measure()
        if self.leads and not path.exists():
            write_json(path, found)
        if self.checkpoint is None:
            self.emit(
                0, "start", steps=self.train.steps, batch=self.train.batch, digest=self.recipe.digest, **self.plan
            )
            self._tell("before", found)
        return found

    def _measure(self) -> dict:
        """Answers and probes; only the first process measures, the others wait."""
        found = {"answers": [], "forgetting": {}}
        if self.leads:
            with self._interruptible():
                found = {
                    "answers": self._answers(),
                    "forgetting": self._probes(),
                }
        ranks.wait()
        return found

    def _after(self) -> dict:
        """Measures what was left on disk: the very weights that a reader will load."""
        self.model = None
        gc.collect()
        self._load(str(self.folder.path / "model"))
        found = self._measure()
        self._tell("after", found)
        for sentence in about_answers([answer["text"] for answer in found["answers"]]):
            self.emit(self.step, "doctor", text=sentence)
        return found

    def _tell(self, when: str, found: dict) -> None:
        if found["forgetting"]:
            self.emit(self.step, "probe", when=when, **found["forgetting"])

    def _answers(self) -> list[dict]:
        asks = self.recipe.task.asks()
        if not asks or not self.train.eval_examples:
            return []
        task, split, tokens = asks
        n = min(self.train.eval_examples, task.size(split))
        return [asdict(answer) for answer in evaluation.answers(self.model, self.tokenizer, task, split, n, tokens)]

    def _probes(self) -> dict:
        """{probe: {"value", "unit", "n", "low", "high"}}; random weights have nothing to forget."""
        if isinstance(self.recipe.model, models.Layout) or self.recipe.model.startswith(models.FRESH):
            return {}
        text = (machine.data_folder() / "samples" / "english.txt").read_text(encoding="utf-8")
        found = evaluation.forgetting_probes(self.model, self.tokenizer, text, PROBE_ITEMS)
        return {name: measurement.to_dict() for name, measurement in found.items()}

    @contextmanager
    def _interruptible(self):
        """Inside, a forward pass that begins after Stop was pressed ends the run."""

        def check(*_):
            if self.stop.is_set():
                raise Stopped

        hook = self.model.register_forward_pre_hook(check)
        try:
            yield
        finally:
            hook.remove()

    # ---- leaving ----

    def _write_models(self) -> None:
        """adapter/ and model/, each whole or not there."""
        saving = self.folder.path / ".saving"
        if self.leads:
            shutil.rmtree(saving, ignore_errors=True)
            if hasattr(self.model, "peft_config"):
                self.model.save_pretrained(saving / "adapter")
                replace_folder(saving / "adapter", self.folder.path / "adapter")
            self.model = technique(self.recipe.adapter).merge(self.model)
            self.recipe.task.mark(self.model)
            models.save(self.model, self.tokenizer, saving / "model")
            replace_folder(saving / "model", self.folder.path / "model")
            shutil.rmtree(saving, ignore_errors=True)
        ranks.wait()

    def _write_result(self, before: dict, after: dict) -> None:
        if self.leads and before:
            result = {"answers": _beside(before, after), "forgetting": _forgetting(before, after), "cost": self._cost()}
            write_json(self.folder.path / "result.json", result)
        ranks.wait()

    def _cost(self) -> dict:
        losses = [event["values"] for event in self.folder.events() if event["kind"] == "loss"]
        return {
            "seconds": round(sum(values["step_seconds"] for values in losses), 3),
            "peak_memory_bytes": memory.peak_bytes(),
            "trainable_parameters": self.trainable,
            "total_parameters": self.total,
            "tokens": sum(values["tokens"] for values in losses),
        }


def _beside(before: dict, after: dict) -> list[dict]:
    """Each question once, with what was said before and after."""
    later = after.get("answers") or [None] * len(before["answers"])
    return [
        {
            "prompt": first["prompt"],
            "expected": first["expected"],
            "before": first["text"],
            "after": second and second["text"],
            "score_before": first["value"],
            "score_after": second and second["value"],
            "why": (second or first)["why"],
        }
        for first, second in zip(before["answers"], later, strict=True)
    ]


def _forgetting(before: dict, after: dict) -> dict:
    later = after.get("forgetting", {})
    return {
        name: {
            "before": first["value"],
            "after": later[name]["value"] if name in later else None,
            "unit": first["unit"],
        }
        for name, first in before["forgetting"].items()
    }
