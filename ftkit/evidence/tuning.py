"""What tuning brings out and what it costs, lab 30."""

import statistics

from ..adapters import Full, LoRA
from ..data import Task
from ..objectives import SFT
from ..recipe import Recipe, Train
from .arms import Arm, asked
from .verdicts import Claim, Judgement, at_quality, values_of

ADAPTERS = {"full": Full(), "lora": LoRA(rank=8)}
LEARNING_RATES = {"full": 1e-3, "lora": 4e-3}  # the best of those below on validation questions, in the stored tuning
TRIED = {"full": (5e-4, 1e-3, 2e-3, 4e-3), "lora": (2e-3, 4e-3, 8e-3)}
STEPS = 200
STAGES = (100, STEPS)


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
    effects = [ours - max(right[name][i] for name in others) for i, ours in enumerate(right[best])]
    also = {f"{name}, newcomers": values_of(runs, "newcomers") for name, runs in measured.items()}
    return Judgement(right, effects, also)


def _forgets_less(measured: dict) -> Judgement:
    quality = {name: values_of(runs, "held_out") for name, runs in measured.items()}
    stages = {name: [stage for stage in measured if stage.startswith(name)] for name in ADAPTERS}
    seeds = range(len(next(iter(quality.values()))))
    reached = min(max(quality[stage][i] for stage in stages[name]) for name in ADAPTERS for i in seeds)
    arms = {
        name: [
            at_quality([(quality[stage][i], measured[stage][i]["forgotten"]) for stage in stages[name]], reached)
            for i in seeds
        ]
        for name in ADAPTERS
    }
    also = {f"{name}, at the end": values_of(measured[stages[name][-1]], "forgotten") for name in ADAPTERS}
    also |= {f"{name}, distance": values_of(measured[stages[name][-1]], "distance") for name in ADAPTERS}
    also["quality"] = [reached for _ in seeds]
    return Judgement(arms, [full - lora for full, lora in zip(arms["full"], arms["lora"], strict=True)], also)


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
        rule="mean fall of the probes of forgetting when the best quality that both reach with every seed is first"
        " reached, full less LoRA; above 0",
        unit="share",
        least=0.0,
        arms=tuple(
            Arm(name if steps == STEPS else f"{name} {steps}", asked, recipe=teaching(name, steps=steps))
            for name in ADAPTERS
            for steps in STAGES
        ),
        judge=_forgets_less,
        tuning=tuple(
            Arm(f"{name} {rate:g}", asked, recipe=teaching(name, learning_rate=rate))
            for name, rates in TRIED.items()
            for rate in rates
        ),
    ),
)
