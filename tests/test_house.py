"""The house stands: rooms import only rooms above them, the front door is light, what is derived is current."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import ftkit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import derive  # noqa: E402  (a script beside the package)
from derive import ROOMS  # noqa: E402

PACKAGE = ROOT / "ftkit"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DOORS = ("__init__", "__main__")
LIGHT = ("world", "runs", "lines", "preferences", "predictions", "records", "data", "models", "recipe", "cli")


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    """Rooms of the package that a file imports anywhere, inside functions too."""
    depth, found = len(path.relative_to(PACKAGE.parent).parts) - 1, set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            stem = path.relative_to(PACKAGE.parent).parts[: depth - node.level + 1] if node.level else ()
            stem = [*stem, *(node.module or "").split(".")] if node.module else list(stem)
            names = [[*stem, alias.name] for alias in node.names]
        else:
            continue
        found |= {name[1] for name in names if name[0] == "ftkit" and len(name) > 1}
    return found & set(ROOMS)


def test_every_room_is_in_the_plan():
    assert {room_of(path) for path in PACKAGE.rglob("*.py")} - set(DOORS) <= set(ROOMS)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_rooms_above_it(path):
    room = room_of(path)
    if room not in DOORS:
        allowed = {room, *ROOMS[: ROOMS.index(room)]}
        assert imported_rooms(path) <= allowed, f"{room} imports a room below it"


def test_the_import_test_sees_every_way_to_import(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path / "ftkit")
    path = tmp_path / "ftkit/training/loop.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "import ftkit.plots\nfrom ftkit import cli\nfrom ..bench import panel\nfrom .doctor import x\n"
        "def f():\n    from .. import evidence, machine\n    from ..world.people import Person\n    import torch\n"
    )
    assert imported_rooms(path) == {"plots", "cli", "bench", "evidence", "machine", "world", "training"}


def test_the_front_door_brings_no_torch():
    names = ["ftkit", *(f"ftkit.{room}" for room in LIGHT)]
    code = f"import sys, {', '.join(names)}; print([m for m in ('torch', 'transformers', 'trl') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ftkit.__all__)
def test_every_public_name_exists(name):
    assert getattr(ftkit, name) is not None
    assert name in dir(ftkit)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(AttributeError, match=r"has no 'trainer'; it has .*Recipe"):
        _ = ftkit.trainer


def test_version_is_written_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert ftkit.__version__ == project["version"]
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"version: {project['version']}\n" in citation
    assert f'repository-code: "{project["urls"]["Repository"]}"' in citation
    assert f"## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text()


def test_constraints_meet_the_declared_ranges():
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {name.lower(): version for name, _, version in (line.partition("==") for line in lines if "==" in line)}
    extras = [one for group in project["optional-dependencies"].values() for one in group]
    for wanted in map(Requirement, [*project["dependencies"], *extras]):
        assert wanted.specifier.contains(pinned[wanted.name.lower()]), wanted


def test_what_is_derived_is_current():
    stale = [str(path.relative_to(ROOT)) for path, text in derive.derived() if path.read_text(encoding="utf-8") != text]
    assert stale == [], "run `make readme`"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_carries_no_widget_state_and_its_colab_cell(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert "widgets" not in notebook["metadata"]
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if "colab" in cell["metadata"].get("tags", [])]
    assert cells == [(ROOT / "tools/colab_cell.py").read_text(encoding="utf-8").rstrip()]


def test_the_colab_cell_names_this_version_and_never_a_protected_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    cell = (ROOT / "tools/colab_cell.py").read_text()
    assert f"{project['urls']['Repository']}/archive/refs/tags/v{project['version']}.tar.gz" in cell
    assert f"ftkit {project['version']} " in cell
    for name in ("trl", "datasets"):
        wanted = next(one for one in project["dependencies"] if one.startswith(name))
        assert wanted in cell
    for name in ("torch", "numpy", "ipykernel"):
        assert f'"{name}"' in cell.split("held = ")[1].split("\n")[0].replace("split", "") or f"{name} " in cell


def test_the_colab_cell_does_nothing_elsewhere():
    code = (ROOT / "tools/colab_cell.py").read_text().replace("import subprocess", "subprocess = None")
    assert "google.colab" not in sys.modules
    exec(compile(code, "cell", "exec"), {})


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_relative_link_leads_somewhere(name):
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / name).read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_badges_open_this_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    owner = project["urls"]["Repository"].removeprefix("https://github.com/")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert derive.colab(ROOT / "notebooks/00_start.ipynb") in text
    assert f"https://mybinder.org/v2/gh/{owner}/v{project['version']}?urlpath=lab/tree/notebooks/00_start.ipynb" in text


@pytest.mark.parametrize(("python", "sentence"), [("", "needs Python 3.11, 3.12 or 3.13"), ("false", "without venv")])
def test_make_says_in_one_sentence_what_to_install(python, sentence):
    done = subprocess.run(["make", "-s", "python", f"PYTHON={python}"], cwd=ROOT, capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode != 0 and len(said) == 1
    assert sentence in said[0] and "sudo apt install" in said[0]


def test_make_lists_its_verbs():
    said = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    tests = ("test", "test-browser", "test-colab", "test-kernels")
    for verb in ("lab", *tests, "reference", "screenshots", "readme", "lint", "clean"):
        assert f"  make {verb} " in said


def test_binder_scripts_can_be_run_and_hand_over():
    for name in ("postBuild", "start"):
        assert (ROOT / "binder" / name).stat().st_mode & 0o111
    assert (ROOT / "binder/start").read_text().endswith('exec "$@"\n')
