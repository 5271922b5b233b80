"""What happened? The run store on disk: JSON and files only, so that it can be read while a run writes it."""

import io
import json
import os
import platform
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

RUNNING = "running"
ENDS = ("done", "stopped", "failed", "interrupted")
ELSEWHERE = 120  # seconds of silence after which a run of another machine counts as interrupted
_here: set[str] = set()  # ids of the runs that go on in this process


class DamagedRun(ValueError):
    """A run folder that cannot be read; the text says which file and why. Nothing in it was touched."""


def write_json(path: str | os.PathLike, value) -> None:
    """Writes JSON so that a reader, or a crash at any moment, sees the old file or the new one and never a half.

    raises  OSError as the file system says it; the old file is then still there
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(part, "w", encoding="utf-8") as file:
            json.dump(value, file, indent=1, ensure_ascii=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def replace_folder(new: Path, old: Path) -> None:
    """Puts a finished folder in the place of another; a reader sees one of them or, for an instant, none."""
    for file in new.rglob("*"):
        if file.is_file():
            _sync(file)
    _sync(new)
    aside = old.with_name(f".{old.name}.old")
    shutil.rmtree(aside, ignore_errors=True)
    if old.exists():
        os.rename(old, aside)
    os.rename(new, old)
    _sync(old.parent)
    shutil.rmtree(aside, ignore_errors=True)


class RunFolder:
    """One run on disk.

    recipe.json    what was asked for
    status.json    state, and which process runs it
    machine.json   what it runs on
    metrics.jsonl  one event a line: {"step", "seconds", "kind", "values"}
    checkpoint/    the newest training state, in a folder named by its step
    adapter/, model/, result.json  what a finished run leaves
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self.id = self.path.name
        self.began = time.monotonic()  # a resumed run goes on counting: see `keep`

    def event(self, step: int, kind: str, **values) -> dict:
        """Appends one event and flushes it; returns it."""
        seconds = round(time.monotonic() - self.began, 3)
        event = {"step": step, "seconds": seconds, "kind": kind, "values": values}
        line = (json.dumps(event, ensure_ascii=False) + "\n").encode()
        with open(self.path / "metrics.jsonl", "ab", buffering=0) as file:
            whole = file.tell()
            try:
                while line:
                    line = line[file.write(line) :]
            except OSError:  # a full disk takes half of a line
                file.truncate(whole)
                raise
        return event

    def events(self) -> list[dict]:
        """All events so far. A last line that was cut by a crash is left out.

        raises  DamagedRun if another line cannot be read
        """
        found, lines = [], self._lines()
        for number, line in enumerate(lines, 1):
            try:
                event = json.loads(line)
                found.append({key: event[key] for key in ("step", "seconds", "kind", "values")})
            except (ValueError, KeyError, TypeError) as error:
                if number == len(lines) and not line.endswith("\n"):
                    break
                raise DamagedRun(f"{self.path / 'metrics.jsonl'}, line {number}, is no event: {line[:60]!r}") from error
        return found

    def saved(self) -> list[dict]:
        """The events until the newest checkpoint; none if there is none.

        raises  DamagedRun if a line cannot be read
        """
        checkpoint = self.checkpoint()
        return self._until(int(checkpoint.name)) if checkpoint else []

    def keep(self, step: int | None) -> None:
        """Forgets the events after a checkpoint (all if None), so that a resumed run tells nothing twice."""
        kept = [] if step is None else self._until(step)
        part = self.path / ".metrics.part"
        part.write_text("".join(json.dumps(event, ensure_ascii=False) + "\n" for event in kept), encoding="utf-8")
        os.replace(part, self.path / "metrics.jsonl")
        self.began = time.monotonic() - (kept[-1]["seconds"] if kept else 0.0)

    def take_over(self, other: "RunFolder", checkpoint: Path) -> None:
        """Begins where another run saved a checkpoint: its events until then, what was measured before it, its state.

        raises  OSError as the file system says it
        """
        for name in ("plan.json", "before.json", "metrics.jsonl"):
            shutil.copy2(other.path / name, self.path / name)
        (self.path / "checkpoint").mkdir()
        part = self.path / "checkpoint" / f".{checkpoint.name}.part"
        shutil.copytree(checkpoint, part)
        os.rename(part, part.with_name(checkpoint.name))

    def recipe(self) -> dict:
        """The recipe as JSON. raises DamagedRun"""
        return self.read("recipe.json")

    def read(self, name: str) -> dict:
        """One JSON file of the run.

        raises  DamagedRun if it is missing or no JSON object
        """
        try:
            value = json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DamagedRun(f"{self.path / name} cannot be read: {error}") from error
        if not isinstance(value, dict):
            raise DamagedRun(f"{self.path / name} holds {type(value).__name__}, not an object")
        return value

    def mark(self, state: str, reason: str = "", **more) -> None:
        """Writes the state and its process; whether it goes on here, this process knows even if the disk is full."""
        (_here.add if state == RUNNING else _here.discard)(self.id)
        write_json(self.path / "status.json", {"state": state, "reason": reason, **_process(), **more})

    def status(self) -> str:
        """running, done, stopped, failed, or interrupted: called running by a process that is gone.

        raises  DamagedRun
        """
        status = self.read("status.json")
        state = status.get("state")
        if state in ENDS:
            return state
        if state != RUNNING:
            raise DamagedRun(
                f"{self.path / 'status.json'} tells the state {state!r}; known: running, {', '.join(ENDS)}"
            )
        return RUNNING if self._alive(status) else "interrupted"

    def checkpoint(self) -> Path | None:
        """The newest complete checkpoint, a folder named by its step."""
        found = [path for path in (self.path / "checkpoint").glob("*") if path.name.isdigit()]
        return max(found, key=lambda path: int(path.name), default=None)

    def _until(self, step: int) -> list[dict]:
        kept = []
        for event in self.events():
            if event["step"] > step or event["kind"] == "end":
                break
            kept.append(event)
            if event["kind"] == "checkpoint" and event["step"] == step:
                break
        return kept

    def _alive(self, status: dict) -> bool:
        import psutil

        if status.get("host") != platform.node():
            newest = max(self.path.glob("*.json*"), key=lambda path: path.stat().st_mtime).stat().st_mtime
            return time.time() - newest < ELSEWHERE
        if status.get("pid") == os.getpid() and self.id not in _here:
            return False
        try:
            return abs(psutil.Process(status["pid"]).create_time() - status["started"]) < 2
        except (psutil.Error, KeyError, TypeError, ValueError):
            return False

    def _lines(self) -> list[str]:
        """Split at line feeds alone: a model may write any of the other signs that Python counts as ends of lines."""
        path = self.path / "metrics.jsonl"
        try:
            return list(io.StringIO(path.read_text(encoding="utf-8"))) if path.exists() else []
        except (OSError, UnicodeDecodeError) as error:
            raise DamagedRun(f"{path} cannot be read: {error}") from error


@dataclass(frozen=True)
class Entry:
    """One line of the list of runs; `reason` says what is wrong with a failed or damaged one."""

    id: str
    status: str
    step: int
    reason: str
    recipe: dict


@dataclass(frozen=True)
class Store:
    """A folder of runs."""

    root: Path

    def create(self, recipe: dict, name: str) -> RunFolder:
        """A new run folder, in state running from the moment it can be seen.

        name    how its id begins
        raises  PermissionError or OSError with a sentence that says what to do
        """
        run_id = f"{name}-{time.strftime('%m%d-%H%M%S')}-{secrets.token_hex(2)}"
        part = RunFolder(self.root / f".{run_id}.part")
        part.id = run_id
        try:
            part.path.mkdir(parents=True)
            write_json(part.path / "recipe.json", recipe)
            part.mark(RUNNING)
            os.rename(part.path, self.root / run_id)
        except OSError as error:
            shutil.rmtree(part.path, ignore_errors=True)
            advice = (
                f"runs are kept in {self.root.absolute()}; set FTKIT_RUNS to a folder that you may write, with room"
            )
            raise type(error)(error.errno, f"{error.strerror}: {advice}", error.filename) from error
        return RunFolder(self.root / run_id)

    def folder(self, run_id: str) -> RunFolder:
        """An existing run.

        raises  ValueError that lists the newest runs
        """
        path = self.root / run_id
        if not run_id or Path(run_id).name != run_id or not path.is_dir():
            newest = ", ".join(entry.id for entry in self.runs()[:8])
            raise ValueError(f"there is no run {run_id!r} in {self.root.absolute()}; {newest or 'it holds no run yet'}")
        return RunFolder(path)

    def runs(self) -> list[Entry]:
        """Every run, the newest first; a damaged folder is listed as such and never touched."""
        return [self._entry(folder) for folder in self.folders()]

    def folders(self) -> list[RunFolder]:
        """Their folders, the newest first; nothing in them is read."""
        found = [path for path in self.root.glob("[!.]*") if path.is_dir()] if self.root.is_dir() else []
        return [RunFolder(path) for path in sorted(found, key=_age)]

    def _entry(self, run: RunFolder) -> Entry:
        try:
            status, events, recipe = run.status(), run.events(), run.recipe()
        except DamagedRun as error:
            return Entry(run.id, "damaged", 0, str(error), {})
        step = max((event["step"] for event in events), default=0)
        return Entry(run.id, status, step, run.read("status.json").get("reason", ""), recipe)


def store(root: str | os.PathLike | None = None) -> Store:
    """The run store: `root`, else $FTKIT_RUNS, else ./runs. Nothing is made until the first run."""
    return Store(Path(root or os.environ.get("FTKIT_RUNS") or "runs"))


def _age(path: Path) -> tuple[float, str]:
    return -path.stat().st_mtime, path.name


def _process() -> dict:
    import psutil

    return {"pid": os.getpid(), "started": psutil.Process().create_time(), "host": platform.node()}


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folders
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
