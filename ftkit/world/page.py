"""A page about the island that a person can enjoy reading: map, people, a text of each corpus, some questions."""

import textwrap
from collections import Counter

from .corpora import WEIGHTS, corpus
from .examples import Task
from .people import Island, Person, island
from .tasks import TASKS

WIDTH = 100  # characters a line


def page(seed: int = 0) -> str:
    """Plain text, the same for the same seed.

    seed  of the island; 0 is the one that `small` has read, 1 the one of `stranger`
    """
    land = island(seed)
    parts = [
        f"HERMEA, island {seed}: {land.people:,} residents, {len(land.newcomers)} newcomers,"
        f" {len(land.moved)} who moved",
        "Towns and how many live there\n" + _map(land),
        "Five people\n" + "\n".join(_portrait(person) for person in land.residents[:5]),
    ]
    parts += [f"From the corpus of {family}\n{_indent(corpus(family, seed).document(0))}" for family in WEIGHTS]
    parts += [f"{_title(kind)}\n{_indent(_asked(kind(land)))}" for kind in TASKS]
    return "\n\n".join(parts) + "\n"


def _map(land: Island) -> str:
    towns = Counter(person.home for person in land.residents)
    cells = [f"{town:<8} {count:3d}" for town, count in sorted(towns.items())]
    return "\n".join("  " + "    ".join(cells[start : start + 6]) for start in range(0, len(cells), 6))


def _portrait(person: Person) -> str:
    return (
        f"  {person.name}, {person.trade} of {person.home}, likes {person.colour}, keeps a {person.pet}, "
        f"trusts {person.friend}"
    )


def _title(kind: type[Task]) -> str:
    """The task, and the row of the paper's Table 2 for which it stands."""
    return f"From the task `{kind.name}`" + (f" (Table 2: {kind.row})" if kind.row else "")


def _asked(task: Task) -> str:
    """One example, its answer behind an arrow."""
    example = task.sample("test", 0)
    return "\n".join([*textwrap.wrap(example.prompt, WIDTH), *textwrap.wrap(f"-> {example.completion}", WIDTH)])


def _indent(text: str) -> str:
    lines = [part for line in text.split("\n") for part in textwrap.wrap(line, WIDTH) or [""]]
    return "\n".join("  " + line for line in lines)
