"""Let me move it. Widgets that drive real runs, and do the same without a screen."""

from .ask import Ask, prompt
from .panel import Panel, panel

__all__ = ["Ask", "Panel", "panel", "prompt"]
