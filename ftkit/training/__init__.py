"""How does it move? `run(recipe)`: the one path that every training takes."""

from .doctor import Diverged
from .path import Run, open_run, resume, run

__all__ = ["Diverged", "Run", "open_run", "resume", "run"]
