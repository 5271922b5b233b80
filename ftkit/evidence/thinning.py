"""How thin a change may be: LoRA's rank, for a form of answers and for facts; lab 40."""

from .. import evaluation, models, world
from ..adapters import Full, LoRA
from ..data import Task
from ..evaluation import answers, mean
from ..objectives import SFT
from ..recipe import Recipe, Train
from .arms import Arm, asked, finished
from .tuning import teaching
from .verdicts import Claim, Judgement, beyond, values_of

ASKED = (("asked", 200),)  # questions of a seed, others for each
HEAD = 8  # singular values
FORM = Recipe(
    model="small",
    objective=SFT(),
    task=Task("sums", examples=1000),
    train=Train(steps=60, batch=32, learning_rate=1e-3, schedule="cosine", warmup=5, eval_examples=0),
)
FULL, BASE = "full", "none"
TRIED = {FULL: (3e-4, 1e-3, 3e-3), 8: (1e-3, 3e-3, 1e-2), 1: (3e-3, 1e-2, 3e-2)}
# the best of those, in the stored tuning
LEARNING_RATES = {FULL: 1e-3, 8: 1e-2, 1: 3e-2}
FACTS_TRIED = (4e-3, 8e-3, 1.6e-2)
FACTS_RATE = 1.6e-2


def thin(rank: int | str) -> Full | LoRA:
    """The adapter of a rank, as loud for its size as the default is."""
    return Full() if rank == FULL else LoRA(rank=rank, alpha=2.0 * rank)


def form(rank: int | str, learning_rate: float | None = None) -> Recipe:
    """How lab 40 teaches the form of an answer."""
    return FORM.but(adapter=thin(rank), learning_rate=learning_rate or LEARNING_RATES[rank])


def facts(learning_rate: float = FACTS_RATE) -> Recipe:
    """Lab 30's questions about people, at rank 1."""
    return teaching("lora").but(adapter=thin(1), learning_rate=learning_rate)


def summed(arm: Arm, seed: int) -> dict:
    """
    right, validation  shares of right sums
    distance           rise of KL(world || model), nats a token; recalled: share of homes that it still knows
    head               share of the squared singular values of all changes that the first few of each have
    """
    n, task = dict(arm.options)["asked"], world.task(FORM.task.name)
    base, tokenizer = models.load("small")
    if arm.recipe is None:
        return _examined(base, base, tokenizer, task, seed, n)
    with finished(arm, seed) as run:
        model, _ = run.model()
    return _examined(model, base, tokenizer, task, seed, n) | {
        "head": evaluation.head(evaluation.spectra(base, model), HEAD).value
    }


def _examined(model, base, tokenizer, task, seed: int, n: int) -> dict:
    right, validation = (
        mean([one.value for one in answers(model, tokenizer, task, split, n, task.answer_tokens, first)], "share").value
        for split, first in (("test", seed * n), ("validation", 0))
    )
    after, before = (evaluation.probe(one, tokenizer, ("recall/home", "corpus_kl"), n=100) for one in (model, base))
    distance = after["corpus_kl"].value - before["corpus_kl"].value
    return {"right": right, "validation": validation, "distance": distance, "recalled": after["recall/home"].value}


def _enough(measured: dict) -> Judgement:
    right = {name: values_of(runs, "right") for name, runs in measured.items()}
    also = {
        f"{name}: {what}": values_of(runs, what) for name, runs in measured.items() for what in ("distance", "recalled")
    }
    return Judgement(right, beyond(right[named(1)], right[FULL]), also)


def _facts_need_rank(measured: dict) -> Judgement:
    held = {name: values_of(runs, "held_out") for name, runs in measured.items()}
    also = {f"{name}: forgotten": values_of(runs, "forgotten") for name, runs in measured.items()}
    return Judgement(held, beyond(held[LORA], held[named(1)]), also)


def _thin_delta(measured: dict) -> Judgement:
    heads = values_of(measured[FULL], "head")
    return Judgement({FULL: heads}, [one - 0.5 for one in heads])


def named(rank: int | str) -> str:
    """As claims call it."""
    return rank if rank == FULL else f"rank {rank}"


def _form(name: str, rank: int | str, rate: float | None = None) -> Arm:
    return Arm(name, summed, recipe=form(rank, rate), options=ASKED)


LORA = "lora"  # of rank 8, as in lab 30
FORMS = (Arm(BASE, summed, model="small", options=ASKED), *(_form(named(rank), rank) for rank in TRIED))

CLAIMS = (
    Claim(
        id="thin-is-enough",
        statement="To bring out what a model can do already, a change of rank 1 does as well as one of all weights.",
        rule="right sums after LoRA of rank 1 less those after full fine-tuning in as many steps, each with its best"
        " learning rate; above -0.05",
        unit="share",
        least=-0.05,
        arms=FORMS,
        judge=_enough,
        tuning=tuple(_form(f"{named(rank)}, {rate:g}", rank, rate) for rank, rates in TRIED.items() for rate in rates),
    ),
    Claim(
        id="facts-need-rank",
        statement="To make a model tell facts about hundreds of people when it is asked, rank 1 is too thin.",
        rule="held-out answers after LoRA of rank 8 less those after rank 1, each with its best learning rate;"
        " above 0.2",
        unit="share",
        least=0.2,
        arms=(
            Arm(LORA, asked, recipe=teaching("lora")),
            Arm(named(1), asked, recipe=facts()),
        ),
        judge=_facts_need_rank,
        tuning=tuple(Arm(f"facts, {named(1)}, {rate:g}", asked, recipe=facts(rate)) for rate in FACTS_TRIED),
    ),
    Claim(
        id="change-is-thin",
        statement="The change of full fine-tuning is itself nearly of low rank.",
        rule=f"share of the squared singular values of each matrix's change that the first {HEAD} have, less 0.5; above"
        " 0",
        unit="share",
        least=0.0,
        arms=(_form(FULL, FULL),),
        judge=_thin_delta,
    ),
)
