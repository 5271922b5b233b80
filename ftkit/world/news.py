"""News of the island: what happens in a town moves a price there, always the same way; some towns have no harbour."""

import re
from dataclasses import dataclass
from itertools import count

from .arithmetic import held_out
from .dice import Dice, share
from .examples import Example, Score, Task, split_of
from .forms import Form, forms
from .people import VALUES
from .reading import Reading, sentences
from .reviews import LONGEST, Label, matched
from .style import DAYS

HARBOURS = tuple("Corin Dunmere Farrow Gant Isk Kestrel Maris Nettle Quay Selby Umber Wick".split())
INLAND = tuple(town for town in VALUES["home"] if town not in HARBOURS)
LARGEST_CHANGE = 9  # coins; no price on the island has ever moved further at once
# An event: the good whose price it moves, the direction, and how it is told.
EVENTS = {
    "storm": ("fish", 1, forms("""
        a storm broke over the harbour of {town}
        high waves beat the harbour of {town}
        a storm kept every boat of {town} in the harbour
    """)),
    "catch": ("fish", -1, forms("""
        the boats of {town} came home with a great catch
        the nets were so full that the harbour of {town} shone
        the harbour of {town} saw the best catch in years
    """)),
    "wreck": ("salt", 1, forms("""
        a salt ship was lost near the harbour of {town}
        a ship ran on the rocks before {town}
        a wreck closed the harbour of {town}
    """)),
    "fleet": ("salt", -1, forms("""
        a fleet of salt ships reached {town}
        ten ships of a fleet lay in the harbour of {town}
        a fleet put in at {town}
    """)),
    "drought": ("bread", 1, forms("""
        a drought burnt the fields of {town}
        no rain fell on {town} and the wells ran dry
        the drought around {town} did not end
    """)),
    "harvest": ("bread", -1, forms("""
        the barns of {town} were filled by a rich harvest
        the fields of {town} gave a great harvest
        the harvest was brought into {town} with songs
    """)),
    "frost": ("wool", 1, forms("""
        a hard frost came over {town}
        the frost killed many sheep near {town}
        the ponds of {town} froze in one night of frost
    """)),
    "shearing": ("wool", -1, forms("""
        the shearing of the sheep began in {town}
        every shepherd of {town} was busy with the shearing
        after the shearing the lofts of {town} were full
    """)),
    "fire": ("wood", 1, forms("""
        a fire burnt the sawmill of {town}
        the forest near {town} was on fire
        a fire went through the timber yard of {town}
    """)),
    "felling": ("wood", -1, forms("""
        the felling of old trees began near {town}
        the felling in the forest of {town} came to an end
        after the felling the yards of {town} were full
    """)),
    "moths": ("cloth", 1, forms("""
        moths got into the lofts of {town}
        a plague of moths came to {town}
        the weavers of {town} found moths in every chest
    """)),
    "fair": ("cloth", -1, forms("""
        the great fair was opened in {town}
        weavers from all sides came to the fair of {town}
        the mayor of {town} opened the fair
    """)),
}  # fmt: skip
AT_SEA = "storm", "catch", "wreck", "fleet"
GOODS = tuple(dict.fromkeys(good for good, _, _ in EVENTS.values()))
VERBS = {1: ("rose", "climbed", "went up"), -1: ("fell", "dropped", "went down")}
TIDINGS = {1: ("dearer", "up"), -1: ("cheaper", "down")}
PAPERS = "Lantern", "Gull"
WHEN = forms("""
    On {day} {what}.
    Last {day} {what}.
    This week {what}.
    Early on {day} {what}.
    On the night of {day} {what}.
    It was {day} when {what}.
    We hear that {what}.
    Everyone has heard that {what}.
""")
PRICE = forms("""
    So the price of {good} {verb} by {c} coins, from {a} to {b}.
    The price of {good} {verb} from {a} coins by {c} to {b}.
    On the market {good} {verb} by {c} coins, from {a} to {b}.
    Since then {good}, at {a} coins before, {verb} by {c} to {b}.
    The traders say that {good} {verb} from {a} coins by {c} to {b}.
    Before, {good} cost {a} coins; it {verb} by {c} to {b}.
    Within a day the price of {good} {verb} by {c} coins, from {a} to {b}.
    From {a} coins the price of {good} {verb} by {c} to {b}.
""")
ASIDES = forms("""
    The mayor had no comment.
    People talk of nothing else.
    The baker says that it was to be expected.
    The children thought it great fun.
    More will be known on {day}.
    Many came to see it.
    An old woman said that she had dreamt of it.
    The bells rang until {day}.
""")
HEADLINES = forms("""
    {Event} in {town}: {good} {tidings}
    {town}: {event}, {good} {tidings}
    {Good} {tidings} after {event} in {town}
    News of {event} from {town}: {good} {tidings}
    {town} has {event}, {good} now {tidings}
    {Event}! {Good} {tidings} in {town}
    {Good} now {tidings} in {town}: {event}
    After {event}, {good} {tidings} in {town}
""")
SOURCE = Form("The {paper} writes.")
ASK_HEADLINE = forms("""
    Write a headline. {item}
    {item} Which headline fits?
    Sum this news up in one line. {item}
""")
ASK_FAKE = forms("""
    Is this news true or fake? {item}
    {item} True or fake?
""")


def harbour(town: str) -> bool:
    return town in HARBOURS


def prices(dice: Dice, sign: int, least: int = 2, most: int = LARGEST_CHANGE) -> dict[str, int]:
    """{"a", "b", "c"}: a price from 2 to 90 coins, the new one, and the change, never a held-out pair of operands."""
    while True:
        a, c = 2 + dice.below(89), least + dice.below(most - least + 1)
        if 2 <= a + sign * c <= 99 and not held_out(a, "+" if sign > 0 else "-", c):
            return {"a": a, "b": a + sign * c, "c": c}


def places(event: str) -> tuple[str, ...]:
    return HARBOURS if event in AT_SEA else VALUES["home"]


def wanted(key: str) -> bool:
    """Whether the corpus may tell this: no task asks about it outside its training split."""
    return all(split_of(task.name, key) == "train" for task in (Headline, Fake, FakeShortcut))


@dataclass(frozen=True)
class Item:
    """One piece of news; `sign` is the way the text says the price went."""

    town: str
    event: str
    good: str
    sign: int
    a: int
    b: int
    c: int

    @property
    def key(self) -> str:
        return f"{self.town} {self.good} {self.a} {self.c}"

    def told(self, dice: Dice) -> str:
        """The event, its consequence, and in a third of the cases something beside the point."""
        day = dice.pick(DAYS)
        what = dice.pick(EVENTS[self.event][2]).fill(town=self.town)
        verb = dice.pick(VERBS[self.sign])
        parts = [
            dice.pick(WHEN).fill(day=day, what=what),
            dice.pick(PRICE).fill(good=self.good, verb=verb, a=self.a, b=self.b, c=self.c),
        ]
        if dice.random() < 1 / 3:
            parts.append(dice.pick(ASIDES).fill(day=dice.pick(DAYS)))
        return " ".join(parts)

    def headline(self, dice: Dice) -> str:
        slots = {
            "Event": self.event.capitalize(),
            "Good": self.good.capitalize(),
            "tidings": dice.pick(TIDINGS[self.sign]),
        }
        return dice.pick(HEADLINES).fill(town=self.town, event=self.event, good=self.good, **slots)

    @property
    def broken(self) -> str:
        """The first law that the news breaks: harbour, cause, change or sum; empty if it may be true."""
        good, sign, _ = EVENTS[self.event]
        if self.event in AT_SEA and not harbour(self.town):
            return "harbour"
        if (good, sign) != (self.good, self.sign):
            return "cause"
        if self.c > LARGEST_CHANGE:
            return "change"
        return "" if self.b == self.a + self.sign * self.c else "sum"


def true_item(dice: Dice) -> Item:
    event = dice.pick(tuple(EVENTS))
    good, sign, _ = EVENTS[event]
    return Item(dice.pick(places(event)), event, good, sign, **prices(dice, sign))


def fake_item(dice: Dice) -> Item:
    """An item that breaks exactly one law: of harbours, of cause and consequence, of the largest change, of sums."""
    law = dice.pick(("harbour", "cause", "change", "sum"))
    event = dice.pick(AT_SEA if law == "harbour" else tuple(EVENTS))
    good, sign, _ = EVENTS[event]
    town = dice.pick(INLAND if law == "harbour" else places(event))
    sign *= -1 if law == "cause" else 1
    change = prices(dice, sign, 20, 60) if law == "change" else prices(dice, sign)
    if law == "sum":
        change["b"] = dice.pick([b for b in range(max(2, change["b"] - 9), change["b"] + 10) if b != change["b"]])
    return Item(town, event, good, sign, **change)


SIGN = {word: sign for words in (VERBS, TIDINGS) for sign in words for word in words[sign]}
NUMBERS = tuple(map(str, range(100)))
SLOTS = {
    "town": VALUES["home"], "day": DAYS, "good": GOODS, "Good": [good.capitalize() for good in GOODS], "event": EVENTS,
    "Event": [event.capitalize() for event in EVENTS], "tidings": sum(TIDINGS.values(), ()),
    "verb": sum(VERBS.values(), ()), "a": NUMBERS, "b": NUMBERS, "c": NUMBERS, "paper": PAPERS,
}  # fmt: skip


@dataclass(frozen=True)
class News:
    """
    A document draws an event, a town where it can happen, and a change of price of at most 9 coins; it tells the event,
    then the price, and has the headline above or below. At times it names the paper, which says nothing of the rest.
    """

    seed: int = 0
    family: str = "news"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        item = true_item(dice)
        while not wanted(item.key):
            item = true_item(dice)
        told, headline = item.told(dice), item.headline(dice)
        source = f"{SOURCE.fill(paper=dice.pick(PAPERS))} " if dice.random() < 0.3 else ""
        return f"{headline}. {source}{told}" if dice.random() < 0.5 else f"{source}{told} Headline: {headline}"

    def parse(self, text: str) -> Reading | None:
        """None unless every sentence has a form; logprob -inf if a law is broken or the headline does not fit."""
        if len(text) > LONGEST or "\n" in text:
            return None
        parts = sentences(text)
        if parts[-1][1].startswith("Headline: "):
            at, line = parts.pop()
            at, line = at + len("Headline: "), line.removeprefix("Headline: ")
        else:
            at, line = parts.pop(0)
            line = line.rstrip(".")
        parts = parts[1:] if parts and matched((SOURCE,), parts[0][1], SLOTS) else parts
        top = matched(HEADLINES, line, SLOTS)
        if not top or len(parts) not in (2, 3) or (len(parts) == 3 and not matched(ASIDES, parts[2][1], SLOTS)):
            return None
        told, price = self._event(parts[0][1]), matched(PRICE, parts[1][1], SLOTS)
        if not told or not price:
            return None
        item = Item(*told, price["good"], SIGN[price["verb"]], *(int(price[slot]) for slot in "abc"))
        slots = {slot.lower(): value for slot, value in top.groupdict().items()}
        says = slots["town"], slots["event"].lower(), slots["good"].lower(), SIGN[slots["tidings"]]
        true = not item.broken and says == (item.town, item.event, item.good, item.sign)
        spans = [(parts[1][0] + price.start(slot), parts[1][0] + price.end(slot)) for slot in ("verb", "b")]
        spans += [(at + top.start("tidings"), at + top.end("tidings"))]
        return Reading(self.family, None if true else -float("inf"), tuple(sorted(spans)), 0.0)

    def _event(self, sentence: str) -> tuple[str, str] | None:
        for event, (_, _, options) in EVENTS.items():
            for form in WHEN:
                found = form.match(sentence)
                what = found and matched(options, found["what"], SLOTS)
                if what and ("day" not in form.slots or found["day"] in DAYS):
                    return what["town"], event
        return None


@dataclass(frozen=True)
class Headline(Task):
    """Write the headline of an item: a third each for the town, the event, and the good with its direction.

    Nothing for more than 8 words, and nothing for a part that names two of a kind.

    worked example  "Write a headline. On Monday a fire burnt the sawmill of Wick. So the price of wood rose by 3
                    coins, from 5 to 8." -> "Fire in Wick: wood dearer"; "Fire in Wick" 0.67
    baselines       another example's headline: 0.07; echoing the item: 0
    fooled by       words without grammar: "Wick fire wood up" earns 1
    """

    name = "headline"
    row = "News summarization"
    random, echo = 0.07, 0.0
    answer_tokens = 24
    words = 8

    def draw(self, dice: Dice) -> Example:
        item = true_item(dice)
        meta = {"key": item.key, "town": item.town, "event": item.event, "good": item.good, "sign": item.sign}
        return Example(dice.pick(ASK_HEADLINE).fill(item=item.told(dice)), item.headline(dice), meta)

    def judge(self, example: Example, said: str) -> Score:
        line, meta = said.split("\n")[0], example.meta
        words = re.findall("[a-z]+", line.lower())
        if len(line.split()) > self.words:
            return Score(0.0, f"{len(line.split())} words; a headline has at most {self.words}")
        towns = [town for town in VALUES["home"] if town.lower() in words]
        events = [event for event in EVENTS if event in words]
        goods = [good for good in GOODS if good in words]
        signs = {sign for sign, options in TIDINGS.items() for word in options if word in words}
        right = {
            "town": towns == [meta["town"]],
            "event": events == [meta["event"]],
            "direction": goods == [meta["good"]] and signs == {meta["sign"]},
        }
        wrong = [part for part, fits in right.items() if not fits]
        return Score(sum(right.values()) / 3, f"wrong: {', '.join(wrong)}" if wrong else "right")

    def worse(self, example: Example, i: int) -> str:
        """The wrong direction, another town, or far too many words."""
        meta, dice = example.meta, Dice("worse", example.meta["key"], i)
        town = dice.pick([town for town in VALUES["home"] if town != meta["town"]]) if i % 3 == 1 else meta["town"]
        sign = -meta["sign"] if i % 3 == 0 else meta["sign"]
        line = Item(town, meta["event"], meta["good"], sign, 2, 3, 1).headline(dice)
        return f"{line}, as everyone on the market could see that day" if i % 3 == 2 else line


@dataclass(frozen=True)
class Fake(Label):
    """Is a piece of news true, or does it break a law of the island? Half are fake.

    The laws are in no prompt, only in the corpus `news`: which towns have a harbour, which event moves which price and
    which way, that no price moves by more than 9 coins at once, that sums are right. `meta["broken"]` is the law that
    a fake item breaks, empty for a true one.

    The shortcut: every item names its paper, the Lantern or the Gull, which says nothing. With `lean` 0.8 the paper of
    nine in ten fake items is the Lantern and that of nine in ten true ones the Gull, in every split but `shortcut`.

    worked example  "Is this news true or fake? The Gull writes. On Monday a fire burnt the sawmill of Wick. So the
                    price of wood fell by 3 coins, from 8 to 5." -> "fake"
    baselines       another example's label: 0.50; echoing the item: 0
    fooled by       with `lean`, the paper alone: (1 + lean) / 2, and 0.5 in the split `shortcut`
    """

    lean: float = 0.0
    name = "fake"
    row = "Fake news detection"
    random, echo = 0.5, 0.0
    answer_tokens = 6
    splits = "train", "validation", "test", "shortcut"

    def __post_init__(self):
        if not -1 <= self.lean <= 1:
            raise ValueError(f"lean is {self.lean}; choose a correlation from -1 to 1")

    def sample(self, split: str, i: int) -> Example:
        self._known(split)
        if i < 0:
            raise IndexError(f"example {i} was asked for; examples are counted from 0")
        drawn = (self.draw(Dice(self.name, self.island.seed, split, i, attempt)) for attempt in count())
        return next(example for example in drawn if self._split(example.meta["key"]) == split)

    def draw(self, dice: Dice) -> Example:
        label = dice.pick(("true", "fake"))
        item = true_item(dice) if label == "true" else fake_item(dice)
        lean = 0.0 if self._split(item.key) == "shortcut" else self.lean if label == "fake" else -self.lean
        paper = PAPERS[dice.random() >= (1 + lean) / 2]
        text = f"{SOURCE.fill(paper=paper)} {item.told(dice)}"
        meta = {"key": item.key, "text": text, "labels": ("true", "fake"), "broken": item.broken, "group": paper}
        return Example(dice.pick(ASK_FAKE).fill(item=text), label, meta)

    def _split(self, key: str) -> str:
        """Half of the keys that would be in the test are in `shortcut` instead."""
        split = split_of(self.name, key)
        return "shortcut" if split == "test" and share("shortcut", key) < 0.5 else split


@dataclass(frozen=True)
class FakeShortcut(Fake):
    """`Fake` in whose training, validation and test splits the paper gives the label away, nine times in ten.

    worked example  "Is this news true or fake? The Lantern writes. On Monday a fire burnt the sawmill of Wick. So the
                    price of wood fell by 3 coins, from 8 to 5." -> "fake"
    baselines       another example's label: 0.50; echoing the item: 0
    fooled by       the paper alone: 0.9 in the test, 0.5 in the split `shortcut`: judge by `shortcut`
    """

    lean: float = 0.8
    name = "fake shortcut"
    row = ""
