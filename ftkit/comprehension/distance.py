"""Distanciation: what a model knows in the voice of its texts may cost many bits when a reader asks for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from .. import evaluation, world
from ..data import encode_example
from ..evaluation import Divergence, Measurement, go_on
from ..world import Example
from ..world.dice import Dice
from .coding import Cost, continued, costs, minus

PER_QUESTION = "bits/question"


@dataclass(frozen=True)
class Fact:
    """One thing that is true, in two voices.

    asked  the question and its answer, in the reader's words
    told   the beginning of a sentence of the corpus that the answer would complete
    """

    asked: Example
    told: str

    @property
    def answer(self) -> str:
        return self.asked.completion


def facts(island: int = 0, split: str = "test", n: int = 100, first: int = 0) -> list[Fact]:
    """n facts of a split of residents, each told in a form in which the corpus never showed it.

    first   number of the first fact
    raises  ValueError if the split is one of people of whom the corpus does not tell
    """
    task, corpus = world.task("facts", island), world.corpus("biographies", island)
    found = []
    for example in (task.sample(split, i) for i in range(first, min(first + n, task.size(split)))):
        person, attribute = corpus.island.by_name.get(example.meta["person"]), example.meta["attribute"]
        if person is None or getattr(person, attribute) != example.completion:
            raise ValueError(f"the corpus does not tell the facts of {split!r}; choose train, validation or test")
        form = corpus.held_out(person, attribute)[0]
        found.append(Fact(example, form.before(attribute, name=person.name)))
    return found


@dataclass(frozen=True)
class Bridge:
    """A way to ask: in which words, and of which model.

    prompt  question -> what the model is asked: a user's words, or a list of messages; by default the question alone
    model   the one that is asked, such as a tuned copy; None means the reader itself
    chat    False: the prompt is the beginning of a document, for the model to go on
    """

    name: str
    prompt: Callable[[Example], str | list] = lambda example: example.prompt
    model: object = field(default=None, repr=False)
    chat: bool = True

    def reader(self, model):
        """Who is asked: the bridge's own model, or the one given."""
        return model if self.model is None else self.model


BARE = Bridge("question alone")


def with_examples(shown: Sequence[Example], name: str = "examples") -> Bridge:
    """Questions and their answers go before the question."""
    turns = [
        message
        for example in shown
        for message in (
            {"role": "user", "content": example.prompt},
            {"role": "assistant", "content": example.completion},
        )
    ]
    return Bridge(name, lambda example: [*turns, {"role": "user", "content": example.prompt}])


def with_passage(passage: Callable[[Example], str], times: int = 1, name: str = "passage") -> Bridge:
    """A passage that holds the answer goes before the question, once or more often.

    passage  question -> text, such as `passages(island)`
    """
    return Bridge(name, lambda example: " ".join([*[passage(example)] * times, example.prompt]))


def passages(island: int = 0) -> Callable[[Example], str]:
    """What a perfect librarian finds: the sentence of the corpus that states what is asked, of newcomers too."""
    corpus = world.corpus("biographies", island)
    people = corpus.island.by_name | {person.name: person for person in corpus.island.newcomers}

    def find(example: Example) -> str:
        person, attribute = people[example.meta["person"]], example.meta["attribute"]
        form = Dice("passage", person.name, attribute).pick(corpus.shown(person, attribute))
        return form.fill(name=person.name, **{attribute: example.completion})

    return find


@dataclass(frozen=True)
class Distance:
    """What the same facts cost in two voices.

    known   share of the facts that were asked for which the reader completes rightly; only those count below
    asked   what each answer cost in the reader's voice, over the bridge
    told    what it cost in the text's voice
    corpus  KL(world || model), form and fact tokens apart; None where it was not measured
    """

    known: Measurement
    asked: tuple[Cost, ...]
    told: tuple[Cost, ...]
    corpus: Divergence | None = None

    @property
    def bits(self) -> Measurement:
        """Bits a question, asked less told: the distance; 0 when both voices are as easy."""
        return minus([cost.bits for cost in self.asked], [cost.bits for cost in self.told], PER_QUESTION)


def distanciation(model, tokenizer, stated: Sequence[Fact], bridge: Bridge = BARE, documents: int = 0) -> Distance:
    """
    Bits per question: how much more a known answer costs asked than told.

    d = mean over known facts of -log2 p(answer | bridge(question)) + log2 p(answer | beginning of the sentence)

    A fact is known if the model's greedy completion of the sentence is right. The answer's end is counted in neither.

    stated     facts, such as `facts()`
    bridge     how the question is asked
    documents  of the model's own island, by which the corpus distance is measured; 0 leaves it out
    raises     ValueError if documents are asked of a model that has read no island
    source     Ricoeur 1973, The hermeneutical function of distanciation, Philosophy Today 17(2)
    """
    return crossed(model, tokenizer, stated, [bridge], documents)[bridge.name]


def crossed(
    model, tokenizer, stated: Sequence[Fact], bridges: Sequence[Bridge], documents: int = 0
) -> dict[str, Distance]:
    """The distance over each of several bridges, by the same known facts: which closes how much.

    returns  {name of the bridge: Distance}
    """
    known = knows(model, tokenizer, stated)
    kept = [fact for fact, is_known in zip(stated, known, strict=True) if is_known]
    told = tuple(costs(model, tokenizer, [continued(tokenizer, fact.told, fact.answer) for fact in kept]))
    found = {}
    for bridge in bridges:
        asked = [_asked(tokenizer, fact, bridge) for fact in kept]
        reader = bridge.reader(model)
        corpus = _corpus_distance(reader, tokenizer, documents) if documents else None
        found[bridge.name] = Distance(evaluation.share(known), tuple(costs(reader, tokenizer, asked)), told, corpus)
    return found


def knows(model, tokenizer, stated: Sequence[Fact]) -> list[bool]:
    """Whether the greedy completion of each sentence is right."""
    said = go_on(model, tokenizer, [fact.told for fact in stated], 8, stop=".")
    return [text.split(".")[0].strip() == fact.answer for text, fact in zip(said, stated, strict=True)]


def closed(before: Distance, after: Distance) -> Measurement:
    """
    Bits a question that one way of asking saves beside another, over the same known facts.

    The falsifier is `closed(shuffled, tuned)`: what tuning closes beyond tuning on shuffled answers. Where that is not
    above 0, only the form of the answer was learned.
    """
    return minus([cost.bits for cost in before.asked], [cost.bits for cost in after.asked], PER_QUESTION)


def _asked(tokenizer, fact: Fact, bridge: Bridge) -> tuple[list[int], list[int]]:
    """The row without its end token."""
    prompt = bridge.prompt(fact.asked)
    if not bridge.chat:
        return continued(tokenizer, prompt, fact.answer)
    ids, mask = encode_example(tokenizer, replace(fact.asked, prompt=prompt))
    return ids[:-1], mask[:-1]


def _corpus_distance(model, tokenizer, documents: int) -> Divergence:
    island = evaluation.island_of(model)
    if island is None:
        raise ValueError("this model has read no island, so it has no corpus distance; set documents=0")
    return evaluation.divergence(model, tokenizer, world.corpus(seed=island), documents)
