"""What is true? The invented island of Hermea: people, texts, questions whose answers are known. No torch in here."""

from .corpora import WEIGHTS, Mixture, corpus
from .examples import Example, Score, Task
from .facts import QUESTIONS, Facts
from .page import page
from .people import ATTRIBUTES, VALUES, Island, Person, island
from .reading import Reading
from .tasks import TASKS, task

__all__ = [
    "ATTRIBUTES", "QUESTIONS", "TASKS", "VALUES", "WEIGHTS", "Example", "Facts", "Island", "Mixture", "Person",
    "Reading", "Score", "Task", "corpus", "island", "page", "task",
]  # fmt: skip
