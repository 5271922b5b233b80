"""What does it read? Examples -> chat template -> tokens -> completion mask; packed rows; own files; pairs."""

from .pairs import Pair, Pairs, is_pairs
from .sources import Corpus, File, Questions, Task, matched, read_examples
from .tokens import Beginning, Rows, as_prompt, encode, encode_example, reading_order

SOURCES = (Corpus, Task, File, Pairs)

__all__ = [
    "SOURCES", "Beginning", "Corpus", "File", "Pair", "Pairs", "Questions", "Rows", "Task", "as_prompt", "encode",
    "encode_example", "is_pairs", "matched", "read_examples", "reading_order",
]  # fmt: skip
