"""What the labs claim, in their order. A claim that fails stays here, with its verdict."""

from . import reading, tuning

CLAIMS = (*reading.CLAIMS, *tuning.CLAIMS)
BY_ID = {claim.id: claim for claim in CLAIMS}
