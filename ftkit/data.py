"""What does it read? Examples -> chat template -> tokens -> completion mask; packed rows of a corpus; own files."""

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from . import world
from .records import check_knobs, knob, known
from .world.dice import Dice

DOCUMENTS_A_ROW = 64  # numbers of documents that belong to one row, so that no two rows share one
DOCUMENTS_A_SEED = 2 * 10**9
COLUMNS = ("prompt", "completion")
GROUP = 8  # batches within which rows are sorted by length, so that short rows meet short ones

# ---- what can be read ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Corpus:
    """Texts to go on reading: one of the island's corpora, or the mixture of all."""

    name: str = "hermea"
    island: int = knob(0, 0, help="seed of the island; another seed has other people")
    people: int = knob(1000, 10, 10000, help="residents of the island")
    opening: int = knob(
        0, 0, unit="rows", help="rows of registers before all else: who can look up a name learns to read sooner"
    )

    def __post_init__(self):
        check_knobs(self)

    def source(self):
        """The corpus itself; `.document(i)` is a text."""
        return world.corpus(self.name, self.island, self.people)

    def rows(self, tokenizer, length: int, count: int, seed: int) -> "Rows":
        """The texts as packed rows, those of the opening first."""
        return Rows(self.source(), tokenizer, length, count, seed, world.corpus("registers", self.island), self.opening)

    def reads(self):
        """The corpus, if probabilities of its texts are known, or else None."""
        exact = (*world.MIXTURES, *(kind.family for kind in world.EXACT))
        return self.source() if self.name in exact else None

    def asks(self) -> None:
        """A text asks nothing, so there are no answers to compare."""

    def mark(self, model) -> None:
        """Notes in the model's config which island it has read, for the probes."""
        model.config.hermea_island = self.island


@dataclass(frozen=True)
class Task:
    """Questions of the world, with their answers."""

    name: str = "facts"
    examples: int = knob(2500, 1, 1_000_000, "log", "examples", "different questions to learn from")
    island: int = knob(0, 0, help="seed of the island; another seed has other people")
    split: str = "train"
    asked: str = "test"  # the split that is asked before and after
    shuffled: bool = knob(False, help="deals the answers out anew: right in form, by chance in content")

    def __post_init__(self):
        check_knobs(self)

    def source(self) -> list[world.Example]:
        """raises ValueError for an unknown task or split"""
        task = world.task(self.name, self.island)
        examples = [task.sample(self.split, i) for i in range(self.examples)]
        return world.shuffled(examples) if self.shuffled else examples

    def reads(self) -> None:
        """Questions are no text whose probabilities are known."""

    def asks(self):
        """(task with .sample and .check, split, longest answer in tokens)"""
        task = world.task(self.name, self.island)
        return task, self.asked, task.answer_tokens

    def mark(self, model) -> None:
        """Questions are no corpus: the island that a model has read stays the same."""


@dataclass(frozen=True)
class File:
    """The user's own examples: a CSV, JSON or JSONL file with the columns prompt and completion.

    path      where it is
    held_out  share of the examples that is kept for asking, by a hash of the prompt
    """

    path: str = ""
    held_out: float = knob(0.1, 0.0, 0.9, help="share of the examples that is kept back and asked before and after")

    def __post_init__(self):
        check_knobs(self)

    def source(self) -> list[world.Example]:
        """raises ValueError if the file cannot be read, lacks a column, is empty, or repeats one example"""
        return self._questions.learned

    def reads(self) -> None:
        """Questions are no text whose probabilities are known."""

    def asks(self):
        """(task with .sample and .check, split, longest answer in tokens)"""
        longest = max(len(example.completion) for example in self._questions.learned)
        return self._questions, "test", min(200, max(12, longest))

    def mark(self, model) -> None:
        """A file is no corpus of the island."""

    @cached_property
    def _questions(self) -> "Questions":
        return Questions(read_examples(self.path), self.held_out)


SOURCES = (Corpus, Task, File)


class Questions:
    """A user's own examples as a task: asked are those held out, or all where none are."""

    def __init__(self, examples: Sequence[world.Example], held_out: float):
        def kept_back(example):
            digest = hashlib.sha256(repr(example.prompt).encode()).digest()
            return int.from_bytes(digest[:6], "big") < held_out * 2**48

        self.asked = [example for example in examples if kept_back(example)] or list(examples)
        self.learned = [example for example in examples if not kept_back(example)] or list(examples)

    def size(self, split: str) -> int:
        return len(self.asked)

    def sample(self, split: str, i: int) -> world.Example:
        return self.asked[i % len(self.asked)]

    def check(self, example: world.Example, text: str) -> world.Score:
        """1 if the text is the completion, whatever blanks stand around it."""
        right = " ".join(text.split()) == " ".join(example.completion.split())
        return world.Score(float(right), "right" if right else f"said {text.strip()[:40]!r}")


def read_examples(path: str | Path) -> list[world.Example]:
    """
    The examples of a CSV, JSON or JSONL file; the same example twice is read once.

    raises  ValueError that says what is wrong with the file and what would be right
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no file {path}; give the path of a CSV, JSON or JSONL file")
    rows = _rows(path)
    for number, row in enumerate(rows, 1):
        missing = [column for column in COLUMNS if column not in row]
        if missing:
            raise ValueError(
                f"{path} has no column {' and no column '.join(missing)} (row {number} has {', '.join(map(str, row))});"
                f" rename its columns to {' and '.join(COLUMNS)}"
            )
    full = [row for row in rows if _is_prompt(row["prompt"]) and _is_text(row["completion"])]
    if not full:
        raise ValueError(f"{path} holds no example with a prompt and a completion; add at least two")
    unique = list({json.dumps([row["prompt"], row["completion"]]): row for row in full}.values())
    if len(unique) == 1 and len(full) > 1:
        raise ValueError(f"all {len(full)} examples of {path} are the same one; nothing general can be learned from it")
    return [world.Example(row["prompt"], row["completion"]) for row in unique]


def _is_text(value) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_prompt(value) -> bool:
    return _is_text(value) or (isinstance(value, list) and bool(value))


def _rows(path: Path) -> list[dict]:
    """The rows as dicts; raises ValueError if the file is no table"""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".csv":
            return list(csv.DictReader(text.splitlines(keepends=True)))
        if path.suffix == ".jsonl":
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        elif path.suffix == ".json":
            rows = json.loads(text)
        else:
            raise ValueError(known(path.suffix, (".csv", ".json", ".jsonl"), "the file's ending"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} cannot be read as {path.suffix[1:]}: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{path} must hold a list of objects, each with {' and '.join(COLUMNS)}")
    return rows


# ---- tokens -------------------------------------------------------------------------------------------------------


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


def reading_order(lengths: Sequence[int], batch: int, steps: int, seed: int) -> list[int]:
    """
    In which order a run reads its examples: each once, shuffled, then again in another order, rows of similar length
    beside each other.

    lengths  tokens of each example
    returns  batch * steps numbers of examples; a pure function of the arguments
    """
    wanted, order, epoch = batch * steps, [], 0
    while len(order) < wanted:
        order += Dice("order", seed, epoch).shuffled(range(len(lengths)))
        epoch += 1
    order, size = order[:wanted], batch * GROUP
    dice, mixed = Dice("batches", seed), []
    for start in range(0, wanted, size):
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
