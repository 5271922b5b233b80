"""What reading saves a model with an encoder, beside the same network with random weights."""

from collections.abc import Callable

from .. import world
from ..data import Task, as_prompt
from ..evaluation import go_on
from ..models import LAYOUTS
from ..objectives import Classify, Text2Text
from ..objectives.classify import label
from ..recipe import Recipe, Train
from .arms import Arm, finished
from .verdicts import Claim, Judgement, beyond, values_of

LABELS = 100
ASKED = 200
READERS = READ, ANEW = "read before", "random weights"
LEARNING_RATES = {  # the best of those tried on validation texts, in the stored tuning
    "topic": {READ: 3e-4, ANEW: 3e-4},
    "roles": {READ: 1e-3, ANEW: 1e-3},
    "prefixed strings": {READ: 3e-4, ANEW: 1e-3},
}
TRIED = (3e-4, 1e-3, 3e-3)


def teaching(reader: str, task: str, learning_rate: float | None = None) -> Recipe:
    """A hundred labelled texts, each some twenty times; of words to be rewritten as many as are asked for."""
    objective, model, examples, steps = {
        "topic": (Classify(per="text"), "encoder", LABELS, 120),
        "roles": (Classify(per="word"), "encoder", LABELS, 120),
        "prefixed strings": (Text2Text(), "seq2seq", 2000, 500),
    }[task]
    return Recipe(
        model=model if reader == READ else LAYOUTS[model],
        objective=objective,
        task=Task(task, examples=examples),
        train=Train(
            steps=steps,
            batch=16,
            learning_rate=learning_rate or LEARNING_RATES[task][reader],
            schedule="cosine",
            warmup=10,
            eval_examples=0,
        ),
    )


def labelled(arm: Arm, seed: int) -> dict:
    """{"test", "validation": mean score of so many texts of which no label was shown}"""

    def score(model, tokenizer, task, asked: list) -> float:
        said = label(model, tokenizer, asked)
        return sum(task.check(one, text).value for one, text in zip(asked, said, strict=True)) / len(asked)

    return _scored(arm, seed, score)


def rewritten(arm: Arm, seed: int) -> dict:
    """{"test", "validation": share of so many new words that come out right behind either prefix}"""

    def score(model, tokenizer, task, asked: list) -> float:
        both = [*asked, *map(task.swapped, asked)]
        said = go_on(model, tokenizer, [as_prompt(tokenizer, one.prompt) for one in both], 12)
        right = [task.check(one, text).value for one, text in zip(both, said, strict=True)]
        return sum(map(min, right[: len(asked)], right[len(asked) :])) / len(asked)

    return _scored(arm, seed, score)


def _scored(arm: Arm, seed: int, score: Callable) -> dict:
    with finished(arm, seed) as run:
        model, tokenizer = run.model()
        task = world.task(arm.recipe.task.name)
        splits = {split: [task.sample(split, i) for i in range(ASKED)] for split in ("test", "validation")}
        return {split: score(model, tokenizer, task, asked) for split, asked in splits.items()}


def _reading_helps(measured: dict) -> Judgement:
    right = {name: values_of(runs, "test") for name, runs in measured.items()}
    return Judgement(right, beyond(right[READ], right[ANEW]))


def _claim(id: str, statement: str, rule: str, least: float, task: str, measure: Callable) -> Claim:
    return Claim(
        id=id,
        statement=statement,
        rule=f"{rule}, less that of the same network from random weights, each with its best learning rate;"
        f" above {least:g}",
        unit="share",
        least=least,
        arms=tuple(Arm(reader, measure, recipe=teaching(reader, task)) for reader in READERS),
        judge=_reading_helps,
        tuning=tuple(
            Arm(f"{reader} {rate:g}", measure, recipe=teaching(reader, task, rate))
            for reader in READERS
            for rate in TRIED
        ),
    )


CLAIMS = (
    _claim(
        "labels-go-further",
        "From a hundred labels an encoder that has read learns to tell what a review is about; from random weights it"
        " does not.",
        "share of new reviews that `encoder` labels rightly",
        0.1,
        "topic",
        labelled,
    ),
    _claim(
        "tags-go-further",
        "From a hundred tagged texts an encoder that has read learns who sells what to whom; from random weights it"
        " does not.",
        "mean score of the tags that `encoder` gives new texts",
        0.1,
        "roles",
        labelled,
    ),
    _claim(
        "prefix-tells",
        "A text-to-text model that has read learns two operations told apart by a prefix; from random weights it"
        " does not.",
        "share of new words that `seq2seq` reverses and sorts, as the prefix says",
        0.3,
        "prefixed strings",
        rewritten,
    ),
)
