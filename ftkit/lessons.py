"""What is quickly learned? Short fine-tuning after which a base model is examined, for its card."""

import statistics
from dataclasses import asdict, dataclass

from . import evaluation, models, training, world
from .adapters import Full
from .data import Task, encode_example
from .evaluation import Measurement
from .objectives import SFT
from .recipe import Recipe, Train
from .runs import Store

BATCH, EXAMPLES = 32, 2500
TOKENS = 250_000  # read in a lesson of Table 2: about 25 s of `small` on two cores, with the questions before and after
FORMAT_STEPS, FORMAT_EXAMPLES = 60, 500  # a lesson that shows the form of answers and leaves the skill to be found
TIERS = ("sums", "long sums", "steps", "two steps", "gaps", "hard")  # tasks meant for reinforcement learning
SAMPLES = 4  # answers sampled for each question of a tier
SIGNAL = 0.2, 0.6  # pass@1 from which reinforcement has something to choose from
LEAST, TIMES = 0.5, 2.0  # a lesson has worked at this score, or at so many times the best baseline if that is more


@dataclass(frozen=True)
class Learned:
    """What a task's lesson came to.

    score     mean of the checker's values on questions that were not taught
    right     share of answers with full marks
    baseline  the better of a guess and an echo
    wanted    the score at which the lesson has worked
    taught    the same mean on questions of the lesson itself
    steps     changes of the weights; seconds: the whole lesson, questions before and after included
    example   what the checker says of a wrong answer
    """

    score: Measurement
    right: Measurement
    baseline: float
    wanted: float
    taught: float
    steps: int
    seconds: float
    example: str

    @property
    def worked(self) -> bool:
        return self.score.value >= self.wanted

    @property
    def why(self) -> str:
        """Why a lesson has not worked; empty if it has."""
        if self.worked:
            return ""
        if self.taught >= self.wanted:
            cause = "what it was taught it answers by heart, so what the others need was not in what it had read"
        elif self.score.low > self.baseline:
            cause = "it is on the way, and the lesson ends too early"
        else:
            cause = "even what it was taught it cannot answer, so the lesson is too short for all that is new in it"
        return f"{cause}. For example: {self.example}."

    def to_dict(self) -> dict:
        return asdict(self) | {"worked": self.worked, "why": self.why}


def lesson(model: str, task: str, island: int = 0, steps: int | None = None, examples: int = EXAMPLES) -> Recipe:
    """Full fine-tuning on a task's questions.

    steps   changes of the weights; as many as read TOKENS if None
    raises  ValueError for an unknown task
    """
    return Recipe(
        model=model,
        adapter=Full(),
        objective=SFT(),
        task=Task(task, examples=examples, island=island),
        train=Train(
            steps=steps or _steps(model, task, island),
            batch=BATCH, learning_rate=1e-3, schedule="cosine", warmup=10, eval_examples=0,
        ),
    )  # fmt: skip


def learned(model: str, task: str, island: int = 0, n: int = 200, store: Store | None = None) -> Learned:
    """What a base model answers after a lesson of some 25 s.

    n       questions of the split `test`
    raises  ValueError for an unknown task
    """
    kind = world.task(task, island)
    run = training.run(lesson(model, task, island), store=store)
    found, taught = (
        evaluation.answers(*run.model(), kind, split, n, kind.answer_tokens) for split in ("test", "train")
    )
    values, baseline = [answer.value for answer in found], max(kind.random, kind.echo)
    score = Measurement(statistics.fmean(values), "score", n, *evaluation.bootstrap(values))
    return Learned(
        score=score,
        right=evaluation.share([float(value == 1) for value in values]),
        baseline=baseline,
        wanted=max(TIMES * baseline, LEAST),
        taught=statistics.fmean(answer.value for answer in taught),
        steps=run.recipe.train.steps,
        seconds=round(run.cost["seconds"], 1),
        example=min(found, key=lambda answer: answer.value).why,
    )


def tier(model: str, task: str, island: int = 0, n: int = 100, store: Store | None = None) -> Measurement:
    """Share of right sampled answers at temperature 1 (pass@1) after a lesson in form alone.

    Where it is near 0 or near 1, all answers to a question earn the same and reinforcement has nothing to choose from.

    n       questions of the split `test`, each answered SAMPLES times
    raises  ValueError for an unknown task
    """
    run = training.run(lesson(model, task, island, FORMAT_STEPS, FORMAT_EXAMPLES), store=store)
    return evaluation.pass_at(*run.model(), world.task(task, island), n=n, samples=SAMPLES, ks=(1,))[1]


def leaves_a_choice(rate: float) -> bool:
    """Whether a pass@1 leaves reinforcement right and wrong answers to the same question to choose from."""
    return SIGNAL[0] <= rate <= SIGNAL[1]


def _steps(model: str, task: str, island: int) -> int:
    """Steps that read TOKENS, by the mean length of some questions with their answers."""
    kind, (_, tokenizer) = world.task(task, island), models.load(model)
    rows = [encode_example(tokenizer, kind.sample("train", i))[0] for i in range(100)]
    return max(1, round(TOKENS / (BATCH * statistics.fmean(map(len, rows)))))
