"""Towards what do they move? One file each; the tuple is in teaching order."""

from . import pretrain
from .pretrain import Pretrain

OBJECTIVES = (pretrain.RECORD,)

__all__ = ["OBJECTIVES", "Pretrain"]
