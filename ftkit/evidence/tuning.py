"""What tuning brings out and what it costs, lab 30."""

import statistics

from ..adapters import Full, LoRA
from ..data import Task
from ..objectives import SFT
from ..recipe import Recipe, Train
from .arms import Arm, asked
from .verdicts import Claim, Judgement, at_quality, beyond, values_of

ADAPTERS = {"full": Full(), "lora": LoRA(rank=8)}
LEARNING_RATES = {"full": 1e-3, "lora": 4e-3}  # the best of those below on validation questions, in the stored tuning
TRIED = {"full": (5e-4, 1e-3, 2e-3, 4e-3), "lora": (2e-3, 4e-3, 8e-3)}
STEPS = 200


def teaching(adapter: str, model: str = "small", steps: int = STEPS, learning_rate: float | None = None) -> Recipe:
    """Questions about half of the people, as lab 30 asks them."""
    return Recipe(
        model=model,
        adapter=ADAPTERS[adapter],
        objective=SFT(),
        task=Task("facts"),
        train=Train(
            steps=steps, batch=32, learning_rate=learning_rate or LEARNING_RATES[adapter], schedule="cosine", warmup=20
        ),
    )


def _reveals(measured: dict) -> Judgement:
    right = {name: values_of(runs, "held_out") for name, runs in measured.items()}
    best = max(ADAPTERS, key=lambda name: statistics.fmean(right[name]))
    others = [name for name in right if name not in ADAPTERS]
    effects = beyond(right[best], *(right[name] for name in others))
    also = {f"{name}, newcomers": values_of(runs, "newcomers") for name, runs in measured.items()}
    return Judgement(right, effects, also)


def _forgets_less(measured: dict) -> Judgement:
    quality, lost = (
        {name: values_of(runs, what) for name, runs in measured.items()} for what in ("held_out", "forgotten")
    )
    reached = min(min(values) for values in quality.values())
    arms = {
        name: [at_quality([point], reached) for point in zip(quality[name], lost[name], strict=True)]
        for name in quality
    }
    also = {f"{name}, at the end": values for name, values in lost.items()}
    also |= {f"{name}, distance": values_of(runs, "distance") for name, runs in measured.items()}
    also["quality"] = [reached] * len(arms["full"])
    return Judgement(arms, beyond(arms["full"], arms["lora"]), also)


CLAIMS = (
    Claim(
        id="sft-reveals",
        statement="Fine-tuning on questions about half of the people reveals what was read about the other half.",
        rule="held-out exact match of the better of full and LoRA, less the best other arm of that seed; above 0.5",
        unit="share",
        least=0.5,
        arms=(
            Arm("none", asked, model="small"),
            Arm("scratch", asked, recipe=teaching("full", "fresh:small")),
            Arm("stranger", asked, recipe=teaching("lora", "stranger")),
            Arm("full", asked, recipe=teaching("full")),
            Arm("lora", asked, recipe=teaching("lora")),
        ),
        judge=_reveals,
    ),
    Claim(
        id="lora-forgets-less",
        statement="LoRA forgets less than full fine-tuning at equal quality.",
        rule="mean fall of the probes of forgetting where the quality that both reach with every seed is reached, on a"
        " straight line from the base to the end, full less LoRA; above 0",
        unit="share",
        least=0.0,
        arms=tuple(Arm(name, asked, recipe=teaching(name)) for name in ADAPTERS),
        judge=_forgets_less,
        tuning=tuple(
            Arm(f"{name} {rate:g}", asked, recipe=teaching(name, learning_rate=rate))
            for name, rates in TRIED.items()
            for rate in rates
        ),
    ),
)
