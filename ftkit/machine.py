"""What is under us? Cores, memory and disk that are really ours, the device, the number format, the doctor's facts."""

import ctypes
import os
import platform
import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

GIB = 1024**3
LOADERS = 2
DTYPES = ("float32", "bfloat16", "float16")
OPENMP = re.compile(r"/lib(gomp|iomp|omp)\w*[-.].*so")
SOFTLY = 1  # OpenMP's word for: settings are kept
BFLOAT16_PAYS = 1.2  # the casts around a matrix product cost something, so a small gain is none
MEMORY_WANTED = 1.5 * GIB  # a lab's limit of 1 GiB, and Jupyter beside it
DISK_WANTED = 1.0 * GIB  # a few runs with their checkpoints
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # mallopt(3)
KEPT_PRODUCTS = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "32", "LRU_CACHE_CAPACITY": "32"}  # oneDNN's, and torch's above it
INSTALL = "pip install -c constraints.txt -e ."


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report; the advice is empty when nothing is to be done."""

    what: str
    found: str
    wanted: str
    ok: bool
    advice: str = ""


def data_folder() -> Path:
    """The folder with models, tokenizer and evidence: inside an installed package, beside it in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "_data"
    return installed if installed.is_dir() else package.parent / "data"


def cores(root: Path = Path("/")) -> int:
    """
    How many cores this process may really use; the host's count is only an upper bound.

    root     where /proc and /sys are looked for
    returns  at least 1; the smallest of CPU affinity, cgroup quota and a hub's CPU_LIMIT, rounded down
    """
    ours = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = [float(ours)]
    for folder in _cgroups(root, "cpu"):
        words = _read(folder / "cpu.max").split()
        if len(words) == 2 and words[0].isdigit():
            limits.append(int(words[0]) / int(words[1]))
        quota, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit():  # "-1" means no quota
            limits.append(int(quota) / int(period))
    if re.fullmatch(r"\d+(\.\d+)?", os.environ.get("CPU_LIMIT", "")):
        limits.append(float(os.environ["CPU_LIMIT"]))
    return max(1, int(min(limits)))


def memory(root: Path = Path("/")) -> tuple[int, int]:
    """
    How much memory this process may use, and how much of that is free now.

    root     where /proc and /sys are looked for
    returns  (total, available) in bytes, within the container's limit; pages that only cache files count as free
    """
    import psutil

    host = psutil.virtual_memory()
    total, available = host.total, host.available
    for folder in _cgroups(root, "memory"):
        limit = _read(folder / "memory.max") or _read(folder / "memory.limit_in_bytes")
        used = _read(folder / "memory.current") or _read(folder / "memory.usage_in_bytes")
        if limit.isdigit() and int(limit) < host.total:
            cached = re.search(r"^(?:total_)?inactive_file (\d+)$", _read(folder / "memory.stat"), re.MULTILINE)
            free = int(limit) - int(used or 0) + (int(cached[1]) if cached else 0)
            total, available = min(total, int(limit)), min(available, max(free, 0))
    return total, available


def device() -> str:
    """Where tensors go: "cuda" if there is a card that torch can use, else "cpu"."""
    return "cuda" if _has_card() else "cpu"


def card_memory() -> int:
    """Bytes of memory of the card that torch uses; 0 where there is none."""
    import torch

    return torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory if _has_card() else 0


def loaders() -> int:
    """How many processes write and tokenise rows beside training: on a card two; else none, as the cores are busy."""
    return min(LOADERS, cores() - 1) if device() == "cuda" else 0


def training_dtype(device: str | None = None) -> str:
    """
    The number format in which training is fastest here without losing much.

    device   "cuda" or "cpu"; None asks `device()`
    returns  on a card "bfloat16" from compute capability 8.0, "float16" below it (older cards only emulate bfloat16);
             on a CPU whatever a matrix product of 50 ms says; FTKIT_DTYPE overrides both
    raises   ValueError if FTKIT_DTYPE names no format
    """
    forced = os.environ.get("FTKIT_DTYPE", "")
    if forced:
        if forced not in DTYPES:
            raise ValueError(f"FTKIT_DTYPE is {forced!r}; choose one of {', '.join(DTYPES)}, or unset it.")
        return forced
    if device.startswith("cuda") if device else _has_card():
        import torch

        return "bfloat16" if torch.cuda.get_device_capability()[0] >= 8 else "float16"
    return "bfloat16" if bfloat16_speedup() >= BFLOAT16_PAYS else "float32"


@cache
def bfloat16_speedup() -> float:
    """Seconds of a float32 matrix product over those of the same in bfloat16 on this CPU; asked once per process."""
    import torch

    pairs = [
        tuple(torch.ones(shape, dtype=getattr(torch, name)) for shape in ((512, 192), (192, 512)))
        for name in ("float32", "bfloat16")
    ]
    best, end = [float("inf"), float("inf")], time.perf_counter() + 0.05
    with torch.no_grad():
        for a, b in pairs:
            a @ b  # the first product pays for choosing a kernel
        while time.perf_counter() < end:
            for i, (a, b) in enumerate(pairs):
                begin = time.perf_counter()
                a @ b
                best[i] = min(best[i], time.perf_counter() - begin)
    return best[0] / best[1] if best[1] < float("inf") else 0.0


@cache
def products() -> float:
    """Numbers that this machine multiplies and adds a second in the format in which it trains; asked once a process."""
    import torch

    settle()
    side = 4096 if device() == "cuda" else 512
    a, b = (torch.ones(side, side, dtype=getattr(torch, training_dtype()), device=device()) for _ in "ab")
    best, end = float("inf"), time.perf_counter() + 0.1
    with torch.no_grad():
        (a @ b).sum().item()  # the first product pays for choosing a kernel
        while time.perf_counter() < end:
            begin = time.perf_counter()
            (a @ b)[0, 0].item()  # waits for a card
            best = min(best, time.perf_counter() - begin)
    return side**3 / best


def settle() -> int:
    """
    Makes a process fit for training: as many threads as cores are ours, no tiniest numbers, memory that is freed from
    now on is kept, and few matrix products.

    More threads than cores can make training 20 times slower. Numbers below 1e-38, which attention that is sure of
    itself is full of, take a CPU's slow path: twice the time for a step, unless they count as 0. Memory that goes back
    to the system after each step comes again page by page: 14,000 faults a step of `small`, none once it is kept.
    What is free already goes back: lab 54 then needs 0.94 GiB and not 1.02.
    In 16 bits oneDNN prepares a product anew for each shape and keeps 1,024 of them, and batches are of all lengths:
    after 60 steps of `small` these took 0.7 GiB; with 32 of them nothing grows, and a step takes no longer.

    returns  the number of threads; OMP_NUM_THREADS, which launchers set per process, may lower it
    """
    import torch

    wish = os.environ.get("OMP_NUM_THREADS", "")
    threads = min(cores(), int(wish)) if wish.isdigit() and int(wish) > 0 else cores()
    os.environ["OMP_NUM_THREADS"] = str(threads)  # for processes that this one starts
    torch.set_num_threads(threads)
    for name, few in KEPT_PRODUCTS.items():
        os.environ.setdefault(name, few)  # read before the first product
    _look_at_small_numbers()
    torch.set_flush_denormal(True)  # of this thread, and of the helpers that it will start
    _keep_memory()
    return threads


def _look_at_small_numbers() -> None:
    """While there are any: older versions of numpy look for the smallest ones once, and complain if they are 0."""
    import numpy

    for kind in (numpy.float16, numpy.float32, numpy.float64, numpy.longdouble):
        numpy.finfo(kind)


def _keep_memory() -> None:
    """Tells glibc's allocator; others (macOS, Windows, musl) have no such switch."""
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(TRIM_THRESHOLD, 2**30)  # bytes free at the top before any go back
        libc.mallopt(MMAP_THRESHOLD, 2**25)  # the most that it takes; larger tensors are mapped and unmapped
        libc.malloc_trim(0)  # holes between what is used, too


def release_helpers() -> bool:
    """
    Ends the threads that help this one with matrix products; its next product starts new ones.

    Every thread has helpers of its own. Where those of two threads are more than the cores, GNU's OpenMP no longer lets
    them wait awake, and a run in a second thread takes twice as long: a step of `nano` 75 ms instead of 35.

    returns  False where there is no such library
    """
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
        library = next(line.split(maxsplit=5)[-1] for line in maps.splitlines() if OPENMP.search(line))
        return ctypes.CDLL(library).omp_pause_resource_all(SOFTLY) == 0
    except (OSError, StopIteration, AttributeError):
        return False


def fingerprint() -> dict:
    """What a measurement should say about where it was taken; plain JSON values."""
    import torch

    return {
        "cores": cores(),
        "memory_bytes": memory()[0],
        "cpu": _cpu_name(),
        "vector": torch.backends.cpu.get_cpu_capability(),
        "device": torch.cuda.get_device_name() if device() == "cuda" else "cpu",
        "system": platform.system(),
        "versions": {"python": platform.python_version()}
        | {name: _installed(name) for name in ("torch", "transformers", "peft", "trl", "datasets", "accelerate")},
    }


def findings(runs_folder: str | Path | None = None) -> list[Finding]:
    """
    What the doctor looks at, in the order in which a newcomer should mend it.

    runs_folder  where runs will be written; None means $FTKIT_RUNS or ./runs
    """
    folder = Path(runs_folder or os.environ.get("FTKIT_RUNS") or "runs")
    return [*_packages(), *_room(folder), *_hardware(), *_shipped()]


def _packages() -> list[Finding]:
    """Python and every required package against the ranges that the package declares."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    try:
        about = metadata.metadata("ftkit")
    except metadata.PackageNotFoundError:
        return [Finding("ftkit", "not installed", "installed", False, f"Run `{INSTALL}` in the project's folder.")]
    python, supported = platform.python_version(), SpecifierSet(about["Requires-Python"])
    advice = "" if python in supported else f"Make the environment with a Python {supported}, for example 3.11."
    rows = [Finding("Python", python, str(supported), not advice, advice)]
    for requirement in map(Requirement, about.get_all("Requires-Dist") or ()):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        found = _installed(requirement.name)
        good = found is not None and requirement.specifier.contains(found, prereleases=True)
        advice = "" if good else f'Run `pip install "{requirement.name}{requirement.specifier}"`, or `{INSTALL}`.'
        rows.append(Finding(requirement.name, found or "missing", str(requirement.specifier) or "any", good, advice))
    return rows


def _room(folder: Path) -> list[Finding]:
    """Disk and write access where runs will be kept."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            written = ""
    except OSError as error:
        written = error.strerror or str(error)
    free = shutil.disk_usage(there).free
    return [
        Finding(
            "write access", written or "yes", f"a file in {folder}", not written,
            f"Set FTKIT_RUNS to a folder that you may write, or mend the rights of {there}." if written else "",
        ),
        Finding(
            "disk", _gib(free), f"{_gib(DISK_WANTED)} free", free >= DISK_WANTED,
            "" if free >= DISK_WANTED else "Delete old runs, or set FTKIT_RUNS to a folder on a larger disk.",
        ),
    ]  # fmt: skip


def _hardware() -> list[Finding]:
    """Cores, memory and card; none of them can be wrong but memory."""
    total, available = memory()
    enough = available >= MEMORY_WANTED
    rows = [
        Finding("cores", f"{cores()} of {os.cpu_count()}", "1 or more", True),
        Finding(
            "memory", f"{_gib(available)} free of {_gib(total)}", f"{_gib(MEMORY_WANTED)} free", enough,
            "" if enough else "Close other notebooks and programs, or choose model='nano' and a smaller batch.",
        ),
    ]  # fmt: skip
    if _installed("torch") is None:
        return rows  # said above already
    import torch

    if device() == "cpu":
        return [*rows, Finding("GPU", "none", "none needed", True)]
    major, minor = torch.cuda.get_device_capability()
    card = f"{torch.cuda.get_device_name()}, capability {major}.{minor}, trains in {training_dtype('cuda')}"
    return [*rows, Finding("GPU", card, "none needed", True)]


def _shipped() -> list[Finding]:
    """The models that come with the package."""
    folder = data_folder() / "models"
    found = sorted(path.parent.name for path in folder.glob("*/model.safetensors"))
    advice = "" if found else f"{folder} holds no model: install ftkit again, or check out the whole repository."
    return [Finding("shipped models", ", ".join(found) or "none", "at least one", bool(found), advice)]


def _cgroups(root: Path, controller: str) -> list[Path]:
    """The folders that may limit this process, its own group first, for both versions of cgroups; none elsewhere."""
    folders = []
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, names, path = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        top = root / "sys/fs/cgroup" / (controller if names else "")
        own = top / path.strip("/")
        folders += [own, *(parent for parent in own.parents if parent.is_relative_to(top))]
    return folders


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _has_card() -> bool:
    import torch

    return torch.cuda.is_available()


def _cpu_name() -> str:
    named = re.search(r"^model name\s*:\s*(.+)$", _read(Path("/proc/cpuinfo")), re.MULTILINE)
    return named[1] if named else platform.processor() or platform.machine()


def _gib(count: float) -> str:
    return f"{count / GIB:.1f} GiB"
