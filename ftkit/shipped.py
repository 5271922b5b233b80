"""Which models go out? How each was trained, and the card that says what was measured of it."""

import json
import math
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import evaluation, lessons, machine, models, training, world
from .adapters import Full
from .data import Corpus
from .objectives import Masked, Pretrain, Span
from .recipe import Recipe, Train
from .records import known
from .runs import replace_folder, store, write_json

BATCH, CONTEXT = 48, 256
TOKENS = 90_000_000
OPENING = 600 * BATCH  # until a name tells where to look, passages and episodes teach little
CURVE_POINTS = 60
GOING_ON = Pretrain(context=CONTEXT, compile=True)


@dataclass(frozen=True)
class Shipped:
    """What one of the models has of its own; all else is the same for all.

    about     what it is for, and which island it has read
    reads     towards what: a config from `ftkit.objectives`
    grown     out of which shipped model, and how, as `models.load` reads it; from random weights if empty
    tokens    read before the closing, and after what the other had read
    batch     rows a step
    corpus    which texts, from `ftkit.world`
    opening   rows of registers before all else
    closing   steps after these, at a small rate, with more of what can only be read off a text
    seed      of the random weights and of the order of the texts
    examined  what short lessons its card tells of: those on every task of the paper's "Table 2", those on the "tiers"
    """

    about: str
    reads: Any = GOING_ON
    grown: str = ""
    tokens: int = TOKENS
    batch: int = BATCH
    corpus: str = "hermea"
    opening: int = OPENING
    learning_rate: float = 0.02
    island: int = 0
    closing: int = 0
    seed: int = 0
    examined: tuple[str, ...] = ()


MODELS = {
    "nano": Shipped("the size that lab 10 pretrains live; has read island 0", tokens=48_000_000),
    "small": Shipped(
        "the default of every lab; has read island 0",
        closing=120,
        seed=1,  # when a reader learns to look back is chance: with seed 0 it reads 0.81 of the passages rightly
        examined=("Table 2", "tiers"),
    ),
    "stranger": Shipped(
        "laid out as `small`, but it has read island 1: the same forms, other people and other facts", island=1
    ),
    "large": Shipped(
        "`small` with twice the blocks, which has read on, to teach it and for curves of size; has read island 0",
        grown="deeper:small",
        corpus="closing",
        tokens=3_000_000,
        batch=16,
        opening=0,
        learning_rate=0.004,
        closing=150,
        examined=("Table 2", "tiers"),
    ),
    "encoder": Shipped(
        "`small` opened to both sides, which has read on with holes, to be given a head for labels or tags; has read"
        " island 0",
        Masked(context=CONTEXT, share=0.25, compile=True),
        grown="bidirectional:small",
        tokens=3_000_000,
        batch=16,
        opening=0,
        learning_rate=0.006,
    ),
    "seq2seq": Shipped(
        "writes down what was cut out of a text, to be taught texts for texts; has read island 0",
        Span(context=CONTEXT, share=0.5, length=10.7, compile=True),  # 12 pieces: as many as there are sentinels
        tokens=5_000_000,
        batch=16,
        opening=0,
    ),
}


def recipe(name: str, tokens: int | None = None) -> Recipe:
    """How a shipped model is trained.

    tokens  read before the closing; as shipped if None
    raises  ValueError for a name that is not shipped
    """
    if name not in MODELS:
        raise ValueError(known(name, MODELS, "model"))
    own = MODELS[name]
    steps = math.ceil((tokens or own.tokens) / (own.batch * CONTEXT))
    return Recipe(
        model=own.grown or replace(models.LAYOUTS[name], context=CONTEXT),
        adapter=Full(),
        objective=own.reads,
        task=Corpus(own.corpus, island=own.island, opening=own.opening),
        train=Train(
            steps=steps,
            batch=own.batch,
            learning_rate=own.learning_rate,
            schedule="trapezoid",
            warmup=100,
            checkpoint_every=500,
            seed=own.seed,
        ),
    )


def closing(name: str, run: str) -> Recipe:
    """How a shipped model goes on when it has read what it was to read.

    run  id of the run in which it did
    """
    read, steps = recipe(name), MODELS[name].closing
    return replace(
        read,
        model=f"run:{run}",
        task=Corpus("closing", island=read.task.island),
        train=replace(
            read.train, steps=steps, learning_rate=read.train.learning_rate / 5, schedule="linear", warmup=10
        ),
    )


def pretrain(name: str, tokens: int | None = None, on_event=None, into: Path | None = None) -> Path:
    """Trains a model that ships, from its first step or from where an earlier call was cut off, and writes its card.

    on_event  called with every event of the run: progress, tokens/s, time left
    into      the shelf; data/models if None
    returns   the model's folder, which appears there only when it is complete
    """
    runs = [_read(name, recipe(name, tokens), on_event)]
    if MODELS[name].closing:
        runs.append(_read(name, closing(name, runs[0].id), on_event))
    return publish(name, runs, into or machine.data_folder() / "models")


def publish(name: str, runs: list, shelf: Path) -> Path:
    """Puts the last of some finished runs on the shelf: 16-bit weights, tokenizer, and a card of what they can do."""
    import torch

    part, final = shelf / f".{name}.part", shelf / name
    shutil.rmtree(part, ignore_errors=True)
    model, tokenizer = runs[-1].model()
    model.config.hermea_island = MODELS[name].island
    models.save(model.to(torch.float16), tokenizer, part)
    card = _card(name, runs, part)
    card |= examined(name, part)
    write_json(part / "card.json", card)
    (part / "README.md").write_text(readme(card), encoding="utf-8")
    replace_folder(part, final)
    return final


def examined(name: str, folder: Path) -> dict[str, dict]:
    """What short lessons come to: the tasks of the paper's Table 2, and pass@1 of the tiers for reinforcement."""
    own, found = MODELS[name], {}
    if "Table 2" in own.examined:
        found["lessons"] = {
            kind.name: lessons.learned(str(folder), kind.name, own.island).to_dict() for kind in world.TABLE_2
        }
    if "tiers" in own.examined:
        found["tiers"] = {tier: lessons.tier(str(folder), tier, own.island).to_dict() for tier in lessons.TIERS}
    return found


def card(name: str) -> dict:
    """The card of a shipped model, as measured when it was published."""
    if name not in models.names():
        raise ValueError(known(name, models.names(), "model"))
    return json.loads((machine.data_folder() / "models" / name / "card.json").read_text(encoding="utf-8"))


def _read(name: str, asked: Recipe, on_event):
    """A finished run of a recipe: one from before, one that was cut off and goes on, or a new one."""
    earlier = {entry.status: entry.id for entry in store().runs() if entry.recipe == asked.to_json()}
    if "done" in earlier:
        return training.open_run(earlier["done"])
    cut = earlier.get("interrupted") or earlier.get("stopped")
    run = training.resume(cut, on_event=on_event) if cut else training.run(asked, on_event=on_event)
    if run.status != "done":
        raise RuntimeError(
            f"run {run.id} is {run.status}; call `ftkit pretrain {name}` again to go on from its checkpoint"
        )
    return run


def _card(name: str, runs: list, folder: Path) -> dict:
    """What was read, by what was grown and by what came of it, and what the weights know now."""
    own = MODELS[name]
    model, tokenizer = models.load(str(folder))
    before = card(own.grown.partition(":")[2]) if own.grown else {"tokens": 0, "stages": [], "loss": []}
    losses, steps, tokens = [], 0, own.batch * CONTEXT
    for run in runs:
        losses += [(steps + event["step"], event["values"]["loss"]) for event in run.metrics if event["kind"] == "loss"]
        steps += run.recipe.train.steps
    every = max(1, len(losses) // CURVE_POINTS)
    return {
        "model": name,
        "about": own.about,
        "island": own.island,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "tokens": before["tokens"] + steps * tokens,
        "stages": before["stages"]
        + [
            {
                "tokens": run.recipe.train.steps * tokens,
                "seconds": round(run.cost["seconds"]),
                "machine": machine.fingerprint(),
                "recipe": run.recipe.to_json(),
            }
            for run in runs
        ],
        "probes": {probe: found.to_dict() for probe, found in evaluation.probe(model, tokenizer).items()},
        "loss": before["loss"] + [[before["tokens"] + step * tokens, round(loss, 4)] for step, loss in losses[::every]],
    }


def readme(card: dict) -> str:
    """The card as a page, all from its numbers."""
    kind = type(models.LAYOUTS[card["model"]])
    call = f'`transformers.{kind.door}.from_pretrained("data/models/{card["model"]}")`'
    opens = "" if kind is models.Layout else f"{call} opens it.\n"  # a causal model is what every library supposes
    read = [
        f"{stage['tokens'] / 1e6:.1f} M tokens in {stage['seconds'] / 60:.0f} minutes on {_where(stage['machine'])}"
        for stage in card["stages"]
    ]
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
                f"It read {', then '.join(read)}, by `ftkit pretrain {card['model']}`.",
                f"{opens}It knows nothing but an invented island, and is for teaching alone.\n",
                "| probe | value | 95 % interval | unit | items |\n| --- | --- | --- | --- | --- |",
                *rows,
                *_lessons(card.get("lessons", {})),
                *_tiers(card.get("tiers", {})),
                "\nLoss by tokens read, and the whole recipe, are in `card.json`."
                " This page is written by the same command.",
            ]
        )
        + "\n"
    )


def _where(found: dict) -> str:
    """The machine, as a person would name it."""
    if found.get("device", "cpu") != "cpu":
        return f"one {found['device']}"
    return f"{found.get('cpu', 'a CPU')} ({found.get('cores')} cores)"


def _lessons(found: dict[str, dict]) -> list[str]:
    """What the paper's tasks come to after short lessons, and of each that does not reach its mark why."""
    if not found:
        return []
    rows = [
        f"| {task} | {one['score']['value']:.2f} | {one['baseline']:.2f} | {one['wanted']:.2f}"
        f" | {'yes' if one['worked'] else 'no'} | {one['taught']:.2f} |"
        for task, one in found.items()
    ]
    return [
        f"\nAfter a lesson of {lessons.TOKENS:,} tokens, some 25 s of `small` on two cores, each of the 17 tasks of the"
        " paper's Table 2 should reach 0.5 and twice the best baseline. `taught`: on questions of the lesson itself.\n",
        "| task | score | baseline | wanted | reached | taught |\n| --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
        *(f"- **{task}** does not: {one['why']}" for task, one in found.items() if not one["worked"]),
    ]


def _tiers(found: dict[str, dict]) -> list[str]:
    """Which tasks leave reinforcement something to choose from."""
    if not found:
        return []
    rows = [
        f"| {name} | {one['value']:.2f} | {one['low']:.2f} to {one['high']:.2f}"
        f" | {'yes' if lessons.leaves_a_choice(one['value']) else 'no'} |"
        for name, one in found.items()
    ]
    low, high = lessons.SIGNAL
    return [
        f"\nShare of right answers sampled at temperature 1 after {lessons.FORMAT_STEPS} steps that teach the form"
        f" alone; from {low} to {high} reinforcement has something to choose from.\n",
        "| tier | pass@1 | 95 % interval | fit |\n| --- | --- | --- | --- |",
        *rows,
    ]
