"""What the labs claim, in their order. A claim that fails stays here, with its verdict."""

from . import (
    bridging,
    encoding,
    preferring,
    priors,
    prompting,
    reading,
    reinforcing,
    retrieving,
    thinning,
    tuning,
    tutoring,
)

CLAIMS = (
    *reading.CLAIMS,
    *priors.CLAIMS,
    *prompting.CLAIMS,
    *retrieving.CLAIMS,
    *tuning.CLAIMS,
    *encoding.CLAIMS,
    *bridging.CLAIMS,
    *thinning.CLAIMS,
    *preferring.CLAIMS,
    *reinforcing.CLAIMS,
    *tutoring.CLAIMS,
)
BY_ID = {claim.id: claim for claim in CLAIMS}
