"""What is true? The invented island of Hermea: people, texts, questions whose answers are known. No torch in here."""

from .corpora import WEIGHTS, Mixture, corpus
from .page import page
from .people import ATTRIBUTES, VALUES, Island, Person, island
from .reading import Reading
from .tasks import QUESTIONS, TASKS, Example, Facts, Score, task

__all__ = [
    "ATTRIBUTES", "QUESTIONS", "TASKS", "VALUES", "WEIGHTS", "Example", "Facts", "Island", "Mixture", "Person",
    "Reading", "Score", "corpus", "island", "page", "task",
]  # fmt: skip
