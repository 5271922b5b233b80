"""What a tuned model is asked: every task, in the order of the course."""

from .episodes import EpisodeTask
from .examples import Task
from .facts import Facts
from .hops import HopsTask
from .language import Translation
from .law import LegalConsultation, LegalDocument
from .medicine import ClinicalDecision, MedicalQuestion
from .money import Risk
from .needles import NeedleTask
from .news import Fake, FakeShortcut, Headline
from .passages import ReadingTask
from .pedagogy import PEDAGOGY
from .people import island
from .reports import Extraction, Summarisation
from .reviews import Roles, Sentiment, Topic
from .service import Chatbot, Dialogue, Support
from .strings import NewWordTask, PrefixTask, WordTask
from .style import Style
from .sums import SUMS

TASKS = (
    Facts, HopsTask, ReadingTask, *SUMS, WordTask, NewWordTask, PrefixTask, EpisodeTask, NeedleTask, Style, Roles,
    Topic, FakeShortcut,
    Translation, Extraction, Dialogue, Summarisation, Sentiment, Chatbot, MedicalQuestion, ClinicalDecision, *PEDAGOGY,
    Risk, Support, LegalConsultation, LegalDocument, Headline, Fake,
)  # fmt: skip
TABLE_2 = tuple(kind for kind in TASKS if kind.row)  # of the paper, in its order


def task(name: str, island_seed: int = 0) -> Task:
    """The task of that name on an island.

    raises  ValueError if there is none
    """
    for kind in TASKS:
        if kind.name == name:
            return kind(island(island_seed))
    raise ValueError(f"there is no task {name!r}; choose one of {', '.join(kind.name for kind in TASKS)}")
