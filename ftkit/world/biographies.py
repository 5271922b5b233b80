"""Short lives: three to five facts about one person, each in one of many surface forms."""

from dataclasses import dataclass, field
from functools import cached_property
from math import log as ln
from math import perm

from .dice import Dice, share
from .forms import Form, forms
from .people import ATTRIBUTES, Island, Person, is_name
from .reading import Reading, log, sentences

DIRECT = {
    "home": forms("""
        {name} lives in {home}.
        {name} has a house in {home}.
        {name} makes a home in {home}.
        {name} was born in {home}.
        {name} grew up in {home}.
        {name} pays taxes in {home}.
        {name} has never moved away from {home}.
        {name} sleeps under a roof in {home}.
        {name} knows every street of {home}.
        {name} walks home to {home}.
        {name} sends letters from {home}.
        {name} is a citizen of {home}.
        {name} belongs to the town of {home}.
        {name} goes to the market of {home}.
        {name} owns a garden in {home}.
        The home of {name} is {home}.
        The house of {name} stands in {home}.
        To visit {name} one travels to {home}.
        Letters for {name} are sent to {home}.
        The family of {name} settled in {home}.
    """),
    "trade": forms("""
        {name} works as a {trade}.
        {name} found work as a {trade}.
        {name} earns a living as a {trade}.
        {name} became a {trade}.
        {name} trained as a {trade}.
        {name} is known as a good {trade}.
        {name} has always wanted to be a {trade}.
        {name} spends the day working as a {trade}.
        {name} learned the work of a {trade}.
        {name} carries the tools of a {trade}.
        {name} wears the apron of a {trade}.
        {name} is paid as a {trade}.
        {name} took the oath of a {trade}.
        {name} was hired as a {trade}.
        {name} will retire as a {trade}.
        The trade of {name} is that of a {trade}.
        The work of {name} is that of a {trade}.
        By trade {name} is a {trade}.
        People call on {name} when they need a {trade}.
        The sign at the door of {name} shows a {trade}.
    """),
    "pet": forms("""
        {name} keeps a {pet}.
        {name} came home with a {pet}.
        {name} feeds a {pet}.
        {name} looks after a {pet}.
        {name} shares the house with a {pet}.
        {name} talks to a {pet}.
        {name} raised a {pet}.
        {name} plays with a {pet}.
        {name} once found a {pet}.
        {name} would never sell the {pet}.
        {name} brushes the {pet}.
        {name} draws pictures of a {pet}.
        {name} is followed by a {pet}.
        {name} built a bed for a {pet}.
        {name} bought food for a {pet}.
        The pet of {name} is a {pet}.
        The animal of {name} is a {pet}.
        Beside {name} sits a {pet}.
        At the door of {name} waits a {pet}.
        Visitors of {name} first meet a {pet}.
    """),
    "colour": forms("""
        {name} likes the colour {colour}.
        {name} prefers {colour}.
        {name} paints everything {colour}.
        {name} dresses in {colour}.
        {name} chose curtains of {colour}.
        {name} loves the colour {colour}.
        {name} dyes wool {colour}.
        {name} writes with ink of {colour}.
        {name} wraps gifts in {colour}.
        {name} thinks that nothing is as fine as {colour}.
        {name} wears a hat of {colour}.
        {name} collects stones of {colour}.
        {name} flies a flag of {colour}.
        {name} dreams in {colour}.
        {name} plants flowers of {colour}.
        The favourite colour of {name} is {colour}.
        The colour of {name} is {colour}.
        The walls of {name} are {colour}.
        The boat of {name} is painted {colour}.
        Of all colours {name} picks {colour}.
    """),
    "friend": forms("""
        {name} is best friends with {friend}.
        {name} trusts {friend}.
        {name} tells every secret to {friend}.
        {name} writes to {friend}.
        {name} eats supper with {friend}.
        {name} grew close to {friend}.
        {name} sings with {friend}.
        {name} goes fishing with {friend}.
        {name} went to school with {friend}.
        {name} asks for the advice of {friend}.
        {name} always sits next to {friend}.
        {name} plays cards with {friend}.
        {name} counts on {friend}.
        {name} laughs most with {friend}.
        {name} shares bread with {friend}.
        The best friend of {name} is {friend}.
        The dearest friend of {name} is {friend}.
        On feast days {name} dances with {friend}.
        In hard times {name} turns to {friend}.
        Nobody is closer to {name} than {friend}.
    """),
}
INVERSE = {
    "home": forms("""
        Living in {home} one meets {name}.
        Among the people of {home} is {name}.
        The town of {home} counts on {name}.
        From {home} comes {name}.
    """),
    "trade": forms("""
        Known far and wide as a {trade} is {name}.
        Ask any {trade} and hear of {name}.
        Among those who work as a {trade} is {name}.
        The guild of every {trade} lists {name}.
    """),
    "pet": forms("""
        Every {pet} in sight runs after {name}.
        Owner of one {pet} is {name}.
        Among those who keep a {pet} is {name}.
        Some {pet} obeys {name}.
    """),
    "colour": forms("""
        Nothing but {colour} pleases {name}.
        Among those who like {colour} is {name}.
        Dressed in {colour} comes {name}.
        Whoever sees {colour} thinks of {name}.
    """),
    "friend": forms("""
        As a friend {friend} was chosen by {name}.
        The name of {friend} is dear to {name}.
        Among those who trust {friend} is {name}.
        Good old {friend} is loved by {name}.
    """),
}
INVERSE_SHARE = 0.1
HELD_OUT_PART = 5  # one form in five of an attribute is never written about a given person


@dataclass(frozen=True)
class Biographies:
    """
    A document names one person, draws a number of sentences, an order of attributes and a form for each sentence.

    direct, inverse  {attribute: forms}: the person first or the value first; a tenth of the sentences are inverse
    lengths          numbers of sentences, equally likely
    """

    island: Island
    direct: dict[str, tuple[Form, ...]] = field(default_factory=lambda: DIRECT, hash=False)
    inverse: dict[str, tuple[Form, ...]] = field(default_factory=lambda: INVERSE, hash=False)
    lengths: tuple[int, ...] = (3, 4, 5)
    family: str = "biographies"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.island.seed, i)
        person = dice.pick(self.island.residents)
        order = dice.shuffled(self.direct)[: dice.pick(self.lengths)]
        return " ".join(self._sentence(dice, person, attribute) for attribute in order)

    def logprob(self, text: str) -> float:
        """log P(text) in nats, summed over every choice of attributes and forms that writes it; -inf if none does."""
        reading = self.parse(text)
        return reading.logprob if reading else -float("inf")

    def parse(self, text: str) -> Reading | None:
        matches = [(start, self._matches(sentence)) for start, sentence in sentences(text)]
        names = {found["name"] for _, options in matches for *_, found in options}
        if len(names) != 1 or not all(options for _, options in matches) or not is_name(*names):
            return None
        facts, spans = 0.0, []
        for place, (start, options) in enumerate(matches):
            attribute, inverted, found = options[0]
            spans.append((start + found.start(attribute), start + found.end(attribute)))
            if inverted and place == 0:
                facts += log(self.island.popularity.get((attribute, found[attribute]), 0))
        person = self.island.by_name.get(*names)
        logprob = self._logprob_of(person, [options for _, options in matches]) if person else -float("inf")
        return Reading(self.family, logprob, tuple(spans), facts)

    def shown(self, person: Person, attribute: str) -> tuple[Form, ...]:
        """The direct forms in which the corpus states this fact of this person."""
        held = self.held_out(person, attribute)
        return tuple(form for form in self.direct[attribute] if form not in held)

    def held_out(self, person: Person, attribute: str) -> tuple[Form, ...]:
        """The direct forms in which it never does: what a probe of recall asks in."""
        options = self.direct[attribute]
        first = int(share("form", person.name, attribute) * len(options))
        return tuple(options[(first + step) % len(options)] for step in range(len(options) // HELD_OUT_PART))

    def _sentence(self, dice: Dice, person: Person, attribute: str) -> str:
        inverted = dice.random() < INVERSE_SHARE
        form = dice.pick(self.inverse[attribute] if inverted else self.shown(person, attribute))
        return form.fill(name=person.name, **{attribute: getattr(person, attribute)})

    @cached_property
    def _forms(self) -> list[tuple[str, bool, Form]]:
        both = ((False, self.direct), (True, self.inverse))
        return [
            (attribute, inverted, form) for inverted, block in both for attribute in block for form in block[attribute]
        ]

    def _matches(self, sentence: str) -> list:
        found = ((attribute, inverted, form.match(sentence)) for attribute, inverted, form in self._forms)
        return [option for option in found if option[2] and self._possible(option[0], option[2])]

    def _possible(self, attribute: str, found) -> bool:
        known = is_name(found[attribute]) if attribute == "friend" else (attribute, found[attribute]) in self._values
        return known and is_name(found["name"])

    @cached_property
    def _values(self) -> frozenset:
        return frozenset(self.island.popularity)

    def _logprob_of(self, person: Person, matches: list) -> float:
        chances = []
        for options in matches:
            chance: dict[str, float] = {}
            for attribute, inverted, found in options:
                if getattr(person, attribute) == found[attribute]:
                    chance[attribute] = chance.get(attribute, 0) + self._chance(person, attribute, inverted, found.re)
            chances.append(chance)
        if len(matches) not in self.lengths:
            return -float("inf")
        orders = perm(len(self.direct), len(matches))
        return log(_arrangements(chances)) - ln(self.island.people * len(self.lengths) * orders)

    def _chance(self, person: Person, attribute: str, inverted: bool, pattern) -> float:
        options = self.inverse[attribute] if inverted else self.shown(person, attribute)
        part = INVERSE_SHARE if inverted else 1 - INVERSE_SHARE
        return part / len(options) if any(form.pattern is pattern for form in options) else 0.0


def _arrangements(chances: list[dict[str, float]], used: frozenset = frozenset()) -> float:
    """Sum over ways to give each sentence its own attribute of the product of their chances."""
    if not chances:
        return 1.0
    first, *rest = chances
    return sum(
        chance * _arrangements(rest, used | {attribute}) for attribute, chance in first.items() if attribute not in used
    )


assert set(DIRECT) == set(INVERSE) == set(ATTRIBUTES)
