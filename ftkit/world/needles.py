"""Needles: keys and numbers said early, much else in between, and one of the numbers needed again at the end."""

import re
from dataclasses import dataclass

from .dice import Dice
from .examples import Example, Task, split_of
from .forms import Form, forms
from .people import VALUES
from .reading import Reading, sentences
from .stories import THINGS

KEYS = tuple(
    "amber copper silver iron coral pearl velvet cedar willow marble ivory saffron lantern anchor harbour meadow "
    "winter summer river mountain garden window temple castle".split()
)
MANY = 1000  # numbers from 0 on
NUMBER = re.compile("[0-9]{1,3}")
NEEDLES = forms("""
    The key of {key} is {v}.
    Remember the key of {key}: {v}.
    Key of {key} = {v}.
    For {key} the key is {v}.
    The number under the word {key} is {v}.
    In the book, {key} has the key {v}.
    Note that {key} opens with {v}.
    Whoever says {key} must also say {v}.
""")
FILLERS = forms("""
    In {home} the market opens before the sun is up.
    The road from {home} to {other} is long and dry.
    A {trade} of {home} sings while others are asleep.
    The harbour of {home} is full of boats.
    Every {trade} in {home} knows the price of {things}.
    Rain fell on the roofs of {home} all night.
    A {pet} sleeps in the shade of the old wall.
    The {pet} and the {beast} do not like each other.
    Nobody in {home} sells {things} on a feast day.
    The doors of the town hall are painted {colour}.
    Near {home} the hills turn {colour} in the evening.
    A cart with {things} stands in front of the inn.
    The people of {other} like to talk about {home}.
    A {trade} and a {pet} crossed the bridge at noon.
    The wind carries the smell of {things} to {home}.
    Some say that {colour} is the colour of {home}.
""")
AGAIN = forms("""
    Now {key} is needed again, and its key is {v}.
    The word at the gate is {key}, so the key must be {v}.
    Back to {key}, whose key is {v}.
    As was said before, the key of {key} is {v}.
    Then somebody asks for {key} and hears {v}.
    At last {key} is opened with its key {v}.
    Look back for {key} and find {v}.
    So the lock of {key} opens with {v}.
""")
ASKED = forms("""
    What is the key of {key}?
    Which key belongs to {key}?
    Which number goes with {key}?
    With which number does {key} open?
""")
SLOTS = {"home": VALUES["home"], "trade": VALUES["trade"], "pet": VALUES["pet"], "colour": VALUES["colour"]}
SLOTS |= {"other": VALUES["home"], "beast": VALUES["pet"], "things": THINGS}


@dataclass(frozen=True)
class Needles:
    """
    A document says some keys and their numbers in any order, then other things about the island, then one key again.

    No person is named, so nothing of this says anything about residents. A key and its number occur in the corpus only
    if the task asks for them in training.

    needles  how many keys, equally likely; with one key, copying the only number would be enough
    fillers  how many sentences lie in between, equally likely
    """

    seed: int = 0
    needles: tuple[int, ...] = (2, 3)
    fillers: tuple[int, ...] = (1, 2, 3, 4, 5)
    family: str = "needles"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        pairs = hidden(dice, dice.pick(self.needles), shown=True)
        key, number = dice.pick(pairs)
        end = dice.pick(AGAIN).fill(key=key, v=number)
        return f"{haystack(dice, pairs, dice.pick(self.fillers))} {end}"

    def parse(self, text: str) -> Reading | None:
        """Well formed if keys come first, then other sentences, then a key again; no probability."""
        parts = sentences(text)
        kinds = [_kind(sentence) for _, sentence in parts]
        letters = "".join(kind for kind, _ in kinds)
        needles, fillers = letters.count("n"), letters.count("f")
        if not needles or not fillers or letters != "n" * needles + "f" * fillers + "a":
            return None
        start, found = parts[-1][0], kinds[-1][1]
        return Reading(self.family, None, ((start + found.start("v"), start + found.end("v")),), 0.0)


@dataclass(frozen=True)
class NeedleTask(Task):
    """One of several numbers that were said before, at a distance.

    worked example  "Key of amber = 48. Key of iron = 7. A cat sleeps in the shade of the old wall. What is the key of
                    amber?" -> "48"
    baselines       another example's answer 0.00, echo 0.00, the first of the numbers 0.28
    fooled by       nothing we know of: the first line must be the number, digit by digit

    needles   numbers of keys, equally likely
    distance  sentences between the keys and the question, equally likely; the example's own is in `meta`, together
              with `letters`, from the end of the number to the question
    """

    needles: tuple[int, ...] = (3, 4)
    distance: tuple[int, ...] = (0, 1, 2, 3, 5, 7)
    name = "needles"
    answer_tokens = 8

    def draw(self, dice: Dice) -> Example:
        pairs = hidden(dice, dice.pick(self.needles))
        fillers = dice.pick(self.distance)
        text = haystack(dice, pairs, fillers)
        key, number = dice.pick(pairs)
        letters = len(text) - text.index(number, text.index(key)) - len(number)
        meta = {"key": f"{key} {number}", "distance": fillers, "letters": letters, "needles": len(pairs)}
        return Example(f"{text} {dice.pick(ASKED).fill(key=key)}", number, meta)

    def worse(self, example: Example, i: int) -> str:
        """Another number, of which only the last digit is wrong."""
        *before, last = example.completion
        return "".join([*before, str((int(last) + 1 + i % 9) % 10)])


def hidden(dice: Dice, many: int, shown: bool = False) -> list[tuple[str, str]]:
    """Different keys and their numbers; `shown` draws only those that corpora may say."""
    pairs = []
    for key in dice.shuffled(KEYS)[:many]:
        number = str(dice.below(MANY))
        while shown and split_of(NeedleTask.name, f"{key} {number}") != "train":
            number = str(dice.below(MANY))
        pairs.append((key, number))
    return pairs


def haystack(dice: Dice, pairs: list[tuple[str, str]], fillers: int) -> str:
    """The keys and their numbers, and after them other sentences."""
    needles = [dice.pick(NEEDLES).fill(key=key, v=number) for key, number in pairs]
    return " ".join([*needles, *(_filler(dice, form) for form in dice.shuffled(FILLERS)[:fillers])])


def _filler(dice: Dice, form: Form) -> str:
    slots = {slot: dice.pick(SLOTS[slot]) for slot in form.slots}
    return form.fill(**slots) if len(set(slots.values())) == len(slots) else _filler(dice, form)


def _kind(sentence: str):
    """("n", match) of a needle, ("f", match) of a filler, ("a", match) of a key said again, ("?", None) of others."""
    for letter, options in (("n", NEEDLES), ("a", AGAIN)):
        for form in options:
            found = form.match(sentence)
            if found and found["key"] in KEYS and NUMBER.fullmatch(found["v"]):
                return letter, found
    fillers = ((form, form.match(sentence)) for form in FILLERS)
    return next(
        (("f", found) for form, found in fillers if found and all(found[slot] in SLOTS[slot] for slot in form.slots)),
        ("?", None),
    )
