"""What does it understand? Vorverständnis, Distanciation and the Hermeneutic Circle as measurements."""

from .circle import Circle, Round, pays_until, rereading, revise, turn
from .coding import Cost, Learner, costs, example_costs, holds, minus
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
    shuffled,
    with_examples,
    with_passage,
)
from .prediction import Prediction, predicts, rank_correlation
from .preunderstanding import (
    Prejudice,
    Saving,
    Schedule,
    beyond_stranger,
    bits_saved,
    homes_of,
    prejudice,
    prequential,
)

__all__ = [
    "BARE", "Bridge", "Circle", "Cost", "Distance", "Fact", "Learner", "Prediction", "Prejudice", "Round", "Saving",
    "Schedule", "beyond_stranger", "bits_saved", "closed", "costs", "crossed", "distanciation", "example_costs",
    "facts", "holds", "homes_of", "knows", "minus", "passages", "pays_until", "predicts", "prejudice", "prequential",
    "rank_correlation", "rereading", "revise", "shuffled", "turn", "with_examples", "with_passage",
]  # fmt: skip
