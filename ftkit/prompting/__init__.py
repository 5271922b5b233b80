"""How is it asked? Instruction, worked examples, their order and voice; labels weighed, answers put to the vote."""

from .answers import NOTHING, ask, calibrated, guessed, prior, right
from .orders import Ordered, in_all_orders, over_orders, spread, spread_by_chance
from .prompts import Prompt, Question, exchanged, permutation, question, written
from .voices import PLAIN, VOICES, Voice, conclusion, voice_of
from .votes import Votes, majority, self_consistency
from .weighing import weigh

__all__ = [
    "NOTHING", "PLAIN", "VOICES", "Ordered", "Prompt", "Question", "Voice", "Votes", "ask", "calibrated", "conclusion",
    "exchanged", "guessed", "in_all_orders", "majority", "over_orders", "permutation", "prior", "question", "right",
    "self_consistency", "spread", "spread_by_chance", "voice_of", "weigh", "written",
]  # fmt: skip
