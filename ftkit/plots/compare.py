"""What differs? The words of two answers, and the knobs of any number of recipes."""

import difflib
import re
from collections.abc import Mapping, Sequence

from ..records import known
from .tables import ROWS, Marked, Table, marked, prompt_text

ONLY = {
    "worse": lambda one: one["score_after"] < one["score_before"],
    "better": lambda one: one["score_after"] > one["score_before"],
    "changed": lambda one: one["after"] != one["before"],
    "all": lambda one: True,
}


def differences(
    run, only: str = "changed", rows: int = ROWS, title: str = "What became of the answers, word by word"
) -> Table:
    """
    Answers before and after with the words that are gone and that are new, their scores, and the checker's reason.

    run     a Run, or its answers
    only    "worse" or "better" by score, "changed" in words, or "all"
    rows    answers shown; the note counts all of them
    raises  ValueError if the questions were not asked before and after, or `only` is another word
    """
    found = getattr(run, "answers", run)
    if only not in ONLY:
        raise ValueError(known(only, ONLY, "only"))
    if not found:
        raise ValueError("no question was asked; run a recipe with a task, and eval_examples above 0")
    if found[0]["after"] is None:
        raise ValueError("the questions were not asked again, because the run was stopped; resume it first")
    chosen = {name: [one for one in found if holds(one)] for name, holds in ONLY.items()}
    shown = tuple(
        (
            prompt_text(one["prompt"]),
            one["expected"],
            *_beside(one),
            f"{one['score_before']:.3g}\xa0→\xa0{one['score_after']:.3g}",
            one["why"],
        )
        for one in chosen[only][:rows]
    )
    counts = ", ".join(f"{len(chosen[name])} {name}" for name in ("worse", "better", "changed"))
    note = f"Of {len(found)} answers: {counts}. Shown: {len(shown)} of {len(chosen[only])} ({only})."
    return Table(title, ("question", "expected", "before", "after", "score", "why after"), shown, note)


def differing(recipes: Sequence) -> list[str]:
    """For each recipe, what it has that not all of them have: "adapter lora, rank 4"; "" if all are equal.

    Knobs of a technique are compared only with those of the same technique.
    """
    told = [_told(recipe.to_json()) for recipe in recipes]

    def varies(part: str, knob: str) -> bool:
        values: dict = {}
        for one in told:
            values.setdefault(knob and one.get((part, "")), set()).add(repr(one.get((part, knob))))
        return any(len(alike) > 1 for alike in values.values())

    keys = [key for key in dict.fromkeys(key for one in told for key in one) if varies(*key)]
    said = ([_said(knob or part, one[part, knob]) for part, knob in keys if (part, knob) in one] for one in told)
    return [", ".join(one) for one in said]


def _said(name: str, value) -> str:
    """What was turned on the way names its knobs itself."""
    return str(value) if name == "changes" else f"{name.replace('_', ' ')} {value}"


def _beside(one: Mapping) -> tuple[Marked, Marked]:
    """Both answers: in the first what is gone is marked, in the second what is new."""
    words = [re.findall(r"\s+|\S+", one[when]) for when in ("before", "after")]
    sides = [[(marked("", one[f"score_{when}"]), "")] for when in ("before", "after")]
    for kind, *ends in difflib.SequenceMatcher(str.isspace, *words, autojunk=False).get_opcodes():
        for i, tag in enumerate(("del", "ins")):
            text = "".join(words[i][ends[2 * i] : ends[2 * i + 1]])
            sides[i] += [(text, "" if kind == "equal" else tag)] if text else []
    return Marked(tuple(sides[0])), Marked(tuple(sides[1]))


def _told(recipe: Mapping) -> dict[tuple[str, str], object]:
    """{(part, knob): value} of a recipe in JSON; the knob "" is the name of the part itself."""
    found = {}
    for part, value in recipe.items():
        if part == "changes":
            value = "; ".join(f"{knob.replace('_', ' ')} {to:g} after step {step}" for step, knob, to in value)
        if not isinstance(value, Mapping):
            found[part, ""] = value
            continue
        if part == "model":  # a layout, {its kind: its knobs}
            ((kind, knobs),) = value.items()
            value = {"name": kind, **knobs}
        found[part, ""] = value.get("name", value.get("kind", part))
        found |= {(part, knob): one for knob, one in value.items() if knob not in ("name", "kind")}
    return found
