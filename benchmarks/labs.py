"""M1: what each lab needs, run as papermill runs it: the most memory that its kernel holds, and minutes."""

import math
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
CASES = tuple(sorted(path.stem for path in FOLDER.glob("*.ipynb")))
GIB, MINUTES = 1.0, 2.0  # what a lab may need
PROBE = 200  # GFLOP/s of float32 on the machine on which the labs' minutes were measured


@dataclass(frozen=True)
class Needs:
    """What a lab needed.

    gib      resident memory of its kernel at most
    minutes  as on a machine whose matrix product reaches PROBE
    """

    lab: str
    gib: float
    minutes: float
    id: str = "M1"
    equal: bool = True  # there is nothing to compare

    def table(self) -> str:
        kept = "kept" if self.gib <= GIB and self.minutes <= MINUTES else "not kept"
        said = f"{self.gib:.2f} GiB of memory at most, {self.minutes:.2f} minutes"
        return f"### M1: {self.lab}\n\n{said} (limits: {GIB:g} GiB, {MINUTES:g} minutes: {kept})."

    def to_json(self) -> dict:
        return asdict(self)


def measured(case: str, seconds: float, tell=lambda text: None) -> Needs:
    """A lab, once, however long it takes."""
    tell(case)
    with tempfile.TemporaryDirectory(prefix="ftkit-bench-") as folder:
        return executed(case, Path(folder))


def executed(name: str, folder: Path, **parameters) -> Needs:
    """
    Runs a lab as it is, with a store of runs of its own, and leaves it as NAME.ipynb in a folder.

    raises  RuntimeError with the end of what was printed, if a cell fails
    """
    command = [
        sys.executable,
        "-m",
        "papermill",
        "--no-progress-bar",
        f"{FOLDER / name}.ipynb",
        f"{folder / name}.ipynb",
    ]
    for key, value in parameters.items():
        command += ["-p", key, str(value)]
    environment = os.environ | {"FTKIT_MODE": "headless", "FTKIT_RUNS": str(folder / "runs")}
    speed, began, peak = gflops(), time.monotonic(), 0
    with open(folder / "log", "w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)
        while process.poll() is None:
            peak = max(peak, kernel_bytes(process.pid))
            time.sleep(0.1)
        log.seek(0)
        if process.returncode:
            raise RuntimeError(log.read()[-4000:])
    seconds = (time.monotonic() - began) * (speed + gflops()) / 2 / PROBE
    return Needs(name, peak / 2**30, seconds / 60)


def gflops() -> float:
    """float32 products a second that torch reaches here now, in 10^9."""
    import torch

    from ftkit import machine

    machine.settle()
    a, b, best = torch.randn(1024, 1024), torch.randn(1024, 1024), math.inf
    for _ in range(100):
        began = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - began)
    return 2 * 1024**3 / best / 1e9


def kernel_bytes(parent: int) -> int:
    """Resident memory of the kernels that a process has started."""
    found = 0
    try:
        for child in psutil.Process(parent).children(recursive=True):
            if "ipykernel_launcher" in " ".join(child.cmdline()):
                found = max(found, child.memory_info().rss)
    except psutil.Error:
        pass  # it ended meanwhile
    return found
