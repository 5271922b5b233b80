"""What reading leaves, labs 00 and 10."""

from dataclasses import replace

from .. import evaluation
from ..data import Corpus
from ..models import LAYOUTS
from ..objectives import Pretrain
from ..recipe import Recipe, Train
from .arms import Arm, finished, met, read
from .verdicts import Claim, Judgement, beyond, values_of

READING = Recipe(
    model=LAYOUTS["nano"],
    objective=Pretrain(context=128),
    task=Corpus("exact"),
    train=Train(steps=240, batch=16, learning_rate=0.04, schedule="trapezoid", warmup=20),
)

SELDOM, OFTEN = 1000, 60  # people whose lives are read in as many tokens


def remembered(arm: Arm, seed: int) -> dict:
    """{"homes": share of those whose homes are told, of (at most a hundred) people whose lives have been read}"""
    people = arm.recipe.task.people
    with finished(arm, seed) as run:
        return {"homes": evaluation.recall(*run.model(), "home", n=100, draw=seed, people=people).value}


def _known(measured: dict) -> Judgement:
    homes = {name: values_of(runs, "homes") for name, runs in measured.items()}
    return Judgement(homes, beyond(homes["small"], homes["stranger"]))


def _more_often(measured: dict) -> Judgement:
    homes = {name: values_of(runs, "homes") for name, runs in measured.items()}
    return Judgement(homes, beyond(homes[f"{OFTEN} people"], homes[f"{SELDOM} people"]))


def _form_first(measured: dict) -> Judgement:
    runs = measured["nano"]
    form, fact = values_of(runs, "form"), values_of(runs, "fact")
    also = {name: values_of(runs, name) for name in ("loss", "recall/home", "arithmetic", "entropy")}
    return Judgement({"form": form, "fact": fact}, beyond(form, fact), also)


CLAIMS = (
    Claim(
        id="reader-knows",
        statement="A model that has read an island's texts knows its people; one that has read another's does not.",
        rule="share of homes that `small` tells, less that of `stranger`; above 0.5",
        unit="share",
        least=0.5,
        arms=tuple(Arm(name, met, model=name) for name in ("nano", "small", "stranger")),
        judge=_known,
    ),
    Claim(
        id="form-first",
        statement="A model that begins to read learns the form of the texts before their facts.",
        rule="part of KL(world || model) gone after the lab's reading, on form tokens less on fact tokens; above 0",
        unit="share",
        least=0.0,
        arms=(Arm("nano", read, recipe=READING),),
        judge=_form_first,
    ),
    Claim(
        id="exposures-pay",
        statement="Whom a reader meets often it can tell of; after as much reading about more people it cannot.",
        rule=f"share of homes told after reading about {OFTEN} people, less that after as many tokens about {SELDOM};"
        " above 0",
        unit="share",
        least=0.0,
        arms=tuple(
            Arm(f"{people} people", remembered, recipe=replace(READING, task=Corpus("biographies", people=people)))
            for people in (SELDOM, OFTEN)
        ),
        judge=_more_often,
    ),
)
