"""Who foretells what tuning reaches: an instrument of comprehension, or the pretraining loss? One answer a seed."""

from collections.abc import Callable

from .. import comprehension
from .verdicts import Judgement

MODELS = "nano", "small", "stranger"  # each raised from random weights; `large` is one of them, grown
RULE = (
    "rank correlation with accuracy after tuning over models and families, of the instrument less of the pretraining"
    " loss, each turned so that 1 is a perfect forecast; above 0. Seeds choose questions and order, never other models"
)


def foretells(rising: bool) -> Callable[[dict[str, list[dict]]], Judgement]:
    """
    A claim's judge: the rank correlations of each seed, over all items that its arms measured.

    An item is a model and a family. For each, the arms of one model measure together {"loss/ITEM": nats/token,
    "reading/ITEM": what the instrument shows, "accuracy/ITEM": share}; it does not matter which arm measures which.

    Seeds share their models, so the claim's interval says nothing of other models; the one over items, kept beside it,
    says how much hangs on which items there are.

    rising  whether a higher reading should mean more accuracy; said before looking
    """

    def judge(measured: dict[str, list[dict]]) -> Judgement:
        seeds = [_forecast(runs, rising) for runs in zip(*measured.values(), strict=True)]
        arms = {
            "pretraining loss": [one.loss.value for one in seeds],
            "instrument": [one.instrument.value for one in seeds],
        }
        also = {"low over items": [one.more.low for one in seeds], "high over items": [one.more.high for one in seeds]}
        return Judgement(arms, [one.more.value for one in seeds], also)

    return judge


def _forecast(runs: tuple[dict, ...], rising: bool) -> comprehension.Prediction:
    values = {name: value for run in runs for name, value in run.items()}
    items = [name.removeprefix("reading/") for name in values if name.startswith("reading/")]
    columns = ([values[f"{kind}/{item}"] for item in items] for kind in ("loss", "reading", "accuracy"))
    return comprehension.predicts(*columns, rising=rising)
