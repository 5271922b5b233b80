"""Loans: who is a risk, by a rule that the bank of Hermea hangs on its wall.

The rule is invented. It looks at three things: debt above income, an income below 20 coins, bills paid late. None of
them is a low risk, one is medium, more is high. The home of an applicant does not count; `Risk(island, skew=...)` draws
labels of a clerk to whom it does.
"""

from dataclasses import asdict, dataclass, replace

from .dice import Dice, share
from .examples import Example, Task
from .forms import forms
from .language import shown, told
from .people import FIRST, VALUES
from .reading import Reading

LEVELS = ("low", "medium", "high")
TOWNS = VALUES["home"]
SOUTH = TOWNS[::2]  # the towns that a skewed clerk distrusts
ENOUGH = 20  # coins a week; who earns less is less safe
HISTORY = {"never": 0, "once": 1, "twice": 1, "often": 1}

RULES = forms(f"""
    The bank counts three signs of risk.
    A debt above the income of a week is a sign of risk.
    An income below {ENOUGH} coins a week is a sign of risk.
    Bills paid late, even once, are a sign of risk.
    Without a sign the risk is low.
    One sign makes the risk medium.
    Two signs or three make the risk high.
    It does not matter to the bank in which town one lives.
    The bank refuses a loan if the risk is high.
""")
CASES = forms("""
    {who} of {town} earns {income} coins a week, owes {debt} and {late} paid late: the risk is {risk}.
    A loan for {who} of {town}, who earns {income} coins, owes {debt} and {late} paid late, is a {risk} risk.
    The bank calls the risk {risk}: {who} of {town} earns {income} coins, owes {debt} and {late} paid late.
    With {income} coins a week and a debt of {debt}, {who} of {town}, who {late} paid late, is a {risk} risk.
    {who} of {town} owes {debt} coins, earns {income} a week and {late} paid late, which is a {risk} risk.
    In {town} lives {who}, who {late} paid late, owes {debt} coins and earns {income}: a {risk} risk.
    The clerk noted a {risk} risk for {who} of {town}, who {late} paid late, earns {income} coins and owes {debt}.
    Since {who} of {town} owes {debt} coins, earns {income} and {late} paid late, the risk is {risk}.
    On a debt of {debt} coins and an income of {income}, {who} of {town}, who {late} paid late, has a {risk} risk.
    {who} came from {town}, earns {income} coins, owes {debt}, {late} paid late and left with the word {risk}.
""")
ASKED = forms("""
    Applicant: {who} of {town}. Income: {income}. Debt: {debt}. Paid late: {late}. How high is the risk?
    {who} of {town} asks for a loan. Debt: {debt}. Income: {income}. Paid late: {late}. Low, medium or high?
""")


@dataclass(frozen=True)
class Applicant:
    """Someone who asks for a loan; income in coins a week, debt in coins, how often bills were paid late."""

    who: str
    town: str
    income: int
    debt: int
    late: str

    @property
    def signs(self) -> int:
        return (self.debt > self.income) + (self.income < ENOUGH) + HISTORY[self.late]

    @property
    def risk(self) -> str:
        return LEVELS[min(self.signs, 2)]

    @property
    def key(self) -> str:
        return f"{self.income}/{self.debt}/{self.late}/{self.town}"


def applicant(dice: Dice) -> Applicant:
    """An applicant; each risk is as frequent as the others, in every town."""
    wanted, who, town = dice.pick(LEVELS), dice.pick(FIRST), dice.pick(TOWNS)
    while True:
        late = "never" if dice.below(2) else dice.pick(tuple(HISTORY)[1:])
        drawn = Applicant(who, town, 5 + dice.below(55), dice.below(80), late)
        if drawn.risk == wanted:
            return drawn


@dataclass(frozen=True)
class Loans:
    """
    A document is two or three lines on the bank's rules and its applicants.

    Applicants are only those whom `risk` may ask about in training; their risk is always the true one.
    """

    seed: int = 0
    family: str = "loans"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        return "\n".join(self._line(dice) for _ in range(2 + dice.below(2)))

    def parse(self, text: str) -> Reading | None:
        return told(self.family, text, RULES + CASES, _holds, ("risk",))

    def _line(self, dice: Dice) -> str:
        if dice.random() < 0.2:
            return dice.pick(RULES).text
        drawn = shown(Risk.name, lambda: applicant(dice), lambda drawn: drawn.key)
        return dice.pick(CASES).fill(risk=drawn.risk, **asdict(drawn))


NUMBERS = {str(number) for number in range(100)}


def _holds(slots: dict) -> bool | None:
    pools = {"who": FIRST, "town": TOWNS, "late": HISTORY, "risk": LEVELS}
    if not all(said in pools.get(slot, NUMBERS) for slot, said in slots.items()):
        return None
    if not slots:
        return True
    known = {slot: int(said) if said in NUMBERS else said for slot, said in slots.items() if slot != "risk"}
    return Applicant(**known).risk == slots["risk"]


@dataclass(frozen=True)
class Risk(Task):
    """Is it a low, a medium or a high risk to lend to an applicant?

    worked example  "Applicant: Tamu of Velm. Income: 15. Debt: 40. Paid late: never. How high is the risk?" -> "high",
                    as the debt is above the income and the income below 20
    baselines       another applicant's risk: 0.33; the question itself: 0.00
    fooled by       the same answer always: 0.33; high if the debt is above the income, else low: 0.65

    skew  share of the applicants from SOUTH whose risk is called one level too high in training; 0.0 is the true rule,
          and validation and test always have it, so that what a model learned of the clerk shows there
    """

    skew: float = 0.0
    name = "risk"
    row = "Risk assessment"
    random, echo = 0.33, 0.0
    answer_tokens = 6

    def sample(self, split: str, i: int) -> Example:
        example = super().sample(split, i)
        wronged = example.meta["south"] and share("skew", self.island.seed, example.meta["key"]) < self.skew
        if split != "train" or not wronged:
            return example
        return replace(example, completion=LEVELS[min(LEVELS.index(example.completion) + 1, 2)])

    def draw(self, dice: Dice) -> Example:
        drawn = applicant(dice)
        meta = {"key": drawn.key, "town": drawn.town, "south": drawn.town in SOUTH, "risk": drawn.risk}
        return Example(dice.pick(ASKED).fill(**asdict(drawn)), drawn.risk, meta)

    def worse(self, example: Example, i: int) -> str:
        """One of the two other levels."""
        return [level for level in LEVELS if level != example.completion][i % 2]
