"""How is it asked? Instruction, worked examples, their order and voice; labels weighed, answers put to the vote."""

from .answers import NOTHING, ask, calibrated, prior, right, weigh
from .prompts import Prompt, Question, exchanged, permutation, question, written
from .voices import PLAIN, VOICES, Voice, conclusion, voice_of
from .votes import Votes, majority, self_consistency

__all__ = [
    "NOTHING", "PLAIN", "VOICES", "Prompt", "Question", "Voice", "Votes", "ask", "calibrated", "conclusion",
    "exchanged", "majority", "permutation", "prior", "question", "right", "self_consistency", "voice_of", "weigh",
    "written",
]  # fmt: skip
