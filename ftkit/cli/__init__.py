"""From a shell: each command is a thin call into its room, and is imported only when it is asked for."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from . import tell


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
    one.add_argument("--task", metavar="NAME", help="a task, a corpus, or a file with prompts and completions (facts)")
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
    one.add_argument("--seeds", type=int, default=5, help="how often each arm is run (5)")
    return parser


def lab(arguments) -> int:
    """Opens JupyterLab at lab 00; further options, such as --no-browser, are JupyterLab's."""
    from .. import machine

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
    from .. import machine

    rows = machine.findings()
    tell.table(("", "what", "found", "wanted"), [("ok" if x.ok else "!!", x.what, x.found, x.wanted) for x in rows])
    wrong = [row for row in rows if not row.ok]
    for row in wrong:
        print(f"!! {row.what}: {row.advice}")
    print(f"{len(wrong)} of {len(rows)} findings need attention" if wrong else "nothing is wrong")
    return 1 if wrong else 0


def run(arguments) -> int:
    """Trains by a recipe: a file, or named parts; the defaults come from the techniques' own configs."""
    from . import words

    if arguments.knobs:
        words.list_knobs()
        return 0
    recipe = None if arguments.resume else words.recipe(arguments)
    from .. import training  # after the recipe: torch takes seconds, and a typing error should not
    from ..training import ranks

    follow = None if arguments.json else tell.Progress()
    done = training.run(recipe, follow) if recipe else training.resume(arguments.resume, follow)
    if ranks.leads():
        tell.result(done, arguments.json)
    return 0


def runs(arguments) -> int:
    """Lists the runs of this folder, the newest first."""
    from ..runs import store

    kept = store()
    rows = [(entry.id, entry.status, str(entry.step), tell.title(entry.recipe), entry.reason) for entry in kept.runs()]
    if rows:
        tell.table(("run", "status", "step", "recipe", ""), rows)
    else:
        print(f"no runs in {kept.root.absolute()}")
    return 0


def probe(arguments) -> int:
    """Measures what a model knows of its island, with 95 % intervals."""
    from .. import evaluation, machine, models

    machine.settle()
    model, tokenizer = models.load(arguments.name)
    found = evaluation.probe(model.to(machine.device()), tokenizer)
    if arguments.json:
        probes = {name: one.to_dict() for name, one in found.items()}
        print(json.dumps({"model": arguments.name, "probes": probes}, indent=1))
        return 0
    rows = [(name, f"{x.value:.3f}", f"{x.low:.3f} to {x.high:.3f}", x.unit, str(x.n)) for name, x in found.items()]
    tell.table(("probe", "value", "95 % interval", "unit", "items"), rows)
    return 0


def pretrain(arguments) -> int:
    """Trains a shipped model from random weights and writes it with its card; an interrupted one goes on."""
    from .. import shipped

    folder = shipped.pretrain(arguments.name, arguments.tokens, on_event=tell.Progress(), into=arguments.into)
    print(f"{arguments.name} is in {folder}; `ftkit probe {arguments.name}` measures it")
    return 0


def world(arguments) -> int:
    """Prints a page about the island."""
    from ..world.page import page

    print(page(arguments.island), end="")
    return 0


def evidence(arguments) -> int:
    """Reruns a claim over its seeds and stores the verdict; without a claim, lists what is stored."""
    from .. import evidence as room

    if arguments.list or not arguments.claim:
        tell.table(("claim", "verdict", "says"), [(x.id, room.standing(x.id), x.statement) for x in room.claims()])
        return 0
    print(room.tell(room.rerun(arguments.claim, seeds=range(arguments.seeds), on_event=tell.pair)))
    return 0


def _sentence(error: Exception) -> str:
    """An error in one line; the system's own name the file first."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(str(error).split()) or type(error).__name__
