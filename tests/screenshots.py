"""Pictures of the labs in a real JupyterLab, light and dark: `python tests/screenshots.py FOLDER [LAB ...]`."""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from browser import MISSING, THEMES, Visit, chromium, server, visitor
from patience import seconds

ROOT = Path(__file__).resolve().parent.parent
WORTH_A_LOOK = "table, .js-plotly-plot, .ft-panel, .ft-ask"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, help="where the pictures go")
    options.add_argument("labs", nargs="*", help="beginnings of names; all labs if none is given")
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
                    with visitor(address, height=1100) as visit:
                        look(visit, path.name, chosen.folder)
    return 0


def look(visit: Visit, name: str, folder: Path) -> None:
    """One lab: its panel before, while and after a run, then every page of the whole notebook."""
    print(name, flush=True)
    visit.open(name)
    if "bench.panel(" in (ROOT / "notebooks" / name).read_text(encoding="utf-8"):
        visit.run_to("bench.panel(")
        visit.page.wait_for_selector(".ft-run", timeout=seconds(600) * 1000)
        visit.idle()
        shoot(visit, folder / f"{name[:2]}_panel_before")
        visit.page.locator(".ft-run").first.click()
        visit.page.wait_for_selector(".ft-curve .ft-now", timeout=seconds(300) * 1000)
        time.sleep(4)
        shoot(visit, folder / f"{name[:2]}_panel_while")
        visit.page.wait_for_function(
            "['done', 'failed'].some(word => document.querySelector('.ft-state').innerText.includes(word))",
            timeout=seconds(600) * 1000,
        )
        shoot(visit, folder / f"{name[:2]}_panel_after")
    visit.run_all()
    visit.settle()
    for number, cell in enumerate(visit.page.locator(".jp-CodeCell .jp-OutputArea-output").all()):
        cell.scroll_into_view_if_needed()
        time.sleep(0.3)
        if cell.evaluate("(node, css) => node.matches(css) || node.querySelector(css) !== null", WORTH_A_LOOK):
            shoot(visit, folder / f"{name[:2]}_output_{number:02}", cell)
    wrong = [*visit.errors, *visit.failed()]
    print(f"  asked outside: {visit.outside or 'nothing'}; errors: {wrong or 'none'}", flush=True)


def shoot(visit: Visit, path: Path, what=None) -> None:
    """The page, or a part of it, in both themes."""
    for theme in THEMES:
        visit.theme(theme)
        time.sleep(0.4)
        (what or visit.page).screenshot(path=f"{path}_{theme.split()[-1].lower()}.png")
    visit.theme(THEMES[0])


if __name__ == "__main__":
    sys.exit(main())
