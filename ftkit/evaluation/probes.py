"""What does a base model know? Asked in the corpus's own voice, in forms and operands that no corpus showed."""

import statistics
from collections.abc import Sequence

from .. import world
from ..generation import generate
from ..world.arithmetic import held_out, pairs, result
from ..world.columns import asked, columns, operands, trace
from ..world.dice import Dice
from ..world.episodes import episode
from ..world.passages import ENDS, STATED, strangers
from ..world.people import ATTRIBUTES, FIRST
from ..world.problems import ONE, STEP
from ..world.sayings import HIDDEN_FACTOR, HINT
from ..world.stories import THINGS, TURNS, Stories, unseen, verbs
from .answers import go_on
from .distance import bits_per_byte, divergence
from .intervals import Measurement, bootstrap, share

SHOTS = 4  # examples of an episode before its question
FORGETTING = ("recall/home", "arithmetic", "stories")


def probe(model, tokenizer, names: Sequence[str] | None = None, n: int = 300) -> dict[str, Measurement]:
    """What a base model knows of the island that it has read, asked in the corpus's own voice.

    names    probes to run; all of `PROBES` if None
    n        items a probe; `grammar` takes a third of them
    returns  {probe: Measurement}
    raises   ValueError for an unknown probe, or a model that has read no island
    """
    unknown = [name for name in names or () if name not in PROBES]
    if unknown:
        raise ValueError(f"there is no probe {unknown[0]!r}; choose from {', '.join(PROBES)}")
    seed = island_of(model)
    if seed is None:
        raise ValueError("this model has read no island, so there is nothing to probe; let it read first (see lab 30)")
    return {name: PROBES[name](model, tokenizer, seed, n) for name in names or PROBES}


def island_of(model) -> int | None:
    """Seed of the island whose corpus a model has read, as its config tells; None for a model that has read none."""
    return getattr(model.config, "hermea_island", None)


def recall(model, tokenizer, attribute: str, island: int = 0, n: int = 300, draw: int = 0) -> Measurement:
    """Free greedy completion of surface forms in which the corpus never showed this person.

    island   whose people are asked about, whether the model has read that island or not
    n        people
    draw     which of them: another number draws others
    returns  the share whose fact was told
    """
    corpus = world.corpus("biographies", island)
    people = Dice("recall", attribute, island, *[draw] * bool(draw)).shuffled(corpus.island.residents)[:n]
    prompts = [corpus.held_out(person, attribute)[0].before(attribute, name=person.name) for person in people]
    said = [text.split(".")[0].strip() for text in go_on(model, tokenizer, prompts, 8, stop=".")]
    return share([text == getattr(person, attribute) for text, person in zip(said, people, strict=True)])


def _recall(attribute: str):
    def measure(model, tokenizer, seed: int, n: int) -> Measurement:
        return recall(model, tokenizer, attribute, seed, n)

    return measure


def _arithmetic(model, tokenizer, seed: int, n: int) -> Measurement:
    """Sums and differences whose pair of operands no corpus ever showed."""
    sums = [(a, sign, b) for sign in "+-" for a, b in pairs(sign) if held_out(a, sign, b)]
    asked = Dice("sums").shuffled(sums)[:n]
    said = go_on(model, tokenizer, [f"{a} {sign} {b} =" for a, sign, b in asked], 6, stop="\n")
    return share([text.split("\n")[0].strip() == str(result(*one)) for text, one in zip(said, asked, strict=True)])


def _stories(model, tokenizer, seed: int, n: int) -> Measurement:
    """The last count of stories told with verbs that no corpus used of these things."""
    things = [thing for thing in THINGS if all(_unseen_verbs(thing, sign) for sign in TURNS)]
    told = [Stories().tell(Dice("probe", i), things[i % len(things)], _unseen_verbs) for i in range(n)]
    cut = [story.rindex(" ") for story in told]
    said = go_on(model, tokenizer, [story[:at] for story, at in zip(told, cut, strict=True)], 5, stop=".")
    golds = [story[at:].strip(" .") for story, at in zip(told, cut, strict=True)]
    return share([text.split(".")[0].strip() == gold for text, gold in zip(said, golds, strict=True)])


def _worked(model, tokenizer, seed: int, n: int) -> Measurement:
    """Word problems of two digits whose operands no corpus works out: the step and the answer, letter by letter."""
    prompts, due = [], []
    pairs_asked = [(a, sign, b) for sign in "+-" for a, b in pairs(sign) if min(a, b) > 9 and held_out(a, sign, b)]
    for i, (a, sign, b) in enumerate(Dice("worked probe").shuffled(pairs_asked)[:n]):
        dice = Dice("worked probe", i)
        things = dice.pick(THINGS)
        slots = {"who": dice.pick(FIRST), "things": things, "verb": dice.pick(verbs(things, sign)), "a": a, "b": b}
        prompts.append(ONE.before("t", **slots))
        due.append(f"{STEP.format(a=a, sign=sign, b=b, c=result(a, sign, b))} #### {result(a, sign, b)}")
    return share([text.strip() == one for text, one in zip(go_on(model, tokenizer, prompts, 40), due, strict=True)])


def _gain(scores: list[float], plain: list[float]) -> Measurement:
    """By how much the same items fare better, with an interval over items."""
    gains = [ours - other for ours, other in zip(scores, plain, strict=True)]
    return Measurement(statistics.fmean(gains), "share", len(gains), *bootstrap(gains))


def _hidden(n: int):
    """Products of the hard tier that no corpus works out: (dice, factor to be found, given factor)"""
    for i in range(n):
        dice = Dice("hints", i)
        pair = next(pair for pair in iter(lambda dice=dice: operands(dice, "x", 2 + dice.below(2)), None)
                    if asked(pair[0], "x", pair[1]))  # fmt: skip
        yield dice, *pair


def _hint_scores(model, tokenizer, n: int, hint) -> list[float]:
    """The share of the proof's steps that are written; `hint(dice, answer)` is the number named, or None."""
    prompts, due = [], []
    for dice, a, b in _hidden(n):
        problem, hinting, number = dice.pick(HIDDEN_FACTOR), dice.pick(HINT), hint(dice, a)
        prompts.append(problem.fill(b=b, whole=a * b) + (f" {hinting.fill(c=number)}" if number else ""))
        due.append(trace(columns(a, "x", b)).split("; "))
    texts = go_on(model, tokenizer, prompts, 90)
    return [sum(step in text for step in steps) / len(steps) for text, steps in zip(texts, due, strict=True)]


def _hints(hint):
    def measure(model, tokenizer, seed: int, n: int) -> Measurement:
        """The hard tier with a hint, less the same without."""
        return _gain(_hint_scores(model, tokenizer, n, hint), _hint_scores(model, tokenizer, n, lambda dice, a: None))

    return measure


def _wrong(dice: Dice, number: int) -> int:
    """The number with another last digit but one."""
    return number + 10 * (1 if number // 10 % 10 < 9 else -1)


def _icl(model, tokenizer, seed: int, n: int) -> Measurement:
    """Episodes of rules that no corpus follows: right with four examples, less right with none."""

    def scores(shots: int) -> list[float]:
        told = [episode(Dice("icl", i), shots) for i in range(n)]
        texts = go_on(model, tokenizer, [context + question for context, question, _ in told], 10)
        return [
            float(text.strip().startswith(answer) and not text.strip()[len(answer) :][:1].isalnum())
            for text, (_, _, answer) in zip(texts, told, strict=True)
        ]

    return _gain(scores(SHOTS), scores(0))


def _reading(model, tokenizer, seed: int, n: int) -> Measurement:
    """Facts of newcomers, told in a passage with two other people and told again at its end."""
    prompts, due = [], []
    for i in range(n):
        dice = Dice("reading probe", i)
        person, attribute = dice.pick(world.island(seed).newcomers), dice.pick(ATTRIBUTES)
        others = [(name, attribute, dice.pick(world.VALUES.get(attribute, strangers())))
                  for name in dice.shuffled(strangers())[:2]]  # fmt: skip
        text = world.passage(dice, person.name, attribute, getattr(person, attribute), others)
        clause = dice.pick(STATED[attribute]).before(attribute, name=person.name)
        prompts.append(f"{text} {dice.pick(ENDS).before('clause')} {clause}")
        due.append(getattr(person, attribute))
    texts = go_on(model, tokenizer, prompts, 8)
    return share([text.strip().startswith(value) for text, value in zip(texts, due, strict=True)])


def _unseen_verbs(things: str, sign: str) -> tuple[str, ...]:
    return tuple(verb for verb in TURNS[sign] if unseen(verb, things))


def _grammar(model, tokenizer, seed: int, n: int) -> Measurement:
    """Free samples at temperature 1 that the world's parser accepts as well formed, true or not."""
    corpus = world.corpus(seed=seed)
    rollout = generate(model, tokenizer, [""], samples=max(1, n // 3), temperature=1.0, max_new_tokens=200, seed=seed)
    read = [corpus.parse(text.strip()) for text in rollout.texts]
    return share([done and reading is not None for done, reading in zip(rollout.finished, read, strict=True)])


def _corpus_kl(model, tokenizer, seed: int, n: int) -> Measurement:
    distance = divergence(model, tokenizer, world.corpus(seed=seed), n)
    return distance.kl


PROBES = {
    **{f"recall/{attribute}": _recall(attribute) for attribute in world.ATTRIBUTES},
    "arithmetic": _arithmetic,
    "stories": _stories,
    "worked": _worked,
    "hints/gain": _hints(lambda dice, answer: answer),
    "hints/misled": _hints(_wrong),
    "icl/gain": _icl,
    "reading": _reading,
    "grammar": _grammar,
    "corpus_kl": _corpus_kl,
}


def forgetting_probes(model, tokenizer, text: str, n: int = 50) -> dict[str, Measurement]:
    """What a run checks before and after: the island's probes; for a model from elsewhere bits per byte of `text`."""
    if island_of(model) is None:
        return {"bits_per_byte": bits_per_byte(model, tokenizer, text)}
    return probe(model, tokenizer, FORGETTING, n)
