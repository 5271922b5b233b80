"""Where is it written? Beside, and renamed when whole; a full disk is said in one sentence."""

import errno
import shutil
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
def saving(run: Path, step: int):
    """
    A folder beside, in which something may be written and from which it is renamed; gone afterwards, whatever happens.

    raises  OSError that says what is still there if the disk is full
    """
    part = run / SAVING
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        yield part
    except Exception as error:
        if not _is_full(error):
            raise
        free = shutil.disk_usage(run).free / 2**20
        raise OSError(
            errno.ENOSPC,
            f"No space left on the disk while step {step} was saved ({free:.0f} MiB free). What was saved before is"
            " whole; make room, for example by deleting old runs, and resume this one",
            str(run),
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _is_full(error: Exception) -> bool:
    """The libraries wrap what the system said, each in an error of its own."""
    return any(sign in str(error) for sign in FULL) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EFBIG)
