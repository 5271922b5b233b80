"""What a tutor marks in an answer: the three readings of NLFT and its weights, token by token, for the lens."""

import statistics

from ..data import Attempt
from ..evaluation import Measurement, TokenValues, auc, bootstrap, written
from .nlft import NLFT, weighed
from .told import laid_side_by_side, three_readings, told

CHANCE = "probability"


def marks(model, tokenizer, attempt: Attempt, config: NLFT | None = None) -> tuple[TokenValues, ...]:
    """
    How likely each token of an answer is in the three readings, and what is to be done with it.

    returns  plain, with the answer and, of a wrong answer, with the criticism; then the weights, those of blamed tokens
             below 0
    """
    config, row = config or NLFT(), told(config or NLFT(), tokenizer, attempt)
    tokens, (base, answer, judged, weights) = written(tokenizer, row["said"]), _read(config, model, tokenizer, row)
    rows = [("plain", base, CHANCE), ("with the answer", answer, CHANCE)]
    if attempt.criticism:
        rows.append(("with the criticism", judged, CHANCE))
    rows.append(("weight", weights, "weight"))
    return tuple(TokenValues(label, tokens, tuple(values), unit) for label, values, unit in rows)


def localisation(model, tokenizer, attempts, config: NLFT | None = None) -> dict[str, Measurement]:
    """
    Whether the criticism finds the digit that was planted in wrong attempts of the world.

    returns  mean area under the curve, 0.5 by chance: of "blame", how much likelier the criticism makes each token, and
             of "surprise", how unlikely each token is to a reader whom nobody told anything
    raises   ValueError if no digit was planted
    """
    config, found = config or NLFT(), {"blame": [], "surprise": []}
    for attempt in attempts:
        if "planted" in attempt.meta:
            row = told(config, tokenizer, attempt)
            base, _, judged, _ = _read(config, model, tokenizer, row)
            place = {_token_at(written(tokenizer, row["said"]), attempt)}
            found["blame"].append(auc([j / max(b, 1e-9) for b, j in zip(base, judged, strict=True)], place))
            found["surprise"].append(auc([-b for b in base], place))
    if not found["blame"]:
        raise ValueError("no digit was planted in these attempts; take wrong ones of Attempts(...) without a path")
    return {
        name: Measurement(statistics.fmean(values), "area", len(values), *bootstrap(values))
        for name, values in found.items()
    }


def _read(config: NLFT, model, tokenizer, row: dict) -> tuple[list[float], ...]:
    """(b, a, j, weights) of one answer, those of blamed tokens below 0"""
    import torch

    batch = laid_side_by_side([row], tokenizer.pad_token_id)
    batch = {name: {key: one.to(model.device) for key, one in part.items()} if isinstance(part, dict)
             else part.to(model.device) for name, part in batch.items()}  # fmt: skip
    training = model.training
    model.eval()
    with torch.no_grad():
        base_logprobs, answer, judged, states = three_readings(model, batch)
        base, mask = base_logprobs.exp(), batch["plain"]["completion_mask"]
        weights, _, unlikely = weighed(config, base, answer, judged, states, batch["right"], mask)
    model.train(training)
    return tuple(one[0].tolist() for one in (base, answer, judged, weights * (1 - 2 * unlikely)))


def _token_at(tokens: tuple[str, ...], attempt: Attempt) -> int:
    """The token that holds the planted digit."""
    letter = "".join(tokens).index(attempt.completion) + attempt.meta["planted"]
    for place, token in enumerate(tokens):
        letter -= len(token)
        if letter < 0:
            return place
    raise ValueError(f"letter {attempt.meta['planted']} lies outside {attempt.completion!r}")
