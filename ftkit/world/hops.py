"""Facts about somebody's best friend: two things known of two people, put together."""

from dataclasses import dataclass
from functools import cached_property

from .dice import Dice
from .examples import SPLITS, Example, Task
from .facts import QUESTIONS
from .forms import forms
from .people import VALUES, Island, Person, is_name
from .reading import Reading, sentences

FIRST = forms("""
    {friend} is the best friend of {name}
    {name} has {friend} for a best friend
    the person closest to {name} is {friend}
    {name} calls {friend} the best of friends
    no friend of {name} is better than {friend}
""")
SECOND = {
    "home": forms("""
        {who} is at home in {home}
        {who} comes from {home}
        the town of {who} is {home}
        {who} can be found in {home}
    """),
    "trade": forms("""
        {who} does the work of a {trade}
        {who} makes money as a {trade}
        the job of {who} is that of a {trade}
        {who} serves the town as a {trade}
    """),
    "pet": forms("""
        {who} has a {pet} for a pet
        {who} owns a {pet}
        the animal that lives with {who} is a {pet}
        {who} takes care of a {pet}
    """),
    "colour": forms("""
        {who} likes {colour} best
        {who} would always pick {colour}
        the colour that {who} likes is {colour}
        {who} is fond of {colour}
    """),
}
JOINED = forms("""
    It is known that {one}, and {two}, so {three}.
    Since {one} and {two}, {three}.
    As {two}, and as {one}, we see that {three}.
    We know that {one} and that {two}, therefore {three}.
    If {one} and {two}, then {three}.
    Because {one}, and because {two}, {three}.
    It must be that {three}, for {one} and {two}.
    First, {one}; second, {two}; together, {three}.
    They say that {one}, and that {two}, which means that {three}.
""")
FRIENDS = forms("""
    the best friend of {name}
    the person closest to {name}
    the dearest friend of {name}
""")


@dataclass(frozen=True)
class Hops:
    """
    A document takes one or two people, and says of each who the best friend is, what is true of that friend, and what
    follows from both.

    It tells of the few people of whom `hops` asks in training and whose friend is another of them; of all others a
    model has read both facts in biographies, never what follows. No form is one of biographies, so that those which
    biographies hold out stay unwritten.

    lengths  numbers of people, equally likely
    """

    island: Island
    lengths: tuple[int, ...] = (1, 2)
    family: str = "hops"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.island.seed, i)
        return " ".join(self._sentence(dice, dice.pick(self.told)) for _ in range(dice.pick(self.lengths)))

    def parse(self, text: str) -> Reading | None:
        """Well formed if every sentence says two things and what follows, of known values; no probability."""
        spans = []
        for start, sentence in sentences(text):
            found = next((found for form in JOINED if (found := _joined(form, sentence))), None)
            if not found:
                return None
            spans.append((start + found[0], start + found[1]))
        return Reading(self.family, None, tuple(spans), 0.0)

    @cached_property
    def told(self) -> tuple[Person, ...]:
        """The people of whom it tells: about a quarter."""
        known = self.island.by_name
        return tuple(p for p in self.island.residents if p.split == known[p.friend].split == "train")

    def _sentence(self, dice: Dice, person: Person) -> str:
        attribute = dice.pick(tuple(VALUES))
        value = {attribute: getattr(self.island.by_name[person.friend], attribute)}
        mutual = dice.pick(FRIENDS).fill(name=person.name)
        return dice.pick(JOINED).fill(
            one=dice.pick(FIRST).fill(name=person.name, friend=person.friend),
            two=dice.pick(SECOND[attribute]).fill(who=person.friend, **value),
            three=dice.pick(SECOND[attribute]).fill(who=mutual, **value),
        )


@dataclass(frozen=True)
class HopsTask(Task):
    """One fact about the best friend of a resident; people are parted as in `facts`.

    worked example  "Where does the best friend of Tamu Oresby live?" -> "Isk"
    baselines       another example's answer 0.02, echo 0.00, the commonest value of the attribute 0.08
    fooled by       the person's own value, which is the friend's as well in 0.06
    """

    name = "hops"
    random, echo = 0.02, 0.0

    def size(self, split: str) -> int:
        """Facts in a split; `sample` goes round it again in other words."""
        self._known(split)
        return len(self._decks[split])

    def pick(self, split: str, i: int) -> Example:
        deck = self._decks[split]
        person, attribute = deck[i % len(deck)]
        dice = Dice(self.name, person.name, attribute, i // len(deck))
        mutual = dice.pick(FRIENDS).fill(name=person.name)
        answer = getattr(self.island.by_name[person.friend], attribute)
        meta = {"key": person.name, "attribute": attribute, "friend": person.friend}
        return Example(dice.pick(QUESTIONS[attribute]).fill(name=mutual), answer, meta)

    def worse(self, example: Example, i: int) -> str:
        """Another value of the same kind."""
        others = [value for value in VALUES[example.meta["attribute"]] if value != example.completion]
        return others[i % len(others)]

    @cached_property
    def _decks(self) -> dict[str, list[tuple[Person, str]]]:
        people = self.island.residents
        return {
            split: Dice("hops", self.island.seed, split).shuffled(
                (person, attribute) for person in people if person.split == split for attribute in VALUES
            )
            for split in SPLITS
        }


def _joined(form, sentence: str) -> tuple[int, int] | None:
    """(start, end) of the value that follows, if a sentence of this form has known names and values throughout."""
    found = form.match(sentence)
    if not found or not _names(found["one"]) or not _value(found["two"], is_name):
        return None
    value = _value(found["three"], _is_friend)
    return value and (found.start("three") + value[0], found.start("three") + value[1])


def _names(clause: str) -> bool:
    matches = (form.match(clause) for form in FIRST)
    return any(found and is_name(found["name"]) and is_name(found["friend"]) for found in matches)


def _value(clause: str, known) -> tuple[int, int] | None:
    """(start, end) of the value that a clause states of somebody who is `known`."""
    matches = ((attribute, form.match(clause)) for attribute, block in SECOND.items() for form in block)
    return next(
        (
            found.span(attribute)
            for attribute, found in matches
            if found and known(found["who"]) and found[attribute] in VALUES[attribute]
        ),
        None,
    )


def _is_friend(text: str) -> bool:
    return any(found and is_name(found["name"]) for found in (form.match(text) for form in FRIENDS))
