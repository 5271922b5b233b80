"""JupyterLab in a real browser: a control is moved, a run is started, seen and stopped, nothing else is asked for."""

import json
import re
import statistics
import time
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import MISSING, THEMES, Visit, chromium, notebook, server, visitor
from patience import seconds

from ftkit import runs

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parent.parent
HARMLESS = (  # of JupyterLab's own, of Notebook 7's, and of ipywidgets where it restores what a busy kernel still draws
    "favicon", "ResizeObserver loop", "(reading 'schema')", "No version of module undefined",
)  # fmt: skip
PANEL = """
from ftkit import SFT, Full, Recipe, Task, Train, bench
train = Train(steps=20_000, batch=4, dtype="float32", eval_examples=2, checkpoint_every=20_000)
recipe = Recipe({folder!r}, SFT(), Task(examples=40), Full(), train)
panel = bench.panel(recipe, controls=["learning_rate", "mask"])
"""
ATTACK = """
from ftkit import bench, checks, plots
from ftkit.bench import panel as room
from ftkit.training import Run
attack = "<img src=x onerror=window.attacked=1><script>window.attacked=1</script>"
row = dict.fromkeys(("prompt", "expected", "before", "after", "why"), attack) | {{"score_before": 0, "score_after": 1}}
events = [
    {{"step": 1, "seconds": 0, "kind": "loss", "values": {{"loss": 2.0, "tokens": 9}}}},
    {{"step": 1, "seconds": 0, "kind": "sample", "values": {{"prompt": attack, "text": attack}}}},
    {{"step": 1, "seconds": 0, "kind": "doctor", "values": {{"text": attack}}}},
]
forgotten = {{attack: {{"before": 1.0, "after": 0.5, "unit": "share"}}}}
panel.events, panel.live.state = events, "done"
panel.live.value = Run(attack, recipe, "done", None, events, [row], forgotten, {{}})
panel.draw()
display(plots.answers([row]), plots.samples(events), plots.forgetting(forgotten), plots.loss_curve({{attack: events}}))
display(plots.arms({{attack: 0.5}}), checks.Source("# " + attack, attack))
asked = bench.prompt([{folder!r}], text=attack, max_new_tokens=2)
asked.live.wait()
print("all shown")
"""
EVERYONE = """
from dataclasses import replace
from ftkit import LoRA, SFT, Recipe, Task, Train, bench, load, plots, world
from ftkit.evaluation import token_losses
train = Train(steps=4, batch=4, dtype="float32", eval_examples=4)
recipe = Recipe({folder!r}, SFT(), Task(examples=40), LoRA(rank=2), train)
panel = bench.panel(recipe, controls=["learning_rate", "rank", "mask", "schedule", "seed", "weight_decay"])
done, example = panel.result(), world.task("facts").sample("test", 0)
display(plots.lens([token_losses(*load({folder!r}), example, "before"), token_losses(*done.model(), example, "after")]))
display(plots.differences(done, "all"), plots.race([done, replace(done, id="twin")]), plots.answers(done))
bench.preferences([("Say hello.", "Hello!", "Go away."), ("And thanks?", "Thank you.", "No.")], "everyone")
bench.workbench(*load({folder!r}), world.task("facts"), n=4)
looked = bench.predictions("30", {{"lora": 0.5, "stranger": 0.5}}, {{"lora": 0.9, "stranger": 0.1}})
print("all shown")
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """(address, folder) of a JupyterLab with the labs."""
    if chromium() is None:
        pytest.fail(MISSING)
    folder = tmp_path_factory.mktemp("lab")
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        (folder / path.name).write_bytes(path.read_bytes())
    with server(folder) as address:
        yield address, folder


@pytest.fixture
def small(lab, tiny_folder, request):
    """Name of a new notebook with a panel, and a cell that waits for it."""
    name = f"{request.node.name[:40]}.ipynb"
    notebook(lab[1] / name, PANEL.format(folder=str(tiny_folder)), "print('the end:', panel.result().status)")
    return name


@pytest.fixture
def visit(lab):
    with visitor(lab[0]) as found:
        yield found
        quiet(found)


def quiet(visit: Visit) -> None:
    assert visit.outside == [], "a page asked for something that is not the server's"
    assert [text for text in visit.errors if not any(word in text for word in HARMLESS)] == []


def dot(visit: Visit) -> tuple[float, float]:
    """(step, loss) of the last point drawn, read off the axes."""
    page = visit.page.locator(".ft-curve").first.inner_html()

    def scale(kind):
        marks = re.findall(rf'ft-tick-{kind}" data-at="([\d.]+)"[^>]*>([\d.kM]+)<', page)
        (a, low), (b, high) = [(float(at), float(text.replace("k", "e3"))) for at, text in (marks[0], marks[-1])]
        return lambda at: low + (at - a) / (b - a) * (high - low)

    x, y = map(float, re.search(r'ft-last" cx="([\d.]+)" cy="([\d.]+)"', page).groups())
    return scale("x")(x), scale("y")(y)


def points(visit: Visit) -> str:
    return visit.page.locator(".ft-curve .ft-now").first.get_attribute("points") or ""


def newest(folder: Path) -> runs.RunFolder:
    store = runs.store(folder / "runs")
    return store.folder(store.runs()[0].id)


def press_run_and_stop(visit: Visit, folder: Path) -> None:
    """Run, a curve that moves, Stop within a second, and the picture equal to the file."""
    visit.page.locator(".ft-run").first.click()
    visit.page.wait_for_selector(".ft-curve .ft-now", timeout=seconds(180) * 1000)
    first = points(visit)
    visit.page.wait_for_function(
        "old => document.querySelector('.ft-curve .ft-now').getAttribute('points') !== old", arg=first
    )
    patience = seconds(1.5)  # a second for Stop, and a moment for the page
    visit.page.locator(".ft-stop").first.click()
    visit.wait_text(".ft-state", "stopped", patience)
    run = newest(folder)
    assert run.status() == "stopped"
    last = [event for event in run.events() if event["kind"] == "loss"][-1]
    step, loss = dot(visit)
    total = run.recipe()["train"]["steps"]
    assert step == pytest.approx(last["step"], abs=max(0.5, total / 200))
    assert loss == pytest.approx(last["values"]["loss"], rel=0.02, abs=0.02)


def move(visit: Visit, css: str, key: str = "ArrowRight") -> str:
    """Moves a slider by the keyboard, and returns what it then says."""
    slider = visit.page.locator(f"{css} .noUi-handle").first
    slider.focus()
    slider.press(key)
    return visit.page.locator(f"{css} .widget-readout").first.inner_text()


def test_lab_30_is_trained_watched_and_stopped(visit, lab):
    visit.open("30_sft.ipynb")
    visit.run_to("bench.panel(")
    visit.page.wait_for_selector(".ft-run", timeout=seconds(300) * 1000)
    visit.idle()
    before = visit.text(".ft-python")
    said = move(visit, ".ft-knob-learning_rate")
    visit.page.wait_for_function("old => document.querySelector('.ft-python').innerText !== old", arg=before)
    rate = float(said.split()[0])  # a default has a star
    assert f"learning_rate={rate:g}" in visit.text(".ft-python")
    press_run_and_stop(visit, lab[1])
    assert newest(lab[1]).recipe()["train"]["learning_rate"] == rate


def test_a_run_is_paused_forked_with_another_rate_and_resumed_after_stop(visit, lab, small):
    visit.open(small)
    visit.run_to("bench.panel(")
    visit.page.locator(".ft-run").click()
    visit.wait_text(".ft-progress", "step 2", seconds(120))
    visit.page.locator(".ft-pause").click()
    visit.wait_text(".ft-progress", "its state is saved")
    parent, still = newest(lab[1]), points(visit)
    move(visit, ".ft-knob-learning_rate", "ArrowLeft")
    visit.page.locator(".ft-fork:not([disabled])").click()
    visit.wait_text(".ft-state", "running")
    visit.page.wait_for_selector(".ft-mark", state="attached")
    visit.page.wait_for_function(
        "old => document.querySelector('.ft-now').getAttribute('points').length > old.length", arg=still
    )
    visit.page.locator(".ft-stop").click()
    visit.wait_text(".ft-state", "stopped")
    fork = newest(lab[1])
    assert fork.id != parent.id and parent.status() == "stopped"
    assert fork.recipe()["changes"][0][:2] == [int(parent.checkpoint().name), "learning_rate"]
    assert visit.text(".ft-pause") == "Resume"
    visit.page.locator(".ft-pause").click()
    visit.wait_text(".ft-state", "running")
    visit.page.locator(".ft-stop").click()
    visit.wait_text(".ft-state", "stopped")
    assert newest(lab[1]).id == fork.id


def test_two_answers_are_judged_by_keys_that_the_notebook_does_not_hear(visit, lab):
    pairs = [("Say hello.", "Hello!", "<img src=x onerror=window.attacked=1>"), ("And thanks?", "Thank you.", "No.")]
    notebook(lab[1] / "judged.ipynb", f"from ftkit import bench\nbench.preferences({pairs!r}, 'judged')", "1 + 1")
    visit.open("judged.ipynb")
    visit.run_all()
    visit.page.locator(".ft-left").click()
    visit.wait_text(".ft-preferences [role=status]", "1 of 2 answered")
    time.sleep(0.5)  # two presses within a quarter of a second are one
    visit.page.keyboard.press("ArrowRight")
    visit.wait_text(".ft-preferences [role=status]", "2 of 2 answered")
    visit.wait_text(".ft-preferences", "What was chosen")
    for _ in range(2):
        visit.page.keyboard.press("d")  # in a notebook this deletes a cell
    assert visit.page.locator(".jp-CodeCell").count() == 2
    lines = (lab[1] / "runs/judged.preferences.jsonl").read_text().splitlines()
    assert [json.loads(line)["choice"] for line in lines] == ["left", "right"]
    assert visit.page.evaluate("window.attacked") is None


def test_predictions_are_deleted_from_the_disk_and_from_the_page(visit, lab):
    code = "from ftkit import bench\nlooked = bench.predictions('30', 0.5, {'lora': 0.9})"
    notebook(lab[1] / "predicted.ipynb", code)
    visit.open("predicted.ipynb")
    visit.run_all()
    visit.wait_text(".ft-predictions", "0.40 too low")
    picture = visit.page.locator(".jp-OutputArea-output").filter(has_text="your prediction")
    assert picture.count() == 1 and (lab[1] / "runs/predictions.jsonl").exists()
    visit.page.locator(".ft-predictions .ft-delete").click()
    visit.wait_text(".ft-predictions [role=status]", "Press again to delete")
    time.sleep(0.5)  # two presses within a quarter of a second are one
    visit.page.locator(".ft-predictions .ft-delete").click()
    visit.wait_text(".ft-predictions [role=status]", "Deleted: 1 prediction.")
    picture.wait_for(state="detached")
    assert not (lab[1] / "runs/predictions.jsonl").exists()


def test_all_that_we_draw_passes_the_accessibility_check_in_both_themes(visit, lab, tiny_folder):
    notebook(lab[1] / "everyone.ipynb", EVERYONE.format(folder=str(tiny_folder)))
    visit.open("everyone.ipynb")
    visit.run_all()
    visit.page.wait_for_function("document.body.innerText.includes('all shown')", timeout=seconds(180) * 1000)
    visit.page.wait_for_selector(".ft-panel [role=slider][aria-label='learning rate']")
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    for theme in THEMES:
        visit.theme(theme)
        time.sleep(1)
        found = Axe().run(visit.page, context=".jp-OutputArea-output", options=rules).response
        assert len(found["passes"]) > 10
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []


def test_answers_are_chosen_by_keys_that_the_notebook_does_not_hear_and_runs_exported(visit, lab, tiny_folder):
    short = PANEL.format(folder=str(tiny_folder)).replace("steps=20_000", "steps=4")
    notebook(lab[1] / "chosen.ipynb", short, "panel.result().status")
    visit.open("chosen.ipynb")
    visit.run_all()
    visit.page.wait_for_selector(".ft-only select:not([disabled])[data-lm-suppress-shortcuts]")
    visit.settle()
    visit.page.locator(".ft-only select").focus()
    visit.page.keyboard.press("ArrowDown")
    visit.wait_text(".ft-answers", "(worse)")
    for _ in range(2):
        visit.page.keyboard.press("d")  # in a notebook this deletes a cell
    assert visit.page.locator(".jp-CodeCell").count() == 2
    visit.page.locator(".ft-export").click()
    visit.wait_text(".ft-exported [role=status]", "1 run exported")
    (page,) = (lab[1] / "runs").glob("race-*.html")
    assert str(page) in visit.text(".ft-exported")


def test_every_cell_of_lab_00_runs(visit):
    visit.open("00_start.ipynb")
    visit.run_all()
    visit.settle()
    assert visit.failed() == []
    assert visit.page.locator(".ft-ask").count() >= 1, "and its field was shown"


def test_an_error_in_a_cell_is_seen(visit, lab):
    notebook(lab[1] / "wrong.ipynb", "1 / 0")
    visit.open("wrong.ipynb")
    visit.run_all()
    visit.settle()
    assert [line.split(":")[0] for line in visit.failed()] == ["ZeroDivisionError"]


def seconds_to_screen(visit: Visit, key: str) -> float:
    """From a key on a slider to what the kernel makes of it on the page."""
    before, began = visit.text(".ft-python"), time.perf_counter()
    move(visit, ".ft-knob-learning_rate", key)
    visit.page.wait_for_function(
        "old => document.querySelector('.ft-python').innerText !== old", arg=before, polling=10
    )
    return time.perf_counter() - began


def test_controls_and_stop_answer_while_training_as_at_idle(visit, small):
    visit.open(small)
    visit.run_to("bench.panel(")
    visit.page.wait_for_selector(".ft-run", timeout=seconds(120) * 1000)
    keys = ("ArrowRight", "ArrowLeft") * 4
    idle = statistics.median(seconds_to_screen(visit, key) for key in keys)
    visit.page.locator(".ft-run").first.click()
    visit.page.wait_for_selector(".ft-curve .ft-now", timeout=seconds(180) * 1000)
    training = statistics.median(seconds_to_screen(visit, key) for key in keys)
    visit.page.locator(".ft-stop").first.click()
    began = time.perf_counter()
    visit.wait_text(".ft-state", "stopped", seconds(1.5))
    stop = time.perf_counter() - began
    print(
        f"A control is on the screen after {1000 * idle:.0f} ms at idle and {1000 * training:.0f} ms while training;"
        f" Stop has stopped after {1000 * stop:.0f} ms."
    )
    assert training < seconds(1)


def test_a_reload_finds_the_run_again(visit, small):
    visit.open(small)
    visit.run_to("bench.panel(")
    visit.page.locator(".ft-run").click()
    visit.page.wait_for_selector(".ft-curve .ft-now", timeout=seconds(120) * 1000)
    visit.save()
    at = dot(visit)[0]
    visit.page.reload()
    visit.page.wait_for_selector(".ft-curve .ft-now")
    visit.wait_text(".ft-state", "running")
    assert dot(visit)[0] > at
    visit.page.locator(".ft-stop").click()
    visit.wait_text(".ft-state", "stopped")


def test_a_second_tab_and_a_browser_that_was_closed_find_the_run_and_stop_it(visit, lab, small):
    path = lab[1] / small
    path.write_text(path.read_text().replace("20_000", "500_000"))  # long enough for three pages
    browser = visit.page.context.browser.new_context()
    one, tab = (Visit(browser.new_page(), visit.address) for _ in range(2))
    one.open(small)
    one.run_to("bench.panel(")
    one.page.locator(".ft-run").click()
    one.wait_text(".ft-progress", "step 2", seconds(120))
    one.save()
    tab.open(small)
    tab.wait_text(".ft-state", "running")
    before = one.text(".ft-python")
    move(tab, ".ft-knob-learning_rate")
    one.page.wait_for_function("old => document.querySelector('.ft-python').innerText !== old", arg=before)
    assert points(tab)
    browser.close()
    visit.open(small)
    visit.wait_text(".ft-state", "running")
    still = points(visit)
    visit.page.wait_for_function("old => document.querySelector('.ft-now').getAttribute('points') !== old", arg=still)
    visit.page.locator(".ft-stop").click()
    visit.wait_text(".ft-state", "stopped")
    quiet(one)
    quiet(tab)
    assert newest(lab[1]).status() == "stopped"
    assert [entry.status for entry in runs.store(lab[1] / "runs").runs()].count("running") == 0


def test_notebook_7_runs_a_panel_and_shows_its_curve(tmp_path, tiny_folder):
    notebook(tmp_path / "seven.ipynb", PANEL.format(folder=str(tiny_folder)))
    with server(tmp_path, "notebook") as address, visitor(address) as visit:
        visit.open("seven.ipynb", "notebooks")
        visit.run_to("bench.panel(")
        press_run_and_stop(visit, tmp_path)
        quiet(visit)


def test_a_waiting_cell_starts_the_run_and_its_stop_square_stops_it(visit, lab, small):
    visit.open(small)
    visit.run_all()
    visit.page.wait_for_selector(".ft-curve .ft-now", timeout=seconds(120) * 1000)
    visit.wait_text(".jp-Notebook .jp-CodeCell:nth-of-type(2) .jp-OutputArea", "stop square")
    visit.command("notebook:interrupt-kernel")
    visit.wait_text(".jp-Notebook .jp-CodeCell:nth-of-type(2) .jp-OutputArea", "the end: stopped")
    assert newest(lab[1]).status() == "stopped"


def test_nothing_that_a_model_wrote_is_run_by_the_page(visit, lab, tiny_folder):
    cells = (PANEL.format(folder=str(tiny_folder)), ATTACK.format(folder=str(tiny_folder)))
    notebook(lab[1] / "attack.ipynb", *cells)
    visit.open("attack.ipynb")
    visit.run_all()
    visit.page.wait_for_function("document.body.innerText.includes('all shown')", timeout=seconds(180) * 1000)
    visit.page.wait_for_selector(".ft-written table")
    visit.page.wait_for_selector(".js-plotly-plot .main-svg", state="attached")
    time.sleep(1)
    assert visit.page.evaluate("window.attacked") is None
    assert visit.page.locator(".ft-panel img, .ft-ask img, .jp-OutputArea img[src=x]").count() == 0
    assert "<img src=x" in visit.text(".ft-samples"), "it is shown, letter by letter"


def test_figures_are_drawn_in_both_themes_and_answer_a_click(visit, lab):
    notebook(lab[1] / "figures.ipynb", "from ftkit import plots\nplots.timeline()")
    visit.open("figures.ipynb")
    visit.run_all()
    visit.page.wait_for_selector(".js-plotly-plot .main-svg")
    heights = []
    for theme in THEMES:
        visit.theme(theme)
        time.sleep(1)
        heights.append(visit.page.locator(".jp-RenderedPlotly").bounding_box()["height"])
    assert heights[0] == heights[1] > 300, "a figure must not collapse when the theme changes"
    assert "Measured here" not in visit.text(".js-plotly-plot")
    at = visit.page.locator(".scatterlayer .point").nth(1).bounding_box()
    x, y = at["x"] + at["width"] / 2, at["y"] + at["height"] / 2
    visit.page.mouse.move(x - 4, y)
    visit.page.mouse.move(x, y)
    visit.wait_text(".hoverlayer", "BERT")
    visit.page.mouse.click(x, y)
    visit.wait_text(".infolayer", "Measured here")


def test_the_kernel_and_the_page_agree_about_a_recipe(visit, lab, small):
    visit.open(small)
    visit.run_to("bench.panel(")
    visit.page.locator(".ft-knob-mask input").uncheck()
    visit.wait_text(".ft-python", "SFT(mask=False)")
    press_run_and_stop(visit, lab[1])
    assert json.loads((newest(lab[1]).path / "recipe.json").read_text())["objective"]["mask"] is False
