"""What does a base model know? Asked in the corpus's own voice, in forms and operands that no corpus showed."""

from collections.abc import Sequence

from .. import world
from ..generation import generate
from ..models import goes_on
from ..world.arithmetic import held_out, pairs, result
from ..world.dice import Dice
from ..world.stories import THINGS, TURNS, Stories, unseen
from .answers import go_on
from .context import CONTEXT
from .distance import bits_per_byte, divergence
from .encoders import FILLED, FILLED_FORGETTING
from .intervals import Measurement, share

FORGETTING = ("recall/home", "arithmetic", "stories")


def probe(model, tokenizer, names: Sequence[str] | None = None, n: int = 300) -> dict[str, Measurement]:
    """What a base model knows of the island that it has read, asked in the corpus's own voice.

    names    probes to run; all that suit the model if None
    n        items a probe; `grammar` takes a third of them
    returns  {probe: Measurement}
    raises   ValueError for a probe that the model's kind does not have, or a model that has read no island
    """
    known = probes_of(model)
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise ValueError(f"there is no probe {unknown[0]!r}; choose from {', '.join(known)}")
    seed = island_of(model)
    if seed is None:
        raise ValueError("this model has read no island, so there is nothing to probe; let it read first (see lab 30)")
    return {name: known[name](model, tokenizer, seed, n) for name in names or known}


def probes_of(model) -> dict:
    """The probes that suit a model: those that let it go on from a text, or those that let it fill in what is hidden.

    raises  ValueError if it says nothing but labels
    """
    if goes_on(model):
        return PROBES
    if model.get_output_embeddings() is None:
        raise ValueError("this model has a head for labels and writes no words; probe the encoder that it is made of")
    return FILLED


def island_of(model) -> int | None:
    """Seed of the island whose corpus a model has read, as its config tells; None for a model that has read none."""
    return getattr(model.config, "hermea_island", None)


def recall(
    model, tokenizer, attribute: str, island: int = 0, n: int = 300, draw: int = 0, people: int = 1000
) -> Measurement:
    """Free greedy completion of surface forms in which the corpus never showed this person.

    island   whose people are asked about, whether the model has read that island or not
    n        people
    draw     which of them: another number draws others
    people   residents of the island
    returns  the share whose fact was told
    """
    corpus = world.corpus("biographies", island, people)
    asked = Dice("recall", attribute, island, *[draw] * bool(draw)).shuffled(corpus.island.residents)[:n]
    prompts = [corpus.held_out(person, attribute)[0].before(attribute, name=person.name) for person in asked]
    said = [text.split(".")[0].strip() for text in go_on(model, tokenizer, prompts, 8, stop=".")]
    return share([text == getattr(person, attribute) for text, person in zip(said, asked, strict=True)])


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
    **CONTEXT,
    "grammar": _grammar,
    "corpus_kl": _corpus_kl,
}


def forgetting_probes(model, tokenizer, text: str, n: int = 50) -> dict[str, Measurement]:
    """What a run checks before and after: the island's probes; for a model from elsewhere bits per byte of `text`.

    returns  {} for a model from elsewhere that does not go on from a text
    """
    if island_of(model) is None:
        return {"bits_per_byte": bits_per_byte(model, tokenizer, text)} if goes_on(model) else {}
    return probe(model, tokenizer, FORGETTING if goes_on(model) else FILLED_FORGETTING, n)
