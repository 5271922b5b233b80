"""Notices of the island's register: who sold what to whom, what a council decided, what a storm took.

Two tasks ask about them: extraction writes a notice as JSON, summarisation keeps its main fact.
"""

import json
from dataclasses import dataclass

from .dice import Dice
from .examples import Example, Score, Task
from .forms import Form, forms
from .language import LONGEST, shown, told
from .people import FIRST, VALUES
from .reading import Reading

THINGS = tuple(
    "boat lamp rope bell book basket ladder hat drum chair table bed cart saw pot kite clock coat ring spoon knife cup "
    "net sail".split()
)
WORKS = tuple("bridge school market well mill road library harbour theatre tower garden bakery".split())
CAUSES = tuple("storm flood fire frost".split())
SIDES = ("for", "against")
DAYS = tuple("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())
TOWNS = VALUES["home"]
COINS_AT_MOST = 60
KEYS = ("seller", "buyer", "thing", "coins", "day")

SALE = forms("""
    {seller} sold a {thing} to {buyer} for {coins} coins on {day}.
    {buyer} bought a {thing} from {seller} for {coins} coins on {day}.
    On {day} {seller} sold {buyer} a {thing} for {coins} coins.
    On {day} {buyer} paid {coins} coins to {seller} for a {thing}.
    For {coins} coins a {thing} went from {seller} to {buyer} on {day}.
    A {thing} of {seller} became the property of {buyer} on {day} for {coins} coins.
    {seller} took {coins} coins from {buyer} on {day} and gave a {thing} for them.
    {buyer} has owned a {thing} of {seller} since {day} and paid {coins} coins for it.
    On {day} a {thing} cost {buyer} {coins} coins at the stall of {seller}.
    {coins} coins is what {seller} got on {day} from {buyer} for a {thing}.
""")
VOTE = forms("""
    The council of {town} voted {side} a new {work}.
    On {day} the council of {town} voted {side} a new {work}.
    Most of the council of {town} was {side} a new {work}.
    In {town} the council decided {side} a new {work}.
    After a long night the council of {town} was {side} a new {work}.
    All hands in the council of {town} rose {side} a new {work}.
    The council of {town} met on {day} and came out {side} a new {work}.
    With one voice the council of {town} spoke {side} a new {work}.
""")
LOSS = forms("""
    A {cause} broke the {work} of {town}.
    On {day} a {cause} broke the {work} of {town}.
    The {work} of {town} was lost to a {cause} on {day}.
    The {work} of {town} did not survive a {cause}.
    A {cause} came to {town} on {day} and took the {work}.
    Nothing is left of the {work} of {town} after a {cause}.
    In {town} a {cause} ended the long life of the {work}.
    Since {day} there is no {work} in {town}, for a {cause} took it.
""")
MAIN = {"sale": SALE, "vote": VOTE, "loss": LOSS}
SHORT = {  # the first of each is how a summary is written, the others are as good
    "sale": forms("""
        {seller} sold a {thing} to {buyer}.
        {buyer} bought a {thing} from {seller}.
        {seller} sold {buyer} a {thing}.
    """),
    "vote": forms("""
        The council of {town} voted {side} a new {work}.
        {town} voted {side} a new {work}.
        The council of {town} was {side} a new {work}.
    """),
    "loss": forms("""
        A {cause} broke the {work} of {town}.
        The {work} of {town} was broken by a {cause}.
        The {work} of {town} was lost to a {cause}.
    """),
}
ASIDE = forms("""
    It rained until noon.
    The sun was out all day.
    {other} brought soup for everyone.
    People from {place} came to look.
    The band played two songs.
    {other} and a dog stood by.
    There was fresh bread in the square.
    A letter from {place} was read aloud.
    Nobody in {place} was surprised.
    {other} told the news at supper.
    Two gulls sat on the roof.
    The bells of {place} rang late.
    {other} wrote a song about it.
    The children were sent to bed.
""")
REGISTER = forms("""
    {notice} The register says {record}
    {notice} The clerk wrote {record}
    {notice} On the page stands {record}
    {notice} The book of sales has it as {record}
    {notice} In the ink of the clerk this is {record}
    {notice} The copy for the mayor reads {record}
    {notice} It was filed as {record}
    {notice} The line in the ledger is {record}
""")
LISTS = forms("""
    Sold on {day}: a {one}, a {two} and a {three}.
    The market of {day} had a {one}, a {two} and a {three}.
    On the list of {day} are a {one}, a {two} and a {three}.
    Lost and found on {day}: a {one}, a {two} and a {three}.
    The cart of {day} carried a {one}, a {two} and a {three}.
    Wanted since {day}: a {one}, a {two} and a {three}.
    The window shows on {day} a {one}, a {two} and a {three}.
    To be mended by {day}: a {one}, a {two} and a {three}.
""")
IN_SHORT = forms("""
    {news} In short: {short}
    {news} What matters is this: {short}
    {news} The crier made it brief: {short}
    {news} The heart of it: {short}
    {news} Cut to one line: {short}
    {news} All that counts: {short}
    {news} The mayor remembered only this: {short}
    {news} On the wall it was brief: {short}
""")
NOTICE = Form("{notice}")
NEWS = Form("{news}")


def event(dice: Dice, kind: str) -> dict:
    """The slots of something that happened; `kind` is sale, vote or loss."""
    day = dice.pick(DAYS)
    if kind == "sale":
        seller, buyer = dice.shuffled(FIRST)[:2]
        coins = 1 + dice.below(COINS_AT_MOST)
        return {"seller": seller, "buyer": buyer, "thing": dice.pick(THINGS), "coins": coins, "day": day}
    known = {"town": dice.pick(TOWNS), "work": dice.pick(WORKS), "day": day}
    return known | ({"side": dice.pick(SIDES)} if kind == "vote" else {"cause": dice.pick(CAUSES)})


def record(sale: dict) -> str:
    """A sale as JSON, its keys in the register's order."""
    return json.dumps({key: sale[key] for key in KEYS})


def bulletin(dice: Dice, kind: str, happened: dict) -> str:
    """Three or four sentences, one of which says what happened."""
    asides = [
        form.fill(other=dice.pick(FIRST), place=dice.pick(TOWNS)) for form in dice.shuffled(ASIDE)[: 2 + dice.below(2)]
    ]
    place = dice.below(len(asides) + 1)
    return " ".join([*asides[:place], dice.pick(MAIN[kind]).fill(**happened), *asides[place:]])


def sale_key(sale: dict) -> str:
    return "/".join(str(sale[key]) for key in KEYS)


def news_key(kind: str, happened: dict) -> str:
    return "/".join((kind, *(happened[slot] for slot in SHORT[kind][0].slots)))


@dataclass(frozen=True)
class Reports:
    """
    A document is two or three notices of sales, a notice with its line of the register, two or three lists, or a
    bulletin with or without its summary.

    Lines of the register and summaries are only of what `extraction` and `summarisation` may ask about in training.
    """

    seed: int = 0
    family: str = "reports"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        kind = dice.random()
        if kind < 0.3:
            return "\n".join(dice.pick(SALE).fill(**event(dice, "sale")) for _ in range(2 + dice.below(2)))
        if kind < 0.55:
            sale = shown(Extraction.name, lambda: event(dice, "sale"), sale_key)
            return dice.pick(REGISTER).fill(notice=dice.pick(SALE).fill(**sale), record=record(sale))
        if kind < 0.7:
            return "\n".join(self._list(dice) for _ in range(2 + dice.below(2)))
        return self._bulletin(dice)

    def parse(self, text: str) -> Reading | None:
        return told(self.family, text, (*REGISTER, *IN_SHORT, *LISTS, NOTICE, NEWS), _holds, ("record", "short"))

    def _list(self, dice: Dice) -> str:
        one, two, three = dice.shuffled(THINGS)[:3]
        return dice.pick(LISTS).fill(day=dice.pick(DAYS), one=one, two=two, three=three)

    def _bulletin(self, dice: Dice) -> str:
        kind = dice.pick(tuple(MAIN))
        happened = shown(Summarisation.name, lambda: event(dice, kind), lambda new: news_key(kind, new))
        news = bulletin(dice, kind, happened)
        if dice.below(2):
            return news
        return dice.pick(IN_SHORT).fill(news=news, short=SHORT[kind][0].fill(**happened))


def _read(options: tuple[Form, ...], text: str) -> dict | None:
    """The slots of a text that has one of the forms, if each holds what it may."""
    for form in options:
        found = form.match(text)
        if found and all(_may_hold(slot, said) for slot, said in found.groupdict().items()):
            return found.groupdict()
    return None


MAY_HOLD = (
    dict.fromkeys(("seller", "buyer", "other"), frozenset(FIRST))
    | dict.fromkeys(("town", "place"), frozenset(TOWNS))
    | dict.fromkeys(("thing", "one", "two", "three"), frozenset(THINGS))
    | {"work": WORKS, "cause": CAUSES, "side": SIDES, "day": DAYS}
    | {"coins": frozenset(str(coins) for coins in range(1, COINS_AT_MOST + 1))}
)


def _may_hold(slot: str, said: str) -> bool:
    return said in MAY_HOLD[slot]


def _read_bulletin(text: str) -> tuple[str, dict] | None:
    """What kind of thing happened, and its slots, if a text is one main sentence among asides."""
    found = []
    parts = text.removesuffix(".").split(". ")
    for sentence in parts:
        happened = next(((kind, slots) for kind in MAIN if (slots := _read(MAIN[kind], sentence + "."))), None)
        if happened:
            found.append(happened)
        elif _read(ASIDE, sentence + ".") is None:
            return None
    return found[0] if len(found) == 1 and len(parts) in (3, 4) and text.endswith(".") else None


def _holds(slots: dict) -> bool | None:
    if "one" in slots:
        return True if all(_may_hold(slot, said) for slot, said in slots.items()) else None
    if "notice" in slots:
        sale, written = _read(SALE, slots["notice"]), _pairs(slots.get("record", "{}"))
        if sale is None or written is None:
            return None
        return "record" not in slots or slots["record"] == record(sale | {"coins": int(sale["coins"])})
    news = _read_bulletin(slots["news"])
    if news is None or "short" not in slots:
        return None if news is None else True
    kind, happened = news
    said = _read(SHORT[kind][:1], slots["short"])
    return None if said is None else all(happened[slot] == word for slot, word in said.items())


def _pairs(text: str) -> list | None:
    """The pairs of a flat JSON object in a text, in order; None if it is anything else."""
    if len(text) > LONGEST or text.count("{") != 1 or "[" in text:
        return None
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except ValueError:
        return None
    return pairs if isinstance(pairs, list) else None


EXTRACT = forms("""
    Write this notice as JSON: {notice}
    Extract the facts as JSON: {notice}
""")
SUMMARISE = forms("""
    Say this in one short sentence: {news}
    Summarise this: {news}
""")


@dataclass(frozen=True)
class Extraction(Task):
    """A notice of a sale is written as a JSON object with five keys.

    worked example  "Extract the facts as JSON: Tamu sold a boat to Mira for 12 coins on Friday." ->
                    {"seller": "Tamu", "buyer": "Mira", "thing": "boat", "coins": 12, "day": "Friday"}
    baselines       another sale's record: 0.04; the notice as it is: 0.00
    fooled by       an object that guesses well: each right value earns a fifth; the order of the keys is free
    """

    name = "extraction"
    row = "Information extraction"
    random, echo = 0.04, 0.0
    answer_tokens = 64

    def draw(self, dice: Dice) -> Example:
        sale = event(dice, "sale")
        notice = dice.pick(SALE).fill(**sale)
        return Example(dice.pick(EXTRACT).fill(notice=notice), record(sale), {"key": sale_key(sale), "sale": sale})

    def judge(self, example: Example, said: str) -> Score:
        """The share of keys whose values are right, in letters and in type; a key too many counts as wrong."""
        pairs = _pairs(said.split("\n")[0].rstrip(". "))
        if pairs is None or len(dict(pairs)) < len(pairs):
            return Score(0.0, "the answer is no flat JSON object with every key once")
        gold = json.loads(example.completion)
        right = sum(key in gold and type(value) is type(gold[key]) and value == gold[key] for key, value in pairs)
        return Score(right / max(len(gold), len(pairs)), f"{right} of {len(gold)} values are right")

    def worse(self, example: Example, i: int) -> str:
        """Seller and buyer exchanged, a coin too many, or no day."""
        sale = json.loads(example.completion)
        if i % 3 == 0:
            sale |= {"seller": sale["buyer"], "buyer": sale["seller"]}
        elif i % 3 == 1:
            sale["coins"] += 1
        else:
            del sale["day"]
        return json.dumps(sale)


@dataclass(frozen=True)
class Summarisation(Task):
    """Three or four sentences are told in one: what was sold to whom, decided where, or lost to what.

    worked example  "Summarise this: It rained until noon. In Velm a flood ended the long life of the mill. The band
                    played two songs." -> "A flood broke the mill of Velm."
    baselines       another bulletin's summary: 0.00; the bulletin as it is: 0.00
    fooled by       the right names in the right order with a wrong verb between them: it earns up to 0.9
    """

    name = "summarisation"
    row = "Text summarization"
    answer_tokens = 30
    words_at_most = 12

    def draw(self, dice: Dice) -> Example:
        kind = dice.pick(tuple(MAIN))
        happened = event(dice, kind)
        form = SHORT[kind][0]
        meta = {"key": news_key(kind, happened), "kind": kind, "facts": tuple(happened[slot] for slot in form.slots)}
        return Example(dice.pick(SUMMARISE).fill(news=bulletin(dice, kind, happened)), form.fill(**happened), meta)

    def judge(self, example: Example, said: str) -> Score:
        """1 for the main fact in a known wording; else 0.9 of its facts in order, less 0.3 for each name beside it."""
        first = said.split("\n")[0].rstrip(". ") + "."
        words = first.rstrip(".").replace(".", " ").replace(",", " ").split()
        if len(words) > self.words_at_most:
            return Score(0.0, f"{len(words)} words are no short sentence")
        wordings, facts = SHORT[example.meta["kind"]], example.meta["facts"]
        read = _read(wordings, first)
        if read and tuple(read[slot] for slot in wordings[0].slots) == facts:
            return Score(1.0, "right")
        rest = iter(words)
        kept = sum(fact in rest for fact in facts)
        invented = len(NAMED.intersection(words) - set(facts))
        value = max(0.0, 0.9 * kept / len(facts) - 0.3 * invented)
        return Score(value, f"{kept} of {len(facts)} facts in order, {invented} names beside them")

    def worse(self, example: Example, i: int) -> str:
        """Another name in place of the last fact, the last two words lost, or an aside told instead."""
        if i % 3 == 0:
            last = example.completion.rstrip(".").split()[-1]
            pool = next(pool for pool in (FIRST, TOWNS, WORKS) if last in pool)
            return example.completion.replace(last, pool[(pool.index(last) + 1 + i % (len(pool) - 1)) % len(pool)])
        return " ".join(example.completion.split()[:-2]) + "." if i % 3 == 1 else "The band played two songs."


NAMED = frozenset((*FIRST, *TOWNS, *THINGS, *WORKS, *CAUSES, "against"))
