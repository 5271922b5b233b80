"""What is an exercise? A stub of a lab: what is right, on which inputs it is tried, what people write instead."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Exercise:
    """One stub of a lab.

    name       of the stub, by which `check` finds it
    reference  what is right
    cases      () -> inputs, each a dict of arguments
    mistakes   (what somebody wrote instead, the sentence for them)
    """

    name: str
    reference: Callable
    cases: Callable[[], list[dict]]
    mistakes: tuple[tuple[Callable, str], ...]
