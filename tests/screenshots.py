"""Pictures of the labs in a real JupyterLab, light and dark: `python tests/screenshots.py FOLDER [LAB ...]`."""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from browser import MISSING, THEMES, Visit, chromium, notebook, server, visitor
from patience import seconds

ROOT = Path(__file__).resolve().parent.parent
WORTH_A_LOOK = "table, .js-plotly-plot, .ft-panel, .ft-ask"
HEIGHT, WIDTH, NARROW = 1100, 1280, 1024
TALK = """
from ftkit import SFT, LoRA, Recipe, Task, Train, bench
recipe = Recipe("nano", SFT(), Task("sums", examples=200), LoRA(), Train(steps=60, batch=8, learning_rate=4e-3))
panel = bench.panel(recipe, controls=("learning_rate", "steps", "rank"), talk=True)
"""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, help="where the pictures go")
    options.add_argument("labs", nargs="*", help='beginnings of names, "talk" for a talk; all if none')
    chosen = options.parse_args()
    if chromium() is None:
        print(MISSING, file=sys.stderr)
        return 1
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            shutil.copy(path, place)
        with server(Path(place)) as address:
            for path in sorted(Path(place).glob("*.ipynb")):
                if not chosen.labs or path.name.startswith(tuple(chosen.labs)):
                    with visitor(address, WIDTH, HEIGHT) as visit:
                        look(visit, path.name, chosen.folder)
            if not chosen.labs or "talk" in chosen.labs:
                notebook(Path(place) / "talk.ipynb", TALK)
                with visitor(address, WIDTH, HEIGHT) as visit:
                    print("talk", flush=True)
                    visit.open("talk.ipynb")
                    trained(visit, "talk", chosen.folder)
    return 0


def look(visit: Visit, name: str, folder: Path) -> None:
    """One lab: its panel before, while and after a run, then every page of the whole notebook."""
    print(name, flush=True)
    visit.open(name)
    if "bench.panel(" in (ROOT / "notebooks" / name).read_text(encoding="utf-8"):
        trained(visit, name[:2], folder)
    visit.run_all()
    visit.settle()
    for number, cell in enumerate(visit.page.locator(".jp-CodeCell .jp-OutputArea-output").all()):
        cell.scroll_into_view_if_needed()
        time.sleep(0.3)
        if cell.evaluate("(node, css) => node.matches(css) || node.querySelector(css) !== null", WORTH_A_LOOK):
            shoot(visit, folder / f"{name[:2]}_output_{number:02}", cell)
    wrong = [*visit.errors, *visit.failed()]
    print(f"  asked outside: {visit.outside or 'nothing'}; errors: {wrong or 'none'}", flush=True)


def trained(visit: Visit, name: str, folder: Path) -> None:
    """A panel before, while and after a run, and on a narrow page."""
    visit.run_to("bench.panel(")
    visit.page.wait_for_selector(".ft-run", timeout=seconds(600) * 1000)
    visit.idle()
    shoot(visit, folder / f"{name}_panel_before")
    visit.page.locator(".ft-run").first.click()
    visit.page.wait_for_selector(".ft-curve .ft-now", timeout=seconds(300) * 1000)
    time.sleep(4)
    shoot(visit, folder / f"{name}_panel_while")
    visit.page.wait_for_function(
        "['done', 'failed'].some(word => document.querySelector('.ft-state').innerText.includes(word))",
        timeout=seconds(600) * 1000,
    )
    shoot(visit, folder / f"{name}_panel_after")
    visit.page.set_viewport_size({"width": NARROW, "height": HEIGHT})
    shoot(visit, folder / f"{name}_panel_narrow")
    visit.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def shoot(visit: Visit, path: Path, what=None) -> None:
    """The page, or a part of it, in both themes."""
    for theme in THEMES:
        visit.theme(theme)
        time.sleep(0.4)
        (what or visit.page).screenshot(path=f"{path}_{theme.split()[-1].lower()}.png")
    visit.theme(THEMES[0])


if __name__ == "__main__":
    sys.exit(main())
