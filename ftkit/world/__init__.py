"""What is true? The invented island of Hermea: people, texts, questions whose answers are known. No torch in here."""

from .corpora import EXACT, MIXTURES, WEIGHTS, Mixture, corpus
from .examples import Example, Score, Task, shuffled
from .facts import QUESTIONS, Facts
from .page import page
from .passages import passage
from .people import ATTRIBUTES, VALUES, Island, Person, island
from .reading import Reading
from .tasks import TABLE_2, TASKS, task

__all__ = [
    "ATTRIBUTES", "EXACT", "MIXTURES", "QUESTIONS", "TABLE_2", "TASKS", "VALUES", "WEIGHTS", "Example", "Facts",
    "Island", "Mixture", "Person", "Reading", "Score", "Task", "corpus", "island", "page", "passage", "shuffled",
    "task",
]  # fmt: skip
