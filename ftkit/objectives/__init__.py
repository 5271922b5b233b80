"""Towards what do they move? One file each; the tuple is in teaching order."""

from . import classify, dpo, masked, pretrain, reward, sft, span, text2text
from .classify import Classify
from .dpo import DPO
from .masked import Masked
from .pretrain import Pretrain
from .reward import Reward
from .sft import SFT
from .span import Span
from .text2text import Text2Text

OBJECTIVES = (
    pretrain.RECORD, masked.RECORD, span.RECORD, sft.RECORD, classify.RECORD, text2text.RECORD, reward.RECORD,
    dpo.RECORD,
)  # fmt: skip

__all__ = ["DPO", "OBJECTIVES", "SFT", "Classify", "Masked", "Pretrain", "Reward", "Span", "Text2Text"]
