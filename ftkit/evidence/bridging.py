"""Which bridges lead from what is known to what is asked, and whether revising and rereading pay, lab 34."""

from collections.abc import Sequence

from .. import comprehension, evaluation, models, retrieval, world
from ..comprehension import Bridge
from .arms import Arm, finished
from .tuning import teaching
from .verdicts import Claim, Judgement, values_of

TUNED, SHUFFLED, RIGHT = "tuned", "shuffled answers", ": right"
ASKED = (("asked", 100),)  # questions of a seed, others for each
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


def _over(model, tokenizer, bridges: Sequence[Bridge], seed: int, asked: int) -> dict:
    first, task = seed * asked, world.task("facts")
    found = comprehension.crossed(model, tokenizer, comprehension.facts(n=asked, first=first), bridges)
    values = {name: one.bits.value for name, one in found.items()}
    for bridge in bridges:
        said = comprehension.answered(model, tokenizer, task, bridge, n=asked, first=first)
        values[bridge.name + RIGHT] = said.right.value
    return values


def _tuning_bridges(measured: dict) -> Judgement:
    found = {what: values_of(runs, what) for runs in measured.values() for what in runs[0]}
    bits = {what: values for what, values in found.items() if not what.endswith(RIGHT)}
    effects = [chance - tuned for chance, tuned in zip(bits[SHUFFLED], bits[TUNED], strict=True)]
    return Judgement(bits, effects, {what: values for what, values in found.items() if what.endswith(RIGHT)})


def _revision_pays(measured: dict) -> Judgement:
    (runs,) = measured.values()
    loops = {name: values_of(runs, name) for name in ("closed", "open")}
    also = {name: values_of(runs, name) for name in ("opening", "bits saved")}
    return Judgement(loops, [ours - theirs for ours, theirs in zip(*loops.values(), strict=True)], also)


def _rereading_pays(measured: dict) -> Judgement:
    (runs,) = measured.values()
    saved = values_of(runs, "saved")
    return Judgement({"saved": saved}, saved)


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
)
