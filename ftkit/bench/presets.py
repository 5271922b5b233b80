"""Which knobs suit the machine that was found? Three presets: two cores, a card of 16 GB, a larger card.

What a lab measures stays as it is: the shipped models fit everywhere, so on two cores nothing is turned, and on a card
only the number format is left to the machine, and a batch is read at once. A bigger model needs more. Qwen/Qwen3-0.6B
(596 million weights, 28 blocks, 151,936 words), by the estimate that the panel shows: 8.9 GiB for its weights, their
gradients and moments if all of them move, 2.2 GiB beside a LoRA, 0.5 GiB for the process, and 1.5 GiB for each row of
256 tokens that is read at once. So of a T4's 14.6 GiB, one row at a time is what full tuning leaves, four what LoRA
does; of 40 GiB, 16 rows, whichever it is. A T4 trains in float16 and newer cards in bfloat16, which
`machine.training_dtype` decides. Questions are asked before and after, a token at a time through all of its blocks, so
fewer are asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .. import machine
from ..recipe import Recipe
from . import knobs
from .expected import estimate, weights
from .knobs import Control

BIG = 50_000_000  # weights; all shipped models are below
ROOM = 0.8  # of the memory; the rest is for what no estimate sees
PARTS = ("objective", "task", "train")  # a model's own context is no knob of how it is trained


@dataclass(frozen=True)
class Preset:
    """What suits a kind of machine: {knob: value}. A bigger model gets at most these numbers, never more.

    card     bytes of a card's memory from which on it is meant; 0 for machines without a card
    shipped  for models like those that ship
    bigger   for all others; of `device_batch`, as many rows as fit
    found    the machine in words, once it is known
    """

    name: str
    card: int
    shipped: Mapping[str, object]
    bigger: Mapping[str, object]
    found: str = ""


ON_A_CARD = {"dtype": "auto", "device_batch": 0}
PRESETS = (
    Preset("two cores", 0, {}, {"batch": 4, "device_batch": 1, "steps": 20, "context": 128, "eval_examples": 8}),
    Preset(
        "16 GB card", 1, ON_A_CARD,
        {"dtype": "auto", "device_batch": 4, "steps": 200, "context": 256, "eval_examples": 50},
    ),
    Preset(
        "larger card", 20 * machine.GIB, ON_A_CARD,
        {"dtype": "auto", "device_batch": 16, "context": 512, "eval_examples": 100},
    ),
)  # fmt: skip


def preset() -> Preset:
    """The one for this machine, with what was found."""
    card = machine.card_memory()
    chosen = [one for one in PRESETS if one.card <= card][-1]
    if card:
        return replace(chosen, found=f"{card / machine.GIB:.1f} GiB, {machine.training_dtype('cuda')}")
    return replace(chosen, found=f"{_cores()}, {machine.memory()[0] / machine.GIB:.1f} GiB")


def fitted(preset: Preset, recipe: Recipe) -> tuple[Recipe, str]:
    """
    A recipe as the preset has it.

    returns  (recipe, a sentence if it should not fit even so)
    raises   ValueError if a part refuses its values
    """
    big = is_big(recipe.model)
    wanted = preset.bigger if big else preset.shipped
    turned = [one for one in knobs.controls(recipe) if one.part in PARTS and one.name in wanted]
    made = knobs.turned(recipe, [(one, _at_most(one.value(recipe), wanted[one.name], big)) for one in turned])
    return _fit(made, wanted["device_batch"]) if big else (made, "")


def told(preset: Preset, before: Recipe, after: Recipe, shown: Sequence[Control], warning: str = "") -> str:
    """What a preset has set, and which of it no control shows."""
    names = {(one.part, one.name) for one in shown}
    sets = [one for one in knobs.controls(before) if one.value(before) != one.value(after)]
    said = [f"{one.label} {one.value(after)}" for one in sets]
    hidden = [text for one, text in zip(sets, said, strict=True) if (one.part, one.name) not in names]
    parts = [f"{preset.name}: {'sets ' + ', '.join(said) if said else 'keeps the recipe as the lab has it'}."]
    if hidden:
        parts.append(f"Without a control on this panel: {', '.join(hidden)}.")
    return " ".join([*parts, warning]).strip()


def is_big(model) -> bool:
    """Whether it is larger than what ships; a model that is not at hand counts as such."""
    count = weights(model)
    return count is None or count > BIG


def _at_most(now, wanted, big: bool):
    """A device_batch of 0 is the whole batch, and is fitted later."""
    return min(now, wanted) if big and isinstance(wanted, int) else wanted


def _fit(recipe: Recipe, most: int) -> tuple[Recipe, str]:
    """As many rows at once as memory holds, `most` of them at most."""
    room = machine.card_memory() or machine.memory()[1]
    batch = recipe.train.batch
    most = min(most, recipe.train.device_batch or batch)
    for rows in range(most, 0, -1):
        made = recipe.but(device_batch=rows)
        guess = estimate(made)
        if batch % rows == 0 and (guess is None or guess.memory <= ROOM * room):
            return made, ""
    needed, there = (f"{size / machine.GIB:.1f} GiB" for size in (guess.memory, room))
    return made, f"One row at a time should take {needed}, and {there} are there: choose a smaller model, or LoRA."


def _cores() -> str:
    return "1 core" if machine.cores() == 1 else f"{machine.cores()} cores"
