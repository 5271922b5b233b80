"""What is kept line by line? One JSON object a line, on disk at once; after a crash whole lines and never a half."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any


class Lines:
    """A file of dataclass objects; nothing is made until the first one.

    path  of the file
    kind  a dataclass; its fields are the keys of each line
    noun  what one of them is called
    """

    def __init__(self, path: Path, kind: type, noun: str):
        self.path, self.kind, self.noun = path, kind, noun

    def read(self) -> list[Any]:
        """All of them so far. A last line that was cut by a crash is left out.

        raises  ValueError that names file and line if another line cannot be read; OSError in one sentence
        """
        found, lines = [], self._bytes().splitlines(keepends=True)
        for number, line in enumerate(lines, 1):
            try:
                found.append(self.kind(**json.loads(line)))
            except (ValueError, TypeError) as error:
                if number == len(lines) and not line.endswith(b"\n"):
                    break
                raise ValueError(f"{self.path}, line {number}, is no {self.noun}: {error}") from error
        return found

    def append(self, one: Any) -> None:
        """It is on disk when this returns.

        raises  OSError in one sentence that says what to do; ValueError for a damaged line
        """
        text = self._bytes()
        kept = self.read() if text and not text.endswith(b"\n") else None
        with self.disk():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if kept is not None:
                self._rewrite(kept)  # without what a crash has cut, so that nothing is written behind it
            with open(self.path, "ab") as file:
                file.write(_line(one))
                file.flush()
                os.fsync(file.fileno())

    def pop(self) -> Any | None:
        """Takes the last one away and returns it; a crash leaves it or not, and never a half.

        raises  ValueError for a damaged line; OSError in one sentence
        """
        found = self.read()
        if found:
            with self.disk():
                self._rewrite(found[:-1])
        return found[-1] if found else None

    def delete(self) -> int:
        """Removes the file, damaged or not; returns how many lines it had.

        raises  OSError in one sentence
        """
        count = self._bytes().count(b"\n")
        with self.disk():
            self.path.unlink(missing_ok=True)
        return count

    @contextmanager
    def disk(self) -> Iterator[None]:
        """Whatever the file system says inside becomes one sentence that says what to do."""
        try:
            yield
        except OSError as error:
            advice = f"{self.noun}s are kept in {self.path}; set FTKIT_RUNS to a folder that you may write, with room"
            raise type(error)(error.errno, f"{error.strerror}: {advice}", error.filename) from error

    def _bytes(self) -> bytes:
        with self.disk():
            return self.path.read_bytes() if self.path.exists() else b""

    def _rewrite(self, kept: Sequence[Any]) -> None:
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        try:
            with open(part, "wb") as file:
                file.writelines(map(_line, kept))
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.path)
        finally:
            part.unlink(missing_ok=True)


def _line(one: Any) -> bytes:
    return (json.dumps(asdict(one), ensure_ascii=False) + "\n").encode()
