"""What does it understand? Vorverständnis, Distanciation and the Hermeneutic Circle as measurements."""

from .circle import Circle, Round, pays_until, rereading, revise, turn
from .coding import Cost, Learner, costs, example_costs, holds, minus
from .crossing import Parts, answered, bridges, form_bits, found_on, parts
from .distance import (
    BARE,
    Bridge,
    Distance,
    Fact,
    closed,
    crossed,
    distanciation,
    facts,
    knows,
    passages,
    with_examples,
    with_passage,
)
from .prediction import Prediction, predicts, rank_correlation
from .preunderstanding import (
    NEW,
    Prejudice,
    Saving,
    Schedule,
    beyond_stranger,
    bits_saved,
    homes_of,
    new_data,
    prejudice,
    prejudice_told,
    prequential,
)
from .scaling import Scaled, all_right, scaled, to_sort
from .tutor import Feedback, Tutorial, feedback_on, tutored

__all__ = [
    "BARE", "NEW", "Bridge", "Circle", "Cost", "Distance", "Fact", "Feedback", "Learner", "Parts", "Prediction",
    "Prejudice", "Round", "Saving", "Scaled", "Schedule", "Tutorial", "all_right", "answered", "beyond_stranger",
    "bits_saved", "bridges", "closed", "costs", "crossed", "distanciation", "example_costs", "facts", "feedback_on",
    "form_bits", "found_on", "holds", "homes_of", "knows", "minus", "new_data", "parts", "passages", "pays_until",
    "predicts", "prejudice", "prejudice_told", "prequential", "rank_correlation", "rereading", "revise", "scaled",
    "to_sort", "turn", "tutored", "with_examples", "with_passage",
]  # fmt: skip
