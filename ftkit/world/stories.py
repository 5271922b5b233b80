"""Stories that keep count: a number goes up and down, and the text says where it stands after every turn."""

from dataclasses import dataclass
from functools import lru_cache
from math import log as ln

from .arithmetic import held_out, result
from .dice import Dice, share
from .forms import Form
from .people import FIRST
from .reading import Reading, log, sentences

THINGS = tuple("figs plums shells coins nuts eggs candles buttons ropes lemons bricks pots".split())
TURNS = {
    "+": tuple("finds buys gathers borrows wins receives brings makes".split()),
    "-": tuple("loses sells drops lends breaks trades hides wastes".split()),
}
SIGN_OF = {verb: sign for sign, verbs in TURNS.items() for verb in verbs}
START = Form("{who} has {n} {things}.")
TURN = Form("{who} {verb} {m} {things}.")
NOW = Form("Now {who} has {n}.")
START_AT_MOST, TURN_AT_MOST, MOST = 20, 10, 60


@lru_cache
def amounts(total: int, sign: str) -> tuple[int, ...]:
    """By how much a count may change: never a pair of operands that is held out, never below 0 or above 60."""
    return tuple(
        m for m in range(1, TURN_AT_MOST + 1) if 0 <= result(total, sign, m) <= MOST and not held_out(total, sign, m)
    )


def unseen(verb: str, things: str) -> bool:
    """A tenth of all pairs of a verb and a thing occur in no corpus: what the probe of stories asks in."""
    return share("turn", verb, things) < 0.1


@lru_cache
def verbs(things: str, sign: str) -> tuple[str, ...]:
    return tuple(verb for verb in TURNS[sign] if not unseen(verb, things))


def signs(total: int) -> tuple[str, ...]:
    return tuple(sign for sign in TURNS if amounts(total, sign))


@dataclass(frozen=True)
class Stories:
    """
    A document draws someone, a thing, a first count and a number of turns; each turn a sign, a verb and an amount.

    lengths  numbers of turns, equally likely
    """

    seed: int = 0
    lengths: tuple[int, ...] = (2, 3, 4)
    family: str = "stories"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        return self.tell(dice, dice.pick(THINGS), verbs)

    def tell(self, dice: Dice, things: str, verbs_for) -> str:
        """A story about `things`; `verbs_for(things, sign)` says which verbs it may use."""
        who, total = dice.pick(FIRST), 1 + dice.below(START_AT_MOST)
        told = [START.fill(who=who, n=total, things=things)]
        for _ in range(dice.pick(self.lengths)):
            sign = dice.pick(signs(total))
            verb, m = dice.pick(verbs_for(things, sign)), dice.pick(amounts(total, sign))
            total = result(total, sign, m)
            told += [TURN.fill(who=who, verb=verb, m=m, things=things), NOW.fill(who=who, n=total)]
        return " ".join(told)

    def logprob(self, text: str) -> float:
        """log P(text) in nats; -inf if the corpus never writes it."""
        reading = self.parse(text)
        return reading.logprob if reading else -float("inf")

    def parse(self, text: str) -> Reading | None:
        told = sentences(text)
        start = START.match(told[0][1])
        if not start or len(told) % 2 == 0 or not start["n"].isdecimal() or start["things"] not in THINGS:
            return None
        who, things, total = start["who"], start["things"], _number(start["n"])
        fits = who in FIRST and 1 <= total <= START_AT_MOST and len(told) // 2 in self.lengths
        logprob = -ln(len(FIRST) * len(THINGS) * START_AT_MOST * len(self.lengths)) if fits else -float("inf")
        spans = []
        for (_, turn), (at, now) in zip(told[1::2], told[2::2], strict=True):
            turned, stands = TURN.match(turn), NOW.match(now)
            if not turned or not stands or {turned["who"], stands["who"]} != {who}:
                return None
            if (
                turned["verb"] not in SIGN_OF
                or not (turned["m"] + stands["n"]).isdecimal()
                or turned["things"] != things
            ):
                return None
            logprob += log(_chance(things, total, turned["verb"], _number(turned["m"]), _number(stands["n"])))
            total = _number(stands["n"])
            spans.append((at + stands.start("n"), at + stands.end("n")))
        return Reading(self.family, logprob, tuple(spans), 0.0)


def _number(text: str) -> int:
    """The number written, or -1 if no corpus would write it so."""
    return int(text) if len(text) <= 2 and str(int(text)) == text else -1


def _chance(things: str, total: int, verb: str, m: int, stands: int) -> float:
    sign = SIGN_OF[verb]
    if m not in amounts(total, sign) or verb not in verbs(things, sign) or result(total, sign, m) != stands:
        return 0.0
    return 1 / (len(signs(total)) * len(verbs(things, sign)) * len(amounts(total, sign)))
