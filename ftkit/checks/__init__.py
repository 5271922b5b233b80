"""Is mine right? The learner's function against ours, and the package's own source to read.

Every exercise is a variant of an equation that `show` prints, so that reading it helps and copying it does not pass.
"""

import inspect
import math
from dataclasses import dataclass

from ..records import known
from .exercise import Exercise
from .exercises import EXERCISES

CLOSE = 1e-4  # relative; more than rounding in any order of summing, less than any mistake


@dataclass(frozen=True)
class Verdict:
    """passed: True, False, or None where nothing was written yet"""

    passed: bool | None
    text: str


class Source:
    """Source code to be shown: coloured by the notebook where it can, else plain."""

    def __init__(self, code: str, where: str):
        self.code, self.where = code, where

    def _repr_markdown_(self) -> str:
        return f"`{self.where}`\n\n````python\n{self.code.rstrip()}\n````"

    def __repr__(self) -> str:
        return f"# {self.where}\n{self.code.rstrip()}"


def show(thing) -> None:
    """Prints the source of a function or class of the package, docstring and all.

    raises  TypeError if it has no source in Python
    """
    from IPython.display import display

    try:
        code, line = inspect.getsource(thing), inspect.getsourcelines(thing)[1]
    except (TypeError, OSError) as error:
        raise TypeError(f"show was given {thing!r}, which has no Python source; give a function or a class") from error
    module = inspect.getmodule(thing)
    display(Source(code, f"{module.__name__ if module else '?'}, line {line}"))


def check(function, exercise: str | None = None) -> None:
    """Prints whether the learner's function does what the exercise asks.

    function  the learner's; its name says which exercise it is
    exercise  name of the exercise, where the function is called otherwise
    raises    ValueError for an unknown exercise; never because of what the function does
    """
    print(verdict(function, exercise).text)


def verdict(function, exercise: str | None = None) -> Verdict:
    """What `check` prints, for graders. raises ValueError for an unknown exercise"""
    name = exercise or getattr(function, "__name__", str(function))
    if name not in EXERCISES:
        raise ValueError(known(name, EXERCISES, "exercise"))
    task = EXERCISES[name]
    for number, case in enumerate(task.cases(), 1):
        wanted = _values(task.reference(**_copy(case)))
        try:
            came = function(**_copy(case))
        except NotImplementedError:
            came = None
        except Exception as error:
            return _wrong(name, number, case, f"It raised {type(error).__name__}: {error}", wanted)
        if came is None or came is Ellipsis:
            return Verdict(None, f"{name}: not yet. Write it, then run this cell again.")
        found = _values(came)
        if found is None or found.shape != wanted.shape:
            what = f"shape {tuple(came.shape)}" if hasattr(came, "shape") else f"{type(came).__name__} {came!r:.60}"
            should = f"of shape {wanted.shape}" if wanted.shape else "one number"
            return _wrong(name, number, case, f"It gave {what}, which is not {should}.", wanted)
        if not found.close(wanted):
            return _wrong(name, number, case, f"It gave {found}.", wanted, _recognised(task, case, found))
    return Verdict(True, f"{name}: ✓ right, on {number} inputs.")


@dataclass(frozen=True)
class _Values:
    """What a function gave: one number, or the numbers of a tensor."""

    shape: tuple[int, ...]
    numbers: tuple[float, ...]

    def close(self, other: "_Values") -> bool:
        both = zip(self.numbers, other.numbers, strict=True)
        return all(math.isclose(one, wanted, rel_tol=CLOSE, abs_tol=CLOSE / 10) for one, wanted in both)

    def __str__(self) -> str:
        if not self.shape:
            return f"{self.numbers[0]:.6g}"
        return f"[{', '.join(f'{one:.4g}' for one in self.numbers)}] of shape {self.shape}"


def _wrong(name: str, number: int, case: dict, what: str, wanted: _Values, hint: str = "") -> Verdict:
    inputs = "\n".join(f"  {key} = {_told(value)}" for key, value in case.items())
    hint = f"\nA guess: {hint}" if hint else ""
    return Verdict(False, f"{name}: ✗ not right on input {number}\n{inputs}\n{what} Expected: {wanted}.{hint}")


def _recognised(task: Exercise, case: dict, found: _Values) -> str:
    """The sentence of the mistake that gives the same numbers, if there is one."""
    for mistake, sentence in task.mistakes:
        value = _values(mistake(**_copy(case)))
        if value is not None and value.shape == found.shape and found.close(value):
            return sentence
    return ""


def _values(value) -> _Values | None:
    """A bare number, or a tensor, of one number or more; None for everything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _Values((), (float(value),))
    try:
        numbers = tuple(map(float, value.detach().flatten().tolist()))
        return _Values(tuple(value.shape) if len(numbers) > 1 else (), numbers)
    except (AttributeError, RuntimeError, ValueError, TypeError):
        return None


def _copy(case: dict) -> dict:
    """So that a function that changes its arguments changes only its own."""
    import copy

    return {key: value.clone() if hasattr(value, "clone") else copy.deepcopy(value) for key, value in case.items()}


def _told(value) -> str:
    if hasattr(value, "tolist"):
        return f"torch.tensor({_rounded(value.tolist())})"
    return repr(value)


def _rounded(value):
    return [_rounded(one) for one in value] if isinstance(value, list) else round(value, 3)
