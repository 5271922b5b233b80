"""Controls from the knobs of a recipe's parts: what may be turned is written once, in the records."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from typing import Any

from .. import models
from ..recipe import Recipe
from ..records import Knob, knobs, known

PARTS = ("model", "adapter", "objective", "task", "train")
DEFAULT = "★"  # beside the default value, where there are values to choose from; a word would not fit
LEAF = 600  # whole numbers that a slider still tells apart


@dataclass(frozen=True)
class Control:
    """One knob of one part of a recipe; `options` are (label, value) pairs where only some values are offered.

    part   of the recipe; the knob "model" has none
    """

    part: str
    knob: Knob
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        return self.knob.name

    def value(self, recipe: Recipe):
        return getattr(getattr(recipe, self.part) if self.part else recipe, self.name)

    @property
    def label(self) -> str:
        words = self.name.replace("_", " ")
        return f"{words} ({self.knob.unit})" if self.knob.unit and self.knob.unit != words else words


def controls(recipe: Recipe, wanted: Sequence[str] | Mapping[str, Any] | None = None) -> list[Control]:
    """
    The controls that a panel shows.

    wanted   names of knobs ("rank", or "adapter.rank" where two parts have one), or {name: values to choose from}: a
             list, {label: value} for values with names of their own, or None for the whole range; None means every knob
    raises   ValueError for a knob that no part has, or that several have
    """
    every = _every(recipe)
    if wanted is None:
        return [_offering(one, recipe, None) for one in every if one.part]
    chosen = wanted if isinstance(wanted, Mapping) else dict.fromkeys(wanted)
    return [_offering(_find(name, every), recipe, values) for name, values in chosen.items()]


def turned(recipe: Recipe, values: Sequence[tuple[Control, Any]]) -> Recipe:
    """The recipe with some controls turned.

    raises  ValueError or TypeError if a part refuses its values
    """
    parts: dict[str, dict] = {}
    for control, value in values:
        parts.setdefault(control.part, {})[control.name] = value
    whole = parts.pop("", {})
    return replace(recipe, **whole, **{part: replace(getattr(recipe, part), **new) for part, new in parts.items()})


def widget(control: Control, recipe: Recipe):
    """The widget for a control: a core one, labelled, with its help where the pointer rests."""
    import ipywidgets as w

    value, one = control.value(recipe), control.knob
    how = {"description": control.label, "style": {"description_width": "10.5em"}, "layout": {"width": "26.5em"}}
    if one.type is bool:
        made = w.Checkbox(value=value, indent=True, **how)
    elif control.options:
        kind = w.Dropdown if one.type is str else w.SelectionSlider
        more = {} if one.type is str else {"continuous_update": False}
        made = kind(options=control.options, value=value, **more, **how)
    elif one.type is int and one.low is not None and one.high is not None and one.high - one.low <= LEAF:
        made = w.IntSlider(value=value, min=one.low, max=one.high, continuous_update=False, **how)
    elif one.type is float and one.low is not None and one.high is not None:
        made = w.FloatSlider(
            value=value, min=one.low, max=one.high, step=(one.high - one.low) / 100, continuous_update=False, **how
        )
    elif one.type is int:
        low, high = -(2**53) if one.low is None else one.low, 2**53 if one.high is None else one.high
        made = w.BoundedIntText(value=value, min=low, max=high, **how)
    else:
        made = w.FloatText(value=value, **how)
    setattr(made, "tooltip" if made.has_trait("tooltip") else "description_tooltip", _help(one))
    made.add_class(f"ft-knob-{control.name}")
    return made


def put(widget, control: Control, recipe: Recipe) -> None:
    """Sets a control's widget to what a recipe has, which need not be among the values to choose from."""
    value = control.value(recipe)
    options = _including(control, value).options if control.options else ()
    if options and options != tuple(widget.options):
        widget.options = options
    widget.value = value


def _help(one: Knob) -> str:
    """Its effect and its default, which is the source paper's or says in the config why it is not."""
    default = "" if one.default is None else f"default ({DEFAULT}): {_text(one.default)}"
    live = "may be turned while it runs" if one.live else ""
    return "; ".join(part for part in (one.help, default, live) if part)


def _every(recipe: Recipe) -> list[Control]:
    found = [Control(part, one) for part in PARTS if is_dataclass(getattr(recipe, part))
             for one in knobs(getattr(recipe, part))]  # fmt: skip
    found = [one for one in found if one.knob.type in (bool, int, float, str)]
    if isinstance(recipe.model, str):
        about = Knob("model", recipe.model, None, None, "choice", "", "who is tuned", (), str)
        found.insert(0, Control("", about))
    return found


def _find(name: str, every: list[Control]) -> Control:
    found = [one for one in every if name in (one.name, f"{one.part}.{one.name}")]
    if not found:
        raise ValueError(known(name, sorted({one.name for one in every}), "knob"))
    if len(found) > 1:
        raise ValueError(f"{name} belongs to several parts; write {' or '.join(f'{one.part}.{name}' for one in found)}")
    return found[0]


def _offering(control: Control, recipe: Recipe, values) -> Control:
    """With the values to choose from, the recipe's own always among them."""
    one, now = control.knob, control.value(recipe)
    if values is not None:
        named = values.items() if isinstance(values, Mapping) else [(_text(value), value) for value in values]
    elif one.name == "model" and not control.part:
        named = [(name, name) for name in models.causal_names()]
    elif one.choices:
        named = [(choice, choice) for choice in one.choices]
    elif one.scale == "log" and one.type in (int, float):
        named = [(_text(value), value) for value in _series(one)]
    else:
        return control
    marked = tuple((_marked(one, label, value), value) for label, value in named)
    return _including(replace(control, options=marked), now)


def _including(control: Control, value) -> Control:
    """With a value among those to choose from."""
    if value in [one for _, one in control.options]:
        return control
    options = [*control.options, (_marked(control.knob, _text(value), value), value)]
    if not isinstance(value, str):
        options.sort(key=lambda pair: pair[1])
    return replace(control, options=tuple(options))


def _marked(one: Knob, label, value) -> str:
    return f"{label} {DEFAULT}" if value == one.default else str(label)


def _series(one: Knob) -> list:
    """1, 3, 10, 30 ... for a rate; 1, 2, 5, 10 ... for a count, within the knob's range."""
    low, high = math.floor(math.log10(one.low)), math.ceil(math.log10(one.high))
    if one.type is int:
        found = [digit * 10**power for power in range(low, high + 1) for digit in (1, 2, 5)]
    else:
        found = [float(f"{digit}e{power}") for power in range(low, high + 1) for digit in (1, 3)]
    return [value for value in found if one.low <= value <= one.high]


def _text(value) -> str:
    return f"{value:g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
