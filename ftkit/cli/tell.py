"""What is printed: progress while one waits, what a run left, tables."""

import json


class Progress:
    """Prints the events of a run that a person waits for, at most two lines a second."""

    def __init__(self):
        self.steps, self.next = 0, 0.0

    def __call__(self, event: dict) -> None:
        values = event["values"]
        if event["kind"] == "start":
            self.steps = values["steps"]
            print(f"{values['steps']} steps of {values['batch']} rows in {values['dtype']}", flush=True)
        elif event["kind"] == "loss" and (event["seconds"] >= self.next or event["step"] == self.steps):
            self.next = event["seconds"] + 0.5
            of = f"/{self.steps}" if self.steps else ""
            told = "  ".join(f"{name} {values[name]:.3f}" for name in ("loss", "reward") if name in values)
            print(
                f"step {event['step']}{of}  {told}  {values['tokens_per_second']:,.0f} tokens/s  "
                f"{_duration(values['seconds_left'])} left",
                flush=True,
            )
        elif event["kind"] == "sample":
            print(f"  writes: {values['prompt']}{values['text']}".replace("\n", " "), flush=True)
        elif event["kind"] == "doctor":
            print(f"  doctor: {values['text']}", flush=True)


def pair(event: dict) -> None:
    """One finished pair of arm and seed."""
    numbers = "  ".join(f"{name} {value:.3f}" for name, value in event["values"].items() if isinstance(value, float))
    print(f"{event['arm']}, seed {event['seed']}: {event['seconds']} s  {numbers}", flush=True)


def result(done, as_json: bool) -> None:
    """What a finished or stopped run left."""
    right = {when: [row[f"score_{when}"] for row in done.answers] for when in ("before", "after")}
    right = {when: sum(s) / len(s) for when, s in right.items() if s and None not in s}
    if as_json:
        found = {"id": done.id, "status": done.status, "path": str(done.path), "right": right}
        print(json.dumps(found | {"forgetting": done.forgetting, "cost": done.cost}, indent=1))
        return
    if right:
        print("right answers  " + ", ".join(f"{when} {share:.3f}" for when, share in right.items()))
    for name, one in done.forgetting.items():
        after = "not measured" if one["after"] is None else f"{one['after']:.3f}"
        print(f"{name}  {one['before']:.3f} before, {after} after ({one['unit']})")
    if done.cost:
        print(
            f"{done.cost['seconds']:.1f} s, {done.cost['peak_memory_bytes'] / 2**20:,.0f} MiB, "
            f"{done.cost['trainable_parameters']:,} of {done.cost['total_parameters']:,} weights moved"
        )
    print(f"{done.status}: {done.path}")


def title(recipe: dict) -> str:
    try:
        model = recipe["model"] if isinstance(recipe["model"], str) else "layout"
        task = recipe["task"].get("name") or recipe["task"]["path"]
        return f"{model}, {recipe['adapter']['name']}, {recipe['objective']['name']}, {task}"
    except (KeyError, TypeError):
        return ""


def table(head: tuple[str, ...], rows: list[tuple]) -> None:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
