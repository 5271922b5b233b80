"""Talks between two islanders: a journey is planned, a sorrow is comforted, a complaint is settled by a rule."""

import re
from dataclasses import dataclass

from .dice import Dice
from .examples import Example, Score, Task, split_of
from .forms import forms
from .people import FIRST, LAST, VALUES
from .reading import Reading
from .reviews import LONGEST, Label, matched
from .style import DAYS, POLITE

# A feeling, what the island does about it, and what brings it about.
ADVICE = {
    "sad": "talk to a friend",
    "angry": "count to twenty",
    "afraid": "light a lamp",
    "tired": "lie down early",
    "bored": "learn a song",
    "lonely": "visit the market",
}
CAUSES = {
    "sad": forms("""
        My {pet} ran away.
        I broke the cup of my mother.
        My garden has dried up.
        The old tree fell down.
        My {pet} is ill.
    """),
    "angry": forms("""
        A {pet} ate my supper.
        Someone took my boat.
        My neighbour laughed at me.
        They cut down my hedge.
        A {pet} tore my coat.
    """),
    "afraid": forms("""
        I hear steps at night.
        The wind shakes my house.
        A strange {pet} sits at my door.
        The cellar is so dark.
        I dreamt of a giant {pet}.
    """),
    "tired": forms("""
        I have worked all night.
        I walked home from {town}.
        The {pet} kept me awake.
        I carried stones all day.
        I rowed to {town} and back.
    """),
    "bored": forms("""
        Nothing happens in {town}.
        It has rained for a week.
        I have read all my books.
        My {pet} sleeps all day.
        Every day is the same.
    """),
    "lonely": forms("""
        My friends moved to {town}.
        I eat alone every evening.
        Nobody writes to me.
        I know no one in {town}.
        Only my {pet} is at home.
    """),
}
SHARED = forms("""
    {cause}
    Good day, {other}. {cause}
    Hello, {other}. {cause}
    Do you have a minute, {other}? {cause}
    How good to see you, {other}. {cause}
    Listen, {other}. {cause}
    May I sit down, {other}? {cause}
    {cause} What a day.
    {cause} That is how it is.
    You will not believe it. {cause}
    {cause} Since then I cannot think of anything else.
    Well, {other}, what can I say. {cause}
""")
COMFORT = forms("""
    I am sorry that you are {feeling}. Please {advice}.
    So you are {feeling}. When I am {feeling}, I {advice}.
    I understand that you are {feeling}. It helps to {advice}.
    It is hard to be {feeling}. You could {advice}.
    Who would not be {feeling}? Come, {advice}.
    Poor {who}, you are {feeling}. Try to {advice}.
    I see that you are {feeling}. Let us {advice}.
    Do not stay {feeling}. Go and {advice}.
""")
# What can be wrong with an order, and how customers say it.
FAULTS = {
    "late": forms("""
        The {thing} came four days after the day that was promised.
        I waited two weeks for the {thing}.
        The {thing} should have come on {day}, but it came a week after.
        When the {thing} came at last, the feast was over.
        The whole month went by before I had the {thing}.
    """),
    "broken": forms("""
        The {thing} has a crack.
        The {thing} fell to pieces on {day}.
        The {thing} came in two halves.
        The {thing} is of no use since {day}.
        One side of the {thing} is bent.
    """),
    "wrong": forms("""
        I asked for a {thing} and got a {other_thing}.
        You sent me a {other_thing}, not a {thing}.
        In the box was a {other_thing} instead of my {thing}.
        This {other_thing} is not what I ordered; I need a {thing}.
        On {day} a {other_thing} came, but I had paid for a {thing}.
    """),
    "rude": forms("""
        The clerk shouted at me when I came for the {thing}.
        I was called names when I asked for the {thing}.
        Your porter threw the {thing} at my feet.
        On {day} your clerk laughed at me and my {thing}.
        When I bought the {thing}, nobody even said good day.
    """),
}
DEEDS = "refund", "repair", "replace", "apologise"
THINGS = tuple("lamp kettle clock chair mirror bowl table ladder".split())
RULES = forms("""
    Welcome to my house. Our rule is: {rule}.
    You know our rule: {rule}.
    Before you say a word, here is the rule: {rule}.
    We all go by one rule: {rule}.
    My mother made the rule: {rule}.
    On the wall you see the rule: {rule}.
    The rule of the guild says: {rule}.
    Come in. The rule here is: {rule}.
""")
SETTLED = forms("""
    I see, it was {fault}. By our rule we {deed}.
    That is a case of {fault}, and for {fault} we {deed}.
    Our rule for {fault} says: {deed}.
    So it was {fault}. Then we {deed}.
    You are right, that is {fault}. In this house we {deed}.
    What is {fault} must be called {fault}. We {deed}.
    For {fault} there is only one thing to do: {deed}.
    If it is {fault}, then we {deed}.
""")
DETAILS = {
    "day": (
        forms("""
            When does the boat to {town} leave?
            On what day can I travel to {town}?
            I must go to {town}. Which day is best?
            Which day does the coach to {town} run?
            When do you go to {town}?
            Is there a boat to {town} this week?
            How soon could I be in {town}?
            I have to be in {town} soon. When can we go?
        """),
        forms("""
            It leaves on {day}.
            On {day}, as always.
            You can travel on {day}.
            The next one is on {day}.
            I go on {day}.
            Not before {day}.
            Come on {day}.
            There is one on {day}.
        """),
    ),
    "price": (
        forms("""
            What does it cost?
            How much is a seat?
            And the price?
            How many coins do you ask?
            What must I pay?
            Is it dear?
            How many coins should I bring?
            What do you take for that?
        """),
        forms("""
            It costs {price} coins.
            A seat is {price} coins.
            You pay {price} coins.
            I ask {price} coins.
            Bring {price} coins.
            For you {price} coins.
            {price} coins, no more.
            It is {price} coins this year.
        """),
    ),
    "place": (
        forms("""
            Where do I find you?
            Where do we meet?
            From where does it leave?
            Where should I wait?
            At which place do I get on?
            Where must I go?
            Where is that?
            Where will you be?
        """),
        forms("""
            We meet at the {place}.
            Wait at the {place}.
            It leaves from the {place}.
            I will be at the {place}.
            You get on at the {place}.
            Come to the {place}.
            Look for me at the {place}.
            It is near the {place}.
        """),
    ),
}
PLACES = tuple("bridge pump mill gate tower market church fountain".split())
PRICES = tuple(map(str, range(2, 30)))
VALUES_OF = {"day": DAYS, "price": PRICES, "place": PLACES}
THANKS = forms("""
    So {day}, {price} coins, at the {place}. Thank you.
    Good: on {day} at the {place}, with {price} coins.
    Thank you, I will be at the {place} on {day} and bring {price} coins.
    On {day}, then. I put {price} coins aside and come to the {place}.
    {price} coins on {day} at the {place}; I will not forget.
    Then I wait at the {place} on {day}, with {price} coins in hand.
    I write it down: {day}, {place}, {price} coins.
    The {place}, {day}, {price} coins. See you there.
""")
AGAIN = {
    "day": forms("""
        I forget easily. Which day was it?
        Please tell me the day again.
        And when was it, did you say?
    """),
    "price": forms("""
        I forget easily. How much was it?
        Please tell me the price again.
        And how many coins, did you say?
    """),
    "place": forms("""
        I forget easily. Where was it?
        Please tell me the place again.
        And where was it, did you say?
    """),
}
REMINDERS = {
    "day": forms("""
        Please come on {day}.
        I am glad to tell you again: on {day}.
        You are welcome on {day}.
        Thank you for asking; it is {day}.
    """),
    "price": forms("""
        Please bring {price} coins.
        I am glad to tell you again: {price} coins.
        You are welcome; it is {price} coins.
        Thank you for asking; it is {price} coins.
    """),
    "place": forms("""
        Please come to the {place}.
        I am glad to tell you again: at the {place}.
        You are welcome; it is at the {place}.
        Thank you for asking; it is at the {place}.
    """),
}
ASK_DIALOGUE = forms("""
    Give the next answer. {talk}
    Go on politely. {talk}
    What is said next? {talk}
""")
ASK_COMFORT = forms("""
    I am {name}. {cause} Please comfort me.
    {cause} What would you say to me? I am {name}.
    {name} tells you: {cause} Answer kindly.
""")
ASK_SUPPORT = forms("""
    House rule: {rule}. Complaint: {complaint} What do we do?
    A customer complains: {complaint} Our rule: {rule}. What do we do?
""")
SPEAKER = re.compile(rf"(?:^| )({'|'.join(FIRST)}): ")
SLOTS = {
    "other": FIRST, "who": FIRST, "town": VALUES["home"], "pet": VALUES["pet"], "feeling": ADVICE,
    "advice": tuple(ADVICE.values()), "thing": THINGS, "other_thing": THINGS, "fault": FAULTS, "deed": DEEDS,
    **VALUES_OF,
}  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """Holds every text that one of the forms writes."""

    forms: tuple

    def __contains__(self, text: str) -> bool:
        return matched(self.forms, text, SLOTS) is not None


class Rules:
    """Holds every house rule, such as `late refund, broken repair, wrong replace, rude apologise`."""

    def __contains__(self, text: str) -> bool:
        deeds = [item.partition(" ")[2] for item in text.split(", ")]
        return sorted(deeds) == sorted(DEEDS) and text == rule(deeds)


ALL_CAUSES = sum(CAUSES.values(), ())
NESTED = SLOTS | {"cause": Filled(ALL_CAUSES), "rule": Rules()}


def rule(deeds) -> str:
    """What the house does about each fault, in the order of `FAULTS`."""
    return ", ".join(f"{fault} {deed}" for fault, deed in zip(FAULTS, deeds, strict=True))


def heard(options: tuple, yes: bool | None) -> tuple:
    """The first three forms, which every split may use; the others, which no training set has; all if None."""
    return options if yes is None else options[:3] if yes else options[3:]


def cause(dice: Dice, feeling: str, yes: bool | None = None) -> str:
    return dice.pick(heard(CAUSES[feeling], yes)).fill(pet=dice.pick(VALUES["pet"]), town=dice.pick(VALUES["home"]))


def complaint(dice: Dice, thing: str, fault: str, yes: bool | None = None) -> str:
    other = dice.pick([other for other in THINGS if other != thing])
    return dice.pick(heard(FAULTS[fault], yes)).fill(thing=thing, other_thing=other, day=dice.pick(DAYS))


def journey(dice: Dice) -> dict[str, str]:
    return {"town": dice.pick(VALUES["home"])} | {name: dice.pick(values) for name, values in VALUES_OF.items()}


def journey_key(details: dict[str, str]) -> str:
    return " ".join(details[name] for name in VALUES_OF)


def told(dice: Dice, details: dict[str, str], names) -> list[str]:
    """Question and answer, by turns, about some details of a journey."""
    return [dice.pick(turn).fill(**details) for name in names for turn in DETAILS[name]]


def spoken(who: str, other: str, turns: list[str]) -> str:
    return " ".join(f"{(who, other)[n % 2]}: {turn}" for n, turn in enumerate(turns))


@dataclass(frozen=True)
class Dialogues:
    """
    A document draws two people and what they talk about: a journey (day, price and place are asked, told and said
    again), a sorrow (something happened; the other names the feeling and gives the island's advice for it) or a
    complaint (a rule, what is wrong, what kind of fault that is and what the rule says).
    """

    seed: int = 0
    family: str = "dialogues"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        who, other = dice.shuffled(FIRST)[:2]
        turns = dice.pick((self._journey, self._sorrow, self._complaint))
        return spoken(who, other, turns(dice, who, other))

    def parse(self, text: str) -> Reading | None:
        """None unless every turn has a form; logprob -inf if what is said at last does not follow from the rest."""
        parts = SPEAKER.split(text) if len(text) <= LONGEST and "\n" not in text else [""]
        names, turns = parts[1::2], parts[2::2]
        if parts[0] or len(names) < 2 or names != [names[n % 2] for n in range(len(names))] or names[0] == names[1]:
            return None
        allowed = NESTED | {"who": names[:1], "other": names[1:2]}
        read = {2: self._read_sorrow, 3: self._read_complaint, 7: self._read_journey}.get(len(turns))
        found = read(turns, allowed) if read else None
        if not found:
            return None
        last, slots, true = found
        at = len(text) - len(turns[-1])
        spans = tuple(sorted((at + last.start(slot), at + last.end(slot)) for slot in slots))
        return Reading(self.family, None if true else -float("inf"), spans, 0.0)

    def _journey(self, dice: Dice, who: str, other: str) -> list[str]:
        details = journey(dice)
        while split_of(Dialogue.name, journey_key(details)) != "train":
            details = journey(dice)
        names = ["day", *dice.shuffled(["price", "place"])]
        return [*told(dice, details, names), dice.pick(THANKS).fill(**details)]

    def _read_journey(self, turns: list[str], allowed: dict):
        details = {}
        for ask, tell in zip(turns[0:6:2], turns[1:6:2], strict=True):
            for name, (questions, answers) in DETAILS.items():
                if matched(questions, ask, allowed) and (found := matched(answers, tell, allowed)):
                    details[name] = found[name]
        last = matched(THANKS, turns[6], allowed)
        return (last, tuple(DETAILS), last.groupdict() == details) if last and len(details) == 3 else None

    def _sorrow(self, dice: Dice, who: str, other: str) -> list[str]:
        feeling = dice.pick(tuple(ADVICE))
        return [
            dice.pick(SHARED).fill(cause=cause(dice, feeling), other=other),
            dice.pick(COMFORT).fill(feeling=feeling, advice=ADVICE[feeling], who=who),
        ]

    def _read_sorrow(self, turns: list[str], allowed: dict):
        shared, last = matched(SHARED, turns[0], allowed), matched(COMFORT, turns[1], allowed)
        if not shared or not last:
            return None
        felt = {feeling for feeling, causes in CAUSES.items() if shared["cause"] in Filled(causes)}
        return last, ("feeling", "advice"), {last["feeling"]} == felt and ADVICE[last["feeling"]] == last["advice"]

    def _complaint(self, dice: Dice, who: str, other: str) -> list[str]:
        deeds, thing = dice.shuffled(DEEDS), dice.pick(THINGS)
        while split_of(Support.name, f"{rule(deeds)} {thing}") != "train":
            deeds, thing = dice.shuffled(DEEDS), dice.pick(THINGS)
        fault, deed = dice.pick(tuple(zip(FAULTS, deeds, strict=True)))
        return [
            dice.pick(RULES).fill(rule=rule(deeds)),
            complaint(dice, thing, fault),
            dice.pick(SETTLED).fill(fault=fault, deed=deed),
        ]

    def _read_complaint(self, turns: list[str], allowed: dict):
        stated, last = matched(RULES, turns[0], allowed), matched(SETTLED, turns[2], allowed)
        faults = {fault for fault, options in FAULTS.items() if matched(options, turns[1], allowed)}
        if not stated or not last or not faults:
            return None
        item = f"{last['fault']} {last['deed']}"
        return last, ("fault", "deed"), faults == {last["fault"]} and item in stated["rule"].split(", ")


@dataclass(frozen=True)
class Dialogue(Task):
    """Give the next turn of a talk: that of two details which is asked for again, politely; half a point if not polite.

    worked example  "Go on politely. Tamu: When do you go to Wick? Reki: I go on Monday. Tamu: What does it cost? Reki:
                    It costs 4 coins. Tamu: And when was it, did you say?" -> "Please come on Monday."
    baselines       another example's answer: 0.03; echoing the question: 0
    fooled by       words without a sentence: "Please Monday" earns 1
    """

    name = "dialogue"
    row = "Dialogue"
    random, echo = 0.03, 0.0
    answer_tokens = 28

    def draw(self, dice: Dice) -> Example:
        who, other = dice.shuffled(FIRST)[:2]
        details = journey(dice)
        names = dice.shuffled(DETAILS)[:2]
        asked = dice.pick(names)
        turns = [*told(dice, details, names), dice.pick(AGAIN[asked]).fill()]
        meta = {"key": journey_key(details), "asked": asked, **details}
        prompt = dice.pick(ASK_DIALOGUE).fill(talk=spoken(who, other, turns))
        return Example(prompt, dice.pick(REMINDERS[asked]).fill(**details), meta)

    def judge(self, example: Example, said: str) -> Score:
        line = said.split("\n")[0]
        named = set(_phrases(line, (*DAYS, *PLACES))) | set(re.findall("[0-9]+", line))
        right = example.meta[example.meta["asked"]]
        if named != {right}:
            return Score(0.0, f"names {', '.join(sorted(named))[:40] or 'no detail'}, not {right}")
        if not _phrases(line, POLITE):
            return Score(0.5, "right, but not polite")
        return Score(1.0, "right and polite")

    def worse(self, example: Example, i: int) -> str:
        """Curt, with a wrong detail, or with another detail than was asked for, in turn."""
        asked = example.meta["asked"]
        dice = Dice("worse", example.meta["key"], i)
        if i % 3 == 0:
            return dice.pick(DETAILS[asked][1]).fill(**example.meta)
        if i % 3 == 1:
            wrong = dice.pick([value for value in VALUES_OF[asked] if value != example.meta[asked]])
            return dice.pick(REMINDERS[asked]).fill(**{asked: wrong})
        other = dice.pick([name for name in DETAILS if name != asked])
        return dice.pick(REMINDERS[other]).fill(**example.meta)


@dataclass(frozen=True)
class Chatbot(Task):
    """Comfort someone: half a point for the feeling, half for the island's advice for it, in an invented list of six.

    Half of the examples outside the training split tell of something that no training example has (`heard` is False).

    worked example  "I am Tamu Oresby. My goat ran away. Please comfort me." -> "I see that you are sad. Let us talk to
                    a friend."
    baselines       another example's answer: 0.17; echoing the question: 0
    fooled by       the same feeling and advice for everyone are right for one in six
    """

    name = "chatbot"
    row = "Chatbot"
    random, echo = 0.17, 0.0
    answer_tokens = 32

    def draw(self, dice: Dice) -> Example:
        name = f"{dice.pick(FIRST)} {dice.pick(LAST)}"
        yes = split_of(self.name, name) == "train" or dice.random() < 0.5
        feeling = dice.pick(tuple(ADVICE))
        prompt = dice.pick(ASK_COMFORT).fill(name=name, cause=cause(dice, feeling, yes))
        answer = dice.pick(COMFORT).fill(feeling=feeling, advice=ADVICE[feeling], who=name.split()[0])
        return Example(prompt, answer, {"key": name, "feeling": feeling, "heard": yes})

    def judge(self, example: Example, said: str) -> Score:
        feeling = example.meta["feeling"]
        felt, advised = _phrases(said, ADVICE), _phrases(said, ADVICE.values())
        right = (felt == [feeling]) + (advised == [ADVICE[feeling]])
        return Score(right / 2, f"feeling {', '.join(felt) or 'not named'}; advice {', '.join(advised) or 'not given'}")

    def worse(self, example: Example, i: int) -> str:
        """The advice without the feeling, the feeling without the advice, or another feeling with its advice."""
        feeling = example.meta["feeling"]
        wrong = [other for other in ADVICE if other != feeling][i % (len(ADVICE) - 1)]
        return (
            f"Please {ADVICE[feeling]}.",
            f"So you are {feeling}. I have no time.",
            COMFORT[0].fill(feeling=wrong, advice=ADVICE[wrong]),
        )[i % 3]


@dataclass(frozen=True)
class Support(Label):
    """What does the house do about a complaint, by the rule that it states?

    Half of the examples outside the training split complain in words that no training example has (`heard` is False).

    worked example  "House rule: late refund, broken repair, wrong replace, rude apologise. Complaint: The lamp has a
                    crack. What do we do?" -> "repair"
    baselines       another example's deed: 0.25; echoing the question: 0
    fooled by       nothing we know of: the first line must be the deed, and no deed is commoner than another
    """

    name = "support"
    row = "Automated customer support"
    random, echo = 0.25, 0.0
    answer_tokens = 8

    def draw(self, dice: Dice) -> Example:
        deeds, thing = dice.shuffled(DEEDS), dice.pick(THINGS)
        key = f"{rule(deeds)} {thing}"
        yes = split_of(self.name, key) == "train" or dice.random() < 0.5
        fault, deed = dice.pick(tuple(zip(FAULTS, deeds, strict=True)))
        prompt = dice.pick(ASK_SUPPORT).fill(rule=rule(deeds), complaint=complaint(dice, thing, fault, yes))
        return Example(prompt, deed, {"key": key, "labels": DEEDS, "fault": fault, "heard": yes})


def _phrases(text: str, phrases) -> list[str]:
    """Which of some phrases stand in a text, as whole words."""
    plain = f" {' '.join(re.findall('[a-z]+', text.lower()))} "
    return [phrase for phrase in phrases if f" {phrase.lower()} " in plain]
