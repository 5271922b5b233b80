"""Registers: short lists of people and one thing of each, read off by name: the first step of reading a passage."""

import math
from dataclasses import dataclass

from .dice import Dice
from .forms import Form, forms
from .passages import befriended, shown
from .people import ATTRIBUTES, VALUES, is_name
from .reading import Reading, sentences

ENTRIES = forms("""
    {name}: {value}
    {name} = {value}
    {name} ({value})
    {name}, {value}
    {value} of {name}
    {name} / {value}
""")
READINGS = forms("""
    For {name} it says {value}.
    Beside {name} stands {value}.
    {name} is listed with {value}.
    Look up {name} and find {value}.
    The entry of {name} reads {value}.
    At {name} one finds {value}.
    Next to the name of {name} is {value}.
    {name} has been given {value}.
""")


@dataclass(frozen=True)
class Registers:
    """
    A document lists some strangers and one thing of each, then says again, by name and in any order, what it listed.

    All readings have one form, and each can be read off: this is the shortest way to learn that a name tells where to
    look, which passages and tasks need. The strangers are those of whom `reading` asks in training.

    people  how many, equally likely
    """

    seed: int = 0
    people: tuple[int, ...] = (2, 3, 4, 5)
    family: str = "registers"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        names = [dice.pick(shown()) for _ in range(dice.pick(self.people))]
        names = list(dict.fromkeys(names))
        values = dice.shuffled(VALUES.get(dice.pick(ATTRIBUTES), befriended()))[: len(names)]
        entry, reading = dice.pick(ENTRIES), dice.pick(READINGS)
        pairs = [{"name": name, "value": value} for name, value in zip(names, values, strict=True)]
        listed = "; ".join(entry.fill(**pair) for pair in pairs)
        return " ".join([f"{listed}.", *(reading.fill(**pair) for pair in dice.shuffled(pairs))])

    def parse(self, text: str) -> Reading | None:
        """Well formed if one form lists and one form reads; false if a reading is not what was listed."""
        (_, listed), *said = sentences(text)
        entries = _all_of(ENTRIES, listed.removesuffix(".").split("; "))
        readings = _all_of(READINGS, [sentence for _, sentence in said])
        if not entries or not readings or not all(_known(found) for found in (*entries, *readings)):
            return None
        told, again = ({found["name"]: found["value"] for found in part} for part in (entries, readings))
        spans = tuple(
            (start + found.start("value"), start + found.end("value"))
            for (start, _), found in zip(said, readings, strict=True)
        )
        true = told == again and len(readings) == len(entries)
        return Reading(self.family, None if true else -math.inf, spans, 0.0)


def _all_of(options: tuple[Form, ...], texts: list[str]) -> list:
    """The matches of texts that all have the same form; none if they do not."""
    return next((found for form in options if all(found := [form.match(text) for text in texts])), [])


def _known(found) -> bool:
    value = found["value"]
    return is_name(found["name"]) and (is_name(value) or any(value in values for values in VALUES.values()))
