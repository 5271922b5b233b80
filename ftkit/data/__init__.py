"""What does it read? Examples -> chat template -> tokens -> completion mask; packed rows; files; pairs; attempts."""

from .attempts import Attempt, Attempts, is_attempts, read_attempts, stated, write_attempts
from .pairs import Pair, Pairs, is_pairs
from .sources import Corpus, File, Questions, Task, matched, read_examples
from .tokens import Beginning, Rows, as_prompt, encode, encode_example, reading_order, shuffled_order

SOURCES = (Corpus, Task, File, Pairs, Attempts)

__all__ = [
    "SOURCES", "Attempt", "Attempts", "Beginning", "Corpus", "File", "Pair", "Pairs", "Questions", "Rows", "Task",
    "as_prompt", "encode", "encode_example", "is_attempts", "is_pairs", "matched", "read_attempts", "read_examples",
    "reading_order", "shuffled_order", "stated", "write_attempts",
]  # fmt: skip
