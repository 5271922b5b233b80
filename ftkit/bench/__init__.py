"""Let me move it. Widgets that drive real runs, and do the same without a screen."""

from .ask import Ask, prompt
from .cells import panel
from .panel import Panel
from .predicting import Predicting, predictions
from .preferring import Preferring, preferences
from .workbench import Workbench, workbench

__all__ = [
    "Ask", "Panel", "Predicting", "Preferring", "Workbench", "panel", "predictions", "preferences", "prompt",
    "workbench",
]  # fmt: skip
