"""Show me. Numbers -> figures and tables; no training inside."""

from .charts import arms, forgetting, kl, learned_first, loss_curve, losses
from .compare import differences, differing
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
from .lens import Lens, lens
from .paper import conditions, timeline
from .predictions import predictions
from .preferring import logratios, scatter
from .prompting import shots
from .race import Race, race
from .rewards import group, told
from .spectrum import spectra
from .tables import Table, answers, samples

__all__ = [
    "Figure", "Lens", "Race", "Table", "answers", "arms", "code_lengths", "conditions", "differences", "differing",
    "distances", "exposure", "forecasts", "forgetting", "group", "kl", "learned_first", "lens", "logratios",
    "loss_curve", "losses", "parts", "predictions", "prejudice", "race", "revision", "samples", "savings", "scatter",
    "shots", "sizes", "spectra", "timeline", "told",
]  # fmt: skip
