"""From a shell: each command is a thin call into its room, and is imported only when it is asked for."""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

PARTS = ("model", "adapter", "objective", "task", "train")


def main(argv: list[str] | None = None) -> int:
    """
    Runs one command.

    argv     words after `ftkit`; None takes them from the shell
    returns  0, or 1 if the doctor found something wrong, or 2 after an error, which is printed in one sentence
    """
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    if rest and arguments.command is not lab:
        parser.error(f"unknown: {' '.join(rest)}")
    arguments.rest = rest
    try:
        return arguments.command(arguments) or 0
    except KeyboardInterrupt:
        print("\ninterrupted; `ftkit runs` shows what there is", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe has gone: write no more, not at the end either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, TypeError, OSError, RuntimeError) as error:
        if os.environ.get("FTKIT_TRACEBACK"):
            raise
        print(f"ftkit: {_sentence(error)}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ftkit", description="A teaching kit for LLM fine-tuning.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(call, help):
        one = commands.add_parser(call.__name__, help=help, description=(call.__doc__ or help).split("\n")[0])
        one.set_defaults(command=call)
        return one

    command(lab, "open JupyterLab at lab 00")
    command(doctor, "check Python, packages, memory, disk and GPU")
    one = command(run, "train by a recipe")
    one.add_argument("recipe", nargs="?", type=Path, help="a recipe.json, for example of an earlier run")
    one.add_argument("--model", metavar="NAME", help="shipped name, fresh:NAME, run:ID, folder or hub id (small)")
    one.add_argument("--adapter", metavar="NAME", help="which weights move (full)")
    one.add_argument("--objective", metavar="NAME", help="towards what (sft)")
    one.add_argument("--task", metavar="NAME", help="what is read (facts)")
    one.add_argument("--set", action="append", default=[], metavar="KNOB=VALUE", help="as adapter.rank=4; see --knobs")
    one.add_argument("--knobs", action="store_true", help="list all techniques with their knobs and ranges")
    one.add_argument("--resume", metavar="ID", help="go on with an interrupted or stopped run")
    one.add_argument("--json", action="store_true", help="print the result as JSON")
    command(runs, "list the runs")
    one = command(probe, "measure what a model knows")
    one.add_argument("name", help="shipped name, run:ID, folder or hub id")
    one.add_argument("--json", action="store_true", help="print JSON")
    one = command(pretrain, "train a shipped model again; goes on where it was interrupted")
    one.add_argument("name", help="name of a shipped model")
    one.add_argument("--tokens", type=int, help="tokens to read (as shipped)")
    one.add_argument("--into", type=Path, help="folder in which the model's folder is put (data/models)")
    one = command(world, "print a page about the island")
    one.add_argument("--island", type=int, default=0, help="seed of the island (0)")
    one = command(evidence, "rerun a claim of the labs, or list them")
    one.add_argument("claim", nargs="?", help="id of a claim")
    one.add_argument("--list", action="store_true", help="list claims and verdicts")
    return parser


def lab(arguments) -> int:
    """Opens JupyterLab at lab 00; further options, such as --no-browser, are JupyterLab's."""
    from . import machine

    notebooks = machine.data_folder().parent / "notebooks"
    if not notebooks.is_dir():
        notebooks = Path("notebooks")
    first = notebooks / "00_start.ipynb"
    if not first.is_file():
        raise ValueError(f"there is no {first}; call `ftkit lab` in the folder of the project, where notebooks/ is")
    command = [sys.executable, "-m", "jupyterlab", str(first), *arguments.rest]
    kept = {"FTKIT_RUNS": os.environ.get("FTKIT_RUNS") or str(Path("runs").absolute())}  # where `ftkit runs` looks
    return subprocess.run(command, env=os.environ | kept, check=False).returncode


def doctor(arguments) -> int:
    """Says what is under us and what to do about it; exit code 1 when something is wrong."""
    from . import machine

    rows = machine.findings()
    _table(("", "what", "found", "wanted"), [("ok" if x.ok else "!!", x.what, x.found, x.wanted) for x in rows])
    wrong = [row for row in rows if not row.ok]
    for row in wrong:
        print(f"!! {row.what}: {row.advice}")
    print(f"{len(wrong)} of {len(rows)} findings need attention" if wrong else "nothing is wrong")
    return 1 if wrong else 0


def run(arguments) -> int:
    """Trains by a recipe: a file, or named parts; the defaults come from the techniques' own configs."""
    if arguments.knobs:
        return _knobs()
    leads = os.environ.get("RANK", "0") == "0"
    follow = None if arguments.json or not leads else _Progress()
    recipe = None if arguments.resume else _recipe(arguments)
    from . import training  # after the recipe: torch takes a second, and a typing error should not

    done = training.run(recipe, follow) if recipe else training.resume(arguments.resume, follow)
    if leads:
        _tell(done, arguments.json)
    return 0


def runs(arguments) -> int:
    """Lists the runs of this folder, the newest first."""
    from .runs import store

    kept = store()
    rows = [(entry.id, entry.status, str(entry.step), _title(entry.recipe), entry.reason) for entry in kept.runs()]
    if rows:
        _table(("run", "status", "step", "recipe", ""), rows)
    else:
        print(f"no runs in {kept.root.absolute()}")
    return 0


def probe(arguments) -> int:
    """Measures what a model knows of its island, with 95 % intervals."""
    from . import evaluation, machine, models

    machine.bound_threads()
    model, tokenizer = models.load(arguments.name)
    found = evaluation.probe(model.to(machine.device()), tokenizer)
    if arguments.json:
        probes = {name: one.to_dict() for name, one in found.items()}
        print(json.dumps({"model": arguments.name, "probes": probes}, indent=1))
        return 0
    rows = [(name, f"{x.value:.3f}", f"{x.low:.3f} to {x.high:.3f}", x.unit, str(x.n)) for name, x in found.items()]
    _table(("probe", "value", "95 % interval", "unit", "items"), rows)
    return 0


def pretrain(arguments) -> int:
    """Trains a shipped model from random weights and writes it with its card; an interrupted one goes on."""
    from . import shipped

    folder = shipped.pretrain(arguments.name, arguments.tokens, on_event=_Progress(), into=arguments.into)
    print(f"{arguments.name} is in {folder}; `ftkit probe {arguments.name}` measures it")
    return 0


def world(arguments) -> int:
    """Prints a page about the island."""
    from .world.page import page

    print(page(arguments.island), end="")
    return 0


def evidence(arguments) -> int:
    """Reruns a claim over its seeds and stores the verdict; without a claim, lists what is stored."""
    from . import evidence as room

    if arguments.list or not arguments.claim:
        _table(("claim", "verdict", "says"), [(one.id, one.verdict, one.text) for one in room.claims()])
        return 0
    print(room.rerun(arguments.claim))
    return 0


class _Progress:
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
            print(
                f"step {event['step']}{of}  loss {values['loss']:.3f}  {values['tokens_per_second']:,.0f} tokens/s  "
                f"{_duration(values['seconds_left'])} left",
                flush=True,
            )
        elif event["kind"] == "sample":
            print(f"  writes: {values['prompt']}{values['text']}".replace("\n", " "), flush=True)
        elif event["kind"] == "doctor":
            print(f"  doctor: {values['text']}", flush=True)


def _recipe(arguments):
    """The recipe of `ftkit run`, from a file or from names, with the knobs that were set."""
    from .adapters import ADAPTERS
    from .data import SOURCES
    from .objectives import OBJECTIVES
    from .recipe import Recipe
    from .records import known

    if arguments.recipe:
        try:
            base = Recipe.from_json(json.loads(arguments.recipe.read_text(encoding="utf-8"))).to_json()
        except json.JSONDecodeError as error:
            raise ValueError(f"{arguments.recipe} is no JSON: {error}") from error
    else:
        base = {"model": "small", "adapter": {"name": "full"}, "objective": {"name": "sft"}, "train": {}}
        arguments.task = arguments.task or "facts"
    if arguments.model:
        base["model"] = arguments.model
    kinds = {kind.__name__.lower(): kind.__name__ for kind in SOURCES}
    for part, key, names in (
        ("adapter", "name", {record.name: record.name for record in ADAPTERS}),
        ("objective", "name", {record.name: record.name for record in OBJECTIVES}),
        ("task", "kind", kinds),
    ):
        name = getattr(arguments, part)
        if name and name.lower() not in names:
            raise ValueError(known(name, names, part))
        if name:
            base[part] = {key: names[name.lower()]}
    recipe = Recipe.from_json(base)
    for text in arguments.set:
        recipe = _turn(recipe, text)
    return recipe


def _turn(recipe, text: str):
    """One `--set`: `rank=4`, or with its part, `adapter.rank=4`."""
    from .records import known

    name, equals, written = text.partition("=")
    if not equals:
        raise ValueError(f"--set {text!r} has no value; write it like adapter.rank=4")
    try:
        value = json.loads(written)
    except json.JSONDecodeError:
        value = written  # a word, such as a schedule
    part, _, knob = name.rpartition(".")
    if not part:
        return recipe.but(**{knob: value})
    config = getattr(recipe, part, None) if part in PARTS else None
    if not is_dataclass(config):
        raise ValueError(
            known(part, [one for one in PARTS if is_dataclass(getattr(recipe, one))], "part of the recipe")
        )
    names = [field.name for field in fields(config)]
    if knob not in names:
        raise ValueError(known(knob, names, f"knob of {part}"))
    return replace(recipe, **{part: replace(config, **{knob: value})})


def _knobs() -> int:
    """Every technique with its knobs, as the records tell them."""
    from .adapters import ADAPTERS
    from .data import SOURCES
    from .objectives import OBJECTIVES
    from .recipe import Train
    from .records import knobs

    groups = [("adapter", record.name, record.claim, record.config) for record in ADAPTERS]
    groups += [("objective", record.name, record.claim, record.config) for record in OBJECTIVES]
    groups += [("task", kind.__name__.lower(), (kind.__doc__ or "").split("\n")[0], kind) for kind in SOURCES]
    groups.append(("train", "", "How long, how fast, and how often to look.", Train))
    for part, name, claim, config in groups:
        print(f"{f'--{part} {name}' if name else part}: {claim}")
        for one in knobs(config):
            allowed = ", ".join(map(str, one.choices)) if one.choices else f"{_end(one.low)} to {_end(one.high)}"
            allowed = "true, false" if one.type is bool else allowed
            unit = f" {one.unit}" if one.unit else ""
            print(f"    {part}.{one.name}={_plain(one.default)}  [{allowed}{unit}]  {one.help}")
    return 0


def _tell(done, as_json: bool) -> None:
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


def _title(recipe: dict) -> str:
    try:
        model = recipe["model"] if isinstance(recipe["model"], str) else "layout"
        return f"{model}, {recipe['adapter']['name']}, {recipe['objective']['name']}, {recipe['task']['kind'].lower()}"
    except (KeyError, TypeError):
        return ""


def _table(head: tuple[str, ...], rows: list[tuple]) -> None:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _plain(value) -> str:
    """A value as it is written after --set."""
    return value if isinstance(value, str) else json.dumps(value)


def _sentence(error: Exception) -> str:
    """An error in one line; the system's own name the file first."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def _end(value) -> str:
    return "any" if value is None else f"{value:g}"
