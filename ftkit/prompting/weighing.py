"""How likely is a word? What a model makes of some words after each of many prompts; nothing is read twice."""

import copy
from collections.abc import Sequence
from itertools import takewhile

from ..data import encode

LOGITS = 2**24  # numbers that may be in memory at a time


def weigh(model, tokenizer, texts: Sequence[str | list[dict]], words: Sequence[str]):
    """
    How likely a model finds some words after each of some prompts.

    What all prompts begin with, such as worked examples, is read once; the rest of each prompt once for all words.

    returns  (N, C)  nats, log p(words | prompt), summed over the tokens of the words
    """
    import torch

    rows, between = [encode(tokenizer, text) for text in texts], " " if isinstance(texts[0], str) else ""
    ends = [tokenizer(between + word, add_special_tokens=False, verbose=False).input_ids for word in words]
    alike = takewhile(lambda tokens: len(set(tokens)) == 1, zip(*(row[:-1] for row in rows), strict=False))
    shared, found = len(list(alike)), []
    size = max(1, LOGITS // (max(map(len, rows)) * len(ends) * len(tokenizer)))
    with torch.no_grad():
        reader = _Reader(model, tokenizer.pad_token_id or 0)
        if shared:
            reader.read([rows[0][:shared]])
        for start in range(0, len(rows), size):
            found.append(_weighed(reader.copy(), [row[shared:] for row in rows[start : start + size]], ends))
    return torch.cat(found).cpu()


def _weighed(reader: "_Reader", rows: list[list[int]], ends: list[list[int]]):
    """log p of each end after each row; (B, C) nats"""
    import torch

    reader.spread(len(rows))
    _, _, logits = reader.read(rows, left=True)
    first = logits[:, -1:].repeat_interleave(len(ends), 0)  # (BC, 1, V)
    reader.spread(len(ends))
    ids, mask, logits = reader.read(ends * len(rows))
    logits = torch.cat([first, logits[:, :-1]], 1)  # (BC, T, V)
    logprobs = logits.gather(2, ids[..., None])[..., 0] - logits.logsumexp(-1)
    return (logprobs * mask).sum(1).view(len(rows), len(ends))


class _Reader:
    """Reads rows of tokens, each of them going on from where it stands."""

    def __init__(self, model, pad: int):
        import torch
        from transformers import DynamicCache

        self.model, self.pad, self.cache = model, pad, DynamicCache(config=model.config)
        self.mask = torch.ones(1, 0, dtype=torch.long, device=model.device)  # (B, tokens so far), 0 for padding

    def copy(self) -> "_Reader":
        other = copy.copy(self)
        other.cache = copy.deepcopy(self.cache)
        return other

    def spread(self, times: int) -> None:
        """Each row as often as said, the copies side by side."""
        if self.mask.shape[1]:
            self.cache.batch_repeat_interleave(times)
        self.mask = self.mask.repeat_interleave(times, 0)

    def read(self, rows: list[list[int]], left: bool = False) -> tuple:
        """The rows as padded ids (B, T), their mask (B, T), and the logits after each token (B, T, V)."""
        import torch

        longest = max(map(len, rows))
        fill = [[0] * (longest - len(row)) for row in rows]
        ones = [[1] * len(row) for row in rows]
        pairs = zip(fill, ones, strict=True) if left else zip(ones, fill, strict=True)
        mask = torch.tensor([before + after for before, after in pairs], device=self.model.device)
        ids = torch.full_like(mask, self.pad)
        ids[mask.bool()] = torch.tensor([token for row in rows for token in row], device=ids.device)
        places = (self.mask.sum(1, keepdim=True) + mask.cumsum(1) - 1).clamp(min=0)
        self.mask = torch.cat([self.mask, mask], 1)
        how = {"attention_mask": self.mask, "position_ids": places, "past_key_values": self.cache, "use_cache": True}
        return ids, mask, self.model(input_ids=ids, **how).logits.float()
