"""What does a model know that does not go on from a text? Pieces of texts are hidden, and it fills them in."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .. import world
from ..world.arithmetic import held_out, pairs, result
from ..world.dice import Dice
from ..world.strings import TAGGED, spelled
from .intervals import Measurement, bootstrap, share

FIRST_UNREAD = 10**9  # number of a document; training counts from 0
HIDDEN = 3  # tokens, where any piece of a document will do
LONGEST = 250  # tokens of a text, where the model's positions set no limit
READ = 32  # texts read at a time
SENTINEL = "<|extra_0|>"  # stands for what is hidden from a text-to-text model


@dataclass(frozen=True)
class Hole:
    """A text of which the tokens ids[start:stop] are hidden."""

    ids: list[int]
    start: int
    stop: int

    @property
    def hidden(self) -> list[int]:
        return self.ids[self.start : self.stop]


@dataclass(frozen=True)
class Filling:
    """What a model makes of a hole.

    logprob   nats, of the hidden tokens, each from the text on both sides and the hidden ones before it
    is_right  whether it would have written just them, taking the likeliest each time
    """

    logprob: float
    is_right: bool


def fill(model, tokenizer, holes: Sequence[Hole]) -> list[Filling]:
    """
    Lets an encoder or a text-to-text model fill holes from the left.

    An encoder sees how many tokens are hidden; a text-to-text model does not, so it also has to stop in time.
    """
    import torch

    write = _written if model.config.is_encoder_decoder else _unmasked
    found = []
    for start in range(0, len(holes), READ):
        with torch.no_grad():
            found += write(model, tokenizer, holes[start : start + READ])
    return found


def hole(tokenizer, text: str, start: int, stop: int) -> Hole:
    """A text whose characters from start to stop are hidden: the tokens that end in there."""
    read = tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
    inside = [place for place, (_, end) in enumerate(read.offset_mapping) if start < end <= stop]
    return Hole(read.input_ids, inside[0], inside[-1] + 1)


def _unmasked(model, tokenizer, holes: Sequence[Hole]) -> list[Filling]:
    """One row a hidden token: it and those behind it are masked, those before it are there again."""
    import torch

    first, last, mask = tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.mask_token_id
    places = [(one, place) for one in holes for place in range(one.start, one.stop)]
    rows = [
        [first, *one.ids[:place], *[mask] * (one.stop - place), *one.ids[one.stop :], last] for one, place in places
    ]
    ids, seen = _side_by_side(rows, tokenizer.pad_token_id, model.device)
    logits = model(input_ids=ids, attention_mask=seen).logits
    at = torch.tensor([place + 1 for _, place in places], device=model.device)  # behind the first token
    guesses = iter(logits[torch.arange(len(rows), device=model.device), at].float())  # (V,) each
    return [_filling([next(guesses) for _ in one.hidden], one.hidden) for one in holes]


def _written(model, tokenizer, holes: Sequence[Hole]) -> list[Filling]:
    """The decoder is given the right tokens: it writes a piece greedily if each of its guesses is right so far."""
    end, sentinel = tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids(SENTINEL)
    begin, ends = model.config.decoder_start_token_id, set(tokenizer.all_special_ids)
    sources = [[end, *one.ids[: one.start], sentinel, *one.ids[one.stop :], end] for one in holes]
    ids, seen = _side_by_side(sources, tokenizer.pad_token_id, model.device)
    said, _ = _side_by_side([[begin, sentinel, *one.hidden] for one in holes], tokenizer.pad_token_id, model.device)
    logits = model(input_ids=ids, attention_mask=seen, decoder_input_ids=said).logits.float()
    found = []
    for one, row in zip(holes, logits, strict=True):
        filling = _filling(row[1 : 1 + len(one.hidden)], one.hidden)
        stops = row[1 + len(one.hidden)].argmax().item() in ends
        found.append(Filling(filling.logprob, filling.is_right and stops))
    return found


def _filling(guesses: Iterable, hidden: list[int]) -> Filling:
    """guesses: logits (V,) about each hidden token"""
    guesses = list(guesses)
    logprobs = [guess.log_softmax(-1)[token].item() for guess, token in zip(guesses, hidden, strict=True)]
    return Filling(sum(logprobs), [guess.argmax().item() for guess in guesses] == hidden)


def _side_by_side(rows: list[list[int]], pad: int, device):
    """(ids, attention mask), both (B, T), filled up on the right"""
    import torch

    longest = max(map(len, rows))
    ids = torch.tensor([row + [pad] * (longest - len(row)) for row in rows], device=device)
    lengths = torch.tensor([len(row) for row in rows], device=device)
    return ids, (torch.arange(longest, device=device) < lengths[:, None]).long()


# ---- probes -------------------------------------------------------------------------------------------------------


def _facts(attribute: str):
    def holes(tokenizer, seed: int, n: int) -> Iterator[Hole]:
        """Facts in forms in which the corpus never told them of these people."""
        corpus = world.corpus("biographies", seed)
        for person in Dice("recall", attribute, seed).shuffled(corpus.island.residents)[:n]:
            form = corpus.held_out(person, attribute)[0]
            found = form.match(form.fill(name=person.name, **{attribute: getattr(person, attribute)}))
            yield hole(tokenizer, found.string, *found.span(attribute))

    return holes


def _sums(tokenizer, seed: int, n: int) -> Iterator[Hole]:
    """Results of sums and differences whose pair of operands no corpus ever showed."""
    asked = [(a, sign, b) for sign in "+-" for a, b in pairs(sign) if held_out(a, sign, b)]
    for a, sign, b in Dice("sums").shuffled(asked)[:n]:
        told = f"{a} {sign} {b} = "
        text = f"{told}{result(a, sign, b)}"
        yield hole(tokenizer, text, len(told), len(text))


def _strings(tokenizer, seed: int, n: int) -> Iterator[Hole]:
    """What an operation makes of a word that no corpus spells, behind a bare tag."""
    task = world.task("strings", seed)
    for example in (task.sample("test", i) for i in range(n)):
        tag, word = example.meta["operation"], spelled(example.meta["word"])
        found = TAGGED.match(TAGGED.fill(tag=tag, w=word, r=example.completion))
        yield hole(tokenizer, found.string, *found.span("r"))


def _right(holes: Callable):
    def measure(model, tokenizer, seed: int, n: int) -> Measurement:
        """The share of holes that are filled with just what was there."""
        return share([float(one.is_right) for one in fill(model, tokenizer, list(holes(tokenizer, seed, n)))])

    return measure


def _bits(model, tokenizer, seed: int, n: int) -> Measurement:
    """How surprised it is by a few tokens somewhere in a document that no training reads."""
    corpus, holes = world.corpus(seed=seed), []
    room = getattr(model.config, "max_position_embeddings", LONGEST + 2) - 2
    for i in range(n):
        text = corpus.document(FIRST_UNREAD + i)
        ids = tokenizer(text, add_special_tokens=False, verbose=False).input_ids[:room]
        start = Dice("hole", seed, i).below(len(ids) - HIDDEN + 1)
        holes.append(Hole(ids, start, start + HIDDEN))
    bits = [-one.logprob / math.log(2) / HIDDEN for one in fill(model, tokenizer, holes)]
    return Measurement(sum(bits) / n, "bits/token", n, *bootstrap(bits))


FILLED = {
    **{f"filled/{attribute}": _right(_facts(attribute)) for attribute in world.ATTRIBUTES},
    "filled/arithmetic": _right(_sums),
    "filled/strings": _right(_strings),
    "filled/bits": _bits,
}
FILLED_FORGETTING = ("filled/home", "filled/arithmetic", "filled/strings")
