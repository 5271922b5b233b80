"""Vorverständnis: what was read before saves bits when something new is learned, and costs bits where it is wrong."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from .. import world
from ..evaluation import Measurement, mean
from ..records import check_knobs, knob
from ..world import Example
from ..world.dice import Dice
from .coding import Learner, continued, costs, example_costs, minus

PER_EXAMPLE = "bits/example"
NEW = {"residents": 400, "newcomers": 100, "sums": 100, "strings": 100}  # examples of each family that lab 12 learns


@dataclass(frozen=True)
class Schedule:
    """How every reader learns while its code length is taken: the same for all.

    Many examples, each read once or twice: who reads a few again and again learns them by heart and leaves unused what
    it has read before.
    """

    block: int = knob(20, 1, 10_000, "log", "examples", "examples coded before the next lesson")
    steps: int = knob(4, 0, 10_000, unit="steps", help="changes of the weights after each block")
    batch: int = knob(8, 1, 4096, "log", "rows", "examples read for one change")
    learning_rate: float = knob(1e-3, 1e-6, 1.0, "log", help="size of a change")
    seed: int = knob(0, 0, 2**31 - 1, help="of the order of reading")

    def __post_init__(self):
        check_knobs(self)


def prequential(model, tokenizer, examples: Sequence[Example], schedule: Schedule | None = None) -> tuple[float, ...]:
    """Code length of each completion for a copy of a model that learns as it goes.

    returns  bits of each example, the end token included; with a block of all examples, the untaught model's
    """
    schedule = schedule or Schedule()
    return code_lengths(_reader(model, tokenizer, schedule), examples, schedule)


def code_lengths(reader: Learner, examples: Sequence[Example], schedule: Schedule) -> tuple[float, ...]:
    """
    What each example costs a reader that learns as it goes; all together, the prequential code length.

    L = sum over blocks b of -log2 p(completions of b | what the model has become by blocks 1 .. b-1)

    A block is coded, then learned: `schedule.steps` steps on all examples read so far. The last one need not be
    learned.

    returns  (N,)  bits
    source   Dawid 1984, doi:10.2307/2981683; Blier & Ollivier 2018, arXiv:1802.07044, section 3.4
    differs  the model goes on from its last weights instead of beginning anew at each block
    """
    bits = []
    for start in range(0, len(examples), schedule.block):
        block = examples[start : start + schedule.block]
        bits += [cost.bits for cost in example_costs(reader.model, reader.tokenizer, block)]
        if len(bits) < len(examples):
            reader.learn(examples[: len(bits)], schedule.steps)
    return tuple(bits)


@dataclass(frozen=True)
class Saving:
    """What one reader needed for the same examples beside another.

    scratch  bits of each example for the reader that began with random weights
    base     bits of each example for the reader that had read before
    """

    scratch: tuple[float, ...]
    base: tuple[float, ...]

    @property
    def bits(self) -> Measurement:
        """Bits saved an example: scratch less base; below 0 the prior hurts."""
        return mean(self.bits_of_each, PER_EXAMPLE)

    @property
    def bits_of_each(self) -> list[float]:
        return [scratch - base for scratch, base in zip(self.scratch, self.base, strict=True)]

    @property
    def exposure(self) -> list[tuple[int, float]]:
        """[(examples read, bits saved so far)]"""
        return list(enumerate(accumulate(self.bits_of_each, initial=0.0)))


def bits_saved(
    readers: Mapping[str, tuple],
    families: Mapping[str, Sequence[Example]],
    scratch: tuple,
    schedule: Schedule | None = None,
) -> dict[str, dict[str, Saving]]:
    """
    What each reader's past saves in each family of new data.

    readers  {name: (model, tokenizer)}, such as small and stranger
    families {family: examples}
    scratch  (model, tokenizer) with random weights, of the readers' size
    returns  {family: {name: Saving}}
    """
    found = {}
    for family, examples in families.items():
        anew = prequential(*scratch, examples, schedule)
        found[family] = {name: Saving(anew, prequential(*one, examples, schedule)) for name, one in readers.items()}
    return found


def beyond_stranger(own: Saving, stranger: Saving) -> Measurement:
    """
    The falsifier: bits an example that a reader of this island saves beyond one that has read another.

    returns  bits/example; where it is not above 0 the stranger saves as much, so what helps is form, not content
    """
    return minus(own.bits_of_each, stranger.bits_of_each, PER_EXAMPLE)


@dataclass(frozen=True)
class Prejudice:
    """What questions cost a reader where it holds something else to be true, and where it knows nothing.

    moved      bits of each home of a resident who has moved since the texts were written
    newcomers  bits of each home of a person of whom no text tells
    """

    moved: tuple[float, ...]
    newcomers: tuple[float, ...]

    @property
    def bits(self) -> Measurement:
        """How much more a mistaken prior costs than none; about 0 for a reader of other texts."""
        return minus(self.moved, self.newcomers, "bits/question")


def prejudice(
    model,
    tokenizer,
    island: int = 0,
    n: int = 90,
    lessons: int = 100,
    schedule: Schedule | None = None,
    draw: int = 0,
) -> Prejudice:
    """
    How a prior hurts: homes of people who moved beside homes of newcomers.

    The reader first learns, from residents who still live where the texts told, how a home is asked for. Then it is
    asked about people of whom it holds something else, and about people of whom it knows nothing.

    n         people of each kind
    lessons   steps on residents' homes before that; too few, and what was read is not yet used in answers
    schedule  how it goes on learning from each kind while it is coded; None: at first sight, nothing is learned
    draw      which people; another number draws others
    """
    schedule = schedule or Schedule(steps=0)
    taught = _reader(model, tokenizer, schedule)
    moved = world.island(island).moved
    taught.learn([home for home in homes_of("train", island) if home.meta["person"] not in moved], lessons)
    asked = (homes_of(split, island, n, draw) for split in ("moved", "newcomers"))
    return Prejudice(*(code_lengths(copy.deepcopy(taught), homes, schedule) for homes in asked))


def prejudice_told(model, tokenizer, island: int = 0, n: int = 90, draw: int = 0) -> Prejudice:
    """
    The same in the voice of the texts: nothing is asked, so nobody has to learn how to answer.

    A sentence begins in a form in which the corpus never told it of this person, and the home of today is to follow.

    n, draw  as for `prejudice`
    """
    corpus = world.corpus("biographies", island)
    people = corpus.island.by_name | {person.name: person for person in corpus.island.newcomers}

    def bits(split: str) -> tuple[float, ...]:
        rows = []
        for example in homes_of(split, island, n, draw):
            person = people[example.meta["person"]]
            begun = corpus.held_out(person, "home")[0].before("home", name=person.name)
            rows.append(continued(tokenizer, begun, example.completion))
        return tuple(cost.bits for cost in costs(model, tokenizer, rows))

    return Prejudice(bits("moved"), bits("newcomers"))


def homes_of(split: str, island: int = 0, n: int | None = None, draw: int = 0) -> list[Example]:
    """n questions of a split of `facts` that ask for a home; all of them if None.

    draw  which of them, and in which order; 0: the first ones
    """
    task = world.task("facts", island)
    asked = (task.sample(split, i) for i in range(task.size(split)))
    homes = [example for example in asked if example.meta["attribute"] == "home"]
    return (Dice("homes", split, draw).shuffled(homes) if draw else homes)[:n]


def new_data(draw: int = 0, island: int = 0, n: Mapping[str, int] = NEW) -> dict[str, list[Example]]:
    """
    What somebody who has read of an island may learn next, by family.

    residents  homes of people of whom the texts tell
    newcomers  homes of people of whom no text tells: what is read before can help with the form alone
    sums       a skill that the texts of every island teach
    strings    another one

    draw  which of them, and in which order; another number draws others
    n     {family: examples}
    """
    homes, found = {"residents": "train", "newcomers": "newcomers"}, {}
    for family, size in n.items():
        if family in homes:
            found[family] = homes_of(homes[family], island, size, draw)
        else:
            task = world.task(family, island)
            found[family] = [task.sample("train", i) for i in range(draw * size, (draw + 1) * size)]
    return found


def _reader(model, tokenizer, schedule: Schedule) -> Learner:
    return Learner(model, tokenizer, schedule.learning_rate, schedule.batch, schedule.seed)
