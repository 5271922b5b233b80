"""Who lives on the island, and what is true of them."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from .dice import Dice, share

FIRST = tuple(a + b for a in "Ta Mi Ko Re Lu Sa No Be".split() for b in "mu ra lin vo ne sha do ki".split())
LAST = tuple(
    a + b for a in "Ores Vand Kell Brim Hask Tor Wil Fen".split() for b in "lin by ow ard mer ett ula ik".split()
)

VALUES = {
    "home": tuple(
        "Alder Brack Corin Dunmere Elvas Farrow Gant Hollin Isk Jorvale Kestrel Lorn Maris Nettle Oria Pell Quay Rusk "
        "Selby Tarn Umber Velm Wick Yarrow".split()
    ),
    "trade": tuple(
        "baker potter weaver miller fisher smith tailor painter teacher doctor sailor farmer carpenter gardener cook "
        "judge singer mason printer beekeeper".split()
    ),
    "pet": tuple("cat dog goat parrot rabbit turtle horse duck hen fox mouse frog".split()),
    "colour": tuple("red blue green yellow purple orange white black brown grey".split()),
}
ATTRIBUTES = (*VALUES, "friend")
RESIDENTS_AT_MOST = 1024
NEWCOMERS = 100


@dataclass(frozen=True)
class Person:
    name: str
    home: str
    trade: str
    pet: str
    colour: str
    friend: str

    @cached_property
    def split(self) -> str:
        """Whether facts of this person may be asked in training (half of the people), in validation, or in the test."""
        place = share("split", self.name)
        return "train" if place < 0.5 else "validation" if place < 0.6 else "test"


class Island:
    """People invented from a seed.

    seed    islands whose seeds differ by an odd number share no resident; all share names, towns, trades and forms
    people  residents, 2 to 1,024
    raises  ValueError if people is out of that range

    residents   those whom the corpora tell of
    newcomers   100 people whom no corpus mentions
    moved       {name: new home} of a tenth of the residents: the corpora know the old home, only tasks know the new one
    """

    def __init__(self, seed: int = 0, people: int = 1000):
        if not 2 <= people <= RESIDENTS_AT_MOST:
            raise ValueError(
                f"an island has 2 to {RESIDENTS_AT_MOST} people, not {people}; choose people in that range"
            )
        self.seed, self.people = seed, people
        quarter = _name_deck()
        side = (seed % 2) * RESIDENTS_AT_MOST
        names = Dice("residents", seed).shuffled(quarter[side : side + RESIDENTS_AT_MOST])[:people]
        arrivals = Dice("newcomers", seed).shuffled(quarter[2 * RESIDENTS_AT_MOST :])[:NEWCOMERS]
        self.residents = _lives(names, seed)
        self.newcomers = _lives(arrivals, seed)
        self.moved = {
            person.name: Dice("move", seed, person.name).pick([town for town in VALUES["home"] if town != person.home])
            for person in self.residents
            if share("moved", seed, person.name) < 0.1
        }

    @cached_property
    def by_name(self) -> dict[str, Person]:
        return {person.name: person for person in self.residents}

    @cached_property
    def popularity(self) -> dict[tuple[str, str], float]:
        """{(attribute, value): share of the residents}"""
        count: dict[tuple[str, str], float] = {}
        for person in self.residents:
            for attribute in ATTRIBUTES:
                key = attribute, getattr(person, attribute)
                count[key] = count.get(key, 0) + 1 / self.people
        return count


@lru_cache
def island(seed: int = 0, people: int = 1000) -> Island:
    return Island(seed, people)


def is_name(text: str) -> bool:
    first, _, last = text.partition(" ")
    return first in FIRST and last in LAST


def _name_deck() -> list[str]:
    return Dice("names of Hermea").shuffled(f"{first} {last}" for first in FIRST for last in LAST)


def _lives(names: list[str], seed: int) -> tuple[Person, ...]:
    def live(name):
        dice = Dice("life", seed, name)
        facts = {attribute: dice.pick(values) for attribute, values in VALUES.items()}
        return Person(name=name, friend=dice.pick([other for other in names if other != name]), **facts)

    return tuple(live(name) for name in names)
