"""How much memory did it take? The peak of this process, or of the card."""

import sys
from contextlib import suppress
from pathlib import Path

CLEAR = Path("/proc/self/clear_refs")


def forget_peak() -> None:
    """Begins a new measurement, where the system allows it; else the peak is that of the whole process."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with suppress(OSError):
        CLEAR.write_text("5")


def peak_bytes() -> int:
    """Largest memory in use since `forget_peak`: the card's where there is one, else that of the process."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024
    except (OSError, IndexError, ValueError):
        return _lifetime_peak()


def _lifetime_peak() -> int:
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return psutil.Process().memory_info().peak_wset
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def ran_out(error: BaseException) -> bool:
    """Whether an error says that memory is full, on a card or on a CPU."""
    import torch

    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )
