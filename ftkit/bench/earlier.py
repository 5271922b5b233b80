"""Which earlier run can go on? One that was stopped, has failed or was interrupted, and has saved a checkpoint."""

from ..recipe import Recipe
from ..runs import RunFolder, store

UNFINISHED = ("stopped", "failed", "interrupted")


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
