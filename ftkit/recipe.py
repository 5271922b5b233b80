"""What shall happen? A recipe: model x adapter x objective x task x train. Frozen, hashable, JSON."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from . import data
from .adapters import ADAPTERS, Full
from .models import KINDS, Layout
from .objectives import OBJECTIVES
from .records import check_knobs, knob, knobs, known
from .retrieval import Retrieved

SOURCES = (*data.SOURCES, Retrieved)


@dataclass(frozen=True)
class Train:
    """How long, how fast, and how often to look."""

    steps: int = knob(200, 1, 1_000_000, "log", "steps", "changes of the weights")
    batch: int = knob(16, 1, 4096, "log", "rows", "rows read for one change, over all devices together")
    learning_rate: float = knob(
        3e-3, 1e-6, 1e3, "log", help="size of a change; too large and the loss explodes", live=True
    )
    schedule: str = knob(
        "linear", scale="choice", choices=("linear", "constant", "cosine", "trapezoid"),
        help="learning rate over time; trapezoid: constant to 40 %, then linear to 1 %",
    )  # fmt: skip
    warmup: int = knob(0, 0, 100_000, unit="steps", help="steps over which the learning rate rises from 0")
    weight_decay: float = knob(0.0, 0.0, 1.0, help="share of each weight that AdamW lets decay")
    clip: float = knob(1.0, 1e-3, 1e3, "log", help="longest gradient; longer ones are shortened to it")
    seed: int = knob(0, 0, 2**31 - 1, help="of the order of the data, and of random weights")
    dtype: str = knob(
        "auto", scale="choice", choices=("auto", "float32", "bfloat16", "float16"),
        help="number format of the products; auto measures what is fast here",
    )  # fmt: skip
    device_batch: int = knob(0, 0, 4096, unit="rows", help="rows a device reads at once; 0 means its whole share")
    eval_examples: int = knob(200, 0, 10_000, unit="examples", help="questions asked before and after")
    checkpoint_every: int = knob(100, 1, 1_000_000, unit="steps", help="how much work a crash may cost")
    sample_every: int = knob(0, 0, 1_000_000, unit="steps", help="how often to let the model write; 0 means never")
    prompts: tuple[str, ...] = ()  # what it goes on from then; () means from nothing
    probe_every: int = knob(0, 0, 1_000_000, unit="steps", help="how often to measure on the way; 0 means never")

    def __post_init__(self):
        check_knobs(self)
        if not isinstance(self.prompts, tuple) or not all(isinstance(prompt, str) for prompt in self.prompts):
            raise TypeError(f"prompts is {self.prompts!r}; it must be a tuple of texts")


def _configs(records) -> list[type]:
    return [record.config for record in records]


def live_knobs(config) -> tuple[str, ...]:
    """The knobs of a config that may be turned while a run goes on."""
    return tuple(one.name for one in knobs(config) if one.live)


LIVE = {name: kind for kind in (*_configs(OBJECTIVES), Train) for name in live_knobs(kind)}


@dataclass(frozen=True)
class Recipe:
    """All that decides a run. Vary it with `dataclasses.replace`, or `recipe.but(learning_rate=1e-2, rank=4)`.

    model      name for `models.load`, or a Layout (random weights from train.seed)
    adapter    which weights move: a config from `ftkit.adapters`
    objective  towards what: a config from `ftkit.objectives`
    task       what is read: a config from `ftkit.data`
    changes    ((step, knob, value), ...): what is turned on the way, each after so many steps
    """

    model: str | Layout
    objective: Any
    task: Any
    adapter: Any = field(default_factory=Full)
    train: Train = field(default_factory=Train)
    changes: tuple[tuple[int, str, float], ...] = ()

    def __post_init__(self):
        if not isinstance(self.model, str | Layout):
            raise TypeError(f"model is {self.model!r}; it must be a name or a Layout")
        for part, kinds in (("adapter", _configs(ADAPTERS)), ("objective", _configs(OBJECTIVES)), ("task", SOURCES)):
            if type(getattr(self, part)) not in kinds:
                known_kinds = ", ".join(f"{kind.__name__}(...)" for kind in kinds)
                raise TypeError(f"{part} is {getattr(self, part)!r}; choose one of {known_kinds}")
        if not isinstance(self.train, Train):
            raise TypeError(f"train is {self.train!r}; it must be Train(...)")
        for change in self.changes:
            self._check(change)

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits; equal for equal recipes, whatever the order of fields."""
        text = json.dumps(self.to_json(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def but(self, **changes) -> "Recipe":
        """A copy with some knobs changed, wherever they are.

        raises  ValueError for a name that no part has, or that two parts have
        """
        recipe = self
        for name, value in changes.items():
            if name in ("model", "adapter", "objective", "task", "train"):
                recipe = replace(recipe, **{name: value})
                continue
            parts = [part for part in _parts(recipe) if name in _field_names(getattr(recipe, part))]
            if len(parts) != 1:
                names = sorted({one for part in _parts(recipe) for one in _field_names(getattr(recipe, part))})
                raise ValueError(
                    known(name, names, "knob") if not parts else f"{name} belongs to {' and '.join(parts)}"
                )
            recipe = replace(recipe, **{parts[0]: replace(getattr(recipe, parts[0]), **{name: value})})
        return recipe

    def to_json(self) -> dict:
        """Plain JSON values; `from_json` makes the same recipe of them."""
        parts = {
            "model": self.model if isinstance(self.model, str) else {self.model.kind: asdict(self.model)},
            "adapter": {"name": technique(self.adapter).name, **asdict(self.adapter)},
            "objective": {"name": technique(self.objective).name, **asdict(self.objective)},
            "task": {"kind": type(self.task).__name__, **asdict(self.task)},
            "train": asdict(self.train),
        }
        turned = {"changes": self.changes} if self.changes else {}
        return json.loads(json.dumps(parts | turned))  # tuples become lists, as they are when a file is read

    def turned(self, step: int, knob: str, value: float) -> "Recipe":
        """A copy in which a knob is turned on the way.

        step    how many are taken before
        raises  ValueError for a knob that cannot be turned on the way, a value outside its range, or no such step
        """
        return replace(self, changes=(*self.changes, (step, knob, value)))

    def at(self, step: int, knob: str) -> float:
        """The value of a live knob when so many steps have been taken."""
        values = [value for when, name, value in self.changes if name == knob and when <= step]
        return values[-1] if values else getattr(self._with(knob), knob)

    @classmethod
    def from_json(cls, value: dict) -> "Recipe":
        """raises ValueError that says which part is wrong"""
        try:
            model = value["model"]
            return cls(
                model=model if isinstance(model, str) else _layout(model),
                adapter=_technique(value["adapter"], ADAPTERS, "adapter"),
                objective=_technique(value["objective"], OBJECTIVES, "objective"),
                task=_task(value["task"]),
                train=_build(Train, value["train"], "train"),
                changes=tuple(tuple(change) for change in value.get("changes", ())),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no recipe: {type(error).__name__}: {error}") from error

    def _check(self, change) -> None:
        if not isinstance(change, tuple) or len(change) != 3:
            raise TypeError(f"changes holds {change!r}; each must be (step, knob, value)")
        step, knob, value = change
        replace(self._with(knob), **{knob: value})
        if not 0 <= step < self.train.steps:
            raise ValueError(f"{knob} is turned after {step} steps; choose 0 to {self.train.steps - 1}")

    def _with(self, knob: str):
        """The part that has a live knob; raises ValueError if none has."""
        parts = {name: part for part in (self.objective, self.train) for name in live_knobs(part)}
        if knob not in parts:
            raise ValueError(known(knob, parts, "live knob"))
        return parts[knob]


def technique(config):
    """The record of an adapter's or objective's config."""
    return next(record for record in (*ADAPTERS, *OBJECTIVES) if record.config is type(config))


def learning_rate_factor(step: int, steps: int, warmup: int, schedule: str) -> float:
    """
    Share of the learning rate that applies to a step.

    step      0 for the first
    steps     of the whole run
    warmup    steps over which it rises to 1
    schedule  "linear", "constant", "cosine" or "trapezoid"
    returns   0..1
    """
    import math

    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    if schedule == "constant":
        return 1.0
    if schedule == "cosine":
        return 0.5 + 0.5 * math.cos(math.pi * min(1.0, done))
    if schedule == "linear":
        return max(0.0, 1.0 - done)
    return 1.0 if step <= 0.4 * steps else max(0.01, 1.0 - 0.99 * (step - 0.4 * steps) / (0.6 * steps))


def _parts(recipe: Recipe) -> list[str]:
    return [part for part in ("model", "adapter", "objective", "task", "train") if part != "model" or
            isinstance(recipe.model, Layout)]  # fmt: skip


def _field_names(config) -> list[str]:
    return [one.name for one in fields(config)]


def _technique(value: dict, records, what: str):
    by_name = {record.name: record for record in records}
    if value["name"] not in by_name:
        raise ValueError(known(value["name"], by_name, what))
    config = by_name[value["name"]].config
    return _build(config, {key: one for key, one in value.items() if key != "name"}, what)


def _layout(value: dict) -> Layout:
    kinds = {kind.kind: kind for kind in KINDS}
    (name, values), *_ = value.items()
    if name not in kinds:
        raise ValueError(known(name, kinds, "kind of layout"))
    return _build(kinds[name], values, "layout")


def _task(value: dict):
    by_name = {kind.__name__: kind for kind in SOURCES}
    if value["kind"] not in by_name:
        raise ValueError(known(value["kind"], by_name, "kind of task"))
    return _build(by_name[value["kind"]], {key: one for key, one in value.items() if key != "kind"}, "task")


def _build(config: type, values: dict, what: str):
    names = {one.name for one in fields(config)}
    for key in values:
        if key not in names:
            raise ValueError(known(key, sorted(names), f"field of {what}"))
    return config(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
