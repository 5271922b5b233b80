"""What pairs teach: a number, a shortcut where there is one, a taste, and at which price; labs 50, 54 and 58."""

from collections.abc import Callable
from statistics import fmean

from .. import evaluation, models, world
from ..data import Pairs
from ..evaluation import agreement, answers, judging, logratios, sampled_pairs, wins
from ..objectives import DPO, SFT, Reward
from ..preferences import SET, preference_set
from ..recipe import Recipe, Train
from ..rewards import is_reward_model
from ..world import Example
from ..world.style import curt_and_polite
from .arms import Arm, begun, left_by
from .verdicts import Claim, Judgement, more, values_of

ASKED = (("asked", 200),)  # questions or pairs of a seed, others for each
TOKENS = 80  # of a sampled answer, at most
BETAS = (1.0, 10.0)  # beside the paper's own
CLICKS, CLICKED = 30, f"{SET}evidence-clicks"
TAUGHT = Recipe(  # what an answer is, and not yet which is the better one: half of what is taught are the worse ones
    model="small",
    objective=SFT(),
    task=Pairs(examples=1000, noise=0.5),
    train=Train(steps=60, batch=16, learning_rate=1e-3, schedule="cosine", warmup=5, eval_examples=0),
)
LEARNING_RATES = {"reward": 1e-3, "dpo": 1e-4, "sft": 3e-4}  # the best of those below, in the stored tuning
TRIED = {"reward": (3e-4, 1e-3, 3e-3), "dpo": (3e-5, 1e-4, 3e-4), "sft": (3e-4, 1e-3, 3e-3)}


def learning(objective, learning_rate: float | None = None, **pairs) -> Recipe:
    """How the labs learn from pairs what is better; they begin with the model that `TAUGHT` leaves."""
    name = type(objective).__name__.lower()
    recipe = TAUGHT.but(objective=objective, task=Pairs(**{"examples": 300, **pairs}), steps=40, batch=8)
    return recipe.but(learning_rate=learning_rate or LEARNING_RATES[name])


def rewarded(arm: Arm, seed: int) -> dict:
    """What `evaluation.judging` tells of a reward model, by other pairs for each seed; "validation": its accuracy on
    pairs of their own."""
    asked = dict(arm.options)["asked"]
    with begun(arm, seed) as (model, _, tokenizer):
        found = judging(model, tokenizer, Pairs().held_out((seed + 1) * asked)[-asked:])
        validation = judging(model, tokenizer, Pairs(asked="validation").held_out(asked))["accuracy"]
    return {name: one.value for name, one in found.items()} | {"validation": validation.value}


def preferred(arm: Arm, seed: int) -> dict:
    """
    What a policy samples, and how far it has gone from the model that it began with.

    gold, words       mean gold score and number of words of answers to other questions for each seed
    kl                KL(policy || reference) by these answers, nats an answer
    chosen, rejected  mean log-ratios of both answers of pairs that were not taught, nats
    validation        mean gold score of answers to questions of their own
    """
    asked = dict(arm.options)["asked"]
    with begun(arm, seed) as (model, reference, tokenizer):
        said = _sampled(model, tokenizer, "test", seed, asked)
        written = [Example(one.prompt, one.text) for one in said]
        pairs = Pairs().held_out((seed + 1) * asked)[-asked:]
        both = {"kl": written, "chosen": pairs, "rejected": [pair.exchanged() for pair in pairs]}
        found = {name: fmean(logratios(model, reference, tokenizer, some)) for name, some in both.items()}
        validation = fmean(one.value for one in _sampled(model, tokenizer, "validation", 0, asked))
    words = fmean(len(one.text.split()) for one in said)
    return found | {"gold": fmean(one.value for one in said), "words": words, "validation": validation}


def clicked(arm: Arm, seed: int) -> dict:
    """
    Choices between sampled answers, made by a rule, other ones for each seed, and what is learned from them.

    agrees  of a reward model, the share of new pairs of which it likes the same answer better as the rule; of a policy,
            the share of questions to which the rule likes its answer better than that of the model it began with
    gold    of a policy, mean gold score of sampled answers, for which nobody has asked
    """
    kept, asked = preference_set(arm.recipe.task.set), dict(arm.options)["asked"]
    base, tokenizer = models.load(left_by(dict(arm.options)["first"], seed))

    def pairs(split: str, n: int) -> list:
        return sampled_pairs(base, tokenizer, world.task("style"), split, n, TOKENS, seed * n, seed)

    kept.delete()
    kept.fill(pairs("train", CLICKS), curt_and_polite)
    with begun(arm, seed) as (model, reference, _):
        kept.delete()
        if is_reward_model(model):
            return {"agrees": agreement(model, tokenizer, pairs("test", asked), curt_and_polite).value}
        now, before = (_sampled(one, tokenizer, "test", seed, asked) for one in (model, reference))
    return {"agrees": wins(now, before, curt_and_polite).value, "gold": fmean(one.value for one in now)}


def _sampled(model, tokenizer, split: str, seed: int, n: int) -> list[evaluation.Answer]:
    return answers(model, tokenizer, world.task("style"), split, n, TOKENS, seed * n, temperature=1.0, seed=seed)


def _a_number(measured: dict) -> Judgement:
    """Beyond the best that shortness alone can tell, to either side."""
    gold, short = (values_of(measured[PAIRS], what) for what in ("gold", "shortness, gold"))
    arms = {name: values_of(runs, "gold") for name, runs in measured.items()} | {"shortness": short}
    also = {
        f"{name}: {what}": values_of(runs, what)
        for name, runs in measured.items()
        for what in ("accuracy", "padded", "shorter")
    }
    return Judgement(arms, [one - abs(other) for one, other in zip(gold, short, strict=True)], also)


def _both_fall(measured: dict) -> Judgement:
    (runs,) = measured.values()
    both = {side: values_of(runs, side) for side in ("chosen", "rejected")}
    return Judgement(both, [-one for one in both["chosen"]], {"gold": values_of(runs, "gold")})


def _clicks_teach(measured: dict) -> Judgement:
    agrees = {name: values_of(runs, "agrees") for name, runs in measured.items()}
    also = {f"{name}: gold": values_of(runs, "gold") for name, runs in measured.items() if "gold" in runs[0]}
    return Judgement(agrees, [one - 0.5 for one in agrees[PREFERRED]], also)


def _arm(name: str, measure: Callable, objective, rate: float | None = None, **pairs) -> Arm:
    return Arm(name, measure, recipe=learning(objective, rate, **pairs), options=(*ASKED, ("first", TAUGHT)))


def _tried(measure: Callable, *objectives) -> tuple[Arm, ...]:
    named = [(type(one).__name__.lower(), one) for one in objectives]
    return tuple(_arm(f"{name} {rate:g}", measure, one, rate) for name, one in named for rate in TRIED[name])


PAIRS, FLIPPED, LONGER = "300 pairs", "every third exchanged", "taught with longer ones"
BASE, CHOSEN, PREFERRED = "taught both", "SFT on the chosen", "DPO"
REWARDS = (
    _arm(PAIRS, rewarded, Reward()),
    _arm(FLIPPED, rewarded, Reward(), noise=0.33),
    _arm(LONGER, rewarded, Reward(), longer=True),
)
DIRECT = _arm(PREFERRED, preferred, DPO())

CLAIMS = (
    Claim(
        id="pairs-teach-a-number",
        statement="From three hundred comparisons a model learns a number that goes with a gold score that it has never"
        " seen, and tells more of it than the length of an answer does.",
        rule="correlation of rewards with gold scores, less the size of that of lengths; above 0",
        unit="correlation",
        least=0.0,
        arms=REWARDS[:2],
        judge=_a_number,
        tuning=_tried(rewarded, Reward()),
    ),
    Claim(
        id="length-fools",
        statement="Where the better answers that are taught are always the longer ones, a reward model learns length.",
        rule="share of answers whose reward rises with a sentence that says nothing, taught with longer ones less"
        " taught with the same pairs as they are; above 0.2",
        unit="share",
        least=0.2,
        arms=(REWARDS[0], REWARDS[2]),
        judge=more("padded", LONGER, PAIRS),
    ),
    Claim(
        id="pairs-teach-taste",
        statement="DPO raises the gold score of sampled answers more than as many steps of SFT on the chosen ones.",
        rule="mean gold score of sampled answers, DPO less the better of SFT on the chosen and none, each with its best"
        " learning rate; above 0",
        unit="score",
        least=0.0,
        arms=(
            Arm(BASE, preferred, recipe=TAUGHT, options=ASKED),
            _arm(CHOSEN, preferred, SFT()),
            DIRECT,
        ),
        judge=more("gold", PREFERRED, CHOSEN, BASE),
        tuning=_tried(preferred, DPO(), SFT()),
    ),
    Claim(
        id="both-fall",
        statement="DPO makes the chosen answers, too, less likely than they were; the rejected ones only fall deeper.",
        rule="fall of the mean log-probability of chosen answers that were not taught; above 0",
        unit="nats/answer",
        least=0.0,
        arms=(DIRECT,),
        judge=_both_fall,
    ),
    Claim(
        id="beta-holds",
        statement="The larger beta is, the nearer the policy stays to where it began.",
        rule=f"KL(policy || reference) with beta {DPO().beta:g} less that with beta {BETAS[-1]:g}; above 0",
        unit="nats/answer",
        least=0.0,
        arms=(DIRECT, *(_arm(f"beta {beta:g}", preferred, DPO(beta=beta)) for beta in BETAS)),
        judge=more("kl", PREFERRED, f"beta {BETAS[-1]:g}"),
    ),
    Claim(
        id="clicks-teach",
        statement="Thirty choices between a model's own answers are enough for it to answer more as was asked for.",
        rule="share of questions to which the rule that chose likes the answer after DPO better than that before, less"
        " a half; above 0.1",
        unit="share",
        least=0.1,
        arms=(
            _arm("reward model", clicked, Reward(), set=CLICKED),
            _arm(PREFERRED, clicked, DPO(), set=CLICKED),
        ),
        judge=_clicks_teach,
    ),
)
