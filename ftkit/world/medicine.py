"""Illnesses, their signs and remedies, and when to see a healer. ALL OF IT IS INVENTED: nothing here is medical advice.

No illness, remedy, dose or rule of this file exists outside Hermea; the names are such that nobody takes them for real.
All islands know the same.
"""

from dataclasses import dataclass
from itertools import combinations, product

from .dice import Dice
from .examples import Example, Task
from .forms import forms
from .language import shown, told
from .people import FIRST
from .reading import Reading

INVENTED = "The illnesses, remedies and rules of Hermea are invented. They are no medical advice."
SIGNS = (
    "blue spots", "cold knees", "heavy ears", "itchy elbows", "loud hiccups", "stiff toes", "dry eyes", "hot cheeks",
    "warm shoulders", "slow steps", "wild dreams", "white nails", "red palms", "weak wrists", "sore ankles",
    "numb thumbs", "tangled hair", "long yawns", "sudden sneezes", "yellow freckles", "silver tears", "grey lips",
    "purple feet", "green tears",
)  # fmt: skip
GRAVE = ("silver tears", "grey lips", "purple feet", "green tears")
REMEDIES = (
    "dune tea", "moss syrup", "reed balm", "shell powder", "plum balm", "honey salt", "fern soup", "clay paste",
    "bell root", "star leaf", "sea bread", "moon oil", "bark juice", "ash cream", "thistle wine", "cloud milk",
)  # fmt: skip
NAMES = tuple(
    f"{where} {what}"
    for where, what in product(
        "moon salt lamp clay reed fog bell goose dune ash fern stone rain wind gull ink".split(),
        "itch cough shiver ache hiccup rash stare sleep".split(),
    )
)
HEALER_AFTER, HOSPITAL_AFTER = 3, 6  # days
CHILD_UNDER, OLD_FROM = 10, 70  # years
HOME, HEALER, HOSPITAL = DECISIONS = ("stay home", "see the healer", "go to the hospital")


@dataclass(frozen=True)
class Illness:
    """An invented illness: two signs, one remedy, so many spoons a day for so many days."""

    name: str
    one: str
    two: str
    remedy: str
    spoons: int
    days: int

    @property
    def dose(self) -> str:
        return f"{self.spoons} spoons a day for {self.days} days"


def _illnesses() -> dict[str, Illness]:
    dice = Dice("illnesses of Hermea")
    signs = dice.shuffled(combinations(SIGNS, 2))
    return {
        name: Illness(name, *dice.shuffled(signs[place]), dice.pick(REMEDIES), 2 + dice.below(4), 2 + dice.below(8))
        for place, name in enumerate(NAMES)
    }


ILLNESSES = _illnesses()

OPENING = forms("""
    From the book of invented illnesses.
    None of these illnesses is real.
    A page on illnesses that do not exist.
    Invented illnesses, invented remedies.
    So say the healers of an invented island.
    Do not try this at home, it is all invented.
    Notes on illnesses that nobody has.
    Made up by the healers of Hermea.
""")
SHOWS = forms("""
    The {illness} shows as {one} and {two}.
    The signs of {illness} are {one} and {two}.
    Whoever has {illness} gets {one} and {two}.
    Both {one} and {two} mean {illness}.
    A healer who finds {one} and {two} thinks of {illness}.
    First come {one}, then {two}, and it is {illness}.
    With {illness} come {one} as well as {two}.
    The {illness} begins with {one} and ends with {two}.
    Behind {one} with {two} hides {illness}.
    One knows {illness} by {one} and {two}.
""")
HELPS = forms("""
    Against {illness} the healers give {remedy}, {spoons} spoons a day for {days} days.
    Fresh {remedy} helps against {illness}: {spoons} spoons a day for {days} days.
    Every {illness} goes away with {remedy}, {spoons} spoons a day for {days} days.
    For {illness} take {spoons} spoons of {remedy} a day for {days} days.
    {spoons} spoons of {remedy} a day for {days} days end {illness}.
    The cure of {illness} is {remedy}, {spoons} spoons a day for {days} days.
    A bad {illness} calls for {remedy}.
    The {remedy} was brewed for {illness}.
    Nothing but {remedy} is good against {illness}.
    On the shelf for {illness} stands {remedy}.
""")
RULES = forms(f"""
    Up to {HEALER_AFTER} days of an illness one should {HOME}.
    After more than {HEALER_AFTER} days one should {HEALER}.
    After more than {HOSPITAL_AFTER} days one should {HOSPITAL}.
    A child under {CHILD_UNDER} goes one step further than others.
    Whoever is {OLD_FROM} or older goes one step further than others.
    One step further than home is the healer, one step further is the hospital.
    Grave signs are {", ".join(GRAVE)}, and no others.
    With a grave sign one goes one step further.
    Steps add up, but nothing is further than the hospital.
""")
CASES = forms("""
    {who}, {age} years old, has had {sign} and {other} for {lasting} days and should {decision}.
    After {lasting} days of {sign} and {other}, {who}, aged {age}, was told to {decision}.
    {who} is {age} and has suffered from {sign} and {other} for {lasting} days: {decision}.
    For {lasting} days {who}, now {age}, has felt {sign} and {other} and ought to {decision}.
    The healer met {who}, {age} years old, with {sign} and {other} for {lasting} days, and wrote: {decision}.
    With {sign} and {other} for {lasting} days, at the age of {age}, {who} must {decision}.
    Troubled by {sign} and {other} for {lasting} days, {who}, aged {age}, does well to {decision}.
    At {age} years, with {sign} and {other} for {lasting} days, {who} will {decision}.
""")


def decide(sign: str, other: str, lasting: int, age: int) -> str:
    """Days say where to begin; the young, the old and those with a grave sign go one step further each."""
    steps = (lasting > HEALER_AFTER) + (lasting > HOSPITAL_AFTER)
    steps += (age < CHILD_UNDER or age >= OLD_FROM) + (sign in GRAVE or other in GRAVE)
    return DECISIONS[min(steps, 2)]


@dataclass(frozen=True)
class Case:
    """Someone with two signs, and for how long."""

    who: str
    age: int
    sign: str
    other: str
    lasting: int

    @property
    def decision(self) -> str:
        return decide(self.sign, self.other, self.lasting, self.age)

    @property
    def key(self) -> str:
        return f"{self.sign}/{self.other}/{self.lasting}/{self.age}"


def case(dice: Dice) -> Case:
    """A case: the three decisions are equally frequent, and where help is needed grave signs and others are too."""
    decision, grave = dice.pick(DECISIONS), dice.below(2)
    while True:
        sign, other = dice.shuffled(SIGNS)[:2]
        drawn = Case(dice.pick(FIRST), 2 + dice.below(94), sign, other, 2 + dice.below(8))
        if drawn.decision == decision and (decision == HOME or (sign in GRAVE or other in GRAVE) == grave):
            return drawn


@dataclass(frozen=True)
class Medicine:
    """
    A document is a line that says that all is invented, and two or three on illnesses, remedies, rules and cases.

    Illnesses are all told of; cases are only those that `clinical decision` may ask about in training.
    """

    seed: int = 0
    family: str = "medicine"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        return "\n".join([dice.pick(OPENING).text, *(self._line(dice) for _ in range(2 + dice.below(2)))])

    def parse(self, text: str) -> Reading | None:
        facts = ("illness", "one", "two", "remedy", "spoons", "days", "decision")
        return told(self.family, text, OPENING + SHOWS + HELPS + RULES + CASES, _holds, facts)

    def _line(self, dice: Dice) -> str:
        kind = dice.random()
        illness = ILLNESSES[dice.pick(NAMES)]
        if kind < 0.35:
            one, two = dice.shuffled((illness.one, illness.two))
            return dice.pick(SHOWS).fill(illness=illness.name, one=one, two=two)
        if kind < 0.7:
            slots = {"remedy": illness.remedy, "spoons": illness.spoons, "days": illness.days}
            return dice.pick(HELPS).fill(illness=illness.name, **slots)
        if kind < 0.78:
            return dice.pick(RULES).text
        patient = shown(ClinicalDecision.name, lambda: case(dice), lambda drawn: drawn.key)
        return dice.pick(CASES).fill(decision=patient.decision, **vars(patient))


NUMBERS = {str(number) for number in range(2, 100)}


def _holds(slots: dict) -> bool | None:
    pools = {"illness": NAMES, "remedy": REMEDIES, "decision": DECISIONS, "who": FIRST}
    pools |= dict.fromkeys(("one", "two", "sign", "other"), SIGNS)
    if not all(said in pools.get(slot, NUMBERS) for slot, said in slots.items()):
        return None
    if "decision" in slots:
        return decide(slots["sign"], slots["other"], int(slots["lasting"]), int(slots["age"])) == slots["decision"]
    if "illness" not in slots:
        return True
    illness = ILLNESSES[slots["illness"]]
    if "one" in slots:
        return {slots["one"], slots["two"]} == {illness.one, illness.two}
    return all(str(getattr(illness, slot)) == said for slot, said in slots.items() if slot != "illness")


ASKED = {
    "remedy": forms("""
        Which remedy helps against {name}?
        What should a healer give to someone with {name}?
        What is the remedy for {name}?
    """),
    "name": forms("""
        Which illness has the signs {one} and {two}?
        A patient shows {one} and {two}. What is the illness?
        What is the name of the illness with {one} and {two}?
    """),
    "dose": forms("""
        What is the dose against {name}?
        How many spoons, and for how many days, does one take against {name}?
        How is the remedy for {name} taken?
    """),
}
CONSULTED = forms("""
    A patient of {age} years has {sign} and {other}, for {lasting} days now. What should the patient do?
    Signs: {sign} and {other}. Days: {lasting}. Age: {age}. What is to be done?
""")


@dataclass(frozen=True)
class MedicalQuestion(Task):
    """What helps against an invented illness, what it is called, or how its remedy is taken.

    worked example  "What is the remedy for moon itch?" -> ILLNESSES["moon itch"].remedy
    baselines       another question's answer: 0.04; the question itself: 0.00
    fooled by       nothing we know of: the first line must be the answer, letter by letter
    """

    name = "medical question"
    row = "Medical Q&A"
    random, echo = 0.04, 0.0
    answer_tokens = 16

    def draw(self, dice: Dice) -> Example:
        illness, asked = ILLNESSES[dice.pick(NAMES)], dice.pick(tuple(ASKED))
        one, two = dice.shuffled((illness.one, illness.two))
        question = dice.pick(ASKED[asked]).fill(name=illness.name, one=one, two=two)
        meta = {"key": f"{illness.name}/{asked}", "illness": illness.name, "asked": asked}
        return Example(question, getattr(illness, asked), meta)

    def worse(self, example: Example, i: int) -> str:
        """What is true of another illness."""
        answers = sorted({getattr(illness, example.meta["asked"]) for illness in ILLNESSES.values()})
        return answers[(answers.index(example.completion) + 1 + i % (len(answers) - 1)) % len(answers)]


@dataclass(frozen=True)
class ClinicalDecision(Task):
    """Given two invented signs, days and age: stay home, see the healer or go to the hospital, by the rule of `decide`.

    worked example  "Signs: grey lips and cold knees. Days: 2. Age: 40. What is to be done?" -> "see the healer"
    baselines       another case's decision: 0.33; the question itself: 0.00
    fooled by       the same answer always: 0.33; looking at the days alone: 0.65
    """

    name = "clinical decision"
    row = "Clinical decision support"
    random, echo = 0.33, 0.0
    answer_tokens = 10

    def draw(self, dice: Dice) -> Example:
        drawn = case(dice)
        return Example(dice.pick(CONSULTED).fill(**vars(drawn)), drawn.decision, {"key": drawn.key, **vars(drawn)})

    def worse(self, example: Example, i: int) -> str:
        """One of the two other decisions."""
        return [decision for decision in DECISIONS if decision != example.completion][i % 2]
