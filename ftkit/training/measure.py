"""What was it like before, and after? The same questions and probes, asked twice and laid side by side."""

import threading
from contextlib import contextmanager
from dataclasses import asdict

from .. import evaluation, machine, models
from ..objectives.classify import label
from ..recipe import Recipe, technique

PROBE_ITEMS = 50


class Stopped(Exception):
    """Somebody asked for the end."""


@contextmanager
def interruptible(model, stop: threading.Event):
    """Inside, a forward pass that begins after Stop was pressed raises `Stopped`."""

    def check(*_):
        if stop.is_set():
            raise Stopped

    hook = model.register_forward_pre_hook(check)
    try:
        yield
    finally:
        hook.remove()


def measure(model, tokenizer, recipe: Recipe, stop: threading.Event, island: int | None) -> dict:
    """
    Answers to the task's questions, and what the model knew before the run.

    island   whose facts it knew then; None if it had read no island
    returns  {"answers": [...], "forgetting": {probe: {"value", "unit", "n", "low", "high"}}, "island": island}; where
             the objective asks otherwise, also "measured", in the same form, and nothing about forgetting
    raises   Stopped
    """
    if evaluation.island_of(model) != island:
        model.config.hermea_island = island
    with interruptible(model, stop):
        asked = technique(recipe.objective).asks(model, tokenizer, recipe.task, recipe.train.eval_examples)
        if asked is not None:
            measured = {name: one.to_dict() for name, one in asked[1].items()}
            return {"answers": list(map(asdict, asked[0])), "forgetting": {}, "measured": measured, "island": island}
        forgetting = probes(model, tokenizer) if _is_probed(model, recipe) else {}
        return {"answers": _answers(model, tokenizer, recipe), "forgetting": forgetting, "island": island}


def is_fresh(recipe: Recipe) -> bool:
    """Whether a run begins with random weights, which have nothing to forget."""
    return isinstance(recipe.model, models.Layout) or recipe.model.startswith(models.FRESH)


def _is_probed(model, recipe: Recipe) -> bool:
    """The probes let a model go on from a text, which neither encoders nor text-to-text models do."""
    return models.goes_on(model) and not is_fresh(recipe)


def probes(model, tokenizer) -> dict:
    """{probe: {"value", "unit", "n", "low", "high"}} of a model's island, or of English where it has read none."""
    text = (machine.data_folder() / "samples" / "english.txt").read_text(encoding="utf-8")
    found = evaluation.forgetting_probes(model, tokenizer, text, PROBE_ITEMS)
    return {name: measurement.to_dict() for name, measurement in found.items()}


def on_the_way(model, tokenizer, recipe: Recipe) -> dict:
    """The probes of a run that goes on; where it reads a corpus, also what is left of KL(world || model).

    returns  {probe: {"value", "unit", "n", "low", "high"}}; "form" and "fact" are the parts of the distance
    """
    found = probes(model, tokenizer) if _is_probed(model, recipe) else {}
    corpus = recipe.task.reads()
    if corpus is not None and models.goes_on(model):
        distance = evaluation.divergence(model, tokenizer, corpus, PROBE_ITEMS)
        found |= {"form": distance.form.to_dict(), "fact": distance.fact.to_dict()}
    return found


def _answers(model, tokenizer, recipe: Recipe) -> list[dict]:
    asks = recipe.task.asks()
    if not asks or not recipe.train.eval_examples:
        return []
    task, split, tokens = asks
    n = min(recipe.train.eval_examples, task.size(split))
    if not model.can_generate():
        return _labels(model, tokenizer, task, [task.sample(split, i) for i in range(n)])
    return [asdict(answer) for answer in evaluation.answers(model, tokenizer, task, split, n, tokens)]


def _labels(model, tokenizer, task, examples: list) -> list[dict]:
    """The answers of an encoder; before it has a head it says nothing."""
    found = []
    for example, text in zip(examples, label(model, tokenizer, examples), strict=True):
        score = task.check(example, text)
        found.append(asdict(evaluation.Answer(example.prompt, example.completion, text, score.value, score.why)))
    return found


def answers_beside(before: dict, after: dict) -> list[dict]:
    """Each question once, with what was said before and after; None where nobody asked any more."""
    later = after.get("answers") or [None] * len(before["answers"])
    return [
        {
            "prompt": first["prompt"],
            "expected": first["expected"],
            "before": first["text"],
            "after": second and second["text"],
            "score_before": first["value"],
            "score_after": second and second["value"],
            "why": (second or first)["why"],
        }
        for first, second in zip(before["answers"], later, strict=True)
    ]


def forgetting_beside(before: dict, after: dict) -> dict:
    """{probe: {"before", "after", "unit"}}"""
    later = after.get("forgetting", {})
    return {
        name: {"before": one["value"], "after": later[name]["value"] if name in later else None, "unit": one["unit"]}
        for name, one in before["forgetting"].items()
    }
