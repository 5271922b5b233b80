"""Which weights move? One file each; the tuple is in teaching order."""

from . import full
from .full import Full

ADAPTERS = (full.RECORD,)

__all__ = ["ADAPTERS", "Full"]
