"""A page about the island that a person can enjoy reading: map, people, a text of each corpus, some questions."""

from collections import Counter

from .corpora import WEIGHTS, corpus
from .people import ATTRIBUTES, Island, Person, island
from .tasks import TASKS


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
    parts += [f"From the task `{kind.name}`\n{_indent(_questions(kind(land)))}" for kind in TASKS]
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


def _questions(task) -> str:
    examples = [task.sample("test", i) for i in range(len(ATTRIBUTES))]
    return "\n".join(f"{example.prompt}  {example.completion}" for example in examples)


def _indent(text: str) -> str:
    return "\n".join("  " + line for line in text.split("\n"))
