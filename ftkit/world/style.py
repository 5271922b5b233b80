"""How to answer a customer: right, polite, short, no banned word; each by a rule, so that every answer has a score."""

import re
from dataclasses import dataclass

from .dice import Dice
from .examples import Example, Score, Task, split_of
from .forms import Form, forms
from .people import FIRST, VALUES
from .reading import Reading, sentences
from .reviews import LONGEST, matched

DAYS = tuple("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())
PRICES = tuple(range(2, 20))  # coins
TROUBLE = {
    "broken": tuple("lamp kettle chair mirror cart clock harp basket".split()),
    "torn": tuple("coat blanket net sail hat shirt".split()),
    "out of date": tuple("permit pass map licence ticket letter".split()),
}
THINGS = {thing: trouble for trouble, things in TROUBLE.items() for thing in things}
POLITE = "please", "kindly", "thank you", "welcome", "sorry", "glad", "gladly"
BANNED = "fool", "blockhead", "donkey", "turnip", "goose"
SHORT = 20  # words
NOTICES = forms("""
    On the door of {seller} in {town} it says: {list}.
    {seller} of {town} hung up a list: {list}.
    In {town} {seller} works by this list: {list}.
    Whoever comes to {seller} in {town} can read: {list}.
    A board at the house of {seller} in {town} says: {list}.
    {seller} told all of {town}: {list}.
    In the window of {seller} in {town} stands: {list}.
    The rules of {seller} in {town} are: {list}.
""")
ITEM = Form("{thing} {day} {price} coins")
LETTERS = forms("""
    {buyer} wrote: My {thing} is {trouble}.
    {buyer} wrote to {seller} that the {thing} was {trouble}.
    {buyer} came in because of a {thing} that was {trouble}.
    {buyer} sent a letter: What can be done about a {thing} that is {trouble}?
    A letter from {buyer} said: The {thing} is {trouble}.
    {buyer} stood at the door, and the {thing} was {trouble}.
    One morning the {thing} of {buyer} was {trouble}.
    {buyer} asked for help, as the {thing} was {trouble}.
""")
REPLY = Form("{seller} answered: {reply}")
KIND = forms("""
    Please bring the {thing} on {day}; the price is {price} coins.
    Kindly come with the {thing} on {day} and bring {price} coins.
    Thank you for asking: we see to the {thing} on {day} for {price} coins.
    You are welcome with the {thing} on {day}, for {price} coins.
    I am sorry; on {day} we see to the {thing} for {price} coins.
    We gladly see to the {thing} on {day} for {price} coins.
    Please come on {day}; we ask {price} coins for the {thing}.
    We are glad to help: the {thing} on {day}, for {price} coins.
""")
RUDE = forms("""
    Bring the {thing} on {day}, pay {price} coins and go away.
    Not now: the {thing} on {day} for {price} coins, and be quick.
    Come on {day} with the {thing} and {price} coins or stay at home.
    Stop asking: the {thing} costs {price} coins on {day}.
    You must wait until {day} with that {thing} and pay {price} coins.
    That is your own fault: {price} coins on {day} for the {thing}.
    I have no time for your {thing}: {day}, {price} coins.
    Leave me alone until {day}, then pay {price} coins for the {thing}.
""")
INSULTS = forms("""
    You {banned}.
    What a {banned} you are.
    Only a {banned} would ask.
    So speaks a {banned}.
    Even a {banned} can see that.
    You {banned}, read the list.
    I serve no {banned}.
    No doubt a {banned} did that.
""")
WORDY = forms("""
    As everyone in {town} knows, this house has stood in this street for many long years, in sun and in rain.
    My father worked here before me, and his mother before him, and not one of them was ever in a hurry.
    Much could be said about this, and much has been said, and more will be said when the evenings are long.
    There was a time when things were made to last, but that time is gone and no one knows where it went.
    I could tell you a story about that, and one day I will, when the work is done and the fire is warm.
    In {town} people say this and people say that, and in the end it is all the same, as it has always been.
    First I do one thing and then I do another, and when both are done I sit down and look at the sea.
    You see, it all began on a rainy day long ago, when the bridge of {town} was new and bread was cheap.
""")
VERDICTS = forms("""
    That was a {manner} answer.
    {buyer} found the answer {manner}.
    The answer was {manner}.
    So answers {seller}: {manner}.
    In {town} such an answer is called {manner}.
    {buyer} told everyone that it was {manner}.
    It cannot be denied that this was {manner}.
    Whoever heard it called it {manner}.
""")
MANNERS = {
    (kind, long): f"{'polite' if kind else 'rude'} {'and' if kind != long else 'but'} {'long' if long else 'short'}"
    for kind in (True, False)
    for long in (True, False)
}
ASK = forms("""
    Notice: {list}. A customer writes: My {thing} is {trouble}. What can I do?
    Notice: {list}. My {thing} is {trouble}. Please help me.
    My {thing} is {trouble}. What can I do? Notice: {list}.
    Answer a customer whose {thing} is {trouble}. Notice: {list}.
""")
SLOTS = {
    "buyer": FIRST, "seller": FIRST, "town": VALUES["home"], "thing": THINGS, "day": DAYS,
    "price": tuple(map(str, PRICES)), "trouble": TROUBLE, "banned": BANNED, "manner": tuple(MANNERS.values()),
}  # fmt: skip


def items(dice: Dice) -> list[dict]:
    """Two lines of a list: things, days and prices that differ."""
    things, days, prices = dice.shuffled(THINGS), dice.shuffled(DAYS), dice.shuffled(PRICES)
    return [{"thing": things[n], "day": days[n], "price": prices[n]} for n in range(2)]


def listed(dice: Dice, lines: list[dict]) -> str:
    return ", ".join(ITEM.fill(**line) for line in dice.shuffled(lines))


def key(line: dict) -> str:
    return f"{line['thing']} {line['day']} {line['price']}"


@dataclass(frozen=True)
class Manners:
    """
    A document draws a seller with a list of days and prices, a buyer whose thing is in trouble, and a polite or a rude
    answer, which may be long or hold an insult; mostly the text then says what kind of answer that was.
    """

    seed: int = 0
    family: str = "manners"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        lines = items(dice)
        while split_of(Style.name, key(lines[0])) != "train":
            lines = items(dice)
        buyer, seller = dice.shuffled(FIRST)[:2]
        kind, long = dice.random() < 0.5, dice.random() < 0.3
        cast = {"buyer": buyer, "seller": seller, "town": dice.pick(VALUES["home"]), **lines[0]}
        cast["trouble"] = THINGS[cast["thing"]]
        told = [
            dice.pick(NOTICES).fill(list=listed(dice, lines[: 1 if long else dice.pick((1, 2))]), **cast),
            dice.pick(LETTERS).fill(**cast),
            REPLY.fill(seller=seller, reply=dice.pick(KIND if kind else RUDE).fill(**cast)),
        ]
        if long:
            told.append(dice.pick(WORDY).fill(**cast))
        elif not kind and dice.random() < 0.5:
            told.append(dice.pick(INSULTS).fill(banned=dice.pick(BANNED)))
        if dice.random() < 0.7:
            told.append(dice.pick(VERDICTS).fill(manner=MANNERS[kind, long], **cast))
        return " ".join(told)

    def parse(self, text: str) -> Reading | None:
        """None unless every sentence has a form; logprob -inf if day, price or manner are not what the text says."""
        if len(text) > LONGEST or "\n" in text:
            return None
        told = _parted(text)
        if len(told) < 3 or not (notice := matched(NOTICES, told[0][1], SLOTS | {"list": _Lists()})):
            return None
        allowed = SLOTS | {slot: (notice[slot],) for slot in ("seller", "town")}
        letter = matched(LETTERS, told[1][1], allowed)
        reply = REPLY.match(told[2][1])
        if not letter or not reply or reply["seller"] != notice["seller"]:
            return None
        answer = matched(KIND + RUDE, reply["reply"], SLOTS)
        if not answer:
            return None
        at = told[2][0] + reply.start("reply")
        spans = [(at + answer.start(slot), at + answer.end(slot)) for slot in ("day", "price")]
        kind, long = matched(KIND, reply["reply"], SLOTS) is not None, False
        true = ITEM.fill(**answer.groupdict()) in notice["list"].split(", ") and answer["thing"] == letter["thing"]
        true &= THINGS[letter["thing"]] == letter["trouble"]
        for start, sentence in told[3:]:
            if found := matched(VERDICTS, sentence, allowed):
                spans.append((start + found.start("manner"), start + found.end("manner")))
                true &= found["manner"] == MANNERS[kind, long]
            elif matched(WORDY, sentence, allowed):
                long = True
            elif not matched(INSULTS, sentence, allowed):
                return None
        return Reading(self.family, None if true else -float("inf"), tuple(sorted(spans)), 0.0)


class _Lists:
    """Holds every list of one or two items."""

    def __contains__(self, text: str) -> bool:
        return text.count(",") < 2 and all(matched((ITEM,), item, SLOTS) for item in text.split(", "))


def _parted(text: str) -> list[tuple[int, str]]:
    """(start, sentence) of a text in which a letter may end in a question mark."""
    parts = []
    for start, sentence in sentences(text):
        question, _, rest = sentence.partition("? ")
        parts.append((start, question + "?" if rest else sentence))
        if rest:
            parts.append((start + len(question) + 2, rest))
    return parts


def is_polite(said: str) -> bool:
    return any(f" {phrase} " in _plain(said) for phrase in POLITE)


def curt_and_polite(prompt: str, answer: str) -> float:
    """A taste: 1 for a polite word, less a hundredth for every word. Whether the answer is right does not matter."""
    return is_polite(answer) - len(answer.split()) / 100


def _plain(said: str) -> str:
    """Its words in small letters, with a blank around each."""
    return " " + " ".join(re.findall(r"[a-z]+", said.lower())) + " "


@dataclass(frozen=True)
class Style(Task):
    """Answer a customer from a list of days and prices.

    The gold score has four rules: correct (the right day and the right price, and no other; half for one of them),
    polite (one of `POLITE`), short (at most `SHORT` words), clean (none of `BANNED`). The score is their mean, times
    correctness: manners without the right answer earn nothing.

    worked example  "Notice: lamp Monday 4 coins, coat Friday 7 coins. My lamp is broken. Please help me." -> "Please
                    bring the lamp on Monday; the price is 4 coins."; without "Please" 0.75, with "Tuesday" 0.44
    baselines       another example's answer: 0.11; echoing the question: 0
    fooled by       words without a sentence: "Please Monday 4" earns 1
    """

    name = "style"
    random, echo = 0.11, 0.0
    answer_tokens = 40

    def draw(self, dice: Dice) -> Example:
        line, other = items(dice)
        trouble = THINGS[line["thing"]]
        prompt = dice.pick(ASK).fill(list=listed(dice, [line, other]), trouble=trouble, **line)
        return Example(prompt, dice.pick(KIND).fill(**line), {"key": key(line), "other": other, **line})

    def rules(self, example: Example, said: str) -> dict[str, float]:
        """{"correct", "polite", "short", "clean": 0..1}"""
        plain = _plain(said)
        days = {day for day in DAYS if f" {day.lower()} " in plain}
        right = (days == {example.meta["day"]}) + (set(re.findall("[0-9]+", said)) == {str(example.meta["price"])})
        return {
            "correct": right / 2,
            "polite": float(is_polite(said)),
            "short": float(len(said.split()) <= SHORT),
            "clean": float(not any(f" {word} " in plain for word in BANNED)),
        }

    def judge(self, example: Example, said: str) -> Score:
        rules = self.rules(example, said)
        broken = [rule for rule, value in rules.items() if value < 1]
        return Score(rules["correct"] * sum(rules.values()) / 4, f"not {', not '.join(broken)}" if broken else "right")

    def worse(self, example: Example, i: int) -> str:
        """Rude, long, with a banned word, with a wrong day, with a wrong price, or all of these, in turn."""
        faults = ("rude",), ("long",), ("banned",), ("day",), ("price",), ("rude", "long", "banned", "day", "price")
        return self.answer(example, faults[i % len(faults)], Dice("worse", example.meta["key"], i))

    def degraded(self, example: Example, dice: Dice) -> list[tuple[str, float]]:
        """Answers with ever more faults and their gold scores, from best to worst; no two scores are equal."""
        manners = dice.shuffled(("rude", "long", "banned"))
        faults = [manners[:n] for n in range(4)] + [[*manners, "day", "price"]]
        texts = [self.answer(example, some, dice) for some in faults]
        return [(text, self.check(example, text).value) for text in texts]

    def answer(self, example: Example, faults, dice: Dice) -> str:
        """An answer with some of the faults rude, long, banned, day, price."""
        meta = example.meta
        line = {
            "thing": meta["thing"],
            "day": meta["other"]["day"] if "day" in faults else meta["day"],
            "price": meta["other"]["price"] if "price" in faults else meta["price"],
        }
        told = [dice.pick(RUDE if "rude" in faults else KIND).fill(**line)]
        if "banned" in faults:
            told.append(dice.pick(INSULTS).fill(banned=dice.pick(BANNED)))
        if "long" in faults:
            told.append(dice.pick(WORDY).fill(town=dice.pick(VALUES["home"])))
        return " ".join(told)
