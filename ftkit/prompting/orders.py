"""Does it matter which example stands where? The same ones in every order, labels as they weigh and calibrated."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from ..world.dice import Dice
from .answers import blank, calibrated, questions
from .prompts import Prompt
from .weighing import weigh

MOST = 5  # examples whose orders can all be asked
ROUNDS = 100


@dataclass(frozen=True)
class Ordered:
    """The same worked examples, put in one order.

    shown       their labels, first to last
    prior       p(label) of each label after the examples and a text that says nothing
    right       one mark a question, 1.0 for right
    calibrated  the same, when each label is set against what it weighs where there is nothing to judge
    """

    shown: tuple[str, ...]
    prior: tuple[float, ...]
    right: tuple[float, ...]
    calibrated: tuple[float, ...]


def in_all_orders(
    model, tokenizer, task, prompt: Prompt, split: str = "test", n: int = 50, first: int = 0
) -> list[Ordered]:
    """
    n questions after the same worked examples, in each of the orders that there are.

    As in any prompt, the first examples are left out where the context has no room for all of them.

    returns  one Ordered an order; the first is the order in which the examples were drawn
    raises   ValueError for a task without labels, or more examples than can be asked in every order
    source   Lu et al. 2021, arXiv:2104.08786
    """
    if prompt.shots > MOST:
        raise ValueError(
            f"{prompt.shots} examples have {math.factorial(prompt.shots):,} orders; choose at most {MOST} examples"
        )
    numbers = range(math.factorial(prompt.shots))
    return [_ordered(model, tokenizer, task, replace(prompt, order=number), split, n, first) for number in numbers]


def spread(marks: Sequence[Sequence[float]]) -> float:
    """
    How far the shares of right answers lie apart, from the worst order to the best.

    marks  one row an order, one mark a question
    """
    shares = [fmean(row) for row in marks]
    return max(shares) - min(shares)


def spread_by_chance(marks: Sequence[Sequence[float]]) -> float:
    """
    The spread that would be left if no order were better than another.

    The marks of each question are dealt out anew among the orders, and the spreads of many such deals averaged. A
    question that is answered alike in every order adds nothing to it.
    """
    dice, dealt = Dice("orders", len(marks)), []
    for _ in range(ROUNDS):
        columns = [dice.shuffled(column) for column in zip(*marks, strict=True)]
        dealt.append(spread(list(zip(*columns, strict=True))))
    return fmean(dealt)


def over_orders(found: Sequence[Ordered]) -> dict[str, float]:
    """
    What all orders come to, in shares of right answers.

    worst order, best order            the ends of the spread
    all orders, all orders calibrated  means
    spread, spread by chance           from worst to best, and what is left of it if no order is better than another
    """
    marks = [one.right for one in found]
    shares = [fmean(row) for row in marks]
    return {
        "worst order": min(shares),
        "best order": max(shares),
        "all orders": fmean(shares),
        "all orders calibrated": fmean(fmean(one.calibrated) for one in found),
        "spread": spread(marks),
        "spread by chance": spread_by_chance(marks),
    }


def _ordered(model, tokenizer, task, prompt: Prompt, split: str, n: int, first: int) -> Ordered:
    nothing = blank(model, tokenizer, task, prompt)
    asked = questions(model, tokenizer, task, prompt, split, n, first)
    before, *logprobs = weigh(model, tokenizer, [nothing.text, *(one.text for one in asked)], nothing.words)
    fair = [calibrated(one, before) for one in logprobs]
    plain, calm = (
        tuple(float(one.labels[of.argmax()] == one.example.completion) for one, of in zip(asked, weights, strict=True))
        for weights in (logprobs, fair)
    )
    return Ordered(nothing.shown, tuple(before.softmax(-1).tolist()), plain, calm)
