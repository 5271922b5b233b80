"""Which of two answers is better? Pairs of the world, whose gold scores are known, or a person's own choices."""

from dataclasses import dataclass, replace

from .. import world
from ..preferences import SET, preference_set, set_names
from ..records import check_knobs, knob, known
from ..world.dice import Dice, share

PADDING = ("That is how it is.", "There is no more to say.", "So it was, and so it is.", "That is what I know of it.")


@dataclass(frozen=True)
class Pair(world.Example):
    """A question with two answers: the completion is the chosen one.

    For pairs of the world `meta` has the "gold" answer, and the "scores" of both, the chosen one's first.
    """

    rejected: str = ""

    @property
    def chosen(self) -> str:
        return self.completion

    @property
    def example(self) -> world.Example:
        """The question with its gold answer, as a checker wants it; with the chosen one where no gold is known."""
        return world.Example(self.prompt, self.meta.get("gold", self.completion), self.meta)

    def row(self) -> dict:
        """{"prompt", "chosen", "rejected"}, the columns that trainers read."""
        return {"prompt": self.prompt, "chosen": self.completion, "rejected": self.rejected}

    def exchanged(self) -> "Pair":
        """The same pair judged the other way round."""
        scores = {"scores": self.meta["scores"][::-1]} if "scores" in self.meta else {}
        return replace(self, completion=self.rejected, rejected=self.completion, meta={**self.meta, **scores})


@dataclass(frozen=True)
class Pairs:
    """Two answers to each question of a task, the better one chosen.

    set    "" for pairs of the world, or "preferences:NAME" for choices that somebody made
    name   task of the world whose answers are degraded; also what is asked before and after
    asked  the split that is asked then, and from which pairs are held out
    """

    word = "pairs"  # for it in a shell, where a name is a task's

    name: str = "style"
    examples: int = knob(1000, 2, 1_000_000, "log", "pairs", "different questions to learn from, with two answers each")
    noise: float = knob(0.0, 0.0, 1.0, help="share of pairs with exchanged places: the worse answer counts as chosen")
    longer: bool = knob(
        False, help="pads chosen answers until they are the longer ones: a shortcut that can be learned"
    )
    island: int = knob(0, 0, help="seed of the island; another seed has other people")
    set: str = ""
    split: str = "train"
    asked: str = "test"

    def __post_init__(self):
        check_knobs(self)
        if not isinstance(self.set, str):
            raise TypeError(f"set is {self.set!r}; it must be a text")
        if self.set and not self.set.startswith(SET):
            raise ValueError(f"set is {self.set!r}; write {SET}{self.set}, or leave it empty for pairs of the world")

    def source(self) -> list[Pair]:
        """raises ValueError for an unknown task, split or set, or a set with fewer than two choices"""
        pairs = self._choices() if self.set else drawn(self.name, self.island, self.split, self.examples)
        judged = [
            pair.exchanged() if share("noise", self.set, self.name, self.island, self.split, i) < self.noise else pair
            for i, pair in enumerate(pairs)
        ]
        return [_padded(pair, self._task(), i) for i, pair in enumerate(judged)] if self.longer else judged

    def held_out(self, count: int) -> list[Pair]:
        """Pairs of the world that were not learned from, with their gold scores, neither exchanged nor padded."""
        return drawn(self.name, self.island, self.asked, count)

    def reads(self) -> None:
        """Pairs are no text whose probabilities are known."""

    def asks(self):
        """(task with .sample and .check, split, longest answer in tokens)"""
        task = self._task()
        return task, self.asked, task.answer_tokens

    def mark(self, model) -> None:
        """Pairs are no corpus: the island that a model has read stays the same."""

    def _task(self) -> world.Task:
        return world.task(self.name, self.island)

    def _choices(self) -> list[Pair]:
        kept = preference_set(self.set)
        if not kept.path.exists():
            raise ValueError(known(self.set, set_names(), "set") + f"; a set is looked for in {kept.path.parent}")
        rows = [choice.row() for choice in kept.choices() if choice.decided]
        if len(rows) < 2:
            raise ValueError(
                f"{self.set} holds {len(rows)} choices that were decided; nothing general can be learned from so few:"
                " choose between at least two pairs"
            )
        return [Pair(row["prompt"], row["chosen"], rejected=row["rejected"]) for row in rows[: self.examples]]


def drawn(name: str, island: int, split: str, count: int) -> list[Pair]:
    """
    Pairs of the world: for each question two of its graded answers, the one with the higher gold score chosen.

    returns  count pairs; pair i is a pure function of (name, island, split, i)
    raises   ValueError for an unknown task or split
    """
    task, pairs = world.task(name, island), []
    for i in range(count):
        example, dice = task.sample(split, i), Dice("pairs", name, island, split, i)
        graded = task.degraded(example, dice)
        better, worse = sorted(dice.shuffled(range(len(graded)))[:2])
        (chosen, high), (rejected, low) = graded[better], graded[worse]
        known = {"gold": example.completion, "scores": (high, low)}
        pairs.append(Pair(example.prompt, chosen, example.meta | known, rejected))
    return pairs


def is_pairs(task) -> bool:
    """Whether what is read are pairs."""
    return isinstance(task, Pairs)


def _padded(pair: Pair, task: world.Task, i: int) -> Pair:
    """The chosen answer gone on with until it has more words than the other; the gold scores are those of the texts as
    they stand."""
    dice, chosen = Dice("padding", i), pair.chosen
    while len(chosen.split()) <= len(pair.rejected.split()):
        chosen = f"{chosen} {dice.pick(PADDING)}"
    scores = (
        {"scores": (task.check(pair.example, chosen).value, pair.meta["scores"][1])} if "scores" in pair.meta else {}
    )
    return replace(pair, completion=chosen, meta={**pair.meta, **scores})
