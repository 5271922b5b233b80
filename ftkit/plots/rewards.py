"""What was earned: numbers that a policy's rounds tell, and a group of answers to one question."""

import statistics
from collections.abc import Mapping, Sequence

from .figure import Figure, figure, look, safe, thin
from .tables import Table, prompt_text

MARKS = 5  # signs for the largest advantage of a group


def told(
    runs: Mapping[str, object], names: str | Mapping[str, str], unit: str, title: str = "What the rounds tell",
    over: int = 5,
) -> Figure:  # fmt: skip
    """
    Numbers that runs tell of their steps, besides the loss.

    runs    {name: Run, or its events}
    names   of what is told, such as "reward"; or {name: how the legend calls it}
    unit    of the vertical axis
    over    steps over which a running mean is taken
    raises  ValueError if a run does not tell it
    """
    wanted = {names: ""} if isinstance(names, str) else names
    drawn = figure(title, f"step (mean of {over})" if over > 1 else "step", unit, entries=len(runs) * len(wanted))
    for place, (run_name, run) in enumerate(runs.items()):
        for turn, (name, called) in enumerate(wanted.items()):
            points = thin(_smooth(_told(run, name, run_name), over))
            xs, ys = zip(*points, strict=True)
            label = f"{run_name}: {called}" if called else run_name
            drawn.add_scatter(
                x=xs, y=ys, mode="lines", name=safe(label), **look(place * len(wanted) + turn),
                hovertemplate="step %{x}<br>%{y:.3f}<extra>%{fullData.name}</extra>",
            )  # fmt: skip
    return drawn


def group(
    prompt, texts: Sequence[str], earned: Sequence[float], advantages: Sequence[float],
    title: str = "One question, many answers",
) -> Table:  # fmt: skip
    """
    Answers of a group, the best first: what each earned, and which way and how hard it pulls.

    advantages  of each answer; 0 pulls nowhere
    """
    most = max(map(abs, advantages), default=0) or 1
    rows = sorted(zip(texts, earned, advantages, strict=True), key=lambda row: -row[1])
    shown = tuple((f"{value:.2f}", _pull(pull, most), text.strip()) for text, value, pull in rows)
    note = "▲ becomes likelier, ▼ less likely."
    if not any(advantages):
        note = "All have earned the same, so this question teaches nothing in this round."
    return Table(title, ("reward", "advantage", "answer"), shown, f"{prompt_text(prompt)} {note}")


def _pull(advantage: float, most: float) -> str:
    sign = "▲" if advantage > 0 else "▼"
    return f"{advantage:+.2f} {sign * round(MARKS * abs(advantage) / most)}".rstrip()


def _told(run, name: str, run_name: str) -> list[tuple[int, float]]:
    events = getattr(run, "metrics", run)
    found = [(one["step"], one["values"][name]) for one in events if one["kind"] == "loss" and name in one["values"]]
    if not found:
        raise ValueError(f"run {run_name!r} tells no {name}; choose what its objective tells")
    return found


def _smooth(points: list[tuple[int, float]], over: int) -> list[tuple[int, float]]:
    values = [value for _, value in points]
    return [
        (step, statistics.fmean(values[max(0, place + 1 - over) : place + 1])) for place, (step, _) in enumerate(points)
    ]
