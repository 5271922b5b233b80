"""Towards what do they move? One file each; the tuple is in teaching order."""

from . import classify, dpo, grpo, masked, nlft, p3o, ppo, pretrain, reinforce, reward, sdft, sft, span, text2text
from .classify import Classify
from .dpo import DPO
from .grpo import GRPO
from .masked import Masked
from .nlft import NLFT
from .p3o import P3O
from .ppo import PPO
from .pretrain import Pretrain
from .reinforce import Reinforce
from .reward import Reward
from .sdft import SDFT
from .sft import SFT
from .span import Span
from .text2text import Text2Text

OBJECTIVES = (
    pretrain.RECORD, masked.RECORD, span.RECORD, sft.RECORD, classify.RECORD, text2text.RECORD, reward.RECORD,
    reinforce.RECORD, ppo.RECORD, p3o.RECORD, dpo.RECORD, grpo.RECORD, nlft.RECORD, sdft.RECORD,
)  # fmt: skip

__all__ = [
    "DPO", "GRPO", "NLFT", "OBJECTIVES", "P3O", "PPO", "SDFT", "SFT", "Classify", "Masked", "Pretrain", "Reinforce",
    "Reward", "Span", "Text2Text",
]  # fmt: skip
