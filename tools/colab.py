"""Stands in for Colab: runs the labs' Colab cell where its image was installed, and says what had to be newer."""

import os
import subprocess
import sys
import types
from importlib import metadata
from importlib.machinery import ModuleSpec
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
IMAGE = ROOT / "constraints-colab.txt"


def bootstrap() -> None:
    """The labs' first cell as Colab runs it, with this checkout in the place of the released archive."""
    os.environ.setdefault("FTKIT_SOURCE", str(ROOT))
    for name in ("google", "google.colab"):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__spec__ = ModuleSpec(name, None)  # libraries ask whether it could be found
    exec(compile((ROOT / "tools/colab_cell.py").read_text(), "colab_cell.py", "exec"), {})


def report() -> None:
    """Prints each package that is no longer as Colab brings it, and who asked for that."""
    lines = [line for line in IMAGE.read_text().splitlines() if line and not line.startswith("#")]
    image = [Requirement(line) for line in lines]
    moved = [one for one in image if not one.specifier.contains(metadata.version(one.name))]
    for one in moved:
        print(f"{one.name} must be newer than Colab's {one.specifier}: {metadata.version(one.name)} is installed")
        for name, need in _asked_by(one):
            print(f"  because {name} {metadata.version(name)} needs {need}")
    same = len(image) - len(moved)
    print(f"{same} of {len(image)} packages are as in Colab's image; torch is {metadata.version('torch')}")


def lab(source: str, target: str) -> None:
    """One notebook with papermill, as the learner runs it."""
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", "--cwd", str(ROOT / "notebooks"), source, target]
    subprocess.run(command, check=True, env=os.environ | {"FTKIT_MODE": "headless"})


def _asked_by(wanted: Requirement):
    """Installed packages that refuse the version of Colab's image."""
    old = next(iter(wanted.specifier)).version
    for package in metadata.distributions():
        for need in map(Requirement, package.requires or ()):
            applies = need.marker is None or need.marker.evaluate({"extra": ""})
            if need.name == wanted.name and applies and not need.specifier.contains(old):
                yield package.metadata["Name"], str(need.specifier)


if __name__ == "__main__":
    {"bootstrap": bootstrap, "report": report, "lab": lab}[sys.argv[1]](*sys.argv[2:])
