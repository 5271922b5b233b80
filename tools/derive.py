"""Writes again what is derived: the README's tables from records, cards and evidence; the Colab cell of every lab."""

import ast
import json
import re
import tomllib
from pathlib import Path

from ftkit.adapters import ADAPTERS
from ftkit.objectives import OBJECTIVES

ROOT = Path(__file__).resolve().parent.parent
ROOMS = (  # in import order: a room imports only rooms above it
    "machine", "world", "tokenizer", "runs", "lines", "preferences", "predictions", "records", "data", "models",
    "generation", "rewards", "evaluation", "prompting", "retrieval", "adapters", "objectives", "recipe", "training",
    "lessons", "shipped", "comprehension", "evidence", "plots", "checks", "bench", "cli",
)  # fmt: skip


def derived():
    """(path, text as it should be) of every file with a derived part."""
    yield ROOT / "README.md", readme((ROOT / "README.md").read_text(encoding="utf-8"))
    for path in notebooks():
        yield path, with_colab_cell(path.read_text(encoding="utf-8"))


def readme(text: str) -> str:
    """The README with each part between `<!-- derived: name -->` and `<!-- end -->` written again."""
    parts = {"curriculum": curriculum, "house": house, "models": shipped, "evidence": evidence}

    def part(found: re.Match) -> str:
        return f"{found[1]}\n{parts[found[2]]()}\n{found[3]}"

    return re.sub(r"(<!-- derived: (\w+) -->)\n.*?(<!-- end -->)", part, text, flags=re.DOTALL)


def notebooks() -> list[Path]:
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def curriculum() -> str:
    """One row a lab: its own title, and the techniques whose records name it."""
    records = [*OBJECTIVES, *ADAPTERS]
    rows = [("Lab", "Techniques and what they claim", "Sources", "Open")]
    for path in notebooks():
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        title = re.search(r"^# *(?:\d+\W+)?(.+)$", "".join(cells[0]["source"]), re.MULTILINE)
        number = path.stem[:2]
        taught = [record for record in records if record.lab == number]
        rows.append(
            (
                f"[{number} {title[1] if title else path.stem[3:]}](notebooks/{path.name})",
                "<br>".join(f"**{record.title}.** {record.claim}" for record in taught),
                "<br>".join(record.paper for record in taught),
                f"[Colab]({colab(path)})",
            )
        )
    return table(rows)


def house() -> str:
    """The rooms with the question that each answers, from their own docstrings."""
    lines = []
    for room in ROOMS:
        path = next((one for one in (package(f"{room}.py"), package(room, "__init__.py")) if one.is_file()), None)
        if path:
            name = f"{room}/" if path.name == "__init__.py" else path.name
            about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            lines.append(f"  {name:<16} {re.match(r'[^.?:]*[.?:]?', about)[0].rstrip('.:')}")
    return "\n".join(["```", "ftkit/", *lines, "```"])


def shipped() -> str:
    """The models that ship, from their cards: a table for each set of probes."""
    paths = sorted((ROOT / "data/models").glob("*/card.json"))
    kinds: dict[tuple, list[dict]] = {}
    for card in (json.loads(path.read_text(encoding="utf-8")) for path in paths):
        kinds.setdefault(tuple(card["probes"]), []).append(card)
    return "\n\n".join(_probed(probes, kinds[probes]) for probes in sorted(kinds, key=lambda one: -len(kinds[one])))


def _probed(probes: tuple, cards: list[dict]) -> str:
    """Models that are asked the same."""
    rows = [("", *(f"`{card['model']}`" for card in cards))]
    rows.append(("parameters", *(f"{card['parameters'] / 1e6:.2f} M" for card in cards)))
    rows.append(("tokens read", *(f"{card['tokens'] / 1e6:.1f} M" for card in cards)))
    for name in probes:
        found = [card["probes"][name] for card in cards]
        rows.append((f"{name} ({found[0]['unit']})", *(f"{one['value']:.3f}" for one in found)))
    return table(rows)


def evidence() -> str:
    """The claims that were rerun, from what was stored."""
    rows = [("Claim", "Verdict", "Effect", "95 % interval", "Seeds")]
    for path in sorted((ROOT / "data/evidence").glob("*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        interval = f"{found['low']:.3f} to {found['high']:.3f}"
        rows.append((found["claim"], found["verdict"], f"{found['effect']:.3f}", interval, str(len(found["seeds"]))))
    return table(rows)


def with_colab_cell(text: str) -> str:
    """A notebook whose cell tagged `colab`, the second one, is the common text; unchanged if it is so already."""
    notebook = json.loads(text)
    source = (ROOT / "tools/colab_cell.py").read_text(encoding="utf-8").rstrip().splitlines(keepends=True)
    cells = notebook["cells"]
    tagged = [cell for cell in cells if "colab" in cell["metadata"].get("tags", [])]
    if not tagged:
        tagged = [{"cell_type": "code", "execution_count": None, "id": "colab", "outputs": [], "source": []}]
        tagged[0]["metadata"] = {"tags": ["colab"]}
        cells.insert(1, tagged[0])
    if "".join(tagged[0]["source"]) == "".join(source):
        return text
    tagged[0]["source"] = source
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def colab(path: Path) -> str:
    """Where Colab opens a lab of the released version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    owner = project["urls"]["Repository"].removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{owner}/blob/v{project['version']}/notebooks/{path.name}"


def package(*names: str) -> Path:
    return ROOT.joinpath("ftkit", *names)


def table(rows: list[tuple]) -> str:
    lines = [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


if __name__ == "__main__":
    for path, text in derived():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print("written again:", path.relative_to(ROOT))
