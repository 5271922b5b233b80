"""Which models go out? How each was trained, and the card that says what was measured of it."""

import json
import math
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import evaluation, machine, models, training
from .adapters import Full
from .data import Corpus
from .objectives import Masked, Pretrain, Span
from .recipe import Recipe, Train
from .records import known
from .runs import replace_folder, store, write_json

BATCH, CONTEXT = 24, 256
CURVE_POINTS = 60
GOING_ON = Pretrain(context=CONTEXT, compile=True)


@dataclass(frozen=True)
class Shipped:
    """What one of the models has of its own; all else is the same for all.

    about   what it is for, and which island it has read
    tokens  read in all
    reads   towards what: a config from `ftkit.objectives`
    """

    about: str
    tokens: int
    reads: Any = GOING_ON
    learning_rate: float = 0.02
    island: int = 0


MODELS = {
    "nano": Shipped("the size that lab 10 pretrains live; has read island 0", 8_000_000),
    "small": Shipped("the default of every lab; has read island 0", 11_000_000),
    "stranger": Shipped(
        "laid out as `small`, but it has read island 1: the same forms, other people and other facts",
        8_000_000,
        island=1,
    ),
    "large": Shipped("wider than `small`, to teach it and for curves of size; has read island 0", 30_000_000),
    "encoder": Shipped(
        "guesses what is masked from both sides, to be given a head for labels or tags; has read island 0",
        30_000_000,
        Masked(context=CONTEXT, compile=True),
    ),
    "seq2seq": Shipped(
        "writes down what was cut out of a text, to be taught texts for texts; has read island 0",
        20_000_000,
        Span(context=CONTEXT, length=3.2, compile=True),  # no more pieces a row than the tokenizer has sentinels
    ),
}


def recipe(name: str, tokens: int | None = None) -> Recipe:
    """How a shipped model is trained.

    tokens  read in all; as shipped if None
    raises  ValueError for a name that is not shipped
    """
    if name not in MODELS:
        raise ValueError(known(name, MODELS, "model"))
    own = MODELS[name]
    steps = math.ceil((tokens or own.tokens) / (BATCH * CONTEXT))
    return Recipe(
        model=replace(models.LAYOUTS[name], context=CONTEXT),
        adapter=Full(),
        objective=own.reads,
        task=Corpus(island=own.island),
        train=Train(
            steps=steps,
            batch=BATCH,
            learning_rate=own.learning_rate,
            schedule="trapezoid",
            warmup=100,
            checkpoint_every=200,
        ),
    )


def pretrain(name: str, tokens: int | None = None, on_event=None, into: Path | None = None) -> Path:
    """Trains a model that ships, from its first step or from where an earlier call was cut off, and writes its card.

    on_event  called with every event of the run: progress, tokens/s, time left
    into      the shelf; data/models if None
    returns   the model's folder, which appears there only when it is complete
    """
    asked = recipe(name, tokens)
    cut = next((entry.id for entry in store().runs() if _unfinished(entry, asked)), None)
    run = training.resume(cut, on_event=on_event) if cut else training.run(asked, on_event=on_event)
    if run.status != "done":
        raise RuntimeError(
            f"run {run.id} is {run.status}; call `ftkit pretrain {name}` again to go on from its checkpoint"
        )
    return publish(name, run, into or machine.data_folder() / "models")


def publish(name: str, run, shelf: Path) -> Path:
    """Puts a finished run on the shelf: 16-bit weights, tokenizer, and a card of what those very weights can do."""
    import torch

    part, final = shelf / f".{name}.part", shelf / name
    shutil.rmtree(part, ignore_errors=True)
    model, tokenizer = run.model()
    model.config.hermea_island = run.recipe.task.island
    models.save(model.to(torch.float16), tokenizer, part)
    card = _card(name, run, part)
    write_json(part / "card.json", card)
    (part / "README.md").write_text(readme(card), encoding="utf-8")
    replace_folder(part, final)
    return final


def card(name: str) -> dict:
    """The card of a shipped model, as measured when it was published."""
    if name not in models.names():
        raise ValueError(known(name, models.names(), "model"))
    return json.loads((machine.data_folder() / "models" / name / "card.json").read_text(encoding="utf-8"))


def _unfinished(entry, asked: Recipe) -> bool:
    return entry.status in ("interrupted", "stopped") and entry.recipe == asked.to_json()


def _card(name: str, run, folder: Path) -> dict:
    model, tokenizer = models.load(str(folder))
    losses = [event for event in run.metrics if event["kind"] == "loss"]
    tokens = BATCH * CONTEXT
    every = max(1, len(losses) // CURVE_POINTS)
    return {
        "model": name,
        "about": MODELS[name].about,
        "island": run.recipe.task.island,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "tokens": run.recipe.train.steps * tokens,
        "seconds": round(run.cost["seconds"]),
        "machine": machine.fingerprint(),
        "recipe": run.recipe.to_json(),
        "probes": {probe: found.to_dict() for probe, found in evaluation.probe(model, tokenizer).items()},
        "loss": [[event["step"] * tokens, round(event["values"]["loss"], 4)] for event in losses[::every]],
    }


def readme(card: dict) -> str:
    """The card as a page, all from its numbers."""
    kind = next(kind for kind in models.KINDS if kind.kind in card["recipe"]["model"])
    call = f'`transformers.{kind.door}.from_pretrained("data/models/{card["model"]}")`'
    opens = "" if kind is models.Layout else f"{call} opens it.\n"  # a causal model is what every library supposes
    rows = [
        f"| `{name}` | {found['value']:.3f} | {found['low']:.3f} to {found['high']:.3f} | {found['unit']}"
        f" | {found['n']} |"
        for name, found in card["probes"].items()
    ]
    return (
        "\n".join(
            [
                "---\nlicense: cc-by-4.0\nlibrary_name: transformers\n---",
                f"# ftkit `{card['model']}`\n",
                f"A {kind.title} of {card['parameters'] / 1e6:.2f} M parameters: {card['about']}.",
                f"It read {card['tokens'] / 1e6:.1f} M tokens in {card['seconds'] / 60:.0f} minutes on"
                f" {card['machine'].get('cpu', 'a CPU')} ({card['machine'].get('cores')} cores),"
                f" by `ftkit pretrain {card['model']}`.",
                f"{opens}It knows nothing but an invented island, and is for teaching alone.\n",
                "| probe | value | 95 % interval | unit | items |\n| --- | --- | --- | --- | --- |",
                *rows,
                "\nLoss by tokens read, and the whole recipe, are in `card.json`."
                " This page is written by the same command.",
            ]
        )
        + "\n"
    )
