"""Was that good? Graders by rule, by learned reward, by a judge; each says why, and none ever breaks a batch."""

from .graders import FUNCTIONS, KINDS, Grader, grader, register
from .reading import completion_logprobs, is_reward_model, rewards
from .trying import sample_attempts

__all__ = [
    "FUNCTIONS", "KINDS", "Grader", "completion_logprobs", "grader", "is_reward_model", "register", "rewards",
    "sample_attempts",
]  # fmt: skip
