"""What does it read? Examples -> chat template -> tokens -> completion mask; packed rows of a corpus; the user's own files."""

from dataclasses import dataclass
from functools import cached_property

from . import world
from .records import check_knobs, knob

DOCUMENTS_A_ROW = 64  # numbers of documents that belong to one row, so that no two rows share one
DOCUMENTS_A_SEED = 2 * 10**9


@dataclass(frozen=True)
class Corpus:
    """Texts to go on reading: one of the island's corpora, or the mixture of all."""

    name: str = "hermea"
    island: int = knob(0, 0, help="seed of the island; another seed has other people")
    people: int = knob(1000, 10, 10000, help="residents of the island")

    def __post_init__(self):
        check_knobs(self)

    def source(self):
        """The corpus itself; `.document(i)` is a text."""
        return world.corpus(self.name, self.island, self.people)

    def answers(self, model, tokenizer, n: int) -> list:
        """A text asks nothing."""
        return []

    def mark(self, model) -> None:
        """Notes in the model's config which island it has read, for the probes."""
        model.config.hermea_island = self.island


@dataclass(frozen=True)
class Rows:
    """Packed rows of tokens. Row r is a pure function of (seed, r), so a resumed run reads on without a replay.

    Each row begins with the end token, which also begins a text, then documents, each followed by the end token; the last
    document is cropped.

    source  anything with .document(i) -> str
    length  tokens a row
    count   rows
    """

    source: object
    tokenizer: object
    length: int
    count: int
    seed: int = 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, r: int) -> dict[str, list[int]]:
        if not 0 <= r < self.count:
            raise IndexError(f"row {r} was asked for; there are {self.count}")
        end, first = self.tokenizer.eos_token_id, self.seed * DOCUMENTS_A_SEED + r * DOCUMENTS_A_ROW
        ids = [end]
        for i in range(first, first + DOCUMENTS_A_ROW):
            ids += self._encoder(self.source.document(i))
            ids.append(end)
            if len(ids) >= self.length:
                break
        ids += [end] * (self.length - len(ids))  # only where many documents are very short
        return {"input_ids": ids[: self.length]}

    @cached_property
    def _encoder(self):
        core = getattr(self.tokenizer, "backend_tokenizer", None)
        if core is None:
            return lambda text: self.tokenizer(text, add_special_tokens=False).input_ids
        return lambda text: core.encode(text, add_special_tokens=False).ids


SOURCES = (Corpus,)
