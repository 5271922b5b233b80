"""Towards what do they move? One file each; the tuple is in teaching order."""

from . import pretrain, sft
from .pretrain import Pretrain
from .sft import SFT

OBJECTIVES = (pretrain.RECORD, sft.RECORD)

__all__ = ["OBJECTIVES", "SFT", "Pretrain"]
