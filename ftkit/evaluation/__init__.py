"""Did it work? Exact match, probes of what a model knows, distance from the world, and how sure we may be."""

from .answers import BATCH, Answer, answers, answers_to, exact_match, go_on
from .distance import Divergence, bits_per_byte, divergence
from .encoders import FILLED, FILLED_FORGETTING, fill
from .intervals import Measurement, bootstrap, correlation, mean, share, wilson
from .preferring import agreement, judging, logratios, sampled_pairs, wins
from .probes import FORGETTING, PROBES, forgetting_probes, island_of, probe, probes_of, recall
from .sampling import best_of, pass_at
from .spectrum import Spectrum, head, spectra
from .tokens import TokenValues, auc, token_losses, token_rewards, written

__all__ = [
    "BATCH", "FILLED", "FILLED_FORGETTING", "FORGETTING", "PROBES", "Answer", "Divergence", "Measurement", "Spectrum",
    "TokenValues", "agreement", "answers", "answers_to", "auc", "best_of", "bits_per_byte", "bootstrap", "correlation",
    "divergence", "exact_match", "fill", "forgetting_probes", "go_on", "head", "island_of", "judging", "logratios",
    "mean", "pass_at", "probe", "probes_of", "recall", "sampled_pairs", "share", "spectra", "token_losses",
    "token_rewards", "wilson", "wins", "written",
]  # fmt: skip
