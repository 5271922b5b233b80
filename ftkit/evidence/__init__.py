"""Is the claim true? Claims, runs repeated over seeds, and verdicts."""

from .claims import CLAIMS
from .repeat import Band, band, claims, recipe, rerun, stale, standing, stored, tell
from .verdicts import VERDICTS, Claim

__all__ = [
    "CLAIMS", "VERDICTS", "Band", "Claim", "band", "claims", "recipe", "rerun", "stale", "standing", "stored", "tell",
]  # fmt: skip
