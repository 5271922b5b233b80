"""One run from loading to leaving: measured, trained, measured again, and left on disk."""

import gc
import json
from pathlib import Path

from .. import evaluation, machine, models
from ..generation import generate
from ..recipe import Recipe, technique
from ..runs import RunFolder, Store, replace_folder, write_json
from . import memory, ranks
from .doctor import about_answers
from .hand import Hand
from .measure import Stopped, answers_beside, forgetting_beside, interruptible, measure, on_the_way
from .saving import clear, saving

SAMPLE_TOKENS = 48


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

    def __init__(self, folder: RunFolder, recipe: Recipe, on_event, hand: Hand, report_to: tuple):
        self.folder, self.recipe, self.on_event, self.hand, self.report_to = folder, recipe, on_event, hand, report_to
        self.train, self.leads, self.told = recipe.train, ranks.leads(), set()
        self.model, self.total, self.trainable = None, 0, 0
        self._find_checkpoint()

    def _find_checkpoint(self):
        self.checkpoint = self.folder.checkpoint()
        self.step = int(self.checkpoint.name) if self.checkpoint else 0

    def _forget_events(self, step: int | None):
        if self.leads:
            self.folder.keep(step)
        ranks.wait()

    def emit(self, step: int, kind: str, **values) -> None:
        self.step = step
        if self.leads:
            event = self.folder.event(step, kind, **values)
            if self.on_event:
                self.on_event(event)

    def advise(self, *sentences: str) -> None:
        """The doctor's sentences, each once."""
        for sentence in sentences:
            if sentence not in self.told:
                self.told.add(sentence)
                self.emit(self.step, "doctor", text=sentence)

    def heed_stop(self) -> None:
        """Between two steps of setting up; several processes look only while they train, where they can agree."""
        if self.hand.stopped.is_set() and ranks.count() == 1:
            raise Stopped

    def turn(self, step: int, knob: str, value: float) -> bool:
        """A knob was turned by hand: the recipe says so before anything follows from it. False if it stood there, or if
        this run has no such knob."""
        try:
            if value == self.recipe.at(step, knob):
                return False
            self.recipe = self.recipe.turned(step, knob, value)
        except ValueError as error:
            self.advise(f"Nothing was turned: {error}.")
            return False
        write_json(self.folder.path / "recipe.json", self.recipe.to_json())
        return True

    def mark(self, state: str, reason: str = "") -> None:
        if self.leads:
            self.folder.mark(state, reason)

    def end(self, state: str, reason: str = "") -> None:
        """The last event and the state."""
        self.emit(self.step, "end", status=state, reason=reason)
        self.mark(state, reason)

    def go(self) -> str:
        """Everything; returns the state in which it ended: done or stopped."""
        machine.settle()
        memory.forget_peak()
        self._forget_events(self.step if self.checkpoint else None)
        if self.leads:
            clear(self.folder.path)
        self.plan = self._plan()
        if self.leads:
            write_json(self.folder.path / "machine.json", machine.fingerprint())
        before, after = {}, {}
        try:
            before = self._before()
            stopped = self._train()
            self._write_models()
            after = {} if stopped else self._after(before)
        except Stopped:
            pass
        self._write_result(before, after)
        return "done" if after else "stopped"

    # ---- what this machine can do ----

    def _plan(self) -> dict:
        def decide() -> str:
            path = self.folder.path / "plan.json"
            plan = self.folder.read("plan.json") if path.exists() else {}
            if plan.get("processes") != ranks.count():
                plan = {"dtype": plan.get("dtype") or self._dtype(), **self._share()}
                write_json(path, plan)
            return json.dumps(plan)

        return json.loads(ranks.agree(decide))

    def _dtype(self) -> str:
        return machine.training_dtype() if self.train.dtype == "auto" else self.train.dtype

    def _share(self) -> dict:
        processes, batch = ranks.count(), self.train.batch
        if batch % processes:
            raise ValueError(f"batch is {batch} on {processes} processes; choose a multiple of {processes}")
        share = batch // processes
        bite = min(self.train.device_batch or share, share)
        if share % bite:
            raise ValueError(f"device_batch is {bite}; choose a divisor of the {share} rows of each device")
        return {"device_batch": bite, "processes": processes}

    def _smaller_bites(self) -> None:
        """After memory ran out: the same batch in smaller pieces, from the last checkpoint."""
        bite = next(size for size in range(self.plan["device_batch"] // 2, 0, -1) if self.train.batch % size == 0)
        self.plan = {**self.plan, "device_batch": bite}
        write_json(self.folder.path / "plan.json", self.plan)
        self.model = None
        gc.collect()
        self._find_checkpoint()
        self._forget_events(self.step)
        self.advise(
            f"Memory ran out, so each batch of {self.train.batch} rows is now read {bite} rows at a time"
            " (device_batch). It remains the same batch; a step takes longer."
        )
        self._load(self.recipe.model)

    # ---- training ----

    def _load(self, name) -> None:
        self.model, self.tokenizer = models.load(name, seed=self.train.seed)
        if self.leads:  # the others' trainers know which card is theirs
            self.model.to(machine.device())

    def _train(self) -> bool:
        """Trains; where memory runs out, again in smaller bites. Returns whether it was stopped."""
        from .loop import train

        while True:
            try:
                return train(self, self._prepare())
            except Exception as error:
                if not memory.ran_out(error) or self.plan["device_batch"] == 1 or ranks.count() > 1:
                    raise
            self._smaller_bites()

    def _prepare(self):
        """Lets the adapter choose what moves, and the objective which head it needs and what is read."""
        self.heed_stop()
        recipe = self.recipe
        self.model = technique(recipe.objective).equip(recipe.objective, self.model, recipe.task, self.train.seed)
        self.model = technique(recipe.adapter).attach(self.model, recipe.adapter, self.train.seed)
        recipe.task.mark(self.model)
        weights = list(self.model.parameters())
        self.total = sum(weight.numel() for weight in weights)
        self.trainable = sum(weight.numel() for weight in weights if weight.requires_grad)
        plan = technique(recipe.objective).plan(recipe.objective, self.model, self.tokenizer, recipe.task, self.train)
        if self.checkpoint is None:
            self.advise(*plan.notes)
        return plan

    def look(self, step: int) -> None:
        """Between steps: lets the model write, and measures, as often as the recipe says."""
        if not self.leads:
            return
        training = self.model.training
        try:
            with interruptible(self.model, self.hand.stopped):
                if self.train.sample_every and step % self.train.sample_every == 0 and self.model.can_generate():
                    self._sample(step)
                if self.train.probe_every and step % self.train.probe_every == 0:
                    self.emit(step, "probe", when="during", **on_the_way(self.model, self.tokenizer, self.recipe))
        except Stopped:
            pass  # the trainer sees it, too, and ends in good order
        self.model.train(training)

    def _sample(self, step: int) -> None:
        prompts = self.train.prompts or ("",)
        written = generate(self.model, self.tokenizer, prompts, max_new_tokens=SAMPLE_TOKENS)
        for prompt, text in zip(prompts, written.texts, strict=True):
            self.emit(step, "sample", prompt=prompt, text=text)

    # ---- measuring ----

    def _before(self) -> dict:
        """Loads the model and measures it, unless an interrupted run did that already."""
        self._load(self.recipe.model)
        path = self.folder.path / "before.json"
        found = self.folder.read("before.json") if path.exists() else self._measure(evaluation.island_of(self.model))
        if self.leads and not path.exists():
            write_json(path, found)
        if self.checkpoint is None:
            about = {"steps": self.train.steps, "batch": self.train.batch, "digest": self.recipe.digest}
            self.emit(0, "start", **about, **self.plan)
            self._tell("before", found)
        return found

    def _measure(self, island: int | None) -> dict:
        """Only the first process measures; the others wait."""
        found = {"answers": [], "forgetting": {}, "island": island}
        if self.leads:
            found = measure(self.model, self.tokenizer, self.recipe, self.hand.stopped, island)
        ranks.wait()
        return found

    def _after(self, before: dict) -> dict:
        """Measures what was left on disk: the very weights that a reader will load."""
        self.model = None
        gc.collect()
        self._load(str(self.folder.path / "model"))
        found = self._measure(before["island"])
        self._tell("after", found)
        self.advise(*about_answers([answer["text"] for answer in found["answers"]]))
        return found

    def _tell(self, when: str, found: dict) -> None:
        if values := {**found["forgetting"], **found.get("measured", {})}:
            self.emit(self.step, "probe", when=when, **values)

    # ---- leaving ----

    def _write_models(self) -> None:
        """adapter/ and model/, each whole or not there."""
        if self.leads:
            with saving(self.folder.path) as part:
                if hasattr(self.model, "peft_config"):
                    self.model.save_pretrained(part / "adapter", save_embedding_layers=False)
                    replace_folder(part / "adapter", self.folder.path / "adapter")
                self.model = technique(self.recipe.adapter).merge(self.model)
                models.save(self.model, self.tokenizer, part / "model")
                replace_folder(part / "model", self.folder.path / "model")
        ranks.wait()

    def _write_result(self, before: dict, after: dict) -> None:
        if self.leads and before:
            losses = [event["values"] for event in self.folder.events() if event["kind"] == "loss"]
            cost = {
                "seconds": round(sum(values["step_seconds"] for values in losses), 3),
                "peak_memory_bytes": memory.peak_bytes(),
                "trainable_parameters": self.trainable,
                "total_parameters": self.total,
                "tokens": sum(values["tokens"] for values in losses),
            }
            result = {"answers": answers_beside(before, after), "forgetting": forgetting_beside(before, after)}
            write_json(self.folder.path / "result.json", {**result, "cost": cost})
        ranks.wait()
