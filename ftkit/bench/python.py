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


def mark(step: int, knob: str, value: float) -> str:
    """What was turned on the way: "learning rate 0.001 after step 40"."""
    return f"{knob.replace('_', ' ')} {value:g} after step {step}"


def changes(recipe: Recipe, other: Recipe) -> str:
    """What the first has that the second has not: "rank 4, learning rate 0.01"; empty for equal recipes."""
    said = []
    for part in fields(recipe):
        ours, theirs = getattr(recipe, part.name), getattr(other, part.name)
        if ours == theirs:
            continue
        if part.name == "changes":
            said += [mark(*change) for change in ours if change not in theirs]
            continue
        if type(ours) is not type(theirs) or not is_dataclass(ours):
            said.append(f"{part.name} {_text(ours)}")
            continue
        pairs = [(one.name, getattr(ours, one.name), getattr(theirs, one.name)) for one in fields(ours)]
        said += [f"{name.replace('_', ' ')} {_text(value)}" for name, value, before in pairs if value != before]
    return ", ".join(said)
