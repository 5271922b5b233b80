"""What the learner predicted, beside what came."""

from collections.abc import Sequence

from .charts import dumbbells
from .figure import COLOURS, Figure

ENDS = (("your prediction", "diamond-open", COLOURS[1]), ("what came", "square", COLOURS[0]))


def predictions(outcomes: Sequence, title: str = "What you predicted, and what came") -> Figure:
    """
    One row a prediction, joined with what came; only shares have one axis for all labs.

    outcomes  Outcomes, as `predictions.Predictions` keeps them; those in other units are left to tables
    raises    ValueError if none is a share
    """
    rows = [(f"{one.lab}: {one.name}", one.predicted, one.found) for one in outcomes if one.unit == "share"]
    if not rows:
        raise ValueError("no prediction of a share to draw; other units have no axis in common")
    return dumbbells(rows, ENDS, "share", "share", title)
