"""Which weights move? One file each; the tuple is in teaching order."""

from . import full, lora
from .full import Full
from .lora import LoRA

ADAPTERS = (full.RECORD, lora.RECORD)

__all__ = ["ADAPTERS", "Full", "LoRA"]
