"""What an encoder that has read saves in labels, beside the same network with random weights."""

from collections.abc import Callable

from .. import evaluation, world
from ..data import Task
from ..models import FRESH
from ..objectives import Classify
from ..objectives.classify import label
from ..recipe import Recipe, Train
from .arms import Arm, finished
from .verdicts import Claim, Judgement, beyond, values_of

LABELS = 100
READ, ANEW = "read before", "random weights"
MODELS = {READ: "encoder", ANEW: f"{FRESH}encoder"}
LEARNING_RATES = {READ: 1e-3, ANEW: 1e-3}  # the best of those below on validation questions, in the stored tuning
TRIED = (3e-4, 1e-3, 3e-3)


def teaching(reader: str, task: str, per: str, learning_rate: float | None = None) -> Recipe:
    """A hundred labelled examples, some twenty times each."""
    return Recipe(
        model=MODELS[reader],
        objective=Classify(per=per),
        task=Task(task, examples=LABELS),
        train=Train(
            steps=120, batch=16, learning_rate=learning_rate or LEARNING_RATES[reader], schedule="cosine", warmup=10,
            eval_examples=0,
        ),
    )  # fmt: skip


def labelled(arm: Arm, seed: int) -> dict:
    """{"test", "validation": mean of the checker's values on 200 texts of which no label was shown}"""
    with finished(arm, seed) as run:
        model, tokenizer = run.model()
        task, found = world.task(arm.recipe.task.name), {}
        for split in ("test", "validation"):
            asked = [task.sample(split, i) for i in range(200)]
            said = label(model, tokenizer, asked)
            found[split] = sum(task.check(one, text).value for one, text in zip(asked, said, strict=True)) / len(asked)
    return found


def _reading_helps(measured: dict) -> Judgement:
    right = {name: values_of(runs, "test") for name, runs in measured.items()}
    return Judgement(right, beyond(right[READ], right[ANEW]))


def _claim(id: str, statement: str, task: str, per: str) -> Claim:
    return Claim(
        id=id,
        statement=statement,
        rule=f"mean score with {LABELS} labels, of `encoder` less the same network from random weights, each with its"
        " best learning rate; above 0.1",
        unit="score",
        least=0.1,
        arms=tuple(Arm(name, labelled, recipe=teaching(name, task, per)) for name in MODELS),
        judge=_reading_helps,
        tuning=tuple(
            Arm(f"{name} {rate:g}", labelled, recipe=teaching(name, task, per, rate)) for name in MODELS for rate in TRIED
        ),
    )


CLAIMS = (
    _claim(
        "labels-go-further",
        "An encoder that has read tells what a review thinks of a thing from few labels; from random weights it does not.",
        "sentiment", "text",
    ),
    _claim(
        "tags-go-further",
        "An encoder that has read finds buyer, seller and thing from few tagged texts; from random weights it does not.",
        "roles", "word",
    ),
)  # fmt: skip
