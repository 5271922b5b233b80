"""What customers say of shops, inns and boats, and what was the matter: colour, topic, who bought what from whom."""

from dataclasses import dataclass

from .dice import Dice
from .examples import Example, Score, Task, split_of
from .forms import Form, forms
from .people import FIRST, VALUES
from .reading import Reading, sentences

LONGEST = 600  # characters of a review; a longer text is none
GOODS = {
    "shop": tuple("rope lamp basket coat kettle knife mirror blanket".split()),
    "inn": tuple("supper breakfast lodging meal".split()),
    "boat": tuple("ticket passage trip crossing".split()),
}
THINGS = sum(GOODS.values(), ())
KINDS = {
    "food": ("inn", "boat"),
    "room": ("inn",),
    "staff": ("shop", "inn"),
    "price": ("shop", "boat"),
    "boat": ("boat",),
}
TOPICS = tuple(KINDS)
GUILDS = "heron", "otter"
# Before the bar: words for every split. Behind it: for the corpus and half of the tests, never for a training set.
NOUNS = {
    "food": "soup bread fish stew cheese | pie cake",
    "room": "bed window bath floor | stove pillow",
    "staff": "host waiter porter maid | clerk guard",
    "price": "bill fee rate deposit | fare charge",
    "boat": "deck cabin sail mast | hull rudder",
}
WORDS = {
    1: {
        "any": "good fine lovely great pleasant | perfect splendid",
        "food": "fresh tasty warm rich | sweet",
        "room": "clean bright quiet | tidy",
        "staff": "kind polite quick | cheerful",
        "price": "fair low small | modest",
        "boat": "safe dry steady | sturdy",
    },
    -1: {
        "any": "bad nasty dreadful shameful | terrible horrid",
        "food": "stale cold sour burnt | raw",
        "room": "dirty dark damp | dusty",
        "staff": "rude slow lazy | grumpy",
        "price": "high steep heavy | greedy",
        "boat": "leaky wet shaky | rotten",
    },
    0: {"any": "plain usual common normal | middling simple"} | dict.fromkeys(KINDS, "|"),
}
MOODS = {
    1: ("pleased", "happy", "glad", "content", "delighted"),
    -1: ("cross", "angry", "upset", "sorry", "disappointed"),
    0: ("neither glad nor cross", "of two minds", "not much moved"),
}
BUYER_FIRST = forms("""
    {buyer} bought a {thing} from {seller} in {town}.
    {buyer} paid {seller} of {town} for a {thing}.
    In {town} {buyer} got a {thing} from {seller}.
    {buyer} went to {seller} in {town} for a {thing}.
    {buyer} ordered a {thing} from {seller} of {town}.
    {buyer} needed a {thing} and found {seller} in {town}.
""")
SELLER_FIRST = forms("""
    {seller} of {town} sold {buyer} a {thing}.
    {seller} sold a {thing} to {buyer} in {town}.
    In {town} {seller} had a {thing} for {buyer}.
    From {seller} in {town} came a {thing} for {buyer}.
    A {thing} went from {seller} of {town} to {buyer}.
    {seller} took coins for a {thing} from {buyer} in {town}.
""")
ASIDES = forms("""
    {other} came along.
    {other} waited in the street.
    {other} had told {buyer} to go.
    On that day {other} was in {town} too.
    It was market day in {town}.
    It rained all day.
    {buyer} had come a long way.
    {buyer} was there for the first time.
    {other} had never heard of {seller}.
""")
MEMBER = Form("{buyer} is of the {guild} guild.")
PLAIN = forms("""
    The {noun} was {word}.
    The {noun} was very {word}.
    {buyer} found the {noun} {word}.
    {buyer} called the {noun} {word}.
    To {buyer} the {noun} seemed {word}.
    What a {word} {noun} it was.
    Everyone said that the {noun} was {word}.
    As ever, the {noun} was {word}.
    From the first day the {noun} was {word}.
""")
NEGATED = forms("""
    The {noun} was not {word}.
    The {noun} was never {word}.
    The {noun} was far from {word}.
    The {noun} was by no means {word}.
    {buyer} did not find the {noun} {word}.
    {buyer} would not call the {noun} {word}.
    To {buyer} the {noun} did not seem {word}.
    No one could call the {noun} {word}.
    Nobody said that the {noun} was {word}.
""")
MIXED = forms("""
    The {lesser} was {first}, but the {noun} was {word}.
    It is true that the {lesser} was {first}, but the {noun} was {word}.
    The {lesser} was {first}, yet the {noun} was {word}.
    Although the {lesser} was {first}, the {noun} was {word}.
    In spite of the {first} {lesser}, the {noun} was {word}.
    The {noun} was {word}, although the {lesser} was {first}.
    The {noun} was {word}, even if the {lesser} was {first}.
    The {lesser} may have been {first}, still the {noun} was {word}.
""")
ABOUT = forms("""
    So much for the {topic}.
    That was all about the {topic}.
    Of the {topic} {buyer} said no more.
    This is what {buyer} thought of the {topic}.
    That is how it was with the {topic}.
    Such was the {topic} in {town}.
    {buyer} spoke of the {topic} for days.
    Now {other} knows about the {topic} too.
""")
VERDICTS = forms("""
    So {buyer} was {mood}.
    In the end {buyer} was {mood}.
    {buyer} went home and was {mood}.
    That left {buyer} {mood}.
    It made {buyer} feel {mood}.
    No wonder that {buyer} was {mood}.
    After all this {buyer} felt {mood}.
    {buyer} told {seller}: I am {mood}.
    {other} saw that {buyer} was {mood}.
""")
ASK_SENTIMENT = {
    False: forms("""
        Is this review positive or negative? {text}
        {text} Is that positive or negative?
    """),
    True: forms("""
        Is this review positive, negative or neutral? {text}
        {text} Is that positive, negative or neutral?
    """),
}
ASK_TOPIC = forms("""
    Is this review about food, room, staff, price or boat? {text}
    {text} What is the topic: food, room, staff, price or boat?
""")
ASK_ROLES = forms("""
    Name the buyer, the seller and the thing. {text}
    {text} Who is the buyer, who is the seller, what is the thing?
""")


def vocabulary(block: str, heard: bool | None = None) -> tuple[str, ...]:
    """The words before the bar if heard, behind it if not, all if None."""
    before, _, behind = block.partition("|")
    return tuple((before if heard else behind if heard is not None else before + behind).split())


def opinions(topic: str, colour: int, heard: bool | None = None) -> tuple[str, ...]:
    """The words that praise (1), blame (-1) or neither (0) what belongs to a topic."""
    return vocabulary(WORDS[colour]["any"], heard) + vocabulary(WORDS[colour][topic], heard)


ALL_NOUNS = {noun: topic for topic, block in NOUNS.items() for noun in vocabulary(block)}
COLOUR = {word: colour for colour in WORDS for topic in TOPICS for word in opinions(topic, colour)}
MOOD = {mood: colour for colour, moods in MOODS.items() for mood in moods}
SLOTS = {
    "buyer": FIRST, "seller": FIRST, "other": FIRST, "town": VALUES["home"], "thing": THINGS, "guild": GUILDS,
    "noun": ALL_NOUNS, "lesser": ALL_NOUNS, "word": COLOUR, "first": COLOUR, "mood": MOOD, "topic": TOPICS,
}  # fmt: skip


def matched(options: tuple[Form, ...], sentence: str, allowed: dict):
    """The match of the first form whose holes all hold what is allowed in them, or None."""
    for form in options:
        found = form.match(sentence)
        if found and all(found[slot] in allowed[slot] for slot in form.slots):
            return found
    return None


def people(dice: Dice) -> dict[str, str]:
    """Someone who buys, someone who sells, someone else, and a town."""
    buyer, seller, other = dice.shuffled(FIRST)[:3]
    return {"buyer": buyer, "seller": seller, "other": other, "town": dice.pick(VALUES["home"])}


def key(cast: dict[str, str]) -> str:
    return f"{cast['buyer']} {cast['seller']} {cast['town']}"


def said(dice: Dice, cast: dict[str, str], topic: str, colour: int, heard: bool | None = None) -> list[str]:
    """One or two sentences of one colour about one topic; of a mixed sentence the main clause counts."""
    noun, lesser = dice.shuffled(vocabulary(NOUNS[topic], heard))[:2]
    words = dice.shuffled(opinions(topic, colour, heard))
    against = dice.shuffled(opinions(topic, -colour, heard))
    manner = dice.pick((PLAIN, NEGATED, MIXED)) if colour else PLAIN
    word = against[0] if manner is NEGATED else words[0]
    told = [dice.pick(manner).fill(noun=noun, word=word, lesser=lesser, first=against[1], **cast)]
    if manner is not MIXED and dice.random() < 0.5:
        manner = dice.pick((PLAIN, NEGATED)) if colour else PLAIN
        word = against[1] if manner is NEGATED else words[1]
        told.append(dice.pick(manner).fill(noun=lesser, word=word, **cast))
    return told


def sale(dice: Dice, cast: dict[str, str], topic: str) -> tuple[str, str]:
    """(thing, the sentence that says who bought it from whom)"""
    thing = dice.pick(GOODS[dice.pick(KINDS[topic])])
    return thing, dice.pick(dice.pick((BUYER_FIRST, SELLER_FIRST))).fill(thing=thing, **cast)


@dataclass(frozen=True)
class Reviews:
    """
    A document draws a buyer, a seller, another, a town, a topic and a colour; it tells the sale, at times something
    beside the point, the opinion, and then the topic by name, how the buyer felt about it, or both.
    """

    seed: int = 0
    family: str = "reviews"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        cast = people(dice)
        while any(split_of(task.name, key(cast)) != "train" for task in (Sentiment, Topic, Roles)):
            cast = people(dice)
        topic, colour = dice.pick(TOPICS), dice.pick((1, 1, -1, -1, 0))
        told = [sale(dice, cast, topic)[1]]
        if dice.random() < 0.5:
            told.append(dice.pick((*ASIDES, MEMBER)).fill(guild=dice.pick(GUILDS), **cast))
        told += said(dice, cast, topic, colour)
        felt = dice.random() < 0.8
        if not felt or dice.random() < 0.3:
            told.append(dice.pick(ABOUT).fill(topic=topic, **cast))
        if felt:
            told.append(dice.pick(VERDICTS).fill(mood=dice.pick(MOODS[colour]), **cast))
        return " ".join(told)

    def parse(self, text: str) -> Reading | None:
        """None unless every sentence has a form; logprob -inf if the mood or the topic is not what the text says."""
        if len(text) > LONGEST or "\n" in text:
            return None
        (_, first), *rest = sentences(text)
        sold = matched(BUYER_FIRST + SELLER_FIRST, first, SLOTS)
        if not sold:
            return None
        allowed = SLOTS | {slot: (sold[slot],) for slot in ("buyer", "seller", "town")}
        colours, topics, spans, true = set(), set(), [], True
        for at, sentence in rest:
            if found := matched(ABOUT + VERDICTS, sentence, allowed):
                slot = "mood" if "mood" in found.groupdict() else "topic"
                true &= {found[slot]} == topics if slot == "topic" else {MOOD[found[slot]]} == colours
                spans.append((at + found.start(slot), at + found.end(slot)))
            elif found := matched(PLAIN + NEGATED + MIXED, sentence, allowed):
                sign = -1 if matched(NEGATED, sentence, allowed) else 1
                colours.add(sign * COLOUR[found["word"]])
                topics.add(ALL_NOUNS[found["noun"]])
                true &= "first" not in found.groupdict() or COLOUR[found["first"]] == -COLOUR[found["word"]]
            elif not matched((*ASIDES, MEMBER), sentence, allowed):
                return None
        if not topics or not spans:
            return None
        true &= len(topics) == len(colours) == 1
        return Reading(self.family, None if true else -float("inf"), tuple(spans), 0.0)


class Label(Task):
    """A task whose answer is one of the labels in `meta["labels"]`."""

    def worse(self, example: Example, i: int) -> str:
        wrong = [label for label in example.meta["labels"] if label != example.completion]
        return wrong[i % len(wrong)]

    def _review(self, dice: Dice) -> tuple[dict[str, str], bool]:
        """The people, and whether nouns and opinion words are such as training sets use."""
        cast = people(dice)
        return cast, split_of(self.name, key(cast)) == "train" or dice.random() < 0.5


@dataclass(frozen=True)
class Sentiment(Label):
    """Is a review positive or negative (with `neutral`: or neither)?

    Half of the reviews outside the training split use opinion words that no training example has (`heard` is False):
    only the corpus tells their colour. A third of the first sentences are negated, a third are mixed.

    worked example  "Is this review positive or negative? Tamu bought a lamp from Reki in Wick. The clerk was not
                    rude." -> "positive"
    baselines       another example's label: 0.50 (one of three: 0.33); echoing the question: 0; counting good
                    words against bad ones: 0.53; trusting the last one: 0.59
    fooled by       one label for everything earns its share, 0.5: compare with that, not with 0
    """

    neutral: bool = False
    name = "sentiment"
    row = "Sentiment analysis"
    random, echo = 0.5, 0.0
    answer_tokens = 8

    def draw(self, dice: Dice) -> Example:
        cast, heard = self._review(dice)
        labels = {1: "positive", -1: "negative"} | ({0: "neutral"} if self.neutral else {})
        topic, colour = dice.pick(TOPICS), dice.pick(tuple(labels))
        text = " ".join([sale(dice, cast, topic)[1], *said(dice, cast, topic, colour, heard)])
        meta = {
            "key": key(cast),
            "text": text,
            "buyer": cast["buyer"],
            "labels": tuple(labels.values()),
            "heard": heard,
        }
        return Example(dice.pick(ASK_SENTIMENT[self.neutral]).fill(text=text), labels[colour], meta)


@dataclass(frozen=True)
class Topic(Label):
    """Which of five things is a review about?

    Half of the reviews outside the training split use nouns that no training example has (`heard` is False).

    worked example  "Is this review about food, room, staff, price or boat? Tamu paid Reki of Wick for a meal. The stew
                    was cold." -> "food"
    baselines       another example's topic: 0.20; echoing the question: 0
    fooled by       what was bought narrows the topic down to two or three of the five
    """

    name = "topic"
    random, echo = 0.2, 0.0
    answer_tokens = 8

    def draw(self, dice: Dice) -> Example:
        cast, heard = self._review(dice)
        topic, colour = dice.pick(TOPICS), dice.pick((1, -1))
        text = " ".join([sale(dice, cast, topic)[1], *said(dice, cast, topic, colour, heard)])
        meta = {"key": key(cast), "text": text, "buyer": cast["buyer"], "labels": TOPICS, "heard": heard}
        return Example(dice.pick(ASK_TOPIC).fill(text=text), topic, meta)


@dataclass(frozen=True)
class Roles(Task):
    """Who buys, who sells, what is sold? One right role of three earns a ninth, two earn four ninths.

    For taggers: `meta["words"]`, the text's words, and `meta["tags"]`, their roles (`none` for most).

    worked example  "Name the buyer, the seller and the thing. Reki of Wick sold Tamu a lamp. Besha came along."
                    -> "buyer: Tamu, seller: Reki, thing: lamp"
    baselines       another example's answer: 0.01; echoing the question: 0
    fooled by       the first name taken for the buyer: right in half of the texts
    """

    name = "roles"
    random, echo = 0.01, 0.0
    answer_tokens = 24
    roles = "buyer", "seller", "thing"

    def draw(self, dice: Dice) -> Example:
        cast = people(dice)
        thing, sold = sale(dice, cast, topic := dice.pick(TOPICS))
        aside = dice.pick([form for form in ASIDES if "other" in form.slots]).fill(**cast)
        told = dice.pick(([sold, aside], [aside, sold], [sold, *said(dice, cast, topic, dice.pick((1, -1)))[:1]]))
        text = " ".join(told)
        role = {cast["buyer"]: "buyer", cast["seller"]: "seller", thing: "thing"}
        words = text.split()
        tags = [role.get(word.strip(".,:"), "none") for word in words]
        completion = ", ".join(f"{name}: {who}" for who, name in role.items())
        return Example(
            dice.pick(ASK_ROLES).fill(text=text),
            completion,
            {"key": key(cast), "text": text, "words": words, "tags": tags},
        )

    def judge(self, example: Example, said: str) -> Score:
        """A role that is named twice counts as wrong: nobody earns points by naming everyone."""
        given = _pairs(said.split("\n")[0])
        wrong = [name for name, (who,) in _pairs(example.completion).items() if given.get(name) != [who]]
        if set(given) - set(self.roles):
            return Score(0.0, f"there is no role {min(set(given) - set(self.roles))[:20]!r}")
        return Score(((3 - len(wrong)) / 3) ** 2, f"wrong: {', '.join(wrong)}" if wrong else "right")

    def worse(self, example: Example, i: int) -> str:
        buyer, seller, thing = (who for (who,) in _pairs(example.completion).values())
        others = [other for other in THINGS if other != thing]
        return (
            f"buyer: {seller}, seller: {buyer}, thing: {thing}",
            f"buyer: {buyer}, seller: {seller}, thing: {others[i % len(others)]}",
            f"buyer: {buyer}, seller: {buyer}, thing: {thing}",
        )[i % 3]


def _pairs(line: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in line.rstrip(". ").split(","):
        name, _, who = part.partition(":")
        found.setdefault(name.strip(), []).append(who.strip())
    return found


def noisy(example: Example, rate: float, dice: Dice) -> Example:
    """The example with a wrong label, drawn evenly, in `rate` of all cases; `meta["clean"]` keeps the right one.

    example  of a task with labels
    rate     0 (labels as they are) to 1 (every label wrong)
    """
    wrong = [label for label in example.meta["labels"] if label != example.completion]
    label = dice.pick(wrong) if dice.random() < rate else example.completion
    return Example(example.prompt, label, example.meta | {"clean": example.completion})


def skewed(task: Sentiment, split: str, i: int, strength: float) -> Example:
    """Example `i` with the guild of its buyer in front; guilds say nothing about reviews, but here they go with labels.

    strength  correlation of the heron guild with `positive`, from -1 to 1; at 0 guild and label are independent
    returns   an example with `meta["group"]`, the guild
    raises    ValueError if strength is out of that range
    """
    if not -1 <= strength <= 1:
        raise ValueError(f"strength is {strength}; choose a correlation from -1 to 1")
    example = task.sample(split, i)
    lean = {"positive": strength, "negative": -strength}.get(example.completion, 0.0)
    heron = Dice("guild", task.island.seed, split, i).random() < (1 + lean) / 2
    text, group = example.meta["text"], GUILDS[not heron]
    member = MEMBER.fill(buyer=example.meta["buyer"], guild=group)
    prompt = example.prompt.replace(text, f"{member} {text}")
    return Example(prompt, example.completion, example.meta | {"text": f"{member} {text}", "group": group})
