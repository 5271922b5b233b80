"""What was read before saves, what it costs, and what it foretells, lab 12."""

from dataclasses import replace
from statistics import fmean

from .. import comprehension, models, world
from ..comprehension import Learner, Saving, Schedule
from ..evaluation.distance import token_logprobs
from ..models import FRESH
from .arms import Arm
from .forecasting import MODELS, RULE, foretells
from .verdicts import Claim, Judgement, beyond, values_of

SCRATCH = "random weights"
READERS = {"small": "small", "stranger": "stranger", SCRATCH: f"{FRESH}small"}
NEW = (("n", tuple(comprehension.NEW.items())), ("schedule", Schedule()))
HOMES = (("n", 90), ("lessons", 100))
FAMILIES = (  # a task, and the corpus that its questions are about
    ("facts", "biographies"), ("sums", "arithmetic"), ("strings", "strings"), ("translation", "language"),
)  # fmt: skip
FORETELLING = (
    ("families", FAMILIES), ("documents", 40), ("n", 60), ("schedule", Schedule()), ("examples", 240), ("steps", 30),
    ("batch", 8), ("asked", 40),
)  # fmt: skip
WORDS, LONGEST = (("n", 400),), 6  # words to be sorted, and the letters of the longest
KINDS = ("moved", "newcomers")
UNREAD = 10**9  # number of the first document that no training reads


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


def foretold(arm: Arm, seed: int) -> dict:
    """
    What can be known of a model before it is tuned on a family of questions, and what tuning then comes to.

    loss/MODEL/FAMILY      nats/token of unread documents of the corpus that the questions are about, as island 0 tells
                           it: the pretraining loss by family for who has read that island, and a fair rival of the
                           instrument for who has not
    reading/MODEL/FAMILY   bits an example that the model saves beside random weights of its own size
    accuracy/MODEL/FAMILY  share of right answer tokens after a short tuning on other examples: so early, answers that
                           are right as a whole are rare, and all models would share the same few ranks

    A seed draws documents, examples, their order and the random weights; the models and families stay.
    """
    told, reader = dict(arm.options), models.load(arm.model)
    scratch = models.load(told["scratch"], seed=seed)
    found = {}
    for family, corpus in told["families"]:
        task, first = world.task(family), seed * (told["n"] + told["examples"])
        new, taught = (
            [task.sample("train", i) for i in range(start, start + n)]
            for start, n in ((first, told["n"]), (first + told["n"], told["examples"]))
        )
        item = f"{arm.model}/{family}"
        found[f"loss/{item}"] = _loss(*reader, corpus, told["documents"], seed)
        found[f"reading/{item}"] = _saved(reader, scratch, new, replace(told["schedule"], seed=seed))
        learner = Learner(*reader, batch=told["batch"], seed=seed)
        learner.learn(taught, told["steps"])
        asked = [task.sample("test", i) for i in range(seed * told["asked"], (seed + 1) * told["asked"])]
        costs = comprehension.example_costs(learner.model, learner.tokenizer, asked)
        found[f"accuracy/{item}"] = sum(cost.right for cost in costs) / sum(cost.tokens for cost in costs)
    return found


def _loss(model, tokenizer, corpus: str, n: int, seed: int) -> float:
    texts = [world.corpus(corpus).document(UNREAD + i) for i in range(seed * n, (seed + 1) * n)]
    logprobs = [one for document, _ in token_logprobs(model, tokenizer, texts) for one in document]
    return -fmean(logprobs)


def _saved(reader: tuple, scratch: tuple, new: list[world.Example], schedule: Schedule) -> float:
    anew, base = (comprehension.prequential(*one, new, schedule) for one in (scratch, reader))
    return Saving(anew, base).bits.value


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
    return Judgement(arms, beyond(*arms.values()), also)


def _hurts(measured: dict) -> Judgement:
    values = {f"{name}, {what}": values_of(runs, what) for name, runs in measured.items() for what in runs[0]}
    arms = {name: bits for name, bits in values.items() if "told" in name}
    also = {name: bits for name, bits in values.items() if name not in arms}
    return Judgement(arms, beyond(*(arms[f"small, told: {kind}"] for kind in KINDS)), also)


def _jumps(measured: dict) -> Judgement:
    values = {what: {name: values_of(runs, what) for name, runs in measured.items()} for what in ("whole", "single")}
    rises = {what: beyond(of["small"], of["nano"]) for what, of in values.items()}
    arms = {f"{name}, {what}": one for what, of in values.items() for name, one in of.items()}
    also = {f"{name}, expected": values_of(runs, "expected") for name, runs in measured.items()}
    return Judgement(arms, beyond(*rises.values()), also)


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
    Claim(
        id="priors-predict",
        statement="Bits saved foretell what a short tuning reaches, better than the pretraining loss does.",
        rule=RULE,
        unit="rank correlation",
        least=0.0,
        arms=tuple(
            Arm(name, foretold, model=name, options=(("scratch", f"{FRESH}{name}"), *FORETELLING)) for name in MODELS
        ),
        judge=foretells(rising=True),
    ),
)
