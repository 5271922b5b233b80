"""Passages: what a letter says of somebody whom nobody knows, to be read off the text and not from memory."""

from dataclasses import dataclass
from functools import lru_cache

from .dice import Dice
from .examples import Example, Task, split_of
from .facts import QUESTIONS
from .forms import Form, forms
from .people import ATTRIBUTES, RESIDENTS_AT_MOST, VALUES, Island, _name_deck, is_name
from .reading import Reading, sentences

ISLANDS_AWARE = 10  # of so many islands, from seed 0 on, no newcomer is among the strangers
SOURCES = forms("""
    According to the letter, {clause}.
    The letter says that {clause}.
    It is written that {clause}.
    A traveller tells us that {clause}.
    The clerk wrote down that {clause}.
    As the note has it, {clause}.
    News has come that {clause}.
    One reads here that {clause}.
    On page one it says that {clause}.
    The postman reports that {clause}.
""")
STATED = {
    "home": forms("""
        {name} lives in {home}
        {name} has a house in {home}
        the home of {name} is {home}
        {name} is a citizen of {home}
    """),
    "trade": forms("""
        {name} works as a {trade}
        the trade of {name} is that of a {trade}
        {name} is a {trade}
        {name} earns a living as a {trade}
    """),
    "pet": forms("""
        {name} keeps a {pet}
        the pet of {name} is a {pet}
        {name} looks after a {pet}
        {name} shares the house with a {pet}
    """),
    "colour": forms("""
        {name} likes the colour {colour}
        the favourite colour of {name} is {colour}
        {name} prefers {colour}
        of all colours {name} picks {colour}
    """),
    "friend": forms("""
        the best friend of {name} is {friend}
        {name} trusts {friend}
        nobody is closer to {name} than {friend}
        {name} tells every secret to {friend}
    """),
}
CHANGED = {
    "home": forms("""
        {name} moved from {old} to {home}
        {name} left {old} and settled in {home}
        {name} sold the house in {old} and bought one in {home}
        {name} lived in {old} before and lives in {home} now
    """),
    "trade": forms("""
        {name} was a {old} before and is a {trade} now
        {name} gave up the work of a {old} and became a {trade}
        {name} stopped working as a {old} and was hired as a {trade}
    """),
    "pet": forms("""
        {name} gave away the {old} and keeps a {pet} now
        {name} had a {old} before and has a {pet} now
        the {old} of {name} ran away and a {pet} came instead
    """),
    "colour": forms("""
        {name} liked {old} before and likes {colour} now
        {name} grew tired of {old} and prefers {colour}
        {name} painted over the {old} of the walls with {colour}
    """),
    "friend": forms("""
        {name} fell out with {old} and trusts {friend} now
        the best friend of {name} was {old} before and is {friend} now
        {name} was close to {old} once and is close to {friend} now
    """),
}
ENDS = forms("""
    So {clause}.
    Therefore {clause}.
    From this it follows that {clause}.
    This means that {clause}.
    Whoever read this knows that {clause}.
    In short, {clause}.
    Now it is clear that {clause}.
    Let us remember that {clause}.
    What counts is that {clause}.
""")


@dataclass(frozen=True)
class Statement:
    """What a text says of somebody; `old` is what was true before, if it has changed."""

    name: str
    attribute: str
    value: str
    old: str = ""

    def clause(self, dice: Dice) -> str:
        return self.fill(dice.pick((CHANGED if self.old else STATED)[self.attribute]))

    def again(self, dice: Dice) -> str:
        """What is true now, in other words or the same."""
        return self.fill(dice.pick(STATED[self.attribute]))

    def fill(self, form: Form) -> str:
        return form.fill(name=self.name, old=self.old, **{self.attribute: self.value})


@lru_cache
def strangers() -> tuple[str, ...]:
    """Names that no resident of any island has, nor a newcomer of the islands of seed 0 to 9."""
    known = {person.name for seed in range(ISLANDS_AWARE) for person in Island(seed, people=2).newcomers}
    return tuple(name for name in _name_deck()[2 * RESIDENTS_AT_MOST :] if name not in known)


def passage(dice: Dice, person: str, attribute: str, value: str, distractors=(), old: str = "") -> str:
    """A short text that says one thing of a person and others of other people, in any order, never as a question.

    Labs of retrieval write their documents with it: of newcomers, and of residents who moved (`old` is then the home
    that the corpora tell of).

    person, attribute, value  what is to be read off: a name, one of `ATTRIBUTES`, and its value now
    distractors               (name, attribute, value) of each of the others, nine at most; with an old value, if any
    old                       the value before, if the text is to tell of a change
    """
    return tell(dice, [Statement(person, attribute, value, old), *(Statement(*other) for other in distractors)])


def tell(dice: Dice, statements: list[Statement]) -> str:
    """One sentence for each statement, in any order, each from another source."""
    said = zip(dice.shuffled(SOURCES), dice.shuffled(statements), strict=False)
    return " ".join(source.fill(clause=statement.clause(dice)) for source, statement in said)


def invented(dice: Dice, name: str, attribute: str, friends, avoided=()) -> Statement:
    """A statement that is true in one text only; half of them tell of a change. `friends` are names to choose from."""
    values = [value for value in VALUES.get(attribute, friends) if value not in (name, *avoided)]
    value, old = dice.pick(values), dice.pick(values)
    return Statement(name, attribute, value, old if old != value and dice.random() < 0.5 else "")


def others(dice: Dice, said: Statement, names, many: int, alike: float = 1.0, friends=()) -> list[Statement]:
    """Statements about other people, all values different.

    alike    share of those about the same attribute
    friends  names to choose their friends from; those of the people themselves if empty
    """
    found: list[Statement] = []
    while len(found) < many:
        name = dice.pick(names)
        if name in (said.name, *(other.name for other in found)):
            continue
        attribute = said.attribute if dice.random() < alike else dice.pick(ATTRIBUTES)
        found.append(invented(dice, name, attribute, friends or names, [said.value, *(other.value for other in found)]))
    return found


@dataclass(frozen=True)
class Passages:
    """
    A document says something of two or three strangers, mostly of one kind, and one of these things again at the end.

    The facts are drawn anew for every document, so learning by heart is of no use: what the end says can only be read
    off. Of what has changed, the end says what is true now. The strangers are those of whom `reading` asks in training;
    they live nowhere, and no other corpus names them. Their friends have the names of any but newcomers.

    people  how many, equally likely
    """

    seed: int = 0
    people: tuple[int, ...] = (2, 3)
    family: str = "passages"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        said = invented(dice, dice.pick(shown()), dice.pick(ATTRIBUTES), befriended())
        told = tell(dice, [said, *others(dice, said, shown(), dice.pick(self.people) - 1, 0.8, befriended())])
        return f"{told} {dice.pick(ENDS).fill(clause=said.again(dice))}"

    def parse(self, text: str) -> Reading | None:
        """Well formed if sources come first and one conclusion last, with known values throughout; no probability."""
        *said, (start, end) = sentences(text)
        if not said or not all(_clause(SOURCES, (STATED, CHANGED), sentence) for _, sentence in said):
            return None
        found = _clause(ENDS, (STATED,), end)
        if not found:
            return None
        attribute, before, clause = found
        start += before
        return Reading(self.family, None, ((start + clause.start(attribute), start + clause.end(attribute)),), 0.0)


@dataclass(frozen=True)
class ReadingTask(Task):
    """One thing about a person whom no corpus names or none describes, to be read off a passage about several people.

    Of the island's newcomers the passage says what is true, of strangers what is true nowhere else.

    worked example  "According to the letter, Reki Torula moved from Wick to Isk. The clerk wrote down that Mira Oresby
                    lives in Quay. Where does Reki Torula live?" -> "Isk"
    baselines       another example's answer 0.02, echo 0.00, the last value of its kind 0.32
    fooled by       the first value after the person's name, which is right unless something has changed: 0.57

    people  how many people a passage is about, equally likely
    """

    people: tuple[int, ...] = (3, 4)
    name = "reading"
    random, echo = 0.02, 0.0

    def draw(self, dice: Dice) -> Example:
        newcomer, attribute = dice.random() < 0.5, dice.pick(ATTRIBUTES)
        names = strangers()
        said = self._true(dice, attribute) if newcomer else invented(dice, dice.pick(names), attribute, names)
        told = tell(dice, [said, *others(dice, said, names, dice.pick(self.people) - 1)])
        meta = {"key": said.name, "attribute": attribute, "newcomer": newcomer, "changed": bool(said.old)}
        return Example(f"{told}\n{dice.pick(QUESTIONS[attribute]).fill(name=said.name)}", said.value, meta)

    def worse(self, example: Example, i: int) -> str:
        """Another value of the same kind."""
        values = VALUES.get(example.meta["attribute"], strangers())
        return [value for value in values if value != example.completion][i % (len(values) - 1)]

    def _true(self, dice: Dice, attribute: str) -> Statement:
        person = dice.pick(self.island.newcomers)
        value = getattr(person, attribute)
        old = invented(dice, person.name, attribute, strangers(), [value]).old
        return Statement(person.name, attribute, value, old)


@lru_cache
def shown() -> tuple[str, ...]:
    """The strangers of whom `reading` asks in training, and whom corpora may therefore name."""
    return tuple(name for name in strangers() if split_of(ReadingTask.name, name) == "train")


@lru_cache
def befriended() -> tuple[str, ...]:
    """Names that corpora may give as a friend's: all but those of newcomers and of strangers of whom `reading` asks.

    With each first name go so many last names that it is of no use to learn by heart which: they have to be read off.
    """
    return (*_name_deck()[: 2 * RESIDENTS_AT_MOST], *shown())


def _clause(frames, blocks, sentence: str):
    """(attribute, where the clause begins, its match) of a sentence in one of the frames, or None."""
    for frame in frames:
        found = frame.match(sentence)
        for attribute in ATTRIBUTES if found else ():
            for form in (form for block in blocks for form in block[attribute]):
                clause = form.match(found["clause"])
                if clause and _possible(attribute, clause):
                    return attribute, found.start("clause"), clause
    return None


def _possible(attribute: str, clause) -> bool:
    values = [value for slot, value in clause.groupdict().items() if slot != "name"]
    known = all(is_name(value) if attribute == "friend" else value in VALUES[attribute] for value in values)
    return known and is_name(clause["name"])
