"""How far an untuned model gets by being asked well, lab 20: examples, their labels and order, voice, votes."""

from collections.abc import Callable
from dataclasses import replace
from statistics import fmean

from .. import evaluation, models, prompting, world
from ..evaluation.context import steps_right
from ..prompting import Prompt
from .arms import Arm
from .verdicts import Claim, Judgement, beyond, values_of

FAR = 1000  # numbers of questions from one seed to the next
ASKING = "What is this review about? {text} Answer: {label}."
OURS = "cooking", "bedroom", "people", "money", "ship"
CHOOSE = "Choose food, room, staff, price or boat."
SHORT = "{a} {sign} {b} = {answer}"
SAMPLES = 8
TABLES = (("task", "episodes"), ("kinds", ("table",)), ("n", 100))
REVIEWS = (("task", "topic"), ("n", 100))
SUMS = (("task", "long sums"), ("n", 40))


def prompted(arm: Arm, seed: int) -> dict:
    """
    A model that nobody tuned is asked; other questions and other examples for each seed.

    right  share of right answers
    guess  what a guess among the answers of the worked examples would earn, if there are any
    """
    told, (model, tokenizer) = dict(arm.options), models.load(arm.model, seed=seed)
    task, prompt, how = task_of(told), replace(told["prompt"], draw=seed), {"n": told["n"], "first": FAR * seed}
    right = {"right": prompting.right(model, tokenizer, task, prompt, **how).value}
    return right | ({"guess": prompting.guessed(task, prompt, **how)} if prompt.shots else {})


def ordered(arm: Arm, seed: int) -> dict:
    """The same examples in all of their orders; see `prompting.over_orders`."""
    told = dict(arm.options)
    prompt = replace(told["prompt"], draw=seed)
    found = prompting.in_all_orders(*models.load(arm.model), task_of(told), prompt, n=told["n"], first=FAR * seed)
    return prompting.over_orders(found)


def voted(arm: Arm, seed: int) -> dict:
    """
    Several samples for each question.

    right       share of questions whose majority is right
    one sample  share of right samples
    """
    told = dict(arm.options)
    votes = prompting.self_consistency(
        *models.load(arm.model), task_of(told), replace(told["prompt"], draw=seed), n=told["n"], samples=SAMPLES,
        seed=seed, first=FAR * seed,
    )  # fmt: skip
    right = evaluation.share([vote.value() for vote in votes])
    return {"right": right.value, "one sample": fmean(value for vote in votes for value in vote.values)}


def hinted(arm: Arm, seed: int) -> dict:
    """{"true", "wrong", "none": mean share of a proof's steps that are right, after such a hint or after none}"""
    n, reader = dict(arm.options)["n"], models.load(arm.model)
    return {hint: fmean(steps_right(*reader, n, hint, first=seed * n)) for hint in ("none", "wrong", "true")}


def task_of(told: dict):
    """The task of an arm's options; of episodes those of some kinds alone, if it says so."""
    task = world.task(told["task"])
    return replace(task, kinds=told["kinds"]) if "kinds" in told else task


def _arm(name: str, options: tuple, prompt: Prompt, model: str = "small", measure: Callable = prompted) -> Arm:
    return Arm(name, measure, model=model, options=(*options, ("prompt", prompt)))


def _more(of: str, than: str) -> Callable[[dict[str, list[dict]]], Judgement]:
    """A judge of how many more answers are right in one arm than in another, or than by another number of an arm."""

    def judge(measured: dict[str, list[dict]]) -> Judgement:
        right = {name: values_of(runs, "right") for name, runs in measured.items()}
        also = {f"{name}, {what}": values_of(runs, what)
                for name, runs in measured.items() for what in runs[0] if what != "right"}  # fmt: skip
        return Judgement(right, beyond(right[of], (right | also)[than]), also)

    return judge


def _more_in_one(of: str, *than: str) -> Callable[[dict[str, list[dict]]], Judgement]:
    """The same of numbers that one arm has measured; of several others the largest counts."""

    def judge(measured: dict[str, list[dict]]) -> Judgement:
        (runs,) = measured.values()
        found = {name: values_of(runs, name) for name in runs[0]}
        compared = {name: found.pop(name) for name in (*than, of)}
        return Judgement(compared, beyond(compared[of], *(compared[name] for name in than)), found)

    return judge


def _labelled(name: str, prompt: Prompt, options: tuple) -> tuple[Arm, ...]:
    """The same examples as they are, each with its neighbour's answer, and with exchanged labels."""
    return (
        _arm(name, options, prompt),
        _arm(f"{name}, shuffled", options, replace(prompt, shuffled=True)),
        _arm(f"{name}, exchanged", options, replace(prompt, flipped=True)),
    )


FOUR = Prompt(shots=4)
TAUGHT = {shots: _arm(f"k = {shots}", TABLES, Prompt(shots=shots)) for shots in (0, 1, 2, 4, 8)}
SHUFFLED = {shots: _arm(f"k = {shots}, shuffled", TABLES, Prompt(shots=shots, shuffled=True)) for shots in (2, 4, 8)}
ORDERS = _arm("orders", (("task", "topic"), ("n", 40)), FOUR, measure=ordered)

CLAIMS = (
    Claim(
        id="examples-teach",
        statement="From four examples in its context an untuned reader looks up an answer that no text has ever shown.",
        rule="share of right answers after four examples, less that of a guess among the answers shown; above 0",
        unit="share",
        least=0.0,
        arms=(
            *TAUGHT.values(),
            _arm("k = 4, nano", TABLES, FOUR, model="nano"),
            _arm("k = 4, unread", TABLES, FOUR, model="fresh:small"),
        ),
        judge=_more("k = 4", than="k = 4, guess"),
    ),
    Claim(
        id="labels-count",
        statement="The answers of the examples count, and not their form alone: shuffled among them, they teach less.",
        rule="share of right answers after four examples, less that after four shuffled ones; above 0",
        unit="share",
        least=0.0,
        arms=(TAUGHT[4], *SHUFFLED.values()),
        judge=_more("k = 4", than="k = 4, shuffled"),
    ),
    Claim(
        id="reading-outvotes",
        statement="A reader follows four examples with exchanged labels where nothing that it has read speaks against"
        " them, and holds to what it has read where it does.",
        rule="share of answers as four examples with exchanged labels teach them, of tables less of reviews; above 0",
        unit="share",
        least=0.0,
        arms=(*_labelled("reviews", FOUR, REVIEWS), *_labelled("tables", FOUR, TABLES)),
        judge=_more("tables, exchanged", than="reviews, exchanged"),
    ),
    Claim(
        id="own-voice",
        statement="Told in the voice of its texts, a reader answers what it cannot answer when it is asked.",
        rule="share of right answers told in its words, less that asked in the same words; above 0",
        unit="share",
        least=0.0,
        arms=(
            _arm("asked, in our words", REVIEWS, Prompt(form=ASKING, words=OURS)),
            _arm("asked, in its words", REVIEWS, Prompt(form=ASKING)),
            _arm("asked, after an instruction", REVIEWS, Prompt(CHOOSE, form=ASKING)),
            _arm("asked, after 2 examples", REVIEWS, Prompt(shots=2, form=ASKING)),
            _arm("told, in our words", REVIEWS, Prompt(words=OURS)),
            _arm("told, in its words", REVIEWS, Prompt()),
        ),
        judge=_more("told, in its words", than="asked, in its words"),
    ),
    Claim(
        id="order-matters",
        statement="The order of the same four examples changes how many answers are right.",
        rule="share of right answers in the best order less that in the worst, less what that would be if no order were"
        " better than another; above 0",
        unit="share",
        least=0.0,
        arms=(ORDERS,),
        judge=_more_in_one("spread", "spread by chance"),
    ),
    Claim(
        id="calibration-helps",
        statement="Setting each label against what it weighs where there is nothing to judge makes more answers right.",
        rule="mean share of right answers over all orders of four examples, calibrated less as they weigh; above 0",
        unit="share",
        least=0.0,
        arms=(ORDERS,),
        judge=_more_in_one("all orders calibrated", "all orders"),
    ),
    Claim(
        id="hints-help",
        statement="Told the answer, a reader writes more right steps towards it; told a wrong one, it does not.",
        rule="share of right steps of hard sums with the answer as a hint, less the better of none and a wrong one;"
        " above 0.3",
        unit="share",
        least=0.3,
        arms=(Arm("small", hinted, model="small", options=(("n", 60),)),),
        judge=_more_in_one("true", "wrong", "none"),
    ),
    Claim(
        id="votes-help",
        statement="The majority of several sampled ways is right more often than the one way that seems likeliest.",
        rule=f"share of right answers of the majority of {SAMPLES} samples, less that of the greedy answer; above 0",
        unit="share",
        least=0.0,
        arms=(
            _arm("at once", SUMS, Prompt(form=SHORT)),
            _arm("in steps", SUMS, Prompt()),
            _arm(f"vote of {SAMPLES}", SUMS, Prompt(), measure=voted),
        ),
        judge=_more(f"vote of {SAMPLES}", than="in steps"),
    ),
)
