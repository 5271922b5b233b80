"""Did it work? Exact match, probes of what a model knows, distance from the world, and how sure we may be."""

from .answers import BATCH, Answer, answers, exact_match, go_on
from .distance import Divergence, bits_per_byte, divergence
from .encoders import FILLED, FILLED_FORGETTING, fill
from .intervals import Measurement, bootstrap, correlation, mean, share, wilson
from .preferring import agreement, judging, logratios, sampled_pairs, wins
from .probes import FORGETTING, PROBES, forgetting_probes, island_of, probe, probes_of, recall
from .sampling import pass_at
from .tokens import TokenValues, auc, token_losses, token_rewards, written

__all__ = [
    "BATCH", "FILLED", "FILLED_FORGETTING", "FORGETTING", "PROBES", "Answer", "Divergence", "Measurement",
    "TokenValues", "agreement", "answers", "auc", "bits_per_byte", "bootstrap", "correlation", "divergence",
    "exact_match", "fill", "forgetting_probes", "go_on", "island_of", "judging", "logratios", "mean", "pass_at",
    "probe", "probes_of", "recall", "sampled_pairs", "share", "token_losses", "token_rewards", "wilson", "wins",
    "written",
]  # fmt: skip
