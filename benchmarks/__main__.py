"""`make bench`, or `python -m benchmarks`: P1 (pretraining), S1 (tuning), R1 and R2 (reinforcement), G1 (writing) and
D1 (a panel) as ratios, and M1 (memory and minutes of every lab), on stdout, as JSON.

Exit code 1 if results that must be equal are not; being slow is no error.
"""

import argparse
import os
import sys
from importlib import import_module
from pathlib import Path

AVX2 = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
REPORT = Path(".build/bench.json")
BENCHMARKS = {
    "p1": "pretraining",
    "s1": "tuning",
    "r1": "rounds",
    "g1": "decoding",
    "d1": "display",
    "m1": "labs",
}  # and their files


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("make bench", description="Ours beside its peers, in turn, with equal results.")
    parser.add_argument("--only", choices=BENCHMARKS, help="one of them: what it measures stands above")
    parser.add_argument("--seconds", type=float, default=30, help="for each table, at least; three rounds are made")
    parser.add_argument("--cases", type=int, default=None, help="tables of each benchmark; all of them by default")
    parser.add_argument("--avx2", action="store_true", help="as on a machine without 16-bit matrix units")
    parser.add_argument("--into", type=Path, default=REPORT, help=f"the JSON report (default: {REPORT})")
    return parser.parse_args(arguments)


def begin_again(avx2: bool) -> None:
    """Starts this process anew where a library must find another environment when it is loaded."""
    wanted = {"HF_HUB_OFFLINE": "1"} | (AVX2 if avx2 else {})
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks", *sys.argv[1:]], {**os.environ, **wanted})


def surroundings() -> dict:
    """What a ratio depends on."""
    from ftkit import machine

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    chosen = {"threads": machine.settle(), "training_dtype": machine.training_dtype()}
    return machine.fingerprint() | chosen | {"load": load, "environment": {name: os.environ.get(name) for name in AVX2}}


def main() -> int:
    asked = options()
    begin_again(asked.avx2)
    from .side_by_side import write

    about = surroundings()
    print(
        f"{about['cpu']}, {about['device']}, {about['vector']}, threads: {about['threads']}, load {about['load']};"
        f" ftkit trains in {about['training_dtype']} here\n",
        flush=True,
    )
    found = []
    for name, file in BENCHMARKS.items():
        benchmark = import_module(f".{file}", __package__)
        for case in benchmark.CASES[: asked.cases] if asked.only in (None, name) else ():
            found.append(benchmark.measured(case, asked.seconds, tell))
            tell("")
            print(found[-1].table(), end="\n\n", flush=True)
            write(asked.into, about, found)
    return 0 if all(one.equal for one in found) else 1


def tell(text: str) -> None:
    """What is running now, where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
