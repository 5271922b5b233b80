"""How far is a model from its world? KL divergence from exact probabilities, and code length of any text."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from .answers import BATCH
from .intervals import Measurement, bootstrap

SOUGHT = 50  # documents looked at for each whose probability is wanted


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

    Documents of families without an exact probability are passed over. Exact in the world's probabilities; the
    model's is that of the one token sequence its tokenizer gives, so the value is an upper bound of the divergence
    between texts.

    n       documents
    first   number of the first document; training counts from 0
    raises  ValueError if the corpus has no document with an exact probability
    """
    drawn = ((text, corpus.parse(text)) for text in map(corpus.document, range(first, first + SOUGHT * n)))
    exact = list(islice((pair for pair in drawn if pair[1].logprob is not None), n))
    if len(exact) < n:
        raise ValueError(f"of {SOUGHT * n} documents {len(exact)} have an exact probability, {n} are needed")
    documents, readings = zip(*exact, strict=True)
    rows = []
    for reading, (logprobs, ends) in zip(readings, token_logprobs(model, tokenizer, documents), strict=True):
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


def token_logprobs(model, tokenizer, documents: Sequence[str]):
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
