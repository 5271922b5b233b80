"""What a tutor marks in an answer: the three readings of NLFT and its weights, token by token, for the lens."""

import statistics

from ..data import Attempt
from ..evaluation import Measurement, TokenValues, auc, bootstrap, written
from ..rewards.reading import room
from .nlft import NLFT, weighed
from .told import READINGS, laid_side_by_side, three_readings, told

CHANCE = "probability"
READ = 20  # answers read at a time
LEAST = 1e-9  # a probability that stands below a fraction is never smaller


def marks(model, tokenizer, attempt: Attempt, config: NLFT | None = None) -> tuple[TokenValues, ...]:
    """
    How likely each token of an answer is in the three readings, and what is to be done with it.

    returns  plain, with the answer and, of a wrong answer, with the criticism; then the weights, those of blamed tokens
             below 0
    raises   ValueError if the model cannot read so much
    """
    ((tokens, base, answer, judged, weights),) = _marked(model, tokenizer, [attempt], config or NLFT())
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
    raises   ValueError if no digit was planted, or the model cannot read so much
    """
    found, spoilt = {"blame": [], "surprise": []}, [attempt for attempt in attempts if "planted" in attempt.meta]
    if not spoilt:
        raise ValueError("no digit was planted in these attempts; take wrong ones of Attempts(...) without a path")
    read = _marked(model, tokenizer, spoilt, config or NLFT())
    for attempt, (tokens, base, _, judged, _) in zip(spoilt, read, strict=True):
        place = {_token_at(tokens, attempt)}
        found["blame"].append(auc([j / max(b, LEAST) for b, j in zip(base, judged, strict=True)], place))
        found["surprise"].append(auc([-b for b in base], place))
    return {
        name: Measurement(statistics.fmean(values), "area", len(values), *bootstrap(values))
        for name, values in found.items()
    }


def _marked(model, tokenizer, attempts, config: NLFT):
    """Yields (tokens, b, a, j, weights) of each answer, the weights of blamed tokens below 0."""
    import torch

    rows = [told(config, tokenizer, attempt) for attempt in attempts]
    longest = max(len(row["said"]) + max(len(row[name]) for name in READINGS) for row in rows)
    if longest > room(model):
        raise ValueError(
            f"a question with what is told and an answer has {longest} tokens, the model reads {room(model)}"
        )
    training = model.training
    model.eval()
    for start in range(0, len(rows), READ):
        few = rows[start : start + READ]
        batch = _on(model.device, laid_side_by_side(few, tokenizer.pad_token_id))
        with torch.no_grad():
            base_logprobs, answer, judged, states = three_readings(model, batch)
            base, mask = base_logprobs.exp(), batch["plain"]["completion_mask"]
            weights, _, unlikely = weighed(config, base, answer, judged, states, batch["right"], mask)
        columns = [one.tolist() for one in (base, answer, judged, weights * (1 - 2 * unlikely))]
        for place, row in enumerate(few):
            yield written(tokenizer, row["said"]), *(one[place][: len(row["said"])] for one in columns)
    model.train(training)


def _on(device, batch: dict) -> dict:
    return {name: _on(device, one) if isinstance(one, dict) else one.to(device) for name, one in batch.items()}


def _token_at(tokens: tuple[str, ...], attempt: Attempt) -> int:
    """The token that holds the planted digit."""
    letter, end = "".join(tokens).index(attempt.completion) + attempt.meta["planted"], 0
    for place, token in enumerate(tokens):
        end += len(token)
        if letter < end:
            return place
    raise ValueError(f"letter {attempt.meta['planted']} lies outside {attempt.completion!r}")
