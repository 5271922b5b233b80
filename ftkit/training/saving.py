"""Where is it written? Beside, and renamed when whole; a full disk or a lost folder is said in one sentence."""

import errno
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

SAVING = ".saving"
FULL = ("No space left", "File too large", "Disk quota exceeded", "failed writing file", "unexpected pos")


def clear(run: Path) -> None:
    """Removes what a run that was killed while it wrote left half written."""
    shutil.rmtree(run / SAVING, ignore_errors=True)
    for part in run.rglob(".*.part"):
        part.unlink(missing_ok=True)


@contextmanager
def saving(run: Path):
    """A folder beside, to write in and to rename from; gone afterwards, whatever happens."""
    part = run / SAVING
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def in_words(run: Path, step: Callable[[], int]):
    """
    Inside, what goes wrong with the run's own files becomes a sentence.

    step    () -> the last one taken
    raises  OSError that says what is still there if the disk is full, or that the folder is gone
    """
    try:
        yield
    except Exception as error:
        if not run.is_dir():
            raise OSError(
                f"The folder of run {run.name} is gone: it was deleted or moved while the run went on. What it had"
                f" learned is lost with it; begin another run. It was {run.absolute()}"
            ) from error
        if not _is_full(error):
            raise
        free = shutil.disk_usage(run).free / 2**20
        raise OSError(
            f"No space left on the disk at step {step()} of run {run.name} ({free:.0f} MiB free in"
            f" {run.parent.absolute()}). What was saved before is whole; make room, for example by deleting old runs,"
            " and resume this one"
        ) from error


def _is_full(error: Exception) -> bool:
    """The libraries wrap what the system said, each in an error of its own."""
    return any(sign in str(error) for sign in FULL) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EFBIG)
