"""Show me. Numbers -> figures and tables; no training inside."""

from .charts import arms, forgetting, kl, learned_first, loss_curve, losses
from .comprehension import (
    code_lengths,
    distances,
    exposure,
    forecasts,
    parts,
    prejudice,
    revision,
    savings,
    sizes,
)
from .figure import Figure
from .paper import conditions, timeline
from .prompting import shots
from .tables import Table, answers, samples

__all__ = [
    "Figure", "Table", "answers", "arms", "code_lengths", "conditions", "distances", "exposure", "forecasts",
    "forgetting", "kl", "learned_first", "loss_curve", "losses", "parts", "prejudice", "revision", "samples", "savings",
    "shots", "sizes", "timeline",
]  # fmt: skip
