"""The runs in a panel's picture as files: a table, and a page that needs nothing else; both of them or none."""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from .. import plots, training
from ..runs import store
from .curve import Line


def export(lines: Sequence[Line]) -> str:
    """
    Writes race-<time>.csv and race-<time>.html beside the runs.

    returns  a sentence: where the files are, or why there are none; whatever was there before is still there
    """
    runs = existing(lines)
    if not runs:
        return "None of these runs is on disk any more; train one, then export it."
    root, name = store().root.resolve(), f"race-{time.strftime('%m%d-%H%M%S')}"
    try:
        race = plots.race(runs)
        with tempfile.TemporaryDirectory(prefix=".race-", dir=root) as part:
            table, page = Path(part) / f"{name}.csv", Path(part) / f"{name}.html"
            race.to_csv(table)
            race.to_html(page)
            for file in (table, page):
                os.replace(file, root / file.name)
    except ValueError as error:
        return f"Not exported: {error}."
    except OSError as error:
        why = error.strerror or str(error)
        return f"Not exported: {why}: {root}; make room there, or mend the folder's rights. The runs are as they were."
    told = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    return f"{told} exported: {root / name}.html (a page for any browser) and {root / name}.csv (the table)"


def existing(lines: Sequence[Line]) -> dict[str, training.Run]:
    """{name: Run} of those that can still be read, each once, the oldest first."""
    found = {}
    for line in lines:
        if line.run in [run.id for run in found.values()]:
            continue
        try:
            found[f"run {line.place + 1}, {line.run}"] = training.open_run(line.run)
        except ValueError:  # deleted or damaged meanwhile
            continue
    return found
