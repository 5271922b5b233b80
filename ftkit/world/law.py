"""Laws with numbers and fines, verdicts, and contracts that are valid or void. ALL OF IT IS INVENTED: no legal advice.

What is forbidden on Hermea is forbidden nowhere else. The same laws hold on every island.
"""

from dataclasses import asdict, dataclass
from itertools import product

from .dice import Dice
from .examples import Example, Score, Task
from .forms import Form, forms
from .language import shown, told
from .people import FIRST
from .reading import Reading
from .reports import THINGS

INVENTED = "The laws of Hermea are invented. They are no legal advice."
ACTIVITIES = tuple(
    tuple(activity.split())
    for activity in "sell lemons,ring bells,light lamps,cook fish,feed gulls,paint doors,burn leaves,plant reeds,"
    "roll barrels,play drums,bake bread,repair nets,sweep floors,wind clocks,stack bricks".split(",")
)
PLACES = (
    "at night", "on the bridge", "in the harbour", "near the school", "in the market", "on Sundays", "behind the court",
    "on the beach", "in the rain", "under the tower",
)  # fmt: skip
ACTS = {f"{verb} {what} {where}": f"{verb}s {what} {where}" for (verb, what), where in product(ACTIVITIES, PLACES)}
FINES = tuple(range(5, 55, 5))
LATE, DEAR, PARTIAL = 1, 2, 3  # the laws on contracts
FIRST_LAW, LAST_LAW = 4, 99  # those on acts
MOST_DAYS, MOST_COINS = 30, 50
NOBODY = "nobody"


def _laws() -> dict[str, tuple[int, int]]:
    dice = Dice("laws of Hermea")
    numbers = range(FIRST_LAW, LAST_LAW + 1)
    return {act: (number, dice.pick(FINES)) for number, act in zip(numbers, dice.shuffled(ACTS), strict=False)}


LAWS = _laws()  # {act: (number of the law, fine in coins)}

OPENING = forms("""
    From the book of invented laws.
    None of these laws is real.
    A page of laws that hold nowhere else.
    Invented laws of an invented island.
    So it is written in a law book that does not exist.
    All of these laws are made up.
    Notes on laws that nobody else has.
    Made up by the judges of Hermea.
""")
FORBIDS = forms("""
    Law {law} forbids one to {act}; the fine is {fine} coins.
    Whoever {acts} breaks law {law} and pays {fine} coins.
    To {act} is against law {law} and costs {fine} coins.
    It is forbidden to {act}, says law {law}, and the fine is {fine} coins.
    Under law {law} one must not {act}, or pay {fine} coins.
    The fine of law {law} is {fine} coins, for those who {act}.
    Because of law {law} it costs {fine} coins to {act}.
    Nobody may {act}, because law {law} asks {fine} coins for it.
    One who {acts} meets law {law} and its fine of {fine} coins.
    There is law {law} for all who {act}, with a fine of {fine} coins.
""")
ALLOWS = forms("""
    No law forbids one to {act}.
    Whoever {acts} breaks no law.
    To {act} is free of any fine.
    Everyone may {act}.
    It has always been allowed to {act}.
    One who {acts} has nothing to fear from the judge.
    The law book is silent on those who {act}.
    One may {act} as long as one likes.
""")
RULES = forms(f"""
    Whoever breaks a law for the second time pays twice the fine.
    The second time costs double, the third time costs three times as much.
    Whoever breaks a law for the third time pays three times the fine.
    Law {LATE} makes a contract void that leaves more than {MOST_DAYS} days to pay.
    Under law {LATE} nobody may be given more than {MOST_DAYS} days to pay.
    Law {DEAR} makes a contract of more than {MOST_COINS} coins void if {NOBODY} is its witness.
    Under law {DEAR} a price of more than {MOST_COINS} coins needs a witness.
    Law {PARTIAL} makes a contract void whose witness sells or buys.
    Under law {PARTIAL} neither seller nor buyer can be the witness.
    A contract that breaks no law is valid.
""")
VERDICTS = forms("""
    {who} {acts} for the {time} time and pays {fine} coins under law {law}.
    The court finds that {who} {acts} for the {time} time: law {law}, {fine} coins.
    For the {time} time {who} {acts}, which is law {law} and {fine} coins.
    Since {who} {acts} for the {time} time, the judge takes {fine} coins under law {law}.
    The judge says law {law} and {fine} coins, because {who} {acts} for the {time} time.
    Law {law} and a fine of {fine} coins for {who}, who {acts} for the {time} time.
    {who}, who {acts} for the {time} time, owes {fine} coins under law {law}.
    Guilty under law {law}: {who} {acts} for the {time} time and owes {fine} coins.
""")
FREED = forms("""
    {who} {acts} for the {time} time and goes free.
    The court finds that {who} {acts} for the {time} time and lets it be.
    For the {time} time {who} {acts}, and no judge minds.
    Though {who} {acts} for the {time} time, there is no fine.
    The judge sends {who} home, who {acts} for the {time} time.
    Not guilty: {who} {acts} for the {time} time.
    {who}, who {acts} for the {time} time, owes nothing.
    No law is found against {who}, who {acts} for the {time} time.
""")
CLAUSE = Form("{seller} sells a {thing} to {buyer} for {price} coins, to be paid within {days} days.")
CONTRACTS = forms(f"""
    {CLAUSE.text} Witness: {{witness}}.
    {{buyer}} buys a {{thing}} from {{seller}} and shall pay {{price}} coins within {{days}} days. Witness: {{witness}}.
    For {{price}} coins {{buyer}} gets a {{thing}} from {{seller}}, {{days}} days to pay. Witness: {{witness}}.
    Within {{days}} days {{buyer}} shall pay {{price}} coins to {{seller}} for a {{thing}}. Witness: {{witness}}.
    A {{thing}} goes from {{seller}} to {{buyer}}, the price is {{price}} coins in {{days}} days. Witness: {{witness}}.
    {{seller}} gives a {{thing}}, {{buyer}} gives {{price}} coins within {{days}} days. Witness: {{witness}}.
    {{seller}} and {{buyer}} agree on a {{thing}} for {{price}} coins in {{days}} days. Witness: {{witness}}.
    {{buyer}} owes {{seller}} {{price}} coins for a {{thing}}, due in {{days}} days. Witness: {{witness}}.
""")
RULINGS = forms("""
    {contract} This is {ruling}.
    {contract} The court calls it {ruling}.
    {contract} It is {ruling}, says the judge.
    {contract} Such a paper is {ruling}.
    {contract} The clerk writes {ruling} below it.
    {contract} After a look at the law it is {ruling}.
    {contract} The stamp on it says {ruling}.
    {contract} Everyone in court agrees: {ruling}.
""")
VALID = "valid"
VOID = {law: f"void under law {law}" for law in (LATE, DEAR, PARTIAL)}
TIMES = {"first": 1, "second": 2, "third": 3}


def sentence(act: str, time: str) -> tuple[int, int] | None:
    """The law that is broken and the coins to pay, or None if the act is allowed."""
    if act not in LAWS:
        return None
    law, fine = LAWS[act]
    return law, fine * TIMES[time]


@dataclass(frozen=True)
class Contract:
    """A sale that is still to be paid; at most one law is broken by those that are drawn."""

    seller: str
    buyer: str
    thing: str
    price: int
    days: int
    witness: str

    @property
    def broken(self) -> tuple[int, ...]:
        tests = {
            LATE: self.days > MOST_DAYS,
            DEAR: self.price > MOST_COINS and self.witness == NOBODY,
            PARTIAL: self.witness in (self.seller, self.buyer),
        }
        return tuple(law for law, broken in tests.items() if broken)

    @property
    def ruling(self) -> str:
        return VOID[self.broken[0]] if self.broken else VALID

    @property
    def key(self) -> str:
        return "/".join(map(str, asdict(self).values()))


def contract(dice: Dice) -> Contract:
    """A contract; the four rulings are equally frequent, and every kind of witness occurs."""
    wanted = dice.pick((VALID, *VOID.values()))
    while True:
        seller, buyer, third = dice.shuffled(FIRST)[:3]
        witness = dice.pick((seller, buyer, NOBODY, NOBODY, third, third))
        drawn = Contract(seller, buyer, dice.pick(THINGS), 1 + dice.below(99), 2 + dice.below(58), witness)
        if drawn.ruling == wanted and len(drawn.broken) < 2:
            return drawn


@dataclass(frozen=True)
class Law:
    """
    A document is a line that says that all is invented, and two or three on laws, verdicts, rules and contracts.

    Laws are all told of; verdicts and rulings are only those that `legal consultation` and `legal document` may ask
    about in training.
    """

    seed: int = 0
    family: str = "law"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        return "\n".join([dice.pick(OPENING).text, *(self._line(dice) for _ in range(2 + dice.below(2)))])

    def parse(self, text: str) -> Reading | None:
        options = OPENING + RULES + FORBIDS + ALLOWS + VERDICTS + FREED + RULINGS
        return told(self.family, text, options, _holds, ("law", "fine", "ruling"))

    def _line(self, dice: Dice) -> str:
        kind = dice.random()
        if kind < 0.55:
            act = dice.pick(tuple(ACTS))
            law, fine = LAWS.get(act, (0, 0))
            return dice.pick(FORBIDS if law else ALLOWS).fill(act=act, acts=ACTS[act], law=law, fine=fine)
        if kind < 0.63:
            return dice.pick(RULES).text
        if kind < 0.8:
            act, time = shown(
                LegalConsultation.name, lambda: (dice.pick(tuple(ACTS)), dice.pick(tuple(TIMES))), "/".join
            )
            law, fine = sentence(act, time) or (0, 0)
            slots = {"who": dice.pick(FIRST), "acts": ACTS[act], "time": time}
            return dice.pick(VERDICTS if law else FREED).fill(law=law, fine=fine, **slots)
        agreed = shown(LegalDocument.name, lambda: contract(dice), lambda drawn: drawn.key)
        return dice.pick(RULINGS).fill(contract=dice.pick(CONTRACTS).fill(**asdict(agreed)), ruling=agreed.ruling)


DOES = {acts: act for act, acts in ACTS.items()}
NUMBERS = {str(number): number for number in range(1, 3 * FINES[-1] + 1)}


def _holds(slots: dict) -> bool | None:
    if "contract" in slots:
        agreed = _read_contract(slots["contract"])
        known = agreed and slots["ruling"] in (VALID, *VOID.values())
        return agreed.ruling == slots["ruling"] if known else None
    act = slots.get("act") or DOES.get(slots.get("acts"))
    if not slots:
        return True
    if act not in ACTS or slots.get("time", "first") not in TIMES or slots.get("who", FIRST[0]) not in FIRST:
        return None
    if "law" not in slots:
        return act not in LAWS
    if slots["law"] not in NUMBERS or slots["fine"] not in NUMBERS:
        return None
    return sentence(act, slots.get("time", "first")) == (NUMBERS[slots["law"]], NUMBERS[slots["fine"]])


def _read_contract(text: str) -> Contract | None:
    for form in CONTRACTS:
        slots = found.groupdict() if (found := form.match(text)) else {}
        people = {slots.get("seller"), slots.get("buyer")} | ({slots.get("witness")} - {NOBODY})
        if people <= {*FIRST} and slots["thing"] in THINGS and {slots["price"], slots["days"]} <= NUMBERS.keys():
            return Contract(**slots | {"price": int(slots["price"]), "days": int(slots["days"])})
    return None


ASKED = forms("""
    {who} {acts} for the {time} time. Which law is broken, and what is the fine?
    My neighbour {who} {acts}, for the {time} time. What does the law say?
""")
FREE = "no law, no fine"


@dataclass(frozen=True)
class LegalConsultation(Task):
    """Somebody does something: which invented law is broken, and what is the fine? Twice as much the second time.

    worked example  "Tamu rings bells at night for the second time. Which law is broken, and what is the fine?" ->
                    "law 7, 40 coins" if law 7 asks 20 coins for it; "no law, no fine" if it is allowed; see LAWS
    baselines       another situation's answer: 0.11; the situation itself: 0.00
    fooled by       "no law, no fine" always: 0.29; the right law with any fine: half
    """

    name = "legal consultation"
    row = "Legal consultation"
    random, echo = 0.11, 0.0
    answer_tokens = 12

    def draw(self, dice: Dice) -> Example:
        allowed = dice.below(5) == 0
        act = dice.pick([act for act in ACTS if (act not in LAWS) == allowed])
        time = dice.pick(tuple(TIMES))
        question = dice.pick(ASKED).fill(who=dice.pick(FIRST), acts=ACTS[act], time=time)
        return Example(question, _answer(sentence(act, time)), {"key": f"{act}/{time}", "act": act, "time": time})

    def judge(self, example: Example, said: str) -> Score:
        """1 if law and fine are right, half if only the law is."""
        first = said.split("\n")[0].rstrip(". ")
        if first == example.completion:
            return Score(1.0, "right")
        if example.completion != FREE and first.split(",")[0] == example.completion.split(",")[0]:
            return Score(0.5, "the law is right, the fine is not")
        return Score(0.0, f"said {first[:40]!r}, the answer is {example.completion!r}")

    def worse(self, example: Example, i: int) -> str:
        """The right law with twice the fine, the next law, or the other verdict."""
        right = sentence(example.meta["act"], example.meta["time"])
        if right is None:
            return _answer((FIRST_LAW + i % len(LAWS), FINES[i % len(FINES)]))
        law, fine = right
        return (_answer((law, 2 * fine)), _answer((law + 1 if law < LAST_LAW else FIRST_LAW, fine)), FREE)[i % 3]


def _answer(right: tuple[int, int] | None) -> str:
    return f"law {right[0]}, {right[1]} coins" if right else FREE


JUDGED = forms("""
    Is this contract valid? {contract}
    Contract: {contract} Valid or void, and under which law?
""")
DRAFTED = forms("""
    Write the clause. Seller: {seller}. Buyer: {buyer}. Thing: {thing}. Price: {price} coins. Days to pay: {days}.
    Draft it: {buyer} buys, {seller} sells, the thing is a {thing}, the price {price} coins, the time {days} days.
""")


@dataclass(frozen=True)
class LegalDocument(Task):
    """A contract is judged, valid or void under one of three invented laws; or its clause is written.

    worked example  "Is this contract valid? Tamu sells a boat to Mira for 60 coins, to be paid within 20 days. Witness:
                    nobody." -> "void under law 2", as more than 50 coins need a witness
    baselines       another document's answer: 0.08; the document itself: 0.00
    fooled by       a fifth for "void" with the wrong law; a clause earns a fifth for each of its five slots
    """

    name = "legal document"
    row = "Legal document analysis"
    random, echo = 0.08, 0.0
    answer_tokens = 32

    def draw(self, dice: Dice) -> Example:
        agreed = contract(dice)
        if dice.below(2):
            text = dice.pick(CONTRACTS).fill(**asdict(agreed))
            return Example(dice.pick(JUDGED).fill(contract=text), agreed.ruling, {"key": agreed.key, "asked": "ruling"})
        slots = asdict(agreed)
        return Example(dice.pick(DRAFTED).fill(**slots), CLAUSE.fill(**slots), {"key": agreed.key, "asked": "clause"})

    def judge(self, example: Example, said: str) -> Score:
        """A ruling: 1, or 0.2 for void under the wrong law. A clause: the share of its slots that are right."""
        first, right = said.split("\n")[0].rstrip(". "), example.completion.rstrip(".")
        if first == right:
            return Score(1.0, "right")
        if example.meta.get("asked") == "ruling":
            void = first in VOID.values() and right in VOID.values()
            return Score(0.2 * void, "void, but under another law" if void else f"said {first[:40]!r}, it is {right!r}")
        written, gold = CLAUSE.match(first + "."), CLAUSE.match(example.completion)
        if not written or not gold:
            return Score(0.0, "the answer is no clause")
        kept = sum(written[slot] == gold[slot] for slot in CLAUSE.slots)
        return Score(kept / len(CLAUSE.slots), f"{kept} of {len(CLAUSE.slots)} slots are right")

    def worse(self, example: Example, i: int) -> str:
        """Another ruling; or a clause with seller and buyer exchanged, or with another time to pay."""
        if example.meta["asked"] == "ruling":
            return [ruling for ruling in (VALID, *VOID.values()) if ruling != example.completion][i % 3]
        slots = CLAUSE.match(example.completion).groupdict()
        if i % 2:
            return CLAUSE.fill(**slots | {"days": int(slots["days"]) + 1 + i})
        return CLAUSE.fill(**slots | {"seller": slots["buyer"], "buyer": slots["seller"]})
