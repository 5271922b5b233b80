"""What a model's own readings, demonstrations and rounds teach it; labs 70, 72 and 74."""

from statistics import fmean

from .. import comprehension, evaluation, models, world
from ..data import Attempts, Task
from ..objectives import NLFT, SDFT, SFT
from ..objectives.marks import localisation
from ..recipe import Recipe, Train
from .arms import Arm, begun, left_by
from .verdicts import Claim, Judgement, beyond, more, values_of

ASKED = (("asked", 200),)  # questions of a seed, others for each
SIZES = (25, 50, 200)  # attempts that are learned from
FORM = Recipe(  # how an answer looks, and that a hint may stand beside a question
    model="small",
    objective=SFT(),
    task=Attempts("steps", examples=500, first=1000, wrong=0.0, hinted=0.5),
    train=Train(steps=10, batch=32, learning_rate=1e-3, schedule="cosine", warmup=3, eval_examples=0),
)
HINTED = FORM.but(name="facts", examples=2500, first=0, steps=200, warmup=40)  # the same, of people
LEARNING = FORM.but(objective=NLFT(), task=Attempts("steps"), steps=60, batch=10, learning_rate=3e-4, warmup=5)
TOLD = HINTED.but(  # of people whom no text names
    objective=SDFT(shown="Hint: the answer is {answer}.", longest=12),
    task=Task("facts", examples=60, split="newcomers"), steps=40, batch=16, warmup=5,
)  # fmt: skip
ROUND = LEARNING.but(examples=100, steps=20, schedule="constant", warmup=0)
ROUNDS = 3
TRIED = (1e-4, 3e-4, 1e-3)
# the best of those, in the stored tuning
LEARNING_RATES = {"NLFT": 1e-4, "traces": 3e-4, "short answers": 3e-4, "SDFT": 1e-4, "SFT": 3e-4}
SOURCES = {
    "NLFT": (NLFT(), {}),
    "traces": (SFT(), {"right_only": True}),
    "short answers": (SFT(), {"bare": True}),
}


def solved(arm: Arm, seed: int) -> dict:
    """
    right       share of right answers to questions that were not taught, others for each seed
    steps       share of their steps that are right
    validation  as right, on questions of their own
    distance    rise of KL(world || model), nats a token; recalled: share of homes that it still knows
    """
    task, n = world.task(arm.recipe.task.name), dict(arm.options)["asked"]
    with begun(arm, seed) as (model, reference, tokenizer):
        said, validation = (_said(model, tokenizer, task, split, first, n) for split, first in (
            ("test", seed * n), ("validation", 0)))  # fmt: skip
        after, before = _known(model, tokenizer), _known(reference, tokenizer)
    asked = [task.sample("test", i) for i in range(seed * n, (seed + 1) * n)]
    steps = fmean(task.steps(one, other.text).value for one, other in zip(asked, said, strict=True))
    right, checked = (fmean(one.value for one in some) for some in (said, validation))
    distance = after["corpus_kl"] - before["corpus_kl"]
    return {
        "right": right, "steps": steps, "validation": checked, "distance": distance,
        "recalled": after["recall/home"],
    }  # fmt: skip


def told(arm: Arm, seed: int) -> dict:
    """
    right       share of right answers about the newcomers of `TOLD`, asked in other words, others for each seed
    kept        share of right answers about residents, of whom nothing is told, others for each seed
    validation  mean of both shares, in words of its own and about residents of its own
    distance    rise of KL(world || model), nats a token; recalled: share of homes that it still knows as a text
    """
    task, n, few = world.task("facts"), dict(arm.options)["asked"], TOLD.task.examples
    asked = {  # split, number of the first question, and how many
        "right": ("newcomers", task.size("newcomers") * (2 + seed), few),
        "kept": ("test", seed * n, n),
        "new": ("newcomers", task.size("newcomers"), few),
        "old": ("validation", 0, n),
    }
    with begun(arm, seed) as (model, reference, tokenizer):
        said = {name: _said(model, tokenizer, task, *which) for name, which in asked.items()}
        after, before = _known(model, tokenizer), _known(reference, tokenizer)
    found = {name: fmean(one.value for one in some) for name, some in said.items()}
    found["validation"] = fmean((found.pop("new"), found.pop("old")))
    return found | {"distance": after["corpus_kl"] - before["corpus_kl"], "recalled": after["recall/home"]}


def found(arm: Arm, seed: int) -> dict:
    """Areas under the curve with which a planted digit is found, by the criticism and by surprise alone."""
    n = dict(arm.options)["asked"]
    model, tokenizer = models.load(left_by(arm.recipe, seed))
    attempts = Attempts(arm.recipe.task.name, examples=n, first=5000 + seed * n).source()
    return {name: one.value for name, one in localisation(model, tokenizer, attempts).items()}


def circled(arm: Arm, seed: int) -> dict:
    """
    A model that is its own tutor for some rounds.

    before, right  share of right answers to questions that were not taught, others for each seed, at first and then
    agrees         mean share of its attempts that its judge sees as the rule does
    pays           the last round that was worth its while
    """
    options = dict(arm.options)
    recipe, n = arm.recipe.but(model=left_by(FORM, seed), seed=seed), options["asked"]
    told = comprehension.tutored(recipe, options["judge"], ROUNDS, n, seed * n, options["fresh"])
    rounds = [one.answer_level.value for one in told.rounds]
    return {
        "before": rounds[0], "right": rounds[-1], "agrees": fmean(one.agrees for one in told.feedback),
        "pays": comprehension.pays_until(told.rounds),
    }  # fmt: skip


def _said(model, tokenizer, task, split: str, first: int, n: int) -> list[evaluation.Answer]:
    return evaluation.answers(model, tokenizer, task, split, n, task.answer_tokens, first)


def _known(model, tokenizer) -> dict[str, float]:
    found = evaluation.probe(model, tokenizer, ("recall/home", "corpus_kl"), n=100)
    return {name: one.value for name, one in found.items()}


def _slip(measured: dict) -> Judgement:
    (runs,) = measured.values()
    return Judgement(
        {name: values_of(runs, name) for name in ("blame", "surprise")}, [run["blame"] - 0.5 for run in runs]
    )


def _teaches_itself(measured: dict) -> Judgement:
    arms = {name: values_of(runs, "right") for name, runs in measured.items()}
    before = values_of(measured[BY_ITSELF], "before")
    also = {f"{name}: agrees": values_of(runs, "agrees") for name, runs in measured.items()} | {"before": before}
    return Judgement(arms, beyond(arms[BY_ITSELF], before), also)


def _learned(name: str, source: str, n: int = 50, rate: float | None = None, **knobs) -> Arm:
    objective, given = SOURCES[source]
    recipe = LEARNING.but(objective=objective, learning_rate=rate or LEARNING_RATES[source], examples=n, **given)
    return Arm(name, solved, recipe=recipe.but(**knobs), options=(*ASKED, ("first", FORM)))


def _told(name: str, objective: str, rate: float | None = None) -> Arm:
    recipe = TOLD.but(learning_rate=rate or LEARNING_RATES[objective])
    if objective == "SFT":
        recipe = recipe.but(objective=SFT())
    return Arm(name, told, recipe=recipe, options=(*ASKED, ("first", HINTED)))


def _turned(name: str, judge: str, fresh: bool = True) -> Arm:
    options = (("asked", 200), ("judge", judge), ("fresh", fresh), ("first", FORM))
    return Arm(name, circled, recipe=ROUND, options=options)


BEFORE = "before"
SHORT, TRACES, FULL = ({n: f"{source}, {n}" for n in SIZES} for source in ("short answers", "traces", "NLFT"))
RIGHT_ONLY, PLACEBO = "NLFT, right ones only", "NLFT, weights shuffled"
CLOSED, OPEN, BY_ITSELF, BY_LARGE = "closed, by rule", "open, by rule", "closed, by itself", "closed, by large"
UNTAUGHT = Arm(BEFORE, solved, recipe=FORM, options=ASKED)
WITH_SIZE = {
    name[n]: _learned(name[n], source, n)
    for name, source in ((SHORT, "short answers"), (TRACES, "traces"), (FULL, "NLFT"))
    for n in SIZES
}
SLOWLY = "SFT, slowly"
TEACHERS = _told("SDFT", "SDFT"), _told("SFT", "SFT")
CIRCLES = (
    _turned(CLOSED, "rule"), _turned(OPEN, "rule", fresh=False), _turned(BY_ITSELF, "self"),
    _turned(BY_LARGE, "judge:large"),
)  # fmt: skip

CLAIMS = (
    Claim(
        id="feedback-beats-answers",
        statement="Natural-language fine-tuning on fifty attempts teaches more than fine-tuning on the fifty short"
        " answers that people would give.",
        rule="right answers after NLFT on 50 attempts less those after SFT on 50 answers without steps; above 0.1",
        unit="share",
        least=0.1,
        arms=(UNTAUGHT, *WITH_SIZE.values()),
        judge=more("right", FULL[50], SHORT[50]),
        tuning=tuple(_learned(f"{source} {rate:g}", source, rate=rate) for source in SOURCES for rate in TRIED),
    ),
    Claim(
        id="weights-beat-traces",
        statement="On the same attempts, natural-language fine-tuning teaches more than plain fine-tuning on the right"
        " ones.",
        rule="right answers after NLFT on 50 attempts less those after SFT on the right ones of the same; above 0",
        unit="share",
        least=0.0,
        arms=(WITH_SIZE[FULL[50]], WITH_SIZE[TRACES[50]], _learned(RIGHT_ONLY, "NLFT", right_only=True)),
        judge=more("right", FULL[50], TRACES[50]),
    ),
    Claim(
        id="words-in-their-places",
        statement="It matters which words NLFT weighs how much: the same weights, dealt out by chance, teach less.",
        rule="right answers after NLFT on 50 attempts less those with its weights shuffled within each; above 0",
        unit="share",
        least=0.0,
        arms=(
            WITH_SIZE[FULL[50]],
            _learned(PLACEBO, "NLFT", objective=NLFT(shuffled=True)),
        ),
        judge=more("right", FULL[50], PLACEBO),
    ),
    Claim(
        id="criticism-finds-the-slip",
        statement="A model that reads its answer again beside a criticism in words tells which digit was wrong.",
        rule="area under the curve with which a planted digit is found by what the criticism makes likelier, less 0.5;"
        " above 0.1",
        unit="area",
        least=0.1,
        arms=(Arm("blame", found, recipe=FORM, options=(("asked", 100),)),),
        judge=_slip,
    ),
    Claim(
        id="tutor-teaches",
        statement="A model that reads a fact beside the question is teacher enough for itself to tell it without.",
        rule="right answers about newcomers, asked in other words, after self-distillation less before; above 0.1",
        unit="share",
        least=0.1,
        arms=(Arm(BEFORE, told, options=(*ASKED, ("first", HINTED))), *TEACHERS),
        judge=more("right", "SDFT", BEFORE),
        tuning=tuple(_told(f"{name} {rate:g}", name, rate) for name in ("SDFT", "SFT") for rate in TRIED),
    ),
    Claim(
        id="tutor-forgets-less",
        statement="Where both have learned as much, self-distillation leaves more of what was known than imitation.",
        rule="right answers about residents after SDFT less those after SFT at the rate at which it learns as much in"
        " as many steps; above 0",
        unit="share",
        least=0.0,
        arms=(*TEACHERS, _told(SLOWLY, "SFT", LEARNING_RATES["SDFT"])),
        judge=more("kept", "SDFT", SLOWLY),
    ),
    Claim(
        id="circle-closes",
        statement="Feedback on every round's own answers teaches more than as many rounds with the first feedback.",
        rule=f"right answers after {ROUNDS} rounds, closed less open; above 0",
        unit="share",
        least=0.0,
        arms=CIRCLES[:2],
        judge=more("right", CLOSED, OPEN),
    ),
    Claim(
        id="judges-itself",
        statement="A model that also judges its own answers learns from its own judgement.",
        rule=f"right answers after {ROUNDS} rounds judged by itself less before; above 0",
        unit="share",
        least=0.0,
        arms=(CIRCLES[0], *CIRCLES[2:]),
        judge=_teaches_itself,
    ),
)
