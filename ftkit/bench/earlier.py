"""Which earlier runs are there? Those that can go on from what they have saved, and those to be laid under a curve."""

from .. import plots
from ..recipe import Recipe, technique
from ..runs import RunFolder, store
from .curve import Line

UNFINISHED = ("stopped", "failed", "interrupted")
NEWEST = 20  # stored runs to choose from
NONE = ("no stored run", "")


def resumable(run_id: str) -> RunFolder | None:
    """A run's folder; None if it cannot go on, or is not there any more."""
    try:
        left = store().folder(run_id)
        return left if left.status() in UNFINISHED and left.checkpoint() else None
    except ValueError:  # deleted or damaged meanwhile
        return None


def newest(recipe: Recipe, states: tuple[str, ...] = UNFINISHED) -> str:
    """Id of the newest run of a recipe that an earlier kernel left in one of these states; "" if there is none."""
    asked = recipe.to_json()
    return next((one.id for one in store().runs() if one.status in states and one.recipe == asked), "")


def offer(left: RunFolder | None) -> str:
    """The sentence with which a panel offers it."""
    if left is None:
        return ""
    return f"{left.id} was {left.status()} after step {left.checkpoint().name}; Resume goes on with it"


def stored(recipe: Recipe) -> list[tuple[str, str]]:
    """(what a list says, id) of the newest runs in the store that learned towards the same, and first of none."""
    kind = technique(recipe.objective).name
    alike = [one for one in store().runs() if one.step and one.recipe.get("objective", {}).get("name") == kind]
    return [NONE, *((f"{one.id} ({one.status}, step {one.step:,})", one.id) for one in alike[:NEWEST])]


def curve_of(run_id: str, first: Recipe, place: int) -> Line | None:
    """The curve of a stored run, named by what differs from a recipe; None if it is not there any more."""
    try:
        folder = store().folder(run_id)
        events, recipe = folder.events(), Recipe.from_json(folder.recipe())
    except (ValueError, OSError):  # deleted or damaged meanwhile
        return None
    turned, _ = plots.differing([recipe, first])
    points = plots.losses(events, "step", technique(recipe.objective).curve[0])
    return Line(f"{run_id}: {turned}" if turned else run_id, points, place, run=run_id)
