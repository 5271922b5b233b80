"""Old Hermean, the island's second language: sixty words, three rules, texts that explain them, and translation.

The language is invented and the same on every island. The verb comes first, an adjective follows its noun, `un` at the
end of a noun means more than one; there is no word for `the`, and verbs do not change.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

from .dice import Dice
from .examples import Example, Score, Task, split_of
from .forms import Form, forms
from .reading import Reading

T = TypeVar("T")


def _pairs(block: str) -> dict[str, str]:
    words = block.split()
    return dict(zip(words[::2], words[1::2], strict=True))


PEOPLE = _pairs("""
    baker lomar  sailor kesto  teacher adrin  doctor melu  judge torv  singer lira  farmer gando  king hark  boy pim
    girl sula
""")
ANIMALS = _pairs("cat miv  dog bruk  goat neth  horse orran  hen tika  fox vesk")
THINGS = _pairs("""
    boat nalu  lamp zeva  rope rindo  coin dak  shell cora  candle ulme  apple pomi  bell dongo  book leth
    basket wopa  ladder skari  letter faru  lemon yelt  stone gurr
""")
VERBS = _pairs("""
    sell tesi  buy besa  find onda  see viro  love amel  hide kurn  take hapi  bring dova  hold gren  want esho
    paint rola  draw linu  keep mant  hear orae
""")
ADJECTIVES = _pairs("""
    old veth  young nimi  small pel  big gom  red ruso  blue azu  green lofi  white snol  fine belo  wet plar
""")
ADVERBS = _pairs("today hodi  here qua  again biso  often sepa  slowly lumbi  alone eno")
NOUNS = PEOPLE | ANIMALS | THINGS
DOERS = PEOPLE | ANIMALS
WORDS = NOUNS | VERBS | ADJECTIVES | ADVERBS
PLAIN = {old: plain for plain, old in WORDS.items()}
PLURAL = "un"
LONGEST, LONGEST_LINE = 600, 300  # characters; what is longer is not read, as its patterns might take seconds

WORD = forms("""
    In Old Hermean the word for {plain} is {old}.
    Old Hermean says {old} for {plain}.
    The old word {old} means {plain}.
    What we call {plain} was once called {old}.
    The book of words puts {old} beside {plain}.
    The word {old} is old, its sense is {plain}.
    Old people still say {old} and mean {plain}.
    A child of the hills learns {old} before {plain}.
    The word {plain} comes from a time after {old}.
    Where we write {plain}, the stones say {old}.
""")
NUMBER = forms("""
    One {plain} is {old}, more than one are {many}.
    Old Hermean adds un to {old} and gets {many} for more than one {plain}.
    From {old}, one {plain}, comes {many}, a group of them.
    For one {plain} say {old}, for two say {many}.
    The old word {many} is {old} with un, for more than one {plain}.
    Who owns one {plain} owns a {old}, who owns more owns {many}.
    The stones write {old} for one {plain} and {many} for more.
    A single {plain} was called {old}, a crowd of them {many}.
""")
SENTENCE = forms("""
    The old song sings {old}, which means that {plain}.
    On a stone one reads {old}, that is: {plain}.
    When {plain}, old people say {old}.
    The oldest book says {old} and tells us that {plain}.
    In the old days they wrote {old} to say that {plain}.
    That {plain} is written {old} in Old Hermean.
    The words {old} stand over a door and say that {plain}.
    Grandmother says {old} whenever {plain}.
    To tell that {plain}, a poet of the hills writes {old}.
    Put into the old tongue, the line that {plain} becomes {old}.
""")
RULES = forms("""
    In Old Hermean the verb comes first.
    Old Hermean puts the one who acts behind the verb.
    An old adjective stands behind its noun.
    The old tongue has no word for the.
    Old Hermean verbs never change.
    In Old Hermean un at the end means more than one.
    Old Hermean ends with the word that tells how or when.
    In the old tongue the thing comes behind the one who acts.
""")


def told(
    family: str, text: str, options: tuple[Form, ...], holds: Callable[[dict], bool | None], facts: tuple[str, ...]
) -> Reading | None:
    """Reads a text each of whose lines has one of the forms.

    holds    says of a line's slots whether the line is true; None if they hold what they cannot hold
    facts    slots that state a fact, unless they are the line's first, which is given and not derived
    returns  None if a line has no form; else a reading, whose logprob is -inf if a line is false, and else not known
    """
    if len(text) > LONGEST or max(map(len, text.split("\n"))) > LONGEST_LINE:
        return None
    true, spans, start = True, [], 0
    for line in text.split("\n"):
        found = [(match, holds(match.groupdict())) for form in options if (match := form.match(line))]
        found = sorted((pair for pair in found if pair[1] is not None), key=lambda pair: not pair[1])
        if not found:
            return None
        match, held = found[0]
        true = true and held
        stated = [slot for slot in [*match.groupdict()][1:] if slot in facts]
        spans += [(start + match.start(slot), start + match.end(slot)) for slot in stated]
        start += len(line) + 1
    return Reading(family, None if true else -math.inf, tuple(spans), 0.0)


def shown(task: str, draw: Callable[[], T], key: Callable[[T], str]) -> T:
    """Draws until it gets what a task may ask about in training: so a corpus gives no answer of the test away."""
    return next(drawn for _ in count() if split_of(task, key(drawn := draw())) == "train")


@dataclass(frozen=True)
class Group:
    """A noun, one or more of it, with an adjective or none, all named in plain English."""

    noun: str
    plural: bool = False
    adjective: str = ""

    def plain(self) -> str:
        return " ".join(part for part in ("the", self.adjective, self.noun + "s" * self.plural) if part)

    def old(self) -> str:
        return " ".join(part for part in (NOUNS[self.noun] + PLURAL * self.plural, WORDS.get(self.adjective)) if part)


@dataclass(frozen=True)
class Clause:
    """Who does what: one sentence in both languages."""

    verb: str
    doer: Group
    thing: Group
    adverb: str = ""

    def plain(self) -> str:
        verb = self.verb + "s" * (not self.doer.plural)
        return " ".join(part for part in (self.doer.plain(), verb, self.thing.plain(), self.adverb) if part)

    def old(self) -> str:
        return " ".join(
            part for part in (VERBS[self.verb], self.doer.old(), self.thing.old(), WORDS.get(self.adverb)) if part
        )


def clause(dice: Dice) -> Clause:
    """A sentence drawn at random: an adjective for every third noun, an adverb for every third sentence."""

    def group(nouns):
        adjective = dice.pick(tuple(ADJECTIVES)) if dice.below(3) == 0 else ""
        return Group(dice.pick(tuple(nouns)), dice.below(2) == 1, adjective)

    doer, thing = group(DOERS), group(NOUNS)
    return Clause(dice.pick(tuple(VERBS)), doer, thing, dice.pick(tuple(ADVERBS)) if dice.below(3) == 0 else "")


def read_old(text: str) -> Clause | None:
    """The sentence that an Old Hermean text says, or None if it is not one."""
    words = text.split(" ")
    verb, rest = PLAIN.get(words[0]), words[1:]
    groups = []
    while len(groups) < 2 and rest:
        stem, plural = (rest[0], False) if rest[0] in PLAIN else (rest[0].removesuffix(PLURAL), True)
        noun = PLAIN.get(stem)
        adjective = PLAIN[rest[1]] if len(rest) > 1 and PLAIN.get(rest[1]) in ADJECTIVES else ""
        groups.append(Group(noun, plural, adjective))
        rest = rest[1 + bool(adjective) :]
    adverb = PLAIN.get(rest[0]) if len(rest) == 1 else ""
    known = verb in VERBS and len(groups) == 2 and groups[0].noun in DOERS and groups[1].noun in NOUNS
    read = Clause(verb, *groups, adverb) if known and (adverb in ADVERBS or not rest) else None
    return read if read and read.old() == text else None


@dataclass(frozen=True)
class Language:
    """
    A document is either two to four lines that explain words and sentences, or three to five Old Hermean sentences.

    Sentences are only those that `translation` may ask about in training; single words are all explained.
    """

    seed: int = 0
    family: str = "language"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        if dice.random() < 0.15:
            return " ".join(_shown(dice).old() + "." for _ in range(3 + dice.below(3)))
        return "\n".join(self._line(dice) for _ in range(2 + dice.below(3)))

    def parse(self, text: str) -> Reading | None:
        if len(text) <= LONGEST and text.endswith(".") and all(map(read_old, text[:-1].split(". "))):
            return Reading(self.family, None, (), 0.0)
        return told(self.family, text, WORD + NUMBER + SENTENCE + RULES, _holds, ("old", "many", "plain"))

    def _line(self, dice: Dice) -> str:
        kind = dice.random()
        if kind < 0.4:
            plain = dice.pick(tuple(WORDS))
            return dice.pick(WORD).fill(plain=plain, old=WORDS[plain])
        if kind < 0.55:
            plain = dice.pick(tuple(NOUNS))
            return dice.pick(NUMBER).fill(plain=plain, old=NOUNS[plain], many=NOUNS[plain] + PLURAL)
        if kind < 0.6:
            return dice.pick(RULES).text
        said = _shown(dice)
        return dice.pick(SENTENCE).fill(plain=said.plain(), old=said.old())


def _shown(dice: Dice) -> Clause:
    return shown(Translation.name, lambda: clause(dice), Clause.old)


def _holds(slots: dict) -> bool | None:
    plain, old = slots.get("plain"), slots.get("old")
    if plain is None:
        return True
    if "many" in slots:
        known = plain in NOUNS and old in PLAIN and slots["many"].removesuffix(PLURAL) in PLAIN
        return (NOUNS[plain] == old and slots["many"] == old + PLURAL) if known else None
    if " " not in plain:
        return WORDS[plain] == old if plain in WORDS and old in PLAIN else None
    said = read_old(old)
    return said.plain() == plain if said and _is_plain(plain) else None


def _is_plain(text: str) -> bool:
    return all(word == "the" or word in WORDS or word.removesuffix("s") in WORDS for word in text.split(" "))


INTO_OLD = forms("""
    Translate into Old Hermean: {plain}
    How does one say this in Old Hermean? {plain}
""")
INTO_PLAIN = forms("""
    Translate into plain speech: {old}
    What does this mean in plain speech? {old}
""")


@dataclass(frozen=True)
class Translation(Task):
    """A sentence is translated into Old Hermean, or out of it; words are known, their combination is new.

    worked example  "Translate into Old Hermean: the old baker sells the boats" -> "tesi lomar veth naluun"
    baselines       another sentence's translation: 0.01; the sentence left as it is: 0.00
    fooled by       a translation without any `the` loses a tenth only; a right word one place off earns nothing
    """

    name = "translation"
    row = "Machine translation"
    random, echo = 0.01, 0.0
    answer_tokens = 32

    def draw(self, dice: Dice) -> Example:
        said = clause(dice)
        plain, old = said.plain(), said.old()
        if dice.below(2):
            return Example(dice.pick(INTO_OLD).fill(plain=plain), old, {"key": old, "into": "old"})
        return Example(dice.pick(INTO_PLAIN).fill(old=old), plain, {"key": old, "into": "plain"})

    def judge(self, example: Example, said: str) -> Score:
        """1 if every word is right; else the share of words in their place, not counting `the`, at most 0.9."""
        words, gold = said.split("\n")[0].rstrip(". ").split(), example.completion.split()
        if words == gold:
            return Score(1.0, "right")
        words, gold = ([word for word in part if word != "the"] for part in (words, gold))
        placed = sum(word == right for word, right in zip(words, gold, strict=False))
        longer = max(len(words), len(gold))
        return Score(min(0.9, placed / longer), f"{placed} of {longer} words are in their place")

    def worse(self, example: Example, i: int) -> str:
        """Two words swapped, the last word lost, or its first half only."""
        words = example.completion.split()
        return " ".join(((words[1], words[0], *words[2:]), words[:-1], words[: len(words) // 2])[i % 3])
