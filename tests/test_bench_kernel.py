"""The panel in a real kernel, clicked as a browser clicks: by messages, without a browser."""

import json
import os
import re
import time
from importlib.metadata import version

import nbclient
import nbconvert
import nbformat
import pytest
from clicks import STATE, Kernel, started
from patience import seconds

SETUP = """
import threading
from ftkit import SFT, Full, Recipe, Task, Train, bench
short = Train(steps=6, batch=4, dtype="float32", eval_examples=2)
recipe = Recipe({folder!r}, SFT(), Task(examples=20), Full(), short)
long = recipe.but(steps=100_000, checkpoint_every=100_000)
panel = bench.panel(long, "clicks")
"""
CONTROLS = ["learning_rate", "weight_decay", "seed", "schedule", "mask", "steps"]
CELLS = (
    """
from ftkit import SFT, Full, Recipe, Task, Train, bench
train = Train(steps=6, batch=4, dtype="float32", eval_examples=3)
panel = bench.panel(Recipe({folder!r}, SFT(), Task(examples=20), Full(), train), "parity")
""",
    "done = panel.result()",
    """
import hashlib, json
digest = hashlib.sha256()
for name, weight in sorted(done.model()[0].state_dict().items()):
    digest.update(name.encode() + weight.numpy().tobytes())
losses = [one["values"]["loss"] for one in done.metrics if one["kind"] == "loss"]
print(json.dumps([losses, done.answers, done.forgetting, digest.hexdigest()]))
""",
)


@pytest.fixture(scope="module")
def kernel(tiny_folder, tmp_path_factory):
    with started(tmp_path_factory.mktemp("kernel"), FTKIT_MODE="thread") as found:
        found.tell(SETUP.format(folder=str(tiny_folder)))
        assert found.tell("import ipykernel; print(ipykernel.__version__)") == version("ipykernel")
        yield found


@pytest.fixture(scope="module")
def executed(tiny_folder, tmp_path_factory):
    """A notebook that nobody watched."""
    folder = tmp_path_factory.mktemp("headless")
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells(tiny_folder)])
    unwatched = {key: value for key, value in os.environ.items() if key not in ("FTKIT_MODE", "JPY_SESSION_NAME")}
    client = nbclient.NotebookClient(made, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    return client.execute(env=unwatched | {"FTKIT_RUNS": str(folder / "runs"), "IPYTHONDIR": str(folder / "ipython")})


def cells(folder) -> list[str]:
    return [cell.replace("{folder!r}", repr(str(folder))) for cell in CELLS]


def test_a_double_click_starts_one_thread_and_stop_stops_it(kernel):
    kernel.click("panel.view.buttons['run']")
    kernel.click("panel.view.buttons['run']")
    said = kernel.until("running")
    assert said.split()[2] == "1"
    assert kernel.tell("print('ft-last' in panel.view.texts['curve'].value)") == "True"
    patience = seconds(2)  # one for Stop, one for asking
    kernel.click("panel.view.buttons['stop']")
    kernel.until("stopped", patience)
    assert kernel.tell("import ftkit; print([one.status for one in ftkit.runs.store().runs()])") == "['stopped']"


def test_the_kernel_answers_while_a_run_goes_on(kernel):
    kernel.tell("panel = bench.panel(long, 'answers')")
    kernel.click("panel.view.buttons['run']")
    first = int(kernel.until("running").split()[1])
    times = []
    for _ in range(5):
        began = time.monotonic()
        kernel.tell("1 + 1")
        times.append(time.monotonic() - began)
    assert sorted(times)[2] < seconds(1)
    assert int(kernel.tell(STATE).split()[1]) > first
    kernel.click("panel.view.buttons['stop']")
    kernel.until("stopped")


def test_the_stop_square_of_a_waiting_cell_is_stop(kernel):
    kernel.tell("panel = bench.panel(long, 'square')")
    request = kernel.send("done = panel.result(); print(done.status)")
    time.sleep(1)
    kernel.manager.interrupt_kernel()
    assert kernel.reply(request)["status"] == "ok"
    assert kernel.tell("print(done.status, panel.state)") == "stopped stopped"


def test_an_error_in_the_worker_is_an_error_of_the_cell(kernel):
    kernel.tell("panel = bench.panel(recipe.but(model='nobody'), 'error')")
    content = kernel.reply(kernel.send("panel.result()"))
    assert (content["status"], content["ename"]) == ("error", "ValueError")
    assert "choose one of" in content["evalue"]


def test_a_cell_that_is_run_again_replaces_its_panel(kernel):
    kernel.tell("panel = bench.panel(long, 'again'); first = panel; panel.start()")
    kernel.until("running")
    kernel.tell("panel = bench.panel(recipe, 'again')")
    assert kernel.tell("print(first.state, panel.state)") == "stopped idle"
    assert kernel.tell("print(panel.result().status)").endswith("done")


# ---- bad luck ----


def test_an_interrupt_while_a_run_goes_on_ends_the_cell_that_computes_and_not_the_run(kernel):
    kernel.tell("import time; panel = bench.panel(long, 'interrupt')")
    kernel.click("panel.view.buttons['run']")
    step = int(kernel.until("running").split()[1])
    kernel.manager.interrupt_kernel()  # nothing computes
    computing = kernel.send("print('computing'); time.sleep(1000)")
    time.sleep(0.5)
    kernel.manager.interrupt_kernel()
    assert kernel.reply(computing)["ename"] == "KeyboardInterrupt"
    assert int(kernel.until("running").split()[1]) >= step
    for _ in range(2):
        kernel.click("panel.view.buttons['stop']")
    kernel.until("stopped", threads=0)
    assert shown(kernel) == [True, False, "Resume", "stopped"]


def test_the_stop_square_within_a_step_and_pressed_twice_is_one_stop(kernel):
    kernel.tell("panel = bench.panel(long, 'squares')")
    waiting = kernel.send("done = panel.result()")
    kernel.hear(waiting, "loss")
    kernel.manager.interrupt_kernel()
    kernel.manager.interrupt_kernel()
    kernel.reply(waiting)  # the second may reach the cell, which then ends in it
    kernel.until("stopped", threads=0)
    assert kernel.tell("print(panel.result().status)").endswith("stopped")
    assert shown(kernel) == [True, False, "Resume", "stopped"]


def shown(kernel: Kernel) -> list:
    """[whether Run may be pressed, whether Stop may, what the third button says, what the newest run's folder says]"""
    return json.loads(
        kernel.tell(
            "import ftkit, json; buttons = panel.view.buttons\n"
            "print(json.dumps([not buttons['run'].disabled, not buttons['stop'].disabled,"
            " buttons['pause'].description, ftkit.runs.store().runs()[0].status]))"
        )
    )


@pytest.mark.parametrize(
    ("knob", "nonsense", "good"),
    [
        ("weight_decay", {"value": "nan"}, {"value": 0.5}),
        ("weight_decay", {"value": None}, {"value": 0.5}),
        ("weight_decay", {"value": 1e300}, {"value": 0.25}),
        ("seed", {"value": "seven"}, {"value": 7}),
        ("seed", {"value": 10**30}, {"value": 8}),
        ("seed", {"value": -5}, {"value": 9}),
        ("learning_rate", {"index": 999}, {"index": 1}),
        ("schedule", {"index": -7}, {"index": 1}),
        ("mask", {"value": "<b>"}, {"value": False}),
        ("steps", {"index": "first"}, {"index": 0}),
    ],
)
def test_nonsense_in_a_control_is_refused_or_clamped_and_the_next_value_counts(nonsensical, knob, nonsense, good):
    kernel = nonsensical
    kernel.put(f"knobs[{knob!r}]", **nonsense)
    state, complaint, valid = json.loads(kernel.tell(ASK.format(knob=knob)))[:3]
    assert state == "idle" and valid and (not complaint or f"{knob} is " in complaint)
    kernel.put(f"knobs[{knob!r}]", **good)
    state, complaint, _, wanted, value = json.loads(kernel.tell(ASK.format(knob=knob)))
    assert (state, complaint) == ("idle", "") and wanted == value


ASK = """
import json
control = next(one for one, _ in panel.view.knobs if one.name == {knob!r})
print(json.dumps([panel.state, panel.complaint, Recipe.from_json(panel.recipe.to_json()) == panel.recipe,
                  knobs[{knob!r}].value, control.value(panel.recipe)]))
"""


@pytest.fixture(scope="module")
def nonsensical(kernel):
    kernel.tell(f"panel = bench.panel(recipe, 'nonsense', {CONTROLS})")
    kernel.tell("knobs = {control.name: widget for control, widget in panel.view.knobs}")
    return kernel


def test_nonsense_while_a_run_goes_on_does_not_reach_it(kernel):
    kernel.tell("panel = bench.panel(long, 'nonsense on the way', ['learning_rate', 'weight_decay'])")
    kernel.tell("knobs = {control.name: widget for control, widget in panel.view.knobs}")
    kernel.click("panel.view.buttons['run']")
    kernel.until("running")
    kernel.put("knobs['learning_rate']", index=999)
    kernel.put("knobs['weight_decay']", value="nan")
    step = int(kernel.until("running").split()[1])
    assert "weight_decay is nan; choose 0.0 to 1.0" in kernel.tell("print(panel.view.texts['progress'].value)")
    kernel.put("knobs['weight_decay']", value=0)
    kernel.put("knobs['learning_rate']", index=1)
    while "ft-mark" not in kernel.tell("print(panel.view.texts['curve'].value)"):
        assert int(kernel.until("running").split()[1]) < step + 5000
    kernel.click("panel.view.buttons['stop']")
    kernel.until("stopped")
    assert kernel.tell("print(len(panel.result().recipe.changes))").endswith("1")


def test_two_panels_of_one_notebook_leave_each_other_alone(kernel):
    look = "print([(one.state, {k: v.value for k, v in one.view.texts.items()}) for one in (%s,)])"
    kernel.tell("one = panel = bench.panel(long, 'one'); other = bench.panel(recipe, 'other')")
    still = kernel.tell(look % "other")
    kernel.click("one.view.buttons['run']")
    kernel.until("running")
    assert kernel.tell(look % "other") == still
    kernel.click("other.view.buttons['run']")
    assert "Another run is going on" in kernel.tell("print(other.state, other.view.texts['progress'].value)")
    kernel.click("one.view.buttons['stop']")
    kernel.until("stopped")
    ended = kernel.tell(look % "one")
    kernel.tell("panel = other")
    kernel.click("other.view.buttons['run']")
    kernel.until("done")
    assert kernel.tell(look % "one") == ended
    assert kernel.tell("print('ft-earlier' in other.view.texts['curve'].value)") == "False"


# ---- nobody watches ----


def test_headless_the_same_cells_give_the_numbers_that_a_click_gave(kernel, executed, tiny_folder):
    first, second, third = cells(tiny_folder)
    kernel.tell(first)
    kernel.click("panel.view.buttons['run']")
    kernel.until("done")
    kernel.tell(second)
    clicked, headless = json.loads(kernel.tell(third)), json.loads(executed.cells[2].outputs[0].text)
    assert len(clicked[0]) == 6 and len(clicked[1]) == 3 and clicked[2]
    assert headless == clicked


def test_what_nobody_watched_is_a_page_that_asks_for_nothing(executed):
    bundles = [output.data for cell in executed.cells for output in cell.outputs if "data" in output]
    assert "widgets" not in executed.metadata and not any("widget" in kind for one in bundles for kind in one)
    page, bare = (
        nbconvert.HTMLExporter().from_notebook_node(one)[0]
        for one in (executed, nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]))
    )
    assert page.count("<table") >= 1 and page.count("data:image/png;base64,") >= 2
    assert "The same questions" in page and "done at step 6" in page
    asked = re.compile(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']?(?!data:)[^\s\"'>]+")
    assert sorted(asked.findall(page)) == sorted(asked.findall(bare)), "nothing but nbconvert's own MathJax"
