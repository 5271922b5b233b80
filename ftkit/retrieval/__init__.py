"""Where does it look things up? Letters about people whom no model knows, shelves to search, an open book."""

from .asking import Asked, ask, ask_each, rag_sequence
from .books import OpenBook, Retrieved, beside, ways
from .letters import Document, Strangers, fits, letters, lie, outdated, poisoned
from .shelves import BM25, Dense, Oracle, Shelf, about, bm25, finds, mean_states, recall_at, words
from .voice import VOICES, in_the_texts_voice

__all__ = [
    "BM25", "VOICES", "Asked", "Dense", "Document", "OpenBook", "Oracle", "Retrieved", "Shelf", "Strangers", "about",
    "ask", "ask_each", "beside", "bm25", "finds", "fits", "in_the_texts_voice", "letters", "lie", "mean_states",
    "outdated", "poisoned", "rag_sequence", "recall_at", "ways", "words",
]  # fmt: skip
