"""Tutorial fine-tuning: a model answers, hears what is right, wrong and missing, learns from it, and answers again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .. import models, training, world
from ..data import Attempt
from ..recipe import Recipe
from ..rewards import sample_attempts
from ..runs import Store
from ..runs import store as run_store
from ..training import Run
from .circle import Round, marks_of, turn
from .coding import example_costs

LEAST = {"rule": 1.0}  # the mark from which an attempt counts as right; a judge's yes is likelier than its no from 0.5


@dataclass(frozen=True)
class Feedback:
    """What one look at a model's attempts has found.

    attempts  with what was said of each
    steps     how many steps of all of them are correct, incorrect and missing, by the rule
    agrees    share of attempts that the judge sees as the rule does
    path      the file that holds them
    """

    attempts: tuple[Attempt, ...]
    steps: tuple[int, int, int]
    agrees: float
    path: str

    def __len__(self) -> int:
        return len(self.attempts)


@dataclass(frozen=True)
class Tutorial:
    """The rounds of a loop, the first before anything was learned; what was found before each other, and its run."""

    rounds: tuple[Round, ...]
    feedback: tuple[Feedback, ...]
    runs: tuple[Run, ...]


def tutored(
    recipe: Recipe, judge: str = "rule", rounds: int = 3, asked: int = 100, first: int = 0, fresh: bool = True,
    store: Store | None = None, on_event: Callable[[dict], None] | None = None,
) -> Tutorial:  # fmt: skip
    """
    A model that is its own tutor: in each round it answers, hears what was wrong, and learns from its own attempts.

    recipe    one round: the model, an objective that learns from attempts, and `Attempts(...)` of a task that is told
              in steps, whose questions are answered; the file of attempts and the seed are put in for each round
    judge     a grader's name: "rule", "self" for the model as it is in that round, "judge:large", ...
    asked     questions of `test` that it is examined on, from number `first` on
    fresh     True: every round has feedback on its own answers (closed); False: on the first answers only (open)
    store     where runs and attempts are kept; None means $FTKIT_RUNS or ./runs
    on_event  is called with every event of the runs
    returns   rounds + 1 Rounds
    raises    ValueError if no attempt comes to an end
    """
    store = store or run_store()
    task = world.task(recipe.task.name, recipe.task.island)
    held_out = [task.sample(recipe.task.asked, i) for i in range(first, first + asked)]
    found, runs = [], []

    def answer(reader: str) -> Feedback:
        path = store.root / "attempts" / f"{recipe.digest}-{judge.replace('/', '-')}-{len(found)}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        tried = sample_attempts(
            path, *models.load(reader), task, recipe.task.split, recipe.task.examples, reward=judge,
            least=LEAST.get(judge, 0.5), seed=recipe.train.seed + len(found),
        )  # fmt: skip
        return feedback_on(task, tried, path)

    def tune(reader: str, chosen: Feedback, number: int):
        found.append(chosen)
        now = recipe.but(model=reader, path=chosen.path, seed=recipe.train.seed + number)
        runs.append(training.run(now, on_event=on_event, store=store))
        return str(runs[-1].path / "model"), runs[-1].cost["tokens"]

    def examine(reader: str):
        model, tokenizer = models.load(reader)
        return example_costs(model, tokenizer, held_out), marks_of(model, tokenizer, task, held_out)

    turned = turn(recipe.model, rounds, answer, lambda said: said, tune, examine, fresh)
    return Tutorial(turned, tuple(found), tuple(runs))


def feedback_on(task, attempts: Sequence[Attempt], path: str | Path = "") -> Feedback:
    """What attempts show of a task that is told in steps; each is the answer to the question in its `prompt`."""
    compared = [task.compared(replace(one, completion=one.meta["due"]), one.completion) for one in attempts]
    ruled = [task.check(replace(one, completion=one.meta["due"]), one.completion).value >= 1 for one in attempts]
    agrees = sum(one.right == right for one, right in zip(attempts, ruled, strict=True)) / len(attempts)
    return Feedback(tuple(attempts), tuple(map(sum, zip(*compared, strict=True))), agrees, str(path))
