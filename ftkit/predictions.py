"""How well did you foresee it? The learner's numbers and what came: one line each, on this machine, without names.

They lie beside the runs, as predictions.jsonl in the run store, for all labs together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from . import runs
from .lines import Lines
from .runs import Store

LAST = 10  # predictions that are looked back at
SAME = 1e-3  # results that lie nearer, as a part of the larger one, are one result: a GPU adds up in any order


@dataclass(frozen=True)
class Outcome:
    """A number that was predicted, and the one that came.

    lab               number of the lab, such as "30"
    name              of what was predicted
    predicted, found  in `unit`
    unit              "share" is from 0 to 1
    day               when, as 2026-03-01
    """

    lab: str
    name: str
    predicted: float
    found: float
    unit: str
    day: str

    def __post_init__(self):
        for text in (self.lab, self.name, self.unit, self.day):
            if not isinstance(text, str):
                raise TypeError(f"{text!r} is no text")
        for number in (self.predicted, self.found):
            if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
                raise ValueError(f"{self.name!r} has {number!r}; it must be a finite number")
        if self.unit == "share" and not 0 <= self.predicted <= 1:
            raise ValueError(f"{self.predicted} is predicted for {self.name!r}; a share is from 0 to 1, a half is 0.5")

    @property
    def error(self) -> float:
        """Predicted less found: above 0 if it was predicted too high."""
        return self.predicted - self.found

    def same_result(self, other: "Outcome") -> bool:
        """Whether the same came of the same thing, whatever was predicted."""
        alike = (self.lab, self.name, self.unit) == (other.lab, other.name, other.unit)
        return alike and math.isclose(self.found, other.found, rel_tol=SAME)


@dataclass(frozen=True)
class Calibration:
    """How far predictions in one unit were off.

    mean_error           predicted less found, on average: above 0 if too high on the whole
    mean_absolute_error  how far off on average, whichever way
    too_high, too_low    how many
    """

    unit: str
    n: int
    mean_error: float
    mean_absolute_error: float
    too_high: int
    too_low: int

    def __str__(self) -> str:
        whole = f"{abs(self.mean_error):.2f} too {'high' if self.mean_error > 0 else 'low'}"
        whole = "neither" if whole.startswith("0.00") else whole
        return (
            f"{self.n} predicted ({self.unit}): off by {self.mean_absolute_error:.2f} on average; "
            f"{self.too_high} too high, {self.too_low} too low, on the whole {whole}."
        )


class Predictions:
    """What was predicted and what came, oldest first, kept in one file.

    store  None means $FTKIT_RUNS or ./runs
    """

    def __init__(self, store: Store | None = None):
        self.path = (store or runs.store()).root.absolute() / "predictions.jsonl"
        self._lines = Lines(self.path, Outcome, "prediction")

    def outcomes(self) -> list[Outcome]:
        """All so far. A last line that was cut by a crash is left out.

        raises  ValueError that names file and line if another line cannot be read; OSError in one sentence
        """
        return self._lines.read()

    def add(self, outcome: Outcome) -> bool:
        """Keeps it, unless the same number for the same result is kept already; returns whether it did.

        raises  OSError in one sentence that says what to do; ValueError for a damaged line
        """
        if any(one.same_result(outcome) and one.predicted == outcome.predicted for one in self.outcomes()):
            return False
        self._lines.append(outcome)
        return True

    def delete(self) -> int:
        """Removes all of them, and returns how many there were. raises OSError in one sentence"""
        return self._lines.delete()


def foreseen(outcomes: Sequence[Outcome]) -> list[bool]:
    """Whether each number was given before its result had been seen: of several for one result, only the first."""
    return [not any(one.same_result(earlier) for earlier in outcomes[:i]) for i, one in enumerate(outcomes)]


def calibration(outcomes: Sequence[Outcome]) -> list[Calibration]:
    """
    How far predictions were off, for each unit by itself.

    mean error = mean(predicted - found)
    """
    by_unit: dict[str, list[float]] = {}
    for one in outcomes:
        by_unit.setdefault(one.unit, []).append(one.error)
    return [
        Calibration(
            unit, len(errors), fmean(errors), fmean(map(abs, errors)),
            sum(error > 0 for error in errors), sum(error < 0 for error in errors),
        )
        for unit, errors in by_unit.items()
    ]  # fmt: skip
