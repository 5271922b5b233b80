"""A recipe as the lines of Python that run it: what a panel does, one can write."""

from dataclasses import MISSING, fields, is_dataclass

from ..recipe import Recipe


def python(recipe: Recipe) -> str:
    """Code that makes and runs this recipe, with only what differs from the defaults written out."""
    names = {
        type(getattr(recipe, one.name)).__name__ for one in fields(recipe) if is_dataclass(getattr(recipe, one.name))
    }
    said = [one for one in fields(recipe) if one.name != "changes" or recipe.changes]
    parts = "".join(f"    {one.name}={_text(getattr(recipe, one.name))},\n" for one in said)
    return f"from ftkit import {', '.join(sorted(names | {'Recipe'}))}, run\n\ndone = run(Recipe(\n{parts}))"


def _text(value) -> str:
    if not is_dataclass(value):
        return repr(value)
    said = ", ".join(
        f"{one.name}={_text(getattr(value, one.name))}"
        for one in fields(value)
        if one.default is MISSING or getattr(value, one.name) != one.default
    )
    return f"{type(value).__name__}({said})"
