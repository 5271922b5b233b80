"""Examples -> chat template -> tokens -> completion mask; the order in which they are read; packed rows of a corpus."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from .. import world
from ..world.dice import Dice

DOCUMENTS_A_ROW = 64  # numbers of documents that belong to one row, so that no two rows share one
DOCUMENTS_A_SEED = 2 * 10**9
GROUP = 8  # batches within which rows are sorted by length, so that short rows meet short ones


class Beginning(str):
    """A sentence up to its last words, to be gone on with as it stands: no message, nothing that asks."""


def as_prompt(tokenizer, prompt: str | list) -> str | list:
    """A question as this model is asked it: as a user's message where there is a chat template, else as plain text."""
    if isinstance(prompt, Beginning):
        return prompt
    if isinstance(prompt, str) and tokenizer.chat_template:
        return [{"role": "user", "content": prompt}]
    return prompt if not isinstance(prompt, str) else f"Question: {prompt}\nAnswer:"


def encode(tokenizer, prompt: str | list[dict]) -> list[int]:
    """Token ids that a model goes on from: messages through the chat template, text as the beginning of a document."""
    if not isinstance(prompt, str):
        return tokenizer(_chat(tokenizer, prompt, True), add_special_tokens=False, verbose=False).input_ids
    ids = tokenizer(prompt, add_special_tokens=False, verbose=False).input_ids if prompt else []
    begin = tokenizer.bos_token_id
    return ids if begin is None else [begin, *ids]


def encode_example(tokenizer, example: world.Example) -> tuple[list[int], list[int]]:
    """
    An example as a model reads it: exactly the prompt's tokens that it will be asked with, then the completion's.

    returns  (input_ids, completion_mask); the mask is 1 on the tokens of the completion and its end token
    """
    prompt = as_prompt(tokenizer, example.prompt)
    prompt_ids = encode(tokenizer, prompt)
    answer = f" {example.completion}." if isinstance(prompt, Beginning) else f" {example.completion}"
    if not isinstance(prompt, str):
        asked = _chat(tokenizer, prompt, True)
        whole = _chat(tokenizer, [*prompt, {"role": "assistant", "content": example.completion}], False)
        answer = whole.removeprefix(asked) if whole.startswith(asked) else example.completion
    ids = tokenizer(answer, add_special_tokens=False, verbose=False).input_ids
    end = tokenizer.eos_token_id
    ids = ids[: ids.index(end)] if end in ids else ids  # templates may add blanks after the end
    return prompt_ids + ids + [end], [0] * len(prompt_ids) + [1] * (len(ids) + 1)


def _chat(tokenizer, messages: list[dict], goes_on: bool) -> str:
    return tokenizer.apply_chat_template(
        messages, add_generation_prompt=goes_on, tokenize=False, enable_thinking=False
    )  # the last is for models that think aloud, such as Qwen3; other templates do not ask for it


def shuffled_order(count: int, wanted: int, seed: int) -> list[int]:
    """
    Each of `count` examples once, shuffled, then again in another order.

    returns  `wanted` numbers of examples; a pure function of the arguments
    """
    order, epoch = [], 0
    while len(order) < wanted:
        order += Dice("order", seed, epoch).shuffled(range(count))
        epoch += 1
    return order[:wanted]


def reading_order(lengths: Sequence[int], batch: int, steps: int, seed: int) -> list[int]:
    """
    In which order a run reads its examples: shuffled, rows of similar length beside each other.

    lengths  tokens of each example
    returns  batch * steps numbers of examples; a pure function of the arguments
    """
    order, size = shuffled_order(len(lengths), batch * steps, seed), batch * GROUP
    dice, mixed = Dice("batches", seed), []
    for start in range(0, len(order), size):
        group = sorted(order[start : start + size], key=lambda i: lengths[i])
        batches = [group[first : first + batch] for first in range(0, len(group), batch)]
        mixed += [i for one in dice.shuffled(batches) for i in one]
    return mixed


@dataclass(frozen=True)
class Rows:
    """Packed rows of tokens. Row r is a pure function of (seed, r), so a resumed run reads on without a replay.

    Each row begins with the end token, which also begins a text, then documents, each followed by the end token; the
    last document is cropped.

    source   anything with .document(i) -> str
    length   tokens a row
    count    rows
    first    what the first rows are made of instead; opening: how many they are
    """

    source: object
    tokenizer: object
    length: int
    count: int
    seed: int = 0
    first: object = None
    opening: int = 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, r: int) -> dict[str, list[int]]:
        if not 0 <= r < self.count:
            raise IndexError(f"row {r} was asked for; there are {self.count}")
        end, start = self.tokenizer.eos_token_id, self.seed * DOCUMENTS_A_SEED + r * DOCUMENTS_A_ROW
        source, ids = self.first if r < self.opening else self.source, [end]
        for i in range(start, start + DOCUMENTS_A_ROW):
            ids += self._encode(source.document(i))
            ids.append(end)
            if len(ids) >= self.length:
                break
        ids += [end] * (self.length - len(ids))  # only where many documents are very short
        return {"input_ids": ids[: self.length]}

    @cached_property
    def _encode(self):
        core = getattr(self.tokenizer, "backend_tokenizer", None)
        if core is None:
            return lambda text: self.tokenizer(text, add_special_tokens=False).input_ids
        return lambda text: core.encode(text, add_special_tokens=False).ids  # half the time
