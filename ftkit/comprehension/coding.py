"""What does an answer cost? Bits under a model, and a copy of a model that goes on learning between two readings."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..data import encode, encode_example, reading_order
from ..evaluation import Measurement, mean
from ..objectives.sft import completion_loss
from ..world import Example
from ..world.dice import Dice

CLIP = 1.0  # longest gradient
ROWS = 32  # read at a time: at every place of each row stands a number for every token that could come next


@dataclass(frozen=True)
class Cost:
    """What one answer cost a reader.

    bits    -log2 p of the answer, each token given all before it
    tokens  of the answer
    right   of them, how many were the likeliest
    """

    bits: float
    tokens: int
    right: int


def costs(model, tokenizer, rows: Sequence[tuple[list[int], list[int]]]) -> list[Cost]:
    """
    What the tokens under the masks cost, row by row.

    rows     (input_ids, completion_mask) as `data.encode_example` gives them
    raises   ValueError if a row is longer than the model can read
    """
    import torch

    training, found = model.training, []
    model.eval()
    with torch.no_grad():
        for start in range(0, len(rows), ROWS):
            ids, mask = _padded(model, tokenizer, rows[start : start + ROWS])
            logits = model(input_ids=ids, use_cache=False).logits[:, :-1].float()
            read, mask = ids[:, 1:], mask[:, 1:]
            bits = -(_logprobs(logits, read) * mask).sum(1) / math.log(2)
            right = ((logits.argmax(-1) == read) * mask).sum(1)
            found += [Cost(*one) for one in zip(bits.tolist(), mask.sum(1).tolist(), right.tolist(), strict=True)]
    model.train(training)
    return found


def example_costs(model, tokenizer, examples: Sequence[Example]) -> list[Cost]:
    """What the completions cost, asked as the model is asked everywhere, the end token included."""
    return costs(model, tokenizer, [encode_example(tokenizer, example) for example in examples])


def continued(tokenizer, text: str, rest: str) -> tuple[list[int], list[int]]:
    """(input_ids, completion_mask) of the beginning of a document and what is to follow it, without an end token."""
    begun = encode(tokenizer, text)
    ids = tokenizer(" " + rest, add_special_tokens=False).input_ids
    return begun + ids, [0] * len(begun) + [1] * len(ids)


class Learner:
    """A copy of a model that learns in small portions; the model itself stays as it was.

    A run (`training.run`) measures, saves and survives a crash; here ten portions must take seconds. The equation and
    the order of reading are the same as there.

    learning_rate  of AdamW, constant, all weights
    batch          examples a step
    seed           of the order of the examples
    """

    def __init__(self, model, tokenizer, learning_rate: float = 1e-3, batch: int = 16, seed: int = 0):
        import torch

        self.model, self.tokenizer, self.batch, self.seed = copy.deepcopy(model), tokenizer, batch, seed
        self.model.requires_grad_(True)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=learning_rate, weight_decay=0.0, fused=True)
        self.portions = 0

    def learn(self, examples: Sequence[Example], steps: int, tokens: int = 0) -> int:
        """
        Takes steps on examples, each as often as every other.

        tokens   answer tokens a step, whatever number of examples that takes; 0 means `batch` examples a step
        returns  answer tokens learned from; with `tokens`, steps * tokens and at most the rest of one answer
        raises   ValueError if there is no example
        """
        if not examples:
            raise ValueError("there is no example to learn from; give at least one")
        rows = [encode_example(self.tokenizer, example) for example in examples]
        seed = self.seed + self.portions
        batches = _by_tokens(rows, steps, tokens, seed) if tokens else _by_rows(rows, steps, self.batch, seed)
        self.portions += 1
        self.model.train()
        for batch in batches:
            self._step(batch)
        self.model.eval()
        return sum(sum(mask) for batch in batches for _, mask in batch)

    def _step(self, rows) -> None:
        import torch

        ids, mask = _padded(self.model, self.tokenizer, rows)
        logits = self.model(input_ids=ids, use_cache=False).logits[:, :-1].float()
        completion_loss(_logprobs(logits, ids[:, 1:]), mask[:, 1:]).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimizer.step()
        self.optimizer.zero_grad()


def minus(first: Sequence[float], second: Sequence[float], unit: str) -> Measurement:
    """How much more the first is, item by item; raises ValueError if they are not of the same items"""
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} items cannot be compared; give the same items to both")
    return mean([one - other for one, other in zip(first, second, strict=True)], unit)


def holds(effect: Measurement) -> bool:
    """Whether an effect stands: its whole interval is above 0. Otherwise the instrument is falsified here."""
    return effect.low > 0


def _by_rows(rows, steps: int, size: int, seed: int) -> list[list]:
    order = reading_order([len(ids) for ids, _ in rows], size, steps, seed)
    return [[rows[i] for i in order[start : start + size]] for start in range(0, len(order), size)]


def _by_tokens(rows, steps: int, tokens: int, seed: int) -> list[list]:
    """Batches that hold so many answer tokens; what one has too many, the next has fewer."""
    batches, read, deck, epoch = [], 0, [], 0
    for step in range(1, steps + 1):
        batches.append([])
        while read < step * tokens or not batches[-1]:
            if not deck:
                deck, epoch = Dice("order", seed, epoch).shuffled(rows), epoch + 1
            batches[-1].append(deck.pop())
            read += sum(batches[-1][-1][1])
    return batches


def _logprobs(logits, read):
    """(B, T) nats of what was read"""
    return logits.log_softmax(-1).gather(2, read[..., None])[..., 0]


def _padded(model, tokenizer, rows):
    """(B, T) ids and masks, padded on the right, where nothing before them can see it."""
    import torch

    longest = max(len(ids) for ids, _ in rows)
    room = getattr(model.config, "max_position_embeddings", None) or longest
    if longest > room:
        raise ValueError(f"a row has {longest} tokens and the model's context {room}; shorten prompt or passage")
    pad = tokenizer.pad_token_id or 0
    ids = torch.tensor([ids + [pad] * (longest - len(ids)) for ids, _ in rows], device=model.device)
    mask = torch.tensor([mask + [0] * (longest - len(mask)) for _, mask in rows], device=model.device)
    return ids, mask
