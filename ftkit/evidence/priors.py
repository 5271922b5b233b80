"""What was read before saves, and what it costs, lab 12."""

from dataclasses import replace
from statistics import fmean

from .. import comprehension, models
from ..comprehension import Schedule
from ..models import FRESH
from .arms import Arm
from .verdicts import Claim, Judgement, values_of

SCRATCH = "random weights"
READERS = {"small": "small", "stranger": "stranger", SCRATCH: f"{FRESH}small"}
NEW = (("n", tuple(comprehension.NEW.items())), ("schedule", Schedule()))
HOMES = (("n", 90), ("lessons", 100))
WORDS, LONGEST = (("n", 400),), 6  # words to be sorted, and the letters of the longest
KINDS = ("moved", "newcomers")


def coded(arm: Arm, seed: int) -> dict:
    """{FAMILY: bits an example} while a reader learns the new data of lab 12; other examples for each seed."""
    told, reader = dict(arm.options), models.load(arm.model, seed=seed)
    schedule = replace(told["schedule"], seed=seed)
    return {
        family: fmean(comprehension.prequential(*reader, examples, schedule))
        for family, examples in comprehension.new_data(seed, n=dict(told["n"])).items()
    }


def mistaken(arm: Arm, seed: int) -> dict:
    """
    Homes of people of whom the texts tell another home, or nothing, in bits each.

    told: moved, told: newcomers    in the voice of the texts, untaught
    asked: moved, asked: newcomers  as a question, after some lessons
    """
    told, reader = dict(arm.options), models.load(arm.model)
    found = {
        "told": comprehension.prejudice_told(*reader, n=told["n"], draw=seed),
        "asked": comprehension.prejudice(
            *reader, n=told["n"], lessons=told["lessons"], schedule=Schedule(steps=0, seed=seed), draw=seed
        ),
    }
    return {f"{voice}: {kind}": fmean(getattr(one, kind)) for voice, one in found.items() for kind in KINDS}


def judged(arm: Arm, seed: int) -> dict:
    """
    The longest words whose letters are to be sorted; others for each seed.

    whole, single  shares of right answers, and of right tokens
    expected       share of right answers that one would expect from the tokens
    """
    n = dict(arm.options)["n"]
    found = comprehension.scaled(*models.load(arm.model), comprehension.to_sort(n, first=seed * n))
    whole, single = found.whole[LONGEST].value, found.single[LONGEST].value
    return {"whole": whole, "single": single, "expected": found.expected(LONGEST)}


def _saves(measured: dict) -> Judgement:
    anew = measured[SCRATCH]
    saved = {
        f"{family}, {name}": [other[family] - one[family] for other, one in zip(anew, runs, strict=True)]
        for family in anew[0]
        for name, runs in measured.items()
        if name != SCRATCH
    }
    arms = {name: values for name, values in saved.items() if name.startswith("residents")}
    also = {name: values for name, values in saved.items() if name not in arms}
    return Judgement(arms, [own - other for own, other in zip(*arms.values(), strict=True)], also)


def _hurts(measured: dict) -> Judgement:
    values = {f"{name}, {what}": values_of(runs, what) for name, runs in measured.items() for what in runs[0]}
    arms = {name: bits for name, bits in values.items() if "told" in name}
    also = {name: bits for name, bits in values.items() if name not in arms}
    pairs = zip(*(arms[f"small, told: {kind}"] for kind in KINDS), strict=True)
    return Judgement(arms, [moved - unknown for moved, unknown in pairs], also)


def _jumps(measured: dict) -> Judgement:
    values = {what: {name: values_of(runs, what) for name, runs in measured.items()} for what in ("whole", "single")}
    rises = {what: [b - a for a, b in zip(of["nano"], of["small"], strict=True)] for what, of in values.items()}
    arms = {f"{name}, {what}": one for what, of in values.items() for name, one in of.items()}
    also = {f"{name}, expected": values_of(runs, "expected") for name, runs in measured.items()}
    return Judgement(arms, [whole - single for whole, single in zip(*rises.values(), strict=True)], also)


CLAIMS = (
    Claim(
        id="prior-saves",
        statement="Who has read of the people saves more, when their homes are learned, than who has read of others.",
        rule="bits an example that `small` saves on homes of residents, less what `stranger` saves; above 0",
        unit="bits/example",
        least=0.0,
        arms=tuple(Arm(name, coded, model=model, options=NEW) for name, model in READERS.items()),
        judge=_saves,
    ),
    Claim(
        id="prior-hurts",
        statement="A reader of the island pays more for people who have moved than for people of whom it never read.",
        rule="bits that homes of people who moved cost `small` in its texts' voice, less those of newcomers; above 0",
        unit="bits/home",
        least=0.0,
        arms=tuple(Arm(name, mistaken, model=name, options=HOMES) for name in ("small", "stranger")),
        judge=_hurts,
    ),
    Claim(
        id="whole-answers-jump",
        statement="From `nano` to `small`, long answers that are all right become more by far than right tokens do.",
        rule="rise in the share of words of six letters that are sorted rightly, less rise in the share of right tokens"
        " in them; above 0.1",
        unit="share",
        least=0.1,
        arms=tuple(Arm(name, judged, model=name, options=WORDS) for name in ("nano", "small")),
        judge=_jumps,
    ),
)
