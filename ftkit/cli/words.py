"""A recipe in words: names of techniques, a file, and knobs that are set as in `adapter.rank=4`."""

import json
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

from .. import world
from ..adapters import ADAPTERS
from ..data import Attempts, Pairs
from ..objectives import OBJECTIVES
from ..preferences import SET
from ..recipe import SOURCES, Recipe, Train
from ..records import knobs, known
from ..retrieval import Retrieved

PARTS = ("model", "adapter", "objective", "task", "train")


def recipe(arguments) -> Recipe:
    """The recipe of `ftkit run`, from a file or from names, with the knobs that were set."""
    if arguments.recipe:
        try:
            base = Recipe.from_json(json.loads(arguments.recipe.read_text(encoding="utf-8"))).to_json()
        except json.JSONDecodeError as error:
            raise ValueError(f"{arguments.recipe} is no JSON: {error}") from error
    else:
        base = {"model": "small", "adapter": {"name": "full"}, "objective": {"name": "sft"}, "train": {}}
        arguments.task = arguments.task or "facts"
    if arguments.model:
        base["model"] = arguments.model
    if arguments.task:
        base["task"] = _task(arguments.task)
    for part, records in (("adapter", ADAPTERS), ("objective", OBJECTIVES)):
        name = getattr(arguments, part)
        if name and name not in (names := [record.name for record in records]):
            raise ValueError(known(name, names, part))
        if name:
            base[part] = {"name": name}
    asked = Recipe.from_json(base)
    for text in arguments.set:
        asked = _turn(asked, text)
    return asked


def _turn(recipe: Recipe, text: str) -> Recipe:
    """One `--set`: `rank=4`, or with its part, `adapter.rank=4`."""
    name, equals, written = text.partition("=")
    if not equals:
        raise ValueError(f"--set {text!r} has no value; write it like adapter.rank=4")
    try:
        value = json.loads(written)
    except json.JSONDecodeError:
        value = written  # a word, such as a schedule
    part, _, knob = name.rpartition(".")
    if not part:
        return recipe.but(**{knob: value})
    config = getattr(recipe, part, None) if part in PARTS else None
    if not is_dataclass(config):
        raise ValueError(
            known(part, [one for one in PARTS if is_dataclass(getattr(recipe, one))], "part of the recipe")
        )
    names = [field.name for field in fields(config)]
    if knob not in names:
        raise ValueError(known(knob, names, f"knob of {part}"))
    return replace(recipe, **{part: replace(config, **{knob: value})})


def _task(name: str) -> dict:
    """What is read: a task or a corpus of the world by its name, or the user's own file."""
    tasks, corpora = [kind.name for kind in world.TASKS], ["hermea", *world.WEIGHTS]
    if name in tasks:
        return {"kind": "Task", "name": name}
    if name in corpora:
        return {"kind": "Corpus", "name": name}
    if name == Retrieved.name:
        return {"kind": "Retrieved"}
    if name == Pairs.word:
        return {"kind": "Pairs"}
    if name == Attempts.word:
        return {"kind": "Attempts"}
    if name.startswith(SET):
        return {"kind": "Pairs", "set": name}
    if Path(name).suffix:
        return {"kind": "File", "path": name}
    raise ValueError(
        known(name, [*tasks, *corpora, Retrieved.name, Pairs.word, Attempts.word], "task")
        + f", {SET}NAME, or a file with the columns prompt and completion"
    )


def list_knobs() -> None:
    """Every technique with its knobs, as the records tell them."""
    groups = [(f"--adapter {record.name}", record.claim, record.config) for record in ADAPTERS]
    groups += [(f"--objective {record.name}", record.claim, record.config) for record in OBJECTIVES]
    for kind in SOURCES:
        word = getattr(kind, "word", getattr(kind, "name", "FILE"))
        groups.append((f"--task {word}", kind.__doc__.split("\n")[0], kind))
    groups.append(("train", "How long, how fast, and how often to look.", Train))
    for title, claim, config in groups:
        print(f"{title}: {claim}")
        for one in knobs(config):
            allowed = ", ".join(map(str, one.choices)) if one.choices else f"{_end(one.low)} to {_end(one.high)}"
            allowed = "true, false" if one.type is bool else allowed
            unit = f" {one.unit}" if one.unit else ""
            part = title.removeprefix("--").split()[0]
            print(f"    {part}.{one.name}={_plain(one.default)}  [{allowed}{unit}]  {one.help}")


def _plain(value) -> str:
    """A value as it is written after --set."""
    return value if isinstance(value, str) else json.dumps(value)


def _end(value) -> str:
    return "any" if value is None else f"{value:g}"
