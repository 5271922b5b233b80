"""Where does it look things up? Letters about people whom no model knows, shelves to search, an open book."""

from .asking import VOICES, Asked, ask, ask_each, in_the_texts_voice, rag_sequence
from .books import OpenBook, Retrieved, beside, ways
from .letters import Document, Strangers, fits, letters, poisoned
from .shelves import BM25, Dense, Oracle, Shelf, about, bm25, mean_states, recall_at, words

__all__ = [
    "BM25", "VOICES", "Asked", "Dense", "Document", "OpenBook", "Oracle", "Retrieved", "Shelf", "Strangers", "about",
    "ask", "ask_each", "beside", "bm25", "fits", "in_the_texts_voice", "letters", "mean_states", "poisoned",
    "rag_sequence", "recall_at", "ways", "words",
]  # fmt: skip
