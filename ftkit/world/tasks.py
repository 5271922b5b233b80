"""What a tuned model is asked: every task, in the order of the course."""

from .examples import Task
from .facts import Facts
from .people import island

TASKS = (Facts,)


def task(name: str, island_seed: int = 0) -> Task:
    """The task of that name on an island.

    raises  ValueError if there is none
    """
    for kind in TASKS:
        if kind.name == name:
            return kind(island(island_seed))
    raise ValueError(f"there is no task {name!r}; choose one of {', '.join(kind.name for kind in TASKS)}")
