"""The bench: one run at a time, stopped when asked, drawn as it is, and the same without a screen."""

import html
import io
import math
import re
import shutil
import signal
import sys
import threading
import time
from contextlib import redirect_stdout, suppress
from dataclasses import replace
from types import SimpleNamespace
from xml.etree import ElementTree

import ipywidgets
import pytest
import torch
from patience import paused, seconds, until

from ftkit import bench, training
from ftkit.adapters import ADAPTERS, LoRA
from ftkit.bench import knobs, live, page
from ftkit.bench.curve import BOTTOM, HEIGHT, TOP, Line, curve, ticks
from ftkit.bench.expected import expected
from ftkit.bench.live import Live, mode
from ftkit.bench.python import python
from ftkit.bench.replay import replay
from ftkit.data import Corpus
from ftkit.models import Layout
from ftkit.objectives import OBJECTIVES, Pretrain
from ftkit.recipe import SOURCES, Recipe, Train

ATTACK = "<img src=x onerror=alert(1)>"
pytestmark = pytest.mark.usefixtures("nothing_runs")


def gradient_descent(hand, steps=10**9, step=lambda i: None):
    """Real work to follow: a line is fitted until somebody says stop."""
    weight = torch.zeros(1, requires_grad=True)
    for i in range(steps):
        loss = (weight - 3).square().sum()
        (gradient,) = torch.autograd.grad(loss, weight)
        weight = (weight - 0.1 * gradient).detach().requires_grad_()
        step(i)
        if hand.stopped.is_set():
            return SimpleNamespace(status="stopped", weight=weight.item())
        time.sleep(0.001)
    return SimpleNamespace(status="done", weight=weight.item())


# ---- which mode --------------------------------------------------------------------------------------------------


def kernel(**user):
    return SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object(), user_ns=user))


@pytest.mark.parametrize(
    ("environment", "modules", "expected"),
    [
        ({}, {"IPython": SimpleNamespace(get_ipython=lambda: None)}, "headless"),
        ({}, {"IPython": kernel()}, "headless"),
        ({"JPY_SESSION_NAME": "x.ipynb"}, {"IPython": kernel()}, "thread"),
        ({"SERVER_SOFTWARE": "voila/0.5"}, {"IPython": kernel()}, "thread"),
        ({}, {"IPython": kernel(__vsc_ipynb_file__="x")}, "thread"),
        (
            {"JPY_SESSION_NAME": "x"},
            {"IPython": kernel(), "ipykernel": SimpleNamespace(version_info=(7, 0, 1))},
            "cell",
        ),
        ({}, {"IPython": kernel(), "google.colab": SimpleNamespace()}, "cell"),
        ({"FTKIT_MODE": "headless", "JPY_SESSION_NAME": "x"}, {"IPython": kernel()}, "headless"),
    ],
)
def test_mode_follows_who_is_watching(monkeypatch, environment, modules, expected):
    for name in ("JPY_SESSION_NAME", "SERVER_SOFTWARE", "FTKIT_MODE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for name, value in modules.items():
        monkeypatch.setitem(sys.modules, name, value)
    assert mode() == expected


def test_an_unknown_mode_is_refused(monkeypatch):
    monkeypatch.setenv("FTKIT_MODE", "fast")
    with pytest.raises(ValueError, match="'fast'; choose one of thread, cell, headless"):
        mode()


# ---- work beside the notebook ------------------------------------------------------------------------------------


def test_stop_is_heard_within_a_second_and_the_result_says_so():
    changes = []
    one = Live("thread", lambda: changes.append(one.state))
    assert one.start(gradient_descent)
    until(lambda: changes[-1:] == ["running"])
    one.stop()
    assert one.join(seconds(1)), "Stop must answer within a second"
    assert one.wait().status == one.state == "stopped"
    assert changes == ["running", "stopping", "stopped"]


def test_work_is_really_done():
    one = Live("thread", lambda: None)
    one.start(lambda hand: gradient_descent(hand, steps=100))
    assert one.wait().weight == pytest.approx(3, abs=1e-3)
    assert one.state == "done"


def test_two_starts_at_once_start_one():
    one, started = Live("thread", lambda: None), []
    gate = threading.Barrier(8)

    def press():
        gate.wait()
        started.append(one.start(gradient_descent))

    hands = [threading.Thread(target=press) for _ in range(8)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert sorted(started) == [False] * 7 + [True]
    assert sum(thread.name == "ftkit-run" for thread in threading.enumerate()) == 1
    one.stop()
    one.wait()


def test_the_end_of_one_work_is_not_taken_for_that_of_the_next():
    """The first has ended but still draws when the second begins."""
    begun, held = threading.Event(), threading.Event()
    live = Live("thread", lambda: begun.wait(seconds(10)) if live.state == "done" else None)
    live.start(lambda hand: None)
    until(lambda: live.state == "done")
    assert live.start(lambda hand: held.wait(seconds(10)))
    begun.set()
    assert not live.join(0.5)
    held.set()
    assert live.join(seconds(10))


def test_one_run_at_a_time_across_panels():
    one, other = Live("thread", lambda: None), Live("thread", lambda: None)
    assert one.start(gradient_descent) and not other.start(gradient_descent)
    assert other.state == "idle"
    one.stop()
    one.wait()
    assert other.start(lambda hand: gradient_descent(hand, steps=1)) and other.wait().status == "done"


def test_news_is_shown_at_most_five_times_a_second_and_the_end_always():
    times, one = [], Live("thread", lambda: times.append((time.monotonic(), one.state)))
    one.start(lambda hand: gradient_descent(hand, steps=600, step=lambda i: one.tick()))
    one.wait()
    during = [moment for moment, state in times if state == "running"]
    assert len(during) <= 3 + (during[-1] - during[0]) * live.RATE
    assert times[-1][1] == "done"


@pytest.mark.parametrize("how", ["thread", "cell", "headless"])
def test_an_error_in_the_worker_is_an_error_of_the_cell(how):
    def breaks(stop):
        big = torch.zeros(10)
        raise MemoryError(f"no room for {len(big)}")

    one = Live(how, lambda: None)
    one.start(breaks)
    with pytest.raises(MemoryError, match="no room for 10") as caught:
        one.wait()
    assert one.state == "failed"
    last = caught.value.__traceback__
    while last.tb_next:
        last = last.tb_next
    assert last.tb_frame.f_code.co_name == "breaks" and "big" not in last.tb_frame.f_locals


@pytest.mark.parametrize("how", ["thread", "cell"])
def test_interrupting_a_waiting_cell_is_stop_however_often(how):
    one, before = Live(how, lambda: None), signal.getsignal(signal.SIGINT)

    def press():
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)

    one.start(gradient_descent)
    assert one.wait(press).status == "stopped" and signal.getsignal(signal.SIGINT) is before


def test_a_later_interrupt_ends_a_cell_whose_work_does_not_listen(monkeypatch):
    monkeypatch.setattr(live, "ONE_PRESS", 0.1)
    one, held = Live("thread", lambda: None), threading.Event()
    one.start(lambda hand: held.wait(seconds(10)))
    with pytest.raises(KeyboardInterrupt):
        one.wait(lambda: signal.raise_signal(signal.SIGINT))
    assert one.state == "stopping"
    held.set()
    assert one.join(seconds(10))


def test_a_cell_outside_the_main_thread_waits_too():
    one, found = Live("thread", lambda: None), []
    one.start(lambda hand: gradient_descent(hand, steps=10))
    waiting = threading.Thread(target=lambda: found.append(one.wait().status))
    waiting.start()
    waiting.join(seconds(10))
    assert found == ["done"]


def test_in_cell_mode_only_the_waiting_thread_draws():
    drawn, one = [], Live("cell", lambda: drawn.append(threading.current_thread()))
    one.start(lambda hand: gradient_descent(hand, steps=400, step=lambda i: one.tick()))
    one.wait()
    assert len(drawn) >= 2 and set(drawn) == {threading.current_thread()}


def test_a_late_stop_does_nothing():
    one = Live("thread", lambda: None)
    one.start(lambda hand: gradient_descent(hand, steps=1))
    one.wait()
    one.stop()
    assert one.state == "done"


# ---- the curve ---------------------------------------------------------------------------------------------------


def seen(page):
    """(step, loss) of the dot, read off the axes as a person would."""

    def scale(kind):
        marks = re.findall(rf'ft-tick-{kind}" data-at="([\d.]+)"[^>]*>([\d.kM]+)<', page)
        (a, low), (b, high) = [(float(at), float(text.replace("k", "e3"))) for at, text in (marks[0], marks[-1])]
        return lambda at: low + (at - a) / (b - a) * (high - low)

    x, y = map(float, re.search(r'ft-last" cx="([\d.]+)" cy="([\d.]+)"', page).groups())
    return scale("x")(x), scale("y")(y)


@pytest.mark.parametrize(("count", "top"), [(1, 0.02), (7, 6.93), (5000, 3.2)])
def test_the_last_point_stands_where_the_axes_say(count, top):
    points = [(i, top / i**0.3) for i in range(1, count + 1)]
    step, loss = seen(curve(Line("run 1", points), steps=count))
    assert step == pytest.approx(points[-1][0], rel=0.01, abs=0.1)
    assert loss == pytest.approx(points[-1][1], rel=0.01)


def test_a_long_run_is_drawn_with_few_points():
    page = curve(Line("run 1", [(i, 1.0) for i in range(100_000)]))
    drawn = re.search(r'class="ft-now" points="([^"]*)"', page)[1].split()
    assert len(drawn) == 400 and len(page) < 20_000


def test_no_loss_yet_and_odd_losses_are_drawn():
    assert "no loss yet" in curve(Line("no run yet", []))
    page = curve(Line("run 1", [(1, 2.0), (2, math.nan), (3, math.inf), (4, 1.0)]))
    assert "nan" not in page.lower().replace("nats", "") and seen(page)[0] == pytest.approx(4, abs=0.1)
    assert seen(curve(Line("run 1", [(1, 0.0)])))[1] == 0


def test_the_curve_takes_its_colours_from_the_page_and_tells_lines_apart_by_dashes():
    page = curve(Line("run 2", [(1, 2.0)], 1), [Line("run 1", [(1, 3.0), (2, 1.0)], 0)])
    assert "var(--jp-ui-font-color1" in page
    dashes = re.findall(r'<polyline[^>]*stroke-dasharray="([^"]*)"', page)
    assert len(dashes) == len(set(dashes)) == 2
    assert "run 1" in page and "run 2" in page


def test_every_line_of_the_picture_is_closed_so_that_a_browser_draws_the_next_one():
    page = curve(Line("run 3", [(1, 2.0), (2, 1.0)], 2), [Line(f"run {i}", [(1, 3.0), (2, 1.0)], i) for i in (0, 1)])
    picture = ElementTree.fromstring(page[: page.index("</svg>") + len("</svg>")])
    assert [part.tag for part in picture].count("polyline") == 3 and picture[-1].tag == "circle"


def test_names_of_runs_are_escaped():
    assert "<img" not in curve(Line(ATTACK, [(1, 1.0)]))


def test_what_is_below_zero_lies_on_the_picture_and_has_its_name_and_unit():
    drawn = curve(Line("policy", [(1, 0.1), (2, -0.3), (3, -0.2)]), steps=3, name="reward", unit="as graded")
    heights = [float(point.split(",")[1]) for point in re.search('ft-now" points="([^"]+)"', drawn)[1].split()]
    assert all(TOP <= height <= HEIGHT - BOTTOM for height in heights)
    assert max(heights) == heights[1] and ">-0.3<" in drawn and ">reward (as graded)</text>" in drawn
    assert "reward -0.200 as graded at step 3" in drawn and "nats" not in drawn and "loss" not in drawn
    assert "no reward yet" in curve(Line("policy", []), name="reward", unit="")
    assert "loss (nats/pair)" in curve(Line("pairs", [(1, 0.7)]), unit="nats/pair")
    assert ticks(0.104, -0.312) == pytest.approx([-0.3, -0.2, -0.1, 0.0, 0.1])


@pytest.mark.parametrize("top", [0.003, 0.9, 1, 7.1, 200, 123456])
def test_ticks_are_round_and_few(top):
    found = ticks(top)
    assert found[0] == 0 and found[-1] <= top * 1.001 and 3 <= len(found) <= 7


def test_drawing_is_cheap():
    lines = [Line(str(i), [(step, 1.0) for step in range(5000)]) for i in range(5)]
    began = time.process_time()
    for _ in range(20):
        curve(lines[0], lines[1:])
    assert (time.process_time() - began) / 20 < 0.1, "drawing five times a second must not slow a run"


# ---- controls ----------------------------------------------------------------------------------------------------


def test_every_knob_of_every_part_has_a_control(asking):
    asking = replace(asking, adapter=LoRA())
    names = [one.name for one in knobs.controls(asking)]
    assert {"rank", "alpha", "mask", "examples", "learning_rate", "steps"} <= set(names)
    assert len(names) == sum(
        len(knobs.knobs(part)) for part in (LoRA, type(asking.objective), type(asking.task), Train)
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("rank", ipywidgets.SelectionSlider), ("learning_rate", ipywidgets.SelectionSlider),
        ("mask", ipywidgets.Checkbox), ("schedule", ipywidgets.Dropdown), ("weight_decay", ipywidgets.FloatSlider),
        ("seed", ipywidgets.BoundedIntText), ("island", ipywidgets.BoundedIntText),
    ],
)  # fmt: skip
def test_a_knobs_kind_decides_its_widget(asking, name, kind):
    asking = replace(asking, adapter=LoRA())
    (one,) = knobs.controls(asking, [name])
    made = knobs.widget(one, asking)
    assert type(made) is kind and made.value == one.value(asking)
    assert f"ft-knob-{name}" in made._dom_classes and made.description
    help = made.tooltip if made.has_trait("tooltip") else made.description_tooltip
    assert help.startswith(f"{one.knob.help}; default (★): ") and ("while it runs" in help) == (name == "learning_rate")


def test_every_widget_takes_its_knobs_default(asking):
    for recipe in (replace(asking, adapter=LoRA()), Recipe(Layout(), Pretrain(), Corpus())):
        for one in knobs.controls(recipe):
            made = knobs.widget(one, recipe)
            assert knobs.turned(recipe, [(one, made.value)]) == recipe


def test_values_to_choose_from_may_be_given_and_named(asking):
    offered = knobs.controls(asking, {"examples": (25, 2500), "steps": {"short": 4, "long": 400}, "mask": None})
    assert offered[0].options == (("25", 25), ("40", 40), ("2,500 ★", 2500)), "the recipe's own value is among them"
    assert offered[1].options == (("short", 4), ("8", 8), ("long", 400))
    assert offered[2].options == ()


def test_the_model_can_be_chosen(asking):
    (one,) = knobs.controls(asking, {"model": ("fresh:nano", "fresh:small")})
    assert knobs.turned(asking, [(one, "fresh:nano")]).model == "fresh:nano"


@pytest.mark.parametrize(
    ("name", "message"),
    [("learning_rat", "did you mean 'learning_rate'"), ("context", r"write model\.context or objective\.context")],
)
def test_an_unclear_knob_is_refused(reading, name, message):
    with pytest.raises(ValueError, match=message):
        knobs.controls(reading, [name])
    assert knobs.controls(reading, ["objective.context"])[0].value(reading) == reading.objective.context


def test_turning_reaches_every_part(asking):
    asking = replace(asking, adapter=LoRA())
    offered = knobs.controls(asking, ["rank", "mask", "examples", "learning_rate"])
    turned = knobs.turned(asking, list(zip(offered, (4, False, 25, 0.01), strict=True)))
    assert (turned.adapter.rank, turned.objective.mask, turned.task.examples) == (4, False, 25)
    assert turned.train.learning_rate == 0.01


@pytest.mark.parametrize("which", ["asking", "reading"])
def test_the_python_shown_makes_the_same_recipe(which, request):
    recipe = request.getfixturevalue(which).but(learning_rate=0.0123, seed=7)
    assert made_by(python(recipe)) == recipe


def test_the_python_shown_gives_the_weights_of_the_run(store, reading, watched):
    panel = bench.panel(reading, "shown", ["learning_rate"])
    plain = panel.result()
    assert equal(ran_as_shown(panel), plain)
    time.sleep(1)  # a click right behind a cell that waited does nothing
    paused(panel)
    panel.view.knobs[0][1].value = 1e-4
    panel.resume()
    turned = panel.result()
    assert turned.recipe.changes and not equal(turned, plain)
    assert equal(ran_as_shown(panel, "it was turned"), turned)


def ran_as_shown(panel, words="The same"):
    """The run that the text on a panel makes, in a namespace of its own, as a learner would paste it."""
    shown = panel.view.texts["python"].value
    text = re.search(rf"<summary>[^<]*{words}[^<]*</summary><pre[^>]*>(.*?)</pre>", shown, re.DOTALL)[1]
    own = {}
    exec(html.unescape(text), own)
    return own["done"]


def equal(one, other):
    one, other = (run.model()[0].state_dict() for run in (one, other))
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", [one.config for one in (*ADAPTERS, *OBJECTIVES)] + list(SOURCES))
def test_the_python_shown_finds_every_technique(asking, kind):
    for part in ("adapter", "objective", "task"):
        with suppress(TypeError):  # it is none of these
            recipe = replace(asking, **{part: kind()})
    assert made_by(python(recipe)) == recipe


def made_by(text):
    """The recipe that a text would run."""
    asked = []
    exec(text.replace(", run\n", "\n"), {"run": asked.append})
    return asked[0]


# ---- what a run will cost ----------------------------------------------------------------------------------------


def test_costs_by_hand(monkeypatch):
    monkeypatch.setattr("ftkit.machine.products", lambda: 1e9)
    layout = Layout(width=64, layers=1, feed_forward=64)  # 94,400 weights
    recipe = Recipe(layout, Pretrain(context=100), Corpus(), train=Train(steps=10, batch=4))
    step = 0.02 + 3 * 94_400 * 4 * 100 / (0.4 * 1e9)
    found = expected(recipe)
    assert found.seconds == pytest.approx(10 * step)
    assert found.memory == pytest.approx(0.55 * 2**30 + 16 * 94_400 + (4 * 40 * 64 + 12 * 1024) * 400)
    assert expected(recipe.but(device_batch=1)).memory < found.memory
    assert str(replace(found, seconds=600)) == "about 10 minutes of training and 0.6 GiB here"


@pytest.mark.parametrize("model", ["fresh:nope", "nope", "run:nope", "nobody/nothing"])
def test_what_is_not_at_hand_has_no_costs_and_is_not_asked_for(asking, model):
    assert expected(asking.but(model=model)) is None


# ---- a panel without a screen ------------------------------------------------------------------------------------


def test_headless_a_result_is_a_finished_run_with_tables_and_no_widget(store, asking, monkeypatch):
    monkeypatch.setattr(page, "View", None)
    monkeypatch.setattr(page, "Waiting", None)
    out = io.StringIO()
    with redirect_stdout(out):
        panel = bench.panel(asking, "headless")
        done = panel.result()
    assert done.status == panel.state == "done" and len(done.answers) == 4
    told = out.getvalue()
    for words in (
        "done = run(Recipe(",
        "Figure: Loss",
        "The same questions",
        "Figure: What was known",
        "done at step 8",
    ):
        assert words in told
    out = io.StringIO()
    with redirect_stdout(out):
        assert panel.result() is done
    assert out.getvalue() == "" and len(store.runs()) == 1


def test_headless_an_error_is_an_error_of_the_cell(store, asking):
    panel = bench.panel(replace(asking, model="nobody"), "error")
    with pytest.raises(ValueError, match="model is 'nobody'"):
        panel.result()
    assert panel.state == "failed"
    with pytest.raises(ValueError, match="model is 'nobody'"):
        panel.result()


def test_a_cell_that_switched_gradients_off_means_itself(store, asking):
    with torch.no_grad():
        assert bench.panel(asking, "gradients").result().status == "done"


def test_samples_are_reported(store, reading, capsys):
    bench.panel(reading.but(sample_every=4, prompts=("Tamu",)), "samples").result()
    assert "The same beginning" in capsys.readouterr().out


# ---- a panel with widgets ----------------------------------------------------------------------------------------


def long(recipe):
    return recipe.but(steps=5000, checkpoint_every=5000)


def test_run_and_stop_by_their_buttons(store, asking, watched):
    panel = bench.panel(long(asking), "buttons")
    view = panel.view
    assert panel.state == "idle" and "ready" in view.texts["state"].value and view.buttons["stop"].disabled
    view.buttons["run"].click()
    view.buttons["run"].click()
    until(lambda: panel.step >= 3 and "ft-last" in view.texts["curve"].value)
    assert view.buttons["run"].disabled and not view.buttons["stop"].disabled
    patience = seconds(1)
    view.buttons["stop"].click()
    assert panel.live.join(patience), "Stop must answer within a second"
    done = panel.result()
    assert done.status == panel.state == "stopped" and len(store.runs()) == 1
    assert store.runs()[0].status == "stopped"
    assert "stopped" in view.texts["state"].value and not view.buttons["run"].disabled
    last = [event for event in done.metrics if event["kind"] == "loss"][-1]
    assert seen(view.texts["curve"].value) == pytest.approx((last["step"], last["values"]["loss"]), rel=0.02, abs=0.1)


def test_pause_saves_and_waits_and_the_same_button_goes_on(store, asking, watched):
    panel = bench.panel(asking.but(steps=400, checkpoint_every=400), "pause")
    buttons, words = panel.view.buttons, panel.view.texts["progress"]
    assert [name for name, one in buttons.items() if not one.disabled] == ["run"]
    buttons["run"].click()
    until(lambda: panel.step >= 2)
    buttons["pause"].click()
    until(lambda: panel.state == "paused" and "its state is saved" in words.value)
    assert panel.view.texts["numbers"].value == "", "a table that is folded again five times a second cannot be read"
    step, (entry,) = panel.step, store.runs()
    assert buttons["pause"].description == "Resume" and store.folder(entry.id).checkpoint().name == str(step)
    time.sleep(0.3)
    assert panel.step == step and panel.live.busy and "paused" in panel.view.texts["state"].value
    buttons["pause"].click()
    until(lambda: panel.step > step and buttons["pause"].description == "Pause")
    buttons["stop"].click()
    assert panel.live.join(60) and panel.state == "stopped"
    stopped = panel.step
    buttons["pause"].click()
    assert panel.live.join(seconds(60)) and panel.state == "done"
    assert len(store.runs()) == 1 and panel.step == 400 > stopped and panel.result().status == "done"
    assert [step for step, _ in panel.now().points] == list(range(1, 401)), "no step is drawn twice"
    assert panel.earlier == []


def test_a_rate_turned_while_it_runs_is_drawn_and_is_in_the_runs_recipe(store, asking, watched):
    panel = bench.panel(long(asking), "rate", ["learning_rate", "batch"])
    (_, rate), (_, batch) = panel.view.knobs
    panel.start()
    until(lambda: panel.step >= 2)
    rate.value, batch.value = 1e-4, 2
    until(lambda: "ft-mark" in panel.view.texts["curve"].value)
    panel.stop()
    done = panel.result()
    ((step, *change),) = done.recipe.changes
    assert change == ["learning_rate", 1e-4] and done.recipe.train.batch == asking.train.batch
    picture = panel.view.texts["curve"].value
    assert f"run 1: learning rate 0.0001 after step {step}" in picture and ">learning rate 0.0001</text>" in picture
    assert f"changes=(({step}, 'learning_rate', 0.0001),)" in python(done.recipe)


def test_fork_goes_on_from_a_paused_run_with_the_turned_knob(store, asking, watched):
    panel = bench.panel(asking.but(steps=400, checkpoint_every=400), "fork", ["learning_rate"])
    rate, buttons = panel.view.knobs[0][1], panel.view.buttons
    panel.start()
    until(lambda: panel.step >= 2)
    panel.pause()
    until(lambda: panel.state == "paused")
    step = panel.step
    assert buttons["fork"].disabled
    rate.value = 1e-4
    assert not buttons["fork"].disabled
    buttons["fork"].click()
    done = panel.result()
    assert done.status == "done" and done.recipe.changes == ((step, "learning_rate", 1e-4),)
    parent = next(one for one in store.runs() if one.id != done.id)
    assert (parent.status, parent.step, "changes" in parent.recipe) == ("stopped", step, False)
    assert panel.view.texts["curve"].value.count("ft-earlier") == 1 and panel.earlier[0].points[-1][0] == step
    assert panel.now().points[: step - 1] == panel.earlier[0].points[: step - 1]


def test_a_run_that_an_earlier_kernel_left_is_offered_and_goes_on(store, asking, watched):
    recipe = asking.but(steps=40)
    left = bench.panel(recipe, "left")
    left.start()
    until(lambda: left.step >= 2)
    left.stop()
    left.live.join()
    status = store.folder(left.last).path / "status.json"
    status.write_text(status.read_text().replace('"stopped"', '"running"').replace('"pid": ', '"pid": 4000000'))
    panel = bench.panel(recipe, "right")
    step = store.folder(left.last).checkpoint().name
    assert f"{left.last} was interrupted after step {step}; Resume" in panel.view.texts["progress"].value
    panel.view.buttons["pause"].click()
    assert panel.live.join(seconds(60)) and panel.state == "done"
    assert panel.live.value.id == left.last and len(store.runs()) == 1
    other = bench.panel(recipe.but(seed=5), "other")
    assert other.view.texts["progress"].value.count("Resume") == 0 and other.view.buttons["pause"].disabled


def test_in_a_talk_the_last_run_is_told_again_and_nothing_is_trained(store, asking, watched, monkeypatch):
    done = bench.panel(asking, "prepared").result()
    panel = bench.panel(asking, "talk", talk=True)
    view, words = panel.view, panel.view.texts["state"]
    assert "ft-talk" in view.box._dom_classes and not view.buttons["replay"].disabled
    monkeypatch.setattr(training, "run", None)
    view.buttons["replay"].click()
    assert panel.live.join(seconds(60)) and panel.state == "done"
    assert "done: replay of an earlier run, nothing is trained" in words.value and len(store.runs()) == 1
    assert panel.events == done.metrics and panel.result().id == done.id
    assert f"run 1, replay of {done.id}" in view.texts["curve"].value
    assert "<td" in view.texts["numbers"].value and f"run 1, replay of {done.id}" in view.texts["numbers"].value
    assert "Right of 4" in view.texts["answers"].value
    plain = bench.panel(asking, "plain")
    assert "replay" not in plain.view.buttons
    other = bench.panel(asking.but(seed=9), "never run", talk=True)
    assert other.view.buttons["replay"].disabled and not other.replay()


def test_a_run_is_told_again_at_its_pace_but_never_longer_than_asked():
    events = [{"seconds": second} for second in (10.0, 10.0, 11.0, 13.0)]
    told, hand, began = [], training.Hand(), time.monotonic()
    replay(events, told.append, hand, seconds=0.3)
    assert told == events and 0.3 <= time.monotonic() - began < seconds(1)
    hand.stop()
    replay(events, told.append, hand)
    assert told == events, "Stop ends it before its first event"


def test_stored_runs_are_laid_under_the_curve_and_named_by_what_differs(store, asking, watched):
    other, twin = training.run(asking.but(learning_rate=5e-4)), training.run(asking)
    panel = bench.panel(asking, "over")
    chosen, curve = panel.view.stored, panel.view.texts["curve"]
    assert [value for _, value in chosen.options] == ["", twin.id, other.id]
    chosen.value = other.id
    assert f"{other.id}: learning rate 0.0005" in curve.value and curve.value.count("ft-earlier") == 1
    chosen.value = twin.id
    assert f"{twin.id}</span>" in curve.value and curve.value.count("ft-earlier") == 2
    assert panel.result().status == "done" and [one.run for one in panel.lines()][:2] == [twin.id, other.id]
    assert len({one.place % 6 for one in panel.lines()}) == 3, "each has a colour of its own"
    chosen.value = ""
    assert "ft-earlier" not in curve.value and "run 1" in curve.value
    shutil.rmtree(store.folder(other.id).path)
    chosen.value = other.id
    assert "That run is not there any more" in panel.view.texts["progress"].value


def test_a_run_whose_folder_was_deleted_is_offered_no_more(store, asking, watched):
    panel = bench.panel(long(asking), "gone")
    panel.start()
    until(lambda: panel.step >= 2)
    panel.stop()
    panel.live.join()
    assert not panel.view.buttons["pause"].disabled
    shutil.rmtree(store.folder(panel.last).path)
    panel.view.buttons["pause"].click()
    panel.draw()
    assert panel.state == "stopped" and panel.view.buttons["pause"].disabled and not panel.resume()


def test_result_starts_a_run_that_nobody_started_and_waits(store, asking, watched):
    panel = bench.panel(asking, "waits")
    done = panel.result()
    assert done.status == "done"
    assert "Right of 4" in panel.view.texts["answers"].value
    assert "recall/home" in panel.view.texts["forgetting"].value


def test_clicks_that_queued_up_behind_a_waiting_cell_do_nothing(store, asking, watched):
    panel = bench.panel(asking, "late")
    panel.result()
    panel.view.buttons["run"].click()
    panel.view.buttons["stop"].click()
    assert panel.state == "done" and len(store.runs()) == 1


def test_an_earlier_run_stays_in_the_picture_with_what_was_turned(store, asking, watched):
    panel = bench.panel(asking, "overlay", ["learning_rate"])
    panel.result()
    panel.view.knobs[0][1].value = 0.01
    assert panel.start() and panel.live.join(60)
    page_now = panel.view.texts["curve"].value
    assert page_now.count("ft-earlier") == 1 and "run 2: learning rate 0.01" in page_now
    again = bench.panel(asking, "overlay")
    assert again.view.texts["curve"].value.count("ft-earlier") == 2
    assert again.start() and again.live.join(60)
    assert "run 3" in again.view.texts["curve"].value, "numbers go on"


def test_a_panel_of_the_same_name_stops_the_run_of_the_old_one(store, asking, watched):
    old = bench.panel(long(asking), "same")
    old.start()
    until(lambda: old.step >= 2)
    new = bench.panel(asking, "same")
    assert old.state == "stopped" and new.state == "idle"
    assert new.result().status == "done"


def test_a_second_panel_says_that_another_run_goes_on(store, asking, watched):
    one, other = bench.panel(long(asking), "first"), bench.panel(asking, "second")
    one.start()
    other.view.buttons["run"].click()
    assert other.state == "idle" and "Another run is going on" in other.view.texts["progress"].value
    one.stop()
    assert other.result().status == "done", "a cell waits until it may run"


def test_controls_that_make_no_recipe_are_refused_with_a_sentence(store, reading, watched):
    panel = bench.panel(reading, "refused", ["width"])
    panel.view.knobs[0][1].value = 65
    assert "choose a width that is a multiple" in panel.view.texts["progress"].value
    panel.view.buttons["run"].click()
    assert panel.state == "idle"
    with pytest.raises(ValueError, match="choose a width"):
        panel.result()
    panel.view.knobs[0][1].value = 64
    assert panel.complaint == ""


def test_a_failed_run_says_why_on_the_panel(store, asking, watched):
    panel = bench.panel(replace(asking, model=f"{ATTACK}"), "fails")
    with pytest.raises(ValueError, match="model is"):
        panel.result()
    assert "✗ failed" in panel.view.texts["state"].value
    assert "<img" not in panel.view.texts["progress"].value and "onerror" in panel.view.texts["progress"].value


def test_whatever_a_model_wrote_is_escaped(asking, watched):
    panel = bench.panel(asking, "attack")
    row = dict.fromkeys(("prompt", "expected", "before", "after", "why"), ATTACK) | {
        "score_before": 0,
        "score_after": 0,
    }
    panel.events = [
        {"step": 1, "seconds": 0, "kind": "sample", "values": {"prompt": ATTACK, "text": ATTACK}},
        {"step": 1, "seconds": 0, "kind": "doctor", "values": {"text": ATTACK}},
    ]
    panel.live.value = training.Run(
        ATTACK, asking, "done", None, [], [row], {ATTACK: {"before": 1.0, "after": 0.5, "unit": ATTACK}}, {}
    )
    panel.live.state = "done"
    panel.draw()
    texts = {name: widget.value for name, widget in panel.view.texts.items()}
    for name in ("samples", "doctor", "answers", "forgetting", "progress"):
        assert "&lt;img" in texts[name] and "<img" not in texts[name], name


def test_every_part_can_be_found_by_its_class(asking, watched):
    view = bench.panel(asking, "classes", ["learning_rate"]).view
    found = {name for widget in (*view.texts.values(), *view.buttons.values(), view.box, view.knobs[0][1])
             for name in widget._dom_classes}  # fmt: skip
    assert {
        "ft-run",
        "ft-pause",
        "ft-stop",
        "ft-reset",
        "ft-fork",
        "ft-curve",
        "ft-state",
        "ft-panel",
        "ft-knob-learning_rate",
    } <= found


def test_colab_gets_no_buttons_that_cannot_work(store, asking, monkeypatch):
    monkeypatch.setenv("FTKIT_MODE", "cell")
    panel = bench.panel(asking, "colab")
    shown = [widget for row in panel.view.box.children for widget in getattr(row, "children", ())]
    assert panel.view.buttons["run"] not in shown and "Run the next cell" in panel.view.texts["progress"].value
    assert panel.result().status == "done"
    assert "ft-last" in panel.view.texts["curve"].value and "done" in panel.view.texts["state"].value


# ---- going on from a beginning -----------------------------------------------------------------------------------


def test_headless_every_model_goes_on_from_the_beginning(tiny_folder, capsys):
    asked = bench.prompt([str(tiny_folder), "fresh:nano"], text="Tamu lives in", max_new_tokens=3)
    assert [row[0] for row in asked.table.rows] == [str(tiny_folder), "fresh:nano"]
    assert all(row[1].startswith("Tamu lives in") for row in asked.table.rows)
    assert "The models go on" in capsys.readouterr().out


def test_a_typed_beginning_is_gone_on_from_and_escaped(tiny_folder, watched):
    asked = bench.prompt([str(tiny_folder)], max_new_tokens=48)
    asked.live.wait()
    asked.field.value = ATTACK
    asked.button.click()
    asked.button.click()
    asked.live.wait()
    assert "<img" not in asked.out.value and "&lt;img" in asked.out.value
    assert asked.seed == 2, "a double click asks once"
    asked.field.value = "x" * 1000
    assert len(asked.text) == 300


def test_an_unknown_model_is_an_error_headless_and_a_sentence_live(monkeypatch, capsys):
    with pytest.raises(ValueError, match="model is 'nobody'"):
        bench.prompt(["nobody"])
    monkeypatch.setenv("FTKIT_MODE", "thread")
    asked = bench.prompt(["nobody"])
    asked.live.join()
    assert "model is &#x27;nobody&#x27;" in asked.out.value


def test_no_model_is_refused():
    with pytest.raises(ValueError, match="give the names of models"):
        bench.prompt([])
