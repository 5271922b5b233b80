"""What is a technique? The record types, and `knob`: a field whose range, unit and effect are written once."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

SCALES = ("linear", "log", "choice")


@dataclass(frozen=True)
class Knob:
    """One number or choice that a learner may turn, as its config's field describes it.

    low, high  allowed range, both ends included; None where there is no end
    scale      how a slider should be divided: "linear", "log", or "choice" among `choices`
    live       whether it may be turned while a run goes on
    """

    name: str
    default: Any
    low: float | None
    high: float | None
    scale: str
    unit: str
    help: str
    choices: tuple
    type: type
    live: bool = False


@dataclass(frozen=True)
class Technique:
    """What every technique tells about itself; controls, command line, tables and generic tests are derived from it.

    name      as in recipes and on the command line
    claim     what it promises, in one line
    seed_row  where the seed paper treats it
    lab       number of the notebook that teaches it
    config    frozen dataclass whose fields are knobs
    equation  pure function of tensors, for reading and re-implementing
    """

    name: str
    title: str
    claim: str
    paper: str
    year: int
    seed_row: str
    lab: str
    config: type
    equation: Callable


@dataclass(frozen=True)
class Adapter(Technique):
    """Which weights move.

    attach  (model, config, seed) -> model with exactly those weights trainable
    merge   model -> a plain model with the change written into its weights
    """

    attach: Callable
    merge: Callable


def as_it_is(config, model, task, seed: int):
    """The model itself: the head with which it was loaded will do."""
    return model


def as_its_kind(model, tokenizer, task, n: int):
    """None: a model that writes answers the task's questions, and one with a head labels them."""


@dataclass(frozen=True)
class Objective(Technique):
    """Towards what they move.

    A live knob of the config is an attribute of that name of the trainer, so that it can be turned on the way.

    plan   (config, model, tokenizer, task, train) -> Plan
    equip  (config, model, task, seed) -> the model with the head that the objective needs
    asks   (model, tokenizer, task, n) -> (n answers, {name: measurement}) before and after, or None where the model is
           asked what models of its kind are asked
    unit   of the loss; "" where its size says nothing
    tells  {what its plan tells of a step besides: the unit}
    """

    plan: Callable
    equip: Callable = as_it_is
    asks: Callable = as_its_kind
    unit: str = "nats/token"
    tells: dict[str, str] = field(default_factory=dict)

    @property
    def curve(self) -> tuple[str, str]:
        """(name, unit) of what is drawn over the steps: the loss, or the reward where the loss says nothing."""
        return ("loss", self.unit) if self.unit else ("reward", self.tells["reward"])


ALWAYS = (  # what the event of a step says, whatever its plan tells besides
    "loss", "learning_rate", "gradient", "tokens", "step_seconds", "tokens_per_second", "seconds_left",
)  # fmt: skip


def tokens_of(trainer, batch: dict) -> int:
    """How many tokens a batch holds, without padding."""
    return int(batch["attention_mask"].sum()) if "attention_mask" in batch else batch["input_ids"].numel()


@dataclass(frozen=True)
class Plan:
    """What training needs in order to drive one objective.

    trainer    subclass of transformers.Trainer
    arguments  its class of training arguments
    options    arguments that belong to the objective
    rows       training rows in the order in which they are read, one epoch for the whole run
    collate    rows -> batch of tensors
    extras     further keyword arguments of the trainer
    notes      sentences for the learner, such as what was left out of the data
    tells      {what an event of a step says besides the loss: how the trainer's own metrics call it}
    count      (trainer, batch) -> tokens that a pass over it reads
    rewarded   whether it learns from rewards: then its loss is a means whose value says nothing, and they are the end
    """

    trainer: type
    arguments: type
    options: dict
    rows: Any
    collate: Callable | None
    extras: dict = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    tells: dict[str, str] = field(default_factory=dict)
    count: Callable = tokens_of
    rewarded: bool = False


def knob(
    default,
    low: float | None = None,
    high: float | None = None,
    scale: str = "linear",
    unit: str = "",
    help: str = "",
    choices: tuple = (),
    live: bool = False,
):
    """A dataclass field with its allowed range, for configs.

    raises  ValueError for an unknown scale, or choices without the scale "choice"
    """
    if scale not in SCALES or (scale == "choice") != bool(choices):
        raise ValueError(f"scale is {scale!r} with choices {choices}; choose one of {', '.join(SCALES)}")
    about = {"low": low, "high": high, "scale": scale, "unit": unit, "help": help, "choices": tuple(choices)}
    return field(default=default, metadata={"knob": about | {"live": live}})


def knobs(config_type: type) -> tuple[Knob, ...]:
    """The knobs of a config class (or of one config) in the order of its fields; fields without `knob` are left out."""
    found = []
    for one in fields(config_type):
        if "knob" in one.metadata:
            default = None if one.default is MISSING else one.default
            found.append(Knob(name=one.name, default=default, type=type(default), **one.metadata["knob"]))
    return tuple(found)


def check_knobs(config) -> None:
    """Refuses a config with a value outside a knob's range; for `__post_init__`.

    raises  ValueError that names the knob, its value and what is allowed; TypeError for a value of another kind
    """
    for one in knobs(config):
        value = getattr(config, one.name)
        if one.choices:
            if value not in one.choices:
                raise ValueError(known(value, one.choices, one.name))
            continue
        _check_kind(one, value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        below, above = one.low is not None and value < one.low, one.high is not None and value > one.high
        if below or above or value != value:
            raise ValueError(f"{one.name} is {value}; choose {_range(one)}{' ' + one.unit if one.unit else ''}")


def known(name, names: Iterable, what: str) -> str:
    """The text of an error about an unknown name: what came, the nearest known one, and all of them."""
    names = [str(one) for one in names]
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    guess = f"did you mean {near[0]!r}? " if near else ""
    return f"{what} is {name!r}; {guess}choose one of {', '.join(names)}" if names else f"there is no {what} {name!r}"


def _check_kind(one: Knob, value) -> None:
    wanted = (int, float) if one.type is float else one.type
    if (one.type in (int, float) and isinstance(value, bool)) or not isinstance(value, wanted):
        raise TypeError(f"{one.name} is {value!r}; it must be of type {one.type.__name__}")


def _range(one: Knob) -> str:
    if one.high is None:
        return f"{one.low} or more"
    return f"{one.high} or less" if one.low is None else f"{one.low} to {one.high}"
