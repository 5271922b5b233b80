"""What rewards teach: an answer that comes first, and the weakness of a judge; labs 52 and 66."""

from dataclasses import replace
from statistics import fmean

from .. import evaluation, models, rewards, world
from ..data import Task
from ..evaluation import Answer, answers
from ..objectives import DPO, GRPO, PPO, SFT, Reinforce, Reward
from ..recipe import Recipe, Train
from .arms import Arm, begun, finished, left_by
from .preferring import TAUGHT, learning
from .verdicts import Claim, Judgement, beyond, more, values_of

FORM = Recipe(  # how an answer looks; too short a lesson to teach how to find it
    model="small",
    objective=SFT(),
    task=Task("steps", examples=500),
    train=Train(steps=11, batch=32, learning_rate=1e-3, schedule="cosine", warmup=3, eval_examples=0),
)
GROUPS = Recipe(
    model="small",
    objective=GRPO(group=8, longest=48, beta=0.0),
    task=Task("steps", examples=500),
    train=Train(steps=15, batch=64, learning_rate=4e-4, schedule="constant", eval_examples=0),
)
WORKED = GROUPS.but(objective=SFT(), batch=8, learning_rate=3e-4)  # the worked answers of as many questions
QUESTIONS = (("asked", 100),)  # of a seed, others for each
LAST = 5  # rounds whose mean is taken
TOLD = {"earned": "reward", "gold": "gold", "kl": "kl"}  # of each round
TRIES = 8  # answers of which a judge picks one
PLEASING = Recipe(
    model="small",
    objective=PPO(longest=40, beta=0.3, passes=2),
    task=Task("style", examples=500),
    train=Train(steps=12, batch=32, learning_rate=1e-3, schedule="constant", eval_examples=0),
)

# without a judge: as many steps as take the time of the judge's lesson and these rounds
DIRECT = learning(DPO()).but(steps=100)


def reasoned(arm: Arm, seed: int) -> dict:
    """{k: pass@k on questions that were not taught, others for each seed}"""
    task, n = world.task(GROUPS.task.name), dict(arm.options)["asked"]
    with begun(arm, seed) as (model, _, tokenizer):
        found = evaluation.pass_at(model, tokenizer, task, n=n, first=seed * n)
    return {str(k): one.value for k, one in found.items()}


def pleased(arm: Arm, seed: int) -> dict:
    """
    A policy that learns from what a reward model says, which has learned from pairs.

    earned, gold, kl  means of the last rounds: what the judge gives, what the rules give, nats from where it began
    peak              the highest mean gold score that as many rounds had on the way
    said              gold score of answers to questions that were not asked, others for each seed
    """
    taught, judge = _judge(seed)
    recipe = arm.recipe.but(model=taught, reward=f"run:{judge}")
    with finished(replace(arm, recipe=recipe), seed) as run:
        said = _said(*run.model(), seed, dict(arm.options)["asked"])
    rounds = [event["values"] for event in run.metrics if event["kind"] == "loss"]
    found = {name: fmean(one[what] for one in rounds[-LAST:]) for name, what in TOLD.items()}
    golds = [one["gold"] for one in rounds]
    peak = max(fmean(golds[i : i + LAST]) for i in range(len(golds) - LAST + 1))
    return found | {"peak": peak, "said": fmean(one.value for one in said)}


def told_directly(arm: Arm, seed: int) -> dict:
    """said: as above, of a policy that has learned from the pairs themselves"""
    with begun(arm, seed) as (model, _, tokenizer):
        return {"said": fmean(one.value for one in _said(model, tokenizer, seed, dict(arm.options)["asked"]))}


def picked(arm: Arm, seed: int) -> dict:
    """What the model says that no reward has reached, and what the judge picks of several answers; gold scores."""
    (taught, judge), n = _judge(seed), dict(arm.options)["asked"]
    model, tokenizer = models.load(taught)
    task, grader = world.task(PLEASING.task.name), rewards.grader(f"run:{judge}")
    best = evaluation.best_of(
        model, tokenizer, task, grader, n=n, samples=TRIES, longest=PLEASING.objective.longest, first=seed * n
    )
    said = {"first": _said(model, tokenizer, seed, n), "best": best}
    return {name: fmean(one.value for one in some) for name, some in said.items()}


def _judge(seed: int) -> tuple[str, str]:
    """Folders of the model that a policy begins with, and of the reward model that judges it."""
    taught = left_by(TAUGHT, seed)
    return taught, left_by(learning(Reward()).but(model=taught), seed)


def _said(model, tokenizer, seed: int, n: int) -> list[Answer]:
    task, longest = world.task(PLEASING.task.name), PLEASING.objective.longest
    return answers(model, tokenizer, task, "test", n, longest, seed * n, temperature=1.0, seed=seed)


def _first_attempts(measured: dict) -> Judgement:
    arms = {name: values_of(runs, "1") for name, runs in measured.items()}
    also = {f"{name}, 16 attempts": values_of(runs, "16") for name, runs in measured.items()}
    return Judgement(arms, beyond(arms[REWARDED], arms[FORMED]), also)


def _first_not_more(measured: dict) -> Judgement:
    gains = {k: beyond(*(values_of(measured[name], k) for name in (REWARDED, FORMED))) for k in ("1", "16")}
    named = {f"gain of {k} attempt{'s' if k != '1' else ''}": values for k, values in gains.items()}
    return Judgement(named, beyond(gains["1"], gains["16"]))


def _fooled(measured: dict) -> Judgement:
    (runs,) = measured.values()
    arms = {what: values_of(runs, what) for what in ("peak", "gold")}
    return Judgement(arms, beyond(arms["peak"], arms["gold"]), {"earned": values_of(runs, "earned")})


def _held(measured: dict) -> Judgement:
    arms = {name: values_of(measured[name], "said") for name in (FREE, PRICED, PLAIN)}
    arms |= {"first": values_of(measured[PICKED], "first"), PICKED: values_of(measured[PICKED], "best")}
    also = {
        f"{name}, {what}": values_of(measured[name], what) for name in (FREE, PRICED, PLAIN) for what in (*TOLD, "peak")
    }
    return Judgement(arms, beyond(arms[PRICED], arms[FREE]), also)


def _beats_picking(measured: dict) -> Judgement:
    arms = {PRICED: values_of(measured[PRICED], "said"), PICKED: values_of(measured[PICKED], "best")}
    return Judgement(arms, beyond(arms[PRICED], arms[PICKED]))


def _reasoning(name: str, recipe: Recipe | None) -> Arm:
    return Arm(name, reasoned, recipe=recipe, options=(*QUESTIONS, ("first", FORM)))


def _pleasing(name: str, recipe: Recipe) -> Arm:
    return Arm(name, pleased, recipe=recipe, options=(*QUESTIONS, ("judge", learning(Reward())), ("first", TAUGHT)))


FORMED, REWARDED, TAUGHT_WORKED = "before", "after", "taught"
FREE, PRICED, PLAIN, PICKED, DIRECTLY = "beta 0", "with a price", "REINFORCE", "best of n", "DPO, as long"
REASONING = (
    Arm(FORMED, reasoned, recipe=FORM, options=QUESTIONS),
    _reasoning(REWARDED, GROUPS),
    _reasoning(TAUGHT_WORKED, WORKED),
)
POLICIES = {
    FREE: PLEASING.but(beta=0.0),
    PRICED: PLEASING,
    PLAIN: PLEASING.but(objective=Reinforce(group=4, longest=40, beta=0.1), learning_rate=3e-4, steps=16),
}
ARMS = {name: _pleasing(name, recipe) for name, recipe in POLICIES.items()}
ARMS[DIRECTLY] = Arm(DIRECTLY, told_directly, recipe=DIRECT, options=(*QUESTIONS, ("first", TAUGHT)))
ARMS[PICKED] = Arm(PICKED, picked, recipe=learning(Reward()), options=(*QUESTIONS, ("first", TAUGHT)))

CLAIMS = (
    Claim(
        id="judge-is-fooled",
        statement="Where distance costs nothing, a policy goes on to please its judge until what it says is worse.",
        rule="gold score of the best rounds on the way less that of the last ones, distance free of charge; above 0.05",
        unit="score",
        least=0.05,
        arms=(ARMS[FREE],),
        judge=_fooled,
    ),
    Claim(
        id="price-holds",
        statement="A price of distance keeps what is said better, under the same judge.",
        rule="gold score of sampled answers, with a price of distance less without; above 0",
        unit="score",
        least=0.0,
        arms=(*(ARMS[name] for name in POLICIES), ARMS[PICKED]),
        judge=_held,
    ),
    Claim(
        id="tuning-beats-picking",
        statement="PPO ends above the best of eight answers of the untuned model, picked by the same judge.",
        rule="gold score of sampled answers after PPO with a price less that of the best of eight; above 0",
        unit="score",
        least=0.0,
        arms=(ARMS[PRICED], ARMS[PICKED]),
        judge=_beats_picking,
    ),
    Claim(
        id="no-detour-needed",
        statement="In as much time, DPO makes more of the same pairs than a reward model with PPO after it.",
        rule="gold score of sampled answers after DPO less that after PPO with a price, whose judge learned from the"
        " same 300 pairs; above 0",
        unit="score",
        least=0.0,
        arms=(ARMS[DIRECTLY], ARMS[PRICED]),
        judge=more("said", DIRECTLY, PRICED),
    ),
    Claim(
        id="rule-teaches",
        statement="A model that is only told which of its attempts are right learns to be right at the first attempt.",
        rule="pass@1 on new questions after GRPO with a rule's reward less before; above 0",
        unit="share",
        least=0.0,
        arms=REASONING,
        judge=_first_attempts,
    ),
    Claim(
        id="first-not-more",
        statement="The gain lies in the first attempt, and much less in one of sixteen.",
        rule="gain of pass@1 by GRPO less gain of pass@16; above 0.1",
        unit="share",
        least=0.1,
        arms=REASONING[:2],
        judge=_first_not_more,
    ),
)
