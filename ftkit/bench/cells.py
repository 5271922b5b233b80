"""`panel(recipe)`: one panel a cell, or a name; a new one takes the place of the old and keeps its runs."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ..recipe import Recipe
from . import knobs
from .live import mode
from .panel import Panel

_panels: dict[str, Panel] = {}


def panel(
    recipe: Recipe,
    name: str = "",
    controls: Sequence[str] | Mapping[str, Any] | None = None,
    talk: bool = False,
) -> Panel:
    """
    Shows a panel for a recipe; `panel.result()` in the next cell gives the finished run.

    name      a panel of the same name is stopped and replaced, and its runs stay in the picture; "" means the panel of
              this cell
    controls  knobs to turn; see `knobs.controls`
    talk      for an audience: large type, no code, and a button that replays the last run of this recipe
    raises    ValueError for an unknown knob
    """
    offered = knobs.controls(recipe, controls)
    name = name or _cell() or recipe.digest
    made = Panel(recipe, name, offered, mode(), talk)
    if name in _panels:
        made.earlier, made.runs = _panels[name].close(), _panels[name].runs
    _panels[name] = made
    made.show()
    return made


def _cell() -> str:
    """Id of the cell that is being run, where the notebook tells it."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return parent.get("metadata", {}).get("cellId", "")
