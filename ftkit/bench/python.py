"""A recipe as the lines of Python that run it: what a panel does, one can write."""

from dataclasses import MISSING, fields, is_dataclass

from .. import __all__ as front
from ..recipe import Recipe


def python(recipe: Recipe) -> str:
    """Code that makes and runs this recipe, with only what differs from the defaults written out."""
    kinds = {type(getattr(recipe, one.name)) for one in fields(recipe) if is_dataclass(getattr(recipe, one.name))}
    doors: dict[str, set[str]] = {}
    for kind in kinds:
        doors.setdefault(_door(kind), set()).add(kind.__name__)
    first = doors.pop("ftkit", set()) | {"Recipe"}
    others = "".join(f"from {door} import {', '.join(sorted(names))}\n" for door, names in sorted(doors.items()))
    said = [one for one in fields(recipe) if one.name != "changes" or recipe.changes]
    parts = "".join(f"    {one.name}={_text(getattr(recipe, one.name))},\n" for one in said)
    return f"from ftkit import {', '.join(sorted(first))}, run\n{others}\ndone = run(Recipe(\n{parts}))"


def _door(kind: type) -> str:
    """Where it is imported from: the front door, or that of its room."""
    return "ftkit" if kind.__name__ in front else ".".join(kind.__module__.split(".")[:2])


def _text(value) -> str:
    if not is_dataclass(value):
        return repr(value)
    said = ", ".join(
        f"{one.name}={_text(getattr(value, one.name))}"
        for one in fields(value)
        if one.default is MISSING or getattr(value, one.name) != one.default
    )
    return f"{type(value).__name__}({said})"
