"""Which bridges lead from what is known to what is asked, and whether revising and rereading pay, lab 34."""

import math
import statistics
from collections.abc import Sequence

from .. import comprehension, evaluation, models, retrieval, world
from ..comprehension import Bridge, Learner
from ..data import encode
from .arms import Arm, finished
from .forecasting import MODELS, RULE, foretells
from .tuning import teaching
from .verdicts import Claim, Judgement, beyond, values_of

TUNED, SHUFFLED, RIGHT = "tuned", "shuffled answers", ": right"
ASKED = (("asked", 100),)  # questions of a seed, others for each
ITEMS = (("asked", 100),)  # the same where each kind of fact is looked at by itself
LESSONS = (("steps", 40), ("batch", 16))  # so few that not every kind of fact is learned yet
ROUNDS = (("rounds", 3), ("pool", 500), ("opening", 50), ("steps", 15))


def crossed(arm: Arm, seed: int) -> dict:
    """
    Known facts, asked over every bridge that moves no weight, or of the arm's tuned model.

    BRIDGE         bits a question, asked less told
    BRIDGE: right  share of right answers
    """
    if arm.recipe is None:
        return _over(*models.load(arm.model), comprehension.bridges(), seed, **dict(arm.options))
    with finished(arm, seed) as run:
        bridge = Bridge(arm.name, model=run.model()[0])
        return _over(*models.load(arm.recipe.model), [bridge], seed, **dict(arm.options))


def revised(arm: Arm, seed: int) -> dict:
    """
    Rounds of revision with fresh feedback and with the first.

    closed, open, opening    share of right answers of both loops in the end, and before any round
    bits saved               bits a question that the closed loop saves
    """
    model, tokenizer = models.load(arm.model)
    task, settings = world.task("facts", evaluation.island_of(model)), dict(arm.options)
    circle = comprehension.revise(model, tokenizer, task, seed=seed, first=seed * settings["asked"], **settings)
    return {
        "closed": circle.closed[-1].answer_level.value,
        "open": circle.open[-1].answer_level.value,
        "opening": circle.open[0].answer_level.value,
        "bits saved": circle.gain_bits.value,
    }


def reread(arm: Arm, seed: int) -> dict:
    """
    Letters about newcomers, read once and twice, and a sentence begun behind them.

    saved  bits a question that the second reading saves
    """
    task, n = world.task("facts"), dict(arm.options)["asked"]
    letter = comprehension.found_on(retrieval.Oracle(retrieval.letters(task)))
    asked = [task.sample("newcomers", i) for i in range(seed * n, (seed + 1) * n)]
    return {"saved": comprehension.rereading(*models.load(arm.model), asked, letter, voice="text").value}


def learned(arm: Arm, seed: int) -> dict:
    """
    loss/MODEL/ATTRIBUTE      nats/token of sentences that tell it, in forms that the corpus never showed
    accuracy/MODEL/ATTRIBUTE  share of right answers after a short tuning on questions about other people
    """
    model, tokenizer, stated = _stated(arm, seed)
    told = [encode(tokenizer, f"{fact.told} {fact.answer}.") for fact in stated]
    costs = comprehension.costs(model, tokenizer, [(ids, [1] * len(ids)) for ids in told])
    losses = [cost.bits * math.log(2) / cost.tokens for cost in costs]
    task, settings = world.task("facts", evaluation.island_of(model)), dict(arm.options)
    reader = Learner(model, tokenizer, batch=settings["batch"], seed=seed)
    reader.learn([task.sample("train", i) for i in range(task.size("train"))], settings["steps"])
    said = comprehension.answered(reader.model, tokenizer, task, n=len(stated), first=seed * len(stated))
    right, asked = [answer.value for answer in said.answers], [fact.asked for fact in stated]
    return _by_attribute("loss", arm.model, asked, losses) | _by_attribute("accuracy", arm.model, asked, right)


def distance(arm: Arm, seed: int) -> dict:
    """{"reading/MODEL/ATTRIBUTE": bits a question, asked less told}, where anything of the kind is known."""
    model, tokenizer, stated = _stated(arm, seed)
    found = {}
    for attribute in world.ATTRIBUTES:
        of_kind = [fact for fact in stated if fact.asked.meta["attribute"] == attribute]
        apart = comprehension.distanciation(model, tokenizer, of_kind)
        if apart.asked:
            found[f"reading/{arm.model}/{attribute}"] = apart.bits.value
    return found


def _over(model, tokenizer, bridges: Sequence[Bridge], seed: int, asked: int) -> dict:
    first, task = seed * asked, world.task("facts")
    found = comprehension.crossed(model, tokenizer, comprehension.facts(n=asked, first=first), bridges)
    values = {name: one.bits.value for name, one in found.items()}
    for bridge in bridges:
        said = comprehension.answered(model, tokenizer, task, bridge, n=asked, first=first)
        values[bridge.name + RIGHT] = said.right.value
    return values


def _stated(arm: Arm, seed: int) -> tuple:
    """(model, tokenizer, facts of its own island)"""
    (model, tokenizer), n = models.load(arm.model), dict(arm.options)["asked"]
    return model, tokenizer, comprehension.facts(evaluation.island_of(model), n=n, first=seed * n)


def _by_attribute(kind: str, model: str, asked: Sequence[world.Example], values: Sequence[float]) -> dict:
    """{"KIND/MODEL/ATTRIBUTE": mean of the values of that attribute's questions}"""
    of: dict[str, list[float]] = {}
    for example, value in zip(asked, values, strict=True):
        of.setdefault(example.meta["attribute"], []).append(value)
    return {f"{kind}/{model}/{attribute}": statistics.fmean(own) for attribute, own in of.items()}


def _per_model(measure, options: tuple, name: str = "{}") -> tuple[Arm, ...]:
    return tuple(Arm(name.format(model), measure, model=model, options=options) for model in MODELS)


def _tuning_bridges(measured: dict) -> Judgement:
    found = {what: values_of(runs, what) for runs in measured.values() for what in runs[0]}
    bits = {what: values for what, values in found.items() if not what.endswith(RIGHT)}
    effects = beyond(bits[SHUFFLED], bits[TUNED])
    return Judgement(bits, effects, {what: values for what, values in found.items() if what.endswith(RIGHT)})


def _revision_pays(measured: dict) -> Judgement:
    (runs,) = measured.values()
    loops = {name: values_of(runs, name) for name in ("closed", "open")}
    also = {name: values_of(runs, name) for name in ("opening", "bits saved")}
    return Judgement(loops, beyond(*loops.values()), also)


def _rereading_pays(measured: dict) -> Judgement:
    (runs,) = measured.values()
    saved = values_of(runs, "saved")
    return Judgement({"saved": saved}, saved)


LEARNED = _per_model(learned, ITEMS + LESSONS)

CLAIMS = (
    Claim(
        id="tuning-bridges",
        statement="Tuning closes more of the distance than shuffled answers do, which teach no more than the form.",
        rule="bits a question over the same known facts, after tuning on shuffled answers less after tuning; above 0",
        unit="bits/question",
        least=0.0,
        arms=(
            Arm("untuned", crossed, model="small", options=ASKED),
            Arm(TUNED, crossed, recipe=teaching("lora"), options=ASKED),
            Arm(SHUFFLED, crossed, recipe=teaching("lora").but(shuffled=True), options=ASKED),
        ),
        judge=_tuning_bridges,
    ),
    Claim(
        id="revision-pays",
        statement="Rounds of learning from one's latest mistakes teach more than as many rounds from the first ones.",
        rule="right answers about other people after the last round, with fresh feedback less with the first, at"
        " equal steps and tokens; above 0",
        unit="share",
        least=0.0,
        arms=(Arm("small", revised, model="small", options=ASKED + ROUNDS),),
        judge=_revision_pays,
    ),
    Claim(
        id="rereading-pays",
        statement="A letter that is read twice tells more than one that is read once.",
        rule="bits of an answer about newcomers that stands in a letter, which is read once less twice; above 0",
        unit="bits/question",
        least=0.0,
        arms=(Arm("untuned", reread, model="small", options=ASKED),),
        judge=_rereading_pays,
    ),
    Claim(
        id="distance-predicts",
        statement="The distance foretells what a short tuning reaches, better than the pretraining loss does.",
        rule=RULE,
        unit="rank correlation",
        least=0.0,
        arms=(*LEARNED, *_per_model(distance, ITEMS, "{}, distance")),
        judge=foretells(rising=False),
    ),
)
