"""Show me. Numbers -> figures and tables; no training inside."""

from .charts import arms, forgetting, kl, learned_first, loss_curve, losses
from .comprehension import distances, exposure, forecasts, prejudice, revision, savings
from .figure import Figure
from .paper import conditions, timeline
from .tables import Table, answers, samples

__all__ = [
    "Figure", "Table", "answers", "arms", "conditions", "distances", "exposure", "forecasts", "forgetting", "kl",
    "learned_first", "loss_curve", "losses", "prejudice", "revision", "samples", "savings", "timeline",
]  # fmt: skip
