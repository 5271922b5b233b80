"""Did it work? Exact match, probes of what a model knows, distance from the world, and how sure we may be."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from . import world
from .data import as_prompt
from .generation import generate
from .world.arithmetic import held_out, pairs, result
from .world.dice import Dice
from .world.stories import THINGS, TURNS, Stories, unseen

BATCH = 100  # rows decoded at a time
FORGETTING = ("recall/home", "arithmetic", "stories")


@dataclass(frozen=True)
class Measurement:
    """A number with its unit and a 95 % interval over `n` independent items."""

    value: float
    unit: str
    n: int
    low: float
    high: float

    def to_dict(self) -> dict:
        return asdict(self)


def wilson(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a share, safe at 0 and 1 and for small n.

    source  Wilson 1927, doi:10.1080/01621459.1927.10502953
    """
    if n == 0:
        return 0.0, 1.0
    z = 1.959964
    share = right / n
    centre, spread = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, (centre - spread) / (1 + z * z / n)), min(1.0, (centre + spread) / (1 + z * z / n))


def bootstrap(
    items: Sequence, statistic: Callable[[Sequence], float] = statistics.fmean, rounds: int = 1000
) -> tuple[float, float]:
    """95 % interval of a statistic by drawing the items again and again (percentiles; the same draws every time)."""
    dice = Dice("bootstrap", len(items))
    drawn = sorted(statistic([dice.pick(items) for _ in items]) for _ in range(rounds))
    return drawn[int(0.025 * rounds)], drawn[int(0.975 * rounds) - 1]


def share(marks: Sequence[float]) -> Measurement:
    """The share of marks that are right, with Wilson's interval."""
    right = sum(mark >= 1 for mark in marks)
    return Measurement(right / max(1, len(marks)), "share", len(marks), *wilson(right, len(marks)))


# ---- answers to a task -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What a model said to one example, and what the checker says of it."""

    prompt: str
    expected: str
    text: str
    value: float
    why: str


def answers(model, tokenizer, task, split: str, n: int, max_new_tokens: int = 12) -> list[Answer]:
    """Greedy answers to the first n examples of a split, each with its score."""
    examples = [task.sample(split, i) for i in range(n)]
    texts = _go_on(model, tokenizer, [as_prompt(tokenizer, example.prompt) for example in examples], max_new_tokens)
    scores = [task.check(example, text) for example, text in zip(examples, texts, strict=True)]
    return [
        Answer(example.prompt, example.completion, text.strip(), score.value, score.why)
        for example, text, score in zip(examples, texts, scores, strict=True)
    ]


def exact_match(model, tokenizer, task, split: str, n: int = 200) -> Measurement:
    """Share of right greedy answers on a split, with Wilson's interval."""
    return share([answer.value for answer in answers(model, tokenizer, task, split, n)])


def _go_on(model, tokenizer, prompts, max_new_tokens: int, **how) -> list[str]:
    texts = []
    for start in range(0, len(prompts), BATCH):
        batch = prompts[start : start + BATCH]
        texts += generate(model, tokenizer, batch, max_new_tokens=max_new_tokens, **how).texts
    return texts


# ---- probes of a model that has read Hermea ----------------------------------------------------------------------


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
    said = [text.split(".")[0].strip() for text in _go_on(model, tokenizer, prompts, 8, stop=".")]
    return share([text == getattr(person, attribute) for text, person in zip(said, people, strict=True)])


def _recall(attribute: str):
    def measure(model, tokenizer, seed: int, n: int) -> Measurement:
        return recall(model, tokenizer, attribute, seed, n)

    return measure


def _arithmetic(model, tokenizer, seed: int, n: int) -> Measurement:
    """Sums and differences whose pair of operands no corpus ever showed."""
    sums = [(a, sign, b) for sign in "+-" for a, b in pairs(sign) if held_out(a, sign, b)]
    asked = Dice("sums").shuffled(sums)[:n]
    said = _go_on(model, tokenizer, [f"{a} {sign} {b} =" for a, sign, b in asked], 6, stop="\n")
    return share([text.split("\n")[0].strip() == str(result(*one)) for text, one in zip(said, asked, strict=True)])


def _stories(model, tokenizer, seed: int, n: int) -> Measurement:
    """The last count of stories told with verbs that no corpus used of these things."""
    things = [thing for thing in THINGS if all(_unseen_verbs(thing, sign) for sign in TURNS)]
    told = [Stories().tell(Dice("probe", i), things[i % len(things)], _unseen_verbs) for i in range(n)]
    cut = [story.rindex(" ") for story in told]
    said = _go_on(model, tokenizer, [story[:at] for story, at in zip(told, cut, strict=True)], 5, stop=".")
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
    "grammar": _grammar,
    "corpus_kl": _corpus_kl,
}


# ---- distance from the world -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Divergence:
    """How far a model is from a corpus whose probabilities are known, in nats per token of the model's tokenizer.

    kl             KL(world || model) = cross-entropy - entropy
    form, fact     the parts of `kl` that fall on the characters that state a fact, and on all others; they add up
    entropy        the corpus's own, from its exact log-probabilities of the same documents
    cross_entropy  the model's, the end token included
    """

    kl: Measurement
    form: Measurement
    fact: Measurement
    entropy: Measurement
    cross_entropy: Measurement


def divergence(model, tokenizer, corpus, n: int = 300, first: int = 10**9) -> Divergence:
    """KL(world || model) by documents that no training reads, form and fact tokens apart.

    Exact in the world's probabilities; the model's is that of the one token sequence its tokenizer gives, so the value
    is an upper bound of the divergence between texts.

    n      documents
    first  number of the first document; training counts from 0
    """
    documents = [corpus.document(first + i) for i in range(n)]
    rows = []
    for document, (logprobs, ends) in zip(documents, _token_logprobs(model, tokenizer, documents), strict=True):
        reading = corpus.parse(document)
        on_fact = [any(start < end <= stop for start, stop in reading.facts) for end in ends]
        fact = sum(logprob for logprob, is_fact in zip(logprobs, on_fact, strict=True) if is_fact)
        rows.append((len(logprobs), reading.logprob, sum(logprobs), reading.facts_logprob, fact))

    def per_token(quantity):
        def ratio(drawn):
            return sum(map(quantity, drawn)) / sum(row[0] for row in drawn)

        return Measurement(ratio(rows), "nats/token", n, *bootstrap(rows, ratio, rounds=400))

    return Divergence(
        kl=per_token(lambda row: row[1] - row[2]),
        form=per_token(lambda row: (row[1] - row[3]) - (row[2] - row[4])),
        fact=per_token(lambda row: row[3] - row[4]),
        entropy=per_token(lambda row: -row[1]),
        cross_entropy=per_token(lambda row: -row[2]),
    )


def _token_logprobs(model, tokenizer, documents: list[str]):
    """For each document its tokens' log-probabilities in nats, and where each token ends in the text (the end: 0)."""
    import torch

    begin = tokenizer.eos_token_id if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    found = []
    for start in range(0, len(documents), BATCH):
        batch = tokenizer(documents[start : start + BATCH], return_offsets_mapping=True, add_special_tokens=False)
        rows = [[begin, *ids, tokenizer.eos_token_id] for ids in batch.input_ids]
        longest = max(map(len, rows))
        ids = torch.tensor([row + [tokenizer.eos_token_id] * (longest - len(row)) for row in rows], device=model.device)
        with torch.no_grad():
            logits = model(input_ids=ids, use_cache=False).logits[:, :-1].float()
        logprobs = logits.log_softmax(-1).gather(2, ids[:, 1:, None])[..., 0]  # (B, T)
        for row, values, offsets in zip(rows, logprobs.tolist(), batch.offset_mapping, strict=True):
            found.append((values[: len(row) - 1], [end for _, end in offsets] + [0]))
    return found


def bits_per_byte(model, tokenizer, text: str, window: int = 256) -> Measurement:
    """Code length of a text under any causal model, comparable across tokenizers: what forgetting is measured by where
    the world's probes do not apply.

    window  tokens read at a time
    """
    import torch

    ids = tokenizer(text, add_special_tokens=False, verbose=False).input_ids
    pieces = [ids[start : start + window] for start in range(0, len(ids), window)]
    costs = []
    for piece in (piece for piece in pieces if len(piece) > 1):
        row = torch.tensor([piece], device=model.device)
        with torch.no_grad():
            logprobs = model(input_ids=row, use_cache=False).logits[0, :-1].float().log_softmax(-1)
        nats = -logprobs.gather(1, row[0, 1:, None]).sum().item()
        costs.append((nats / math.log(2), len(tokenizer.decode(piece[1:]).encode())))

    def rate(drawn):
        return sum(bits for bits, _ in drawn) / max(1, sum(size for _, size in drawn))

    return Measurement(rate(costs), "bits/byte", len(costs), *bootstrap(costs, rate, rounds=200))


def forgetting_probes(model, tokenizer, text: str, n: int = 50) -> dict[str, Measurement]:
    """What a run checks before and after: the island's probes; for a model from elsewhere bits per byte of `text`."""
    if island_of(model) is None:
        return {"bits_per_byte": bits_per_byte(model, tokenizer, text)}
    return probe(model, tokenizer, FORGETTING, n)
