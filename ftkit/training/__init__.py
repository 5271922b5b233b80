"""How does it move? `run(recipe)`: the one path that every training takes."""

from .doctor import Diverged
from .hand import Hand
from .path import Run, fork, open_run, resume, run

__all__ = ["Diverged", "Hand", "Run", "fork", "open_run", "resume", "run"]
