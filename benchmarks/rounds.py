"""R1: tokens of questions and attempts that a second of GRPO reads and learns from, ours beside TRL's as it comes.
R2: how soon it gets problems right, ours beside TRL's, tuned.

A round writes attempts, grades them and learns from them. Chance differs between the arms, so what must be equal in R1
is what the same policy earns on average; there the learning rate is so small that it stays the same policy. In R2 both
must come as far in as many rounds, over all seeds.
"""

import math
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from ftkit import machine, models, rewards
from ftkit.data import Task, as_prompt
from ftkit.evidence.reinforcing import FORM, GROUPS
from ftkit.objectives import GRPO
from ftkit.recipe import Recipe, Train
from ftkit.runs import Store
from ftkit.training import run

from .side_by_side import Arm, Block, Comparison, Goal, as_it_comes, compare, now, size_of

DEFAULT, TUNED, OURS = "GRPOTrainer", "GRPOTrainer, tuned", "ours"
PLAIN = {"bf16": False, "fp16": False}  # the library would compute in bfloat16, where it may have no units, too
QUICK = {"activation_checkpointing": False}
STILL = 1e-6  # a learning rate that moves next to nothing
EQUAL, WARM = 0.1, 1
GROUP = 8
LAST = 3  # rounds whose mean says how far a policy has come
HOUR = 3600


@dataclass(frozen=True)
class Case:
    """Attempts of so many tokens at most, so many of them in a round, graded and learned from.

    mark  the share of right attempts at which R2 has come far enough; None for R1
    """

    task: str = "sums"
    attempts: int = 64
    longest: int = 24
    rounds: int = 5
    reward: str = "python:vowels"
    learning_rate: float = STILL
    mark: float | None = None
    model: str = "small"


CASES = (
    Case(),
    Case(
        GROUPS.task.name, GROUPS.train.batch, GROUPS.objective.longest, GROUPS.train.steps, "rule",
        GROUPS.train.learning_rate, mark=0.75,
    ),
)  # fmt: skip


@rewards.register("vowels")
def vowels(example, text) -> float:
    """The share of an attempt's letters that are vowels: something that every attempt has."""
    return sum(letter in "aeiou" for letter in text) / max(1, len(text))


@dataclass(frozen=True)
class Rounds:
    """What an arm's rounds came to.

    tokens, earned  of each round, or of each batch of the library's
    ends            seconds from the start
    """

    tokens: list[int]
    ends: list[float]
    earned: list[float]


class Arrivals:
    """Rounds with another seed each time, until so much is earned.

    ends      what each seed's last rounds earned on average
    arrivals  how many seeds came so far
    """

    def __init__(self, mark: float, way: Callable[[int], Rounds]):
        self.mark, self.way, self.ends, self.arrivals = mark, way, [], 0

    def __call__(self) -> Block:
        rounds = self.way(len(self.ends))
        found = arrival(rounds.earned, self.mark)
        self.ends.append(fmean(rounds.earned[-LAST:]))
        self.arrivals += found is not None
        return Block(HOUR, rounds.ends[-1 if found is None else found], rounds.earned)

    def behind(self, others: "Arrivals") -> str:
        """Empty unless the others earn more in the end, by more than EQUAL and more than twice the standard error."""
        gaps = [theirs - ours for ours, theirs in zip(self.ends, others.ends, strict=True)]
        error = stdev(gaps) / len(gaps) ** 0.5 if len(gaps) > 1 else math.inf
        if fmean(gaps) <= max(EQUAL, 2 * error):
            return ""
        return f"it earns {fmean(self.ends):.2f} in the end, and the other {fmean(others.ends):.2f}"


def measured(case: Case, seconds: float, tell=lambda text: None) -> Comparison:
    """The comparison of one case."""
    what = f"rounds of {case.attempts} attempts of {case.longest} tokens, {size_of(case.model) / 1e6:.2f} M weights"
    with tempfile.TemporaryDirectory(prefix="ftkit-bench-") as folder:
        if case.mark is None:
            outcomes, probes = compare(arms(case, Path(folder)), seconds, tell)
            goals = (Goal(OURS, 3.0, DEFAULT), Goal(OURS, 1.15, TUNED))
            return Comparison("R1", what, DEFAULT, 6 * size_of(case.model), goals, outcomes, probes)
        racing = arms(case, Path(folder))
        outcomes, probes = compare(racing, seconds, tell)
    title = f"until {case.mark:.0%} of the attempts are right: {what}"
    note = " ".join(
        f"{one.name}: {one.run.arrivals} of {len(one.run.ends)} seeds arrive, {fmean(one.run.ends):.2f} right at last."
        for one in racing
    )
    goals = (Goal(OURS, 1.15, TUNED),)
    return Comparison("R2", title, TUNED, 0, goals, outcomes, probes, note, "arrivals an hour")


def arms(case: Case, folder: Path) -> list[Arm]:
    """The reference first; as the library comes, it makes a round of one group."""
    if case.mark is not None:
        begun = lesson(folder)
        theirs = Arrivals(case.mark, lambda seed: library(case, case.attempts, folder, begun, seed, **PLAIN, **QUICK))
        own = Arrivals(case.mark, lambda seed: ours(case, folder, begun, seed))
        return [Arm(TUNED, theirs, lambda *_: ""), Arm(OURS, own, lambda *_: own.behind(theirs))]
    ways = {
        DEFAULT: lambda: library(case, GROUP, folder, case.model, **PLAIN),
        TUNED: lambda: library(case, case.attempts, folder, case.model, **PLAIN, **QUICK),
        OURS: lambda: ours(case, folder, case.model),
    }
    return [Arm(name, lambda way=way: block(way()), same_earnings) for name, way in ways.items()]


def lesson(folder: Path) -> str:
    """The folder of a model that knows how an answer looks."""
    models.save(*run(FORM, store=Store(folder / "form")).model(), folder / "begun")
    return str(folder / "begun")


def arrival(earned: list[float], mark: float) -> int | None:
    """The first round that, with those before it, has earned so much on average; None if there is none."""
    reached = (i for i in range(LAST - 1, len(earned)) if fmean(earned[i + 1 - LAST : i + 1]) >= mark)
    return next(reached, None)


def same_earnings(made: list[float], reference: list[float]) -> str:
    """Empty if as much was earned on average."""
    apart = abs(fmean(made) - fmean(reference))
    return "" if apart <= EQUAL else f"it earned {fmean(made):.3f} instead of {fmean(reference):.3f}"


def ours(case: Case, folder: Path, model: str, seed: int = 0) -> Rounds:
    """As a lab asks for it, whole: every round is written down."""
    objective = GRPO(group=GROUP, longest=case.longest, reward=case.reward, beta=0.0)
    train = Train(
        case.rounds, case.attempts, case.learning_rate, schedule="constant", seed=seed, eval_examples=0,
        checkpoint_every=1_000_000,
    )  # fmt: skip
    store = Store(folder / "runs")
    done = run(Recipe(model, objective, Task(case.task, examples=500), train=train), store=store)
    rounds = [event for event in done.metrics if event["kind"] == "loss"]
    shutil.rmtree(store.root, ignore_errors=True)
    values = [one["values"] for one in rounds]
    return Rounds(
        [one["tokens"] for one in values], [one["seconds"] for one in rounds], [one["reward"] for one in values]
    )


def library(case: Case, batch: int, folder: Path, model: str, seed: int = 0, **options) -> Rounds:
    """TRL's trainer with its own way to write, as many attempts in all."""
    from datasets import Dataset
    from transformers import PrinterCallback, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    machine.settle()
    loaded, tokenizer = models.load(model)
    task = Task(case.task, examples=500)
    asked, judge = task.source(), rewards.grader(case.reward, task.asks()[0])
    tokens, ends, earned = [], [], []

    def graded(completions, number, **_) -> list[float]:
        texts = [one if isinstance(one, str) else one[0]["content"] for one in completions]
        found = [one.value for one in judge.grade([asked[i] for i in number], texts)]
        earned.append(fmean(found))
        return found

    class Seen(GRPOTrainer):
        def _compute_loss(self, model, inputs):
            tokens.append(int(inputs["prompt_mask"].sum() + inputs["completion_mask"].sum()))
            return super()._compute_loss(model, inputs)

    class Ends(TrainerCallback):
        def on_train_begin(self, *args, **kwargs):
            self.began = now()

        def on_step_end(self, *args, **kwargs):
            ends.append(now() - self.began)

    with as_it_comes():
        trainer = Seen(
            model=loaded,
            reward_funcs=graded,
            args=GRPOConfig(
                str(folder / "trl"), per_device_train_batch_size=batch, max_steps=case.rounds * case.attempts // batch,
                num_generations=GROUP, learning_rate=case.learning_rate, lr_scheduler_type="constant", seed=seed,
                max_completion_length=case.longest, save_strategy="no", disable_tqdm=True,
                use_cpu=machine.device() == "cpu", dataloader_pin_memory=machine.device() == "cuda", **options,
            ),
            train_dataset=Dataset.from_list(
                [{"prompt": as_prompt(tokenizer, one.prompt), "number": i} for i, one in enumerate(asked)]
            ),
            processing_class=tokenizer,
            callbacks=[Ends()],
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return Rounds(tokens, ends, earned)


def block(rounds: Rounds) -> Block:
    """From the end of the first rounds to that of the last one."""
    warm = max(1, len(rounds.tokens) * WARM // 5)
    return Block(sum(rounds.tokens[warm:]), rounds.ends[-1] - rounds.ends[warm - 1], rounds.earned)
