"""Where do worked steps slip? A wrong digit planted in an answer, and what a teacher says of a wrong step."""

from dataclasses import replace

from . import sayings
from .columns import Column, reached, read, slipped, trace
from .dice import Dice
from .worked import fault


def planted(answer: str, dice: Dice) -> tuple[str, int]:
    """
    An answer told in columns with one wrong digit; a number after `####` that the steps come to is wrong with them.

    returns  (the answer, the place of the planted digit among its letters)
    raises   ValueError if it is not told in columns
    """
    told, steps = _columns(answer)
    if not steps:
        raise ValueError(f"{answer[:60]!r} is not told in columns, so no digit of a column can be wrong")
    wrong = slipped(dice, steps)
    text = trace(wrong)
    at = next(i for i, (one, other) in enumerate(zip(told, text, strict=True)) if one != other)
    slip = answer.replace(told, text).replace(f"#### {reached(steps)}", f"#### {reached(wrong)}")
    return slip, answer.index(told) + at


def criticism(answer: str, dice: Dice) -> str:
    """What a teacher says of the first wrong column of an answer, as base models have read it, and the column itself;
    "" if none is wrong."""
    for step in _columns(answer)[1]:
        if not step.right:
            return f"{dice.pick(sayings.WRONG).fill(**fault(step, replace(step, total=step.due)))} It says: {step}."
    return ""


def _columns(answer: str) -> tuple[str, tuple[Column, ...]]:
    """The sentence of an answer that is told in columns, and its columns; ("", ()) without one"""
    for sentence in answer.rstrip(".").split(". "):
        if steps := read(sentence):
            return sentence, steps
    return "", ()
