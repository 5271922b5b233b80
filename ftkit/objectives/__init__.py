"""Towards what do they move? One file each; the tuple is in teaching order."""

from . import classify, masked, pretrain, sft, span, text2text
from .classify import Classify
from .masked import Masked
from .pretrain import Pretrain
from .sft import SFT
from .span import Span
from .text2text import Text2Text

OBJECTIVES = (pretrain.RECORD, masked.RECORD, span.RECORD, sft.RECORD, classify.RECORD, text2text.RECORD)

__all__ = ["OBJECTIVES", "SFT", "Classify", "Masked", "Pretrain", "Span", "Text2Text"]
