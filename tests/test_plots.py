"""Figures hold the numbers they were given, and leave a picture; tables show texts letter by letter."""

import base64
import math
from xml.etree import ElementTree

import pytest
from IPython.core.formatters import DisplayFormatter

from ftkit import plots
from ftkit.evaluation import Measurement
from ftkit.evidence import Band
from ftkit.plots.figure import COLOURS, INK, POINTS, look, thin

ATTACK = "<img src=x onerror=alert(1)>"
PNG = b"\x89PNG\r\n\x1a\n"


def run(losses, tokens=100):
    return [
        {"step": i, "seconds": i, "kind": "loss", "values": {"loss": loss, "tokens": tokens}}
        for i, loss in enumerate(losses, 1)
    ]


def preferring(logratios):
    return [
        {"step": i, "kind": "loss", "values": {"loss": 0.5, "chosen_logratio": chosen, "rejected_logratio": rejected}}
        for i, (chosen, rejected) in enumerate(logratios, 1)
    ]


def rounds(rewards):
    """A policy's events."""
    return [
        {"step": i, "seconds": i, "kind": "loss", "values": {"loss": 0.0, "reward": reward}}
        for i, reward in enumerate(rewards, 1)
    ]


def size(png):
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


FIGURES = {
    "loss": lambda: plots.loss_curve({"a": run([6.0, 5, 4]), "b": run([6.0, 3])}, vocabulary=1024, entropy=0.8),
    "arms": lambda: plots.arms(
        {"none": (0.0, 0.0, 0.02), "lora": 0.9}, prediction=0.5, bands={"lora": [0.8, 0.9, 0.95, 0.91, 0.92]}
    ),
    "forgetting": lambda: plots.forgetting({"sums": {"before": 0.9, "after": 0.4, "unit": "share"}}),
    "kl": lambda: plots.kl({"nano": {"form": 0.2, "fact": 0.5}}),
    "learned first": lambda: plots.learned_first({"sums": [(0, 0.0), (100, 0.4)]}),
    "shots": lambda: plots.shots({"examples": {0: 0.0, 4: (0.6, 0.5, 0.7)}}, {4: 0.5}, {"examples": {4: [0.5, 0.7]}}),
    "logratios": lambda: plots.logratios(preferring([(0.0, 0.0), (-1.0, -4.0), (-2.0, -9.5)])),
    "scatter": lambda: plots.scatter({"pairs": [(0.2, -1.5), (0.9, 2.0)]}, "gold (score)", "reward (nats)", "Two"),
    "told": lambda: plots.told({"a": rounds([0.1, 0.5]), "b": rounds([0.2, 0.3])}, {"reward": "reward"}, "reward"),
    "conditions": plots.conditions,
    "timeline": plots.timeline,
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_interactive_and_leaves_a_picture_and_a_text(name, monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    figure, shown = FIGURES[name](), []
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    assert DisplayFormatter().format(figure) == ({}, {}), "it shows itself, and nothing is shown twice"
    bundle, table = shown
    assert table["text/html"].startswith("<details><summary>") and "<table" in table["text/html"]
    assert len(figure.table().rows) >= len([one for one in figure.data if one.name]) > 0
    assert "text/html" not in bundle, "plotly's own page loads its script from afar"
    drawing = bundle["application/vnd.plotly.v1+json"]
    assert drawing["data"] and drawing["layout"]["paper_bgcolor"] == "rgba(0,0,0,0)"
    png = base64.b64decode(bundle["image/png"])
    assert png.startswith(PNG) and size(png)[0] > 900
    assert bundle["text/plain"].startswith("Figure: ")


def test_jupyterlab_is_left_to_draw(monkeypatch):
    monkeypatch.delenv("FTKIT_MODE", raising=False)
    monkeypatch.setenv("JPY_SESSION_NAME", "x.ipynb")
    assert "image/png" not in plots.timeline()._repr_mimebundle_()
    monkeypatch.setenv("FTKIT_MODE", "headless")
    assert "image/png" in plots.timeline()._repr_mimebundle_()


@pytest.mark.parametrize("name", ["loss", "arms", "forgetting", "kl", "learned first"])
def test_every_chart_says_what_its_axes_mean_and_in_which_unit(name):
    layout = FIGURES[name]().layout
    titles = f"{layout.xaxis.title.text} {layout.yaxis.title.text}"
    assert any(unit in titles for unit in ("(nats/token)", "(share)"))


def test_no_two_series_share_colour_dash_or_marker():
    looks = [look(i) for i in range(len(COLOURS))]
    for part in (
        lambda one: one["line"]["dash"],
        lambda one: one["line"]["color"],
        lambda one: one["marker"]["symbol"],
    ):
        assert len({part(one) for one in looks}) == len(looks)


def luminance(colour):
    def linear(part):
        return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("page", ["#ffffff", "#111111"])
def test_letters_are_readable_on_light_and_dark_pages(page):
    ink, ground = sorted((luminance(INK), luminance(page)))
    assert (ground + 0.05) / (ink + 0.05) > 4


def test_loss_curve_adds_up_tokens_and_draws_the_two_limits():
    figure = plots.loss_curve({"a": run([6.0, 5.0, 4.0], tokens=50)}, vocabulary=1024, entropy=0.8)
    curve, ignorant, entropy = figure.data
    assert list(curve.x) == [50, 100, 150] and list(curve.y) == [6.0, 5.0, 4.0]
    assert list(ignorant.y) == [math.log(1024)] * 2 and list(ignorant.x) == [50, 150]
    assert list(entropy.y) == [0.8, 0.8]


def test_loss_curve_over_steps():
    assert list(plots.loss_curve({"a": run([6.0, 5.0])}, x="step").data[0].x) == [1, 2]


def test_both_answers_of_a_pair_are_drawn_and_the_margin_lies_between_them():
    chosen, rejected = plots.logratios(preferring([(0.0, 0.0), (-1.0, -4.0)])).data
    assert (list(chosen.x), list(chosen.y), list(rejected.y)) == ([1, 2], [0.0, -1.0], [0.0, -4.0])
    assert (chosen.fill, rejected.fill) == (None, "tonexty")
    with pytest.raises(ValueError, match="tells no log-ratios; give a run of the objective dpo"):
        plots.logratios(run([5.0]))


def test_points_are_told_one_by_one_where_they_are_few():
    figure = plots.scatter({ATTACK: [(1.0, 0.25)], "many": [(i, i) for i in range(50)]}, "x", "y", "Both")
    assert "    <img src=x onerror=alert(1)>: 1.00, 0.25" in str(figure) and "many: 50 points" in str(figure)
    assert "<img" not in figure.to_json()
    with pytest.raises(ValueError, match="'none' has no point to draw"):
        plots.scatter({"none": []}, "x", "y", "Both")


@pytest.mark.parametrize(
    ("runs", "x", "message"),
    [({"a": []}, "tokens", "'a' has no loss yet"), ({"a": run([1.0])}, "hours", "choose 'tokens' or 'step'")],
)
def test_loss_curve_says_what_is_missing(runs, x, message):
    with pytest.raises(ValueError, match=message):
        plots.loss_curve(runs, x=x)


def test_a_long_line_is_thinned_and_keeps_its_ends():
    points = list(range(10 * POINTS + 7))
    thinned = thin(points)
    assert len(thinned) == POINTS and thinned[0] == points[0] and thinned[-1] == points[-1]
    assert thinned == sorted(set(thinned))
    assert thin([1, 2]) == [1, 2]


def test_arms_draw_interval_prediction_and_band_at_their_own_arm():
    measured = Measurement(0.9, "share", 200, 0.85, 0.94)
    figure = plots.arms({"none": 0.02, "lora": measured}, {"lora": 0.5}, {"lora": Band(0.8, 0.88, 0.95, 5)})
    bars, rim, line, band, guess = figure.data
    where = dict(
        zip((text.split()[0] for text in figure.layout.yaxis.ticktext), figure.layout.yaxis.tickvals, strict=True)
    )
    at = list(bars.y).index(where["lora"])
    assert bars.x[at] == 0.9
    for interval in (rim, line):
        assert (interval.x, interval.y) == ((0.9,), (where["lora"],)), "a bare number has no interval"
        assert (interval.error_x.array[0], interval.error_x.arrayminus[0]) == pytest.approx((0.04, 0.05))
    assert rim.error_x.thickness > line.error_x.thickness and rim.error_x.color != line.error_x.color
    assert band.x[0] == 0.88 and abs(band.y[0] - where["lora"]) < 0.5
    assert (band.error_x.array[0], band.error_x.arrayminus[0]) == pytest.approx((0.07, 0.08))
    assert "5 runs" in band.name
    assert list(guess.x) == [0.5] and list(guess.y) == [where["lora"]]


def test_arms_without_prediction_or_band_draw_neither():
    assert len(plots.arms({"none": 0.02}).data) == 1


def test_shots_draw_curves_bands_and_prediction_where_their_number_of_examples_stands():
    found = {"examples": {0: 0.1, 2: (0.6, 0.5, 0.8), 8: 0.7}, "shuffled": {2: 0.3}}
    figure = plots.shots(found, {8: 0.9}, {"shuffled": {2: Band(0.2, 0.3, 0.5, 5)}})
    examples, shuffled, band, guess = figure.data
    assert figure.layout.xaxis.ticktext == ("0", "2", "8") and figure.layout.xaxis.tickvals == (0, 1, 2)
    assert (examples.x, examples.y, shuffled.x, guess.x) == ((0, 1, 2), (0.1, 0.6, 0.7), (1,), (2,))
    assert examples.error_y.array == pytest.approx((0, 0.2, 0)) and examples.error_y.arrayminus[1] == pytest.approx(0.1)
    assert band.y == (0.3,) and abs(band.x[0] - 1) < 0.3 and "5 runs" in band.name
    assert (band.error_y.array[0], band.error_y.arrayminus[0]) == pytest.approx((0.2, 0.1))
    assert len(plots.shots(found).data) == 2


def test_forgetting_joins_before_and_after():
    figure = plots.forgetting({"lora": {"sums": {"before": 0.9, "after": 0.4, "unit": "share"}}})
    before, after = figure.data
    assert (before.x[0], after.x[0]) == (0.9, 0.4)
    assert (figure.layout.shapes[0].x0, figure.layout.shapes[0].x1) == (0.9, 0.4)
    assert figure.layout.yaxis.ticktext == ("lora: sums",)


@pytest.mark.parametrize(
    ("probes", "message"),
    [
        ({"sums": {"before": 0.9, "after": None, "unit": "share"}}, "a stopped run has nothing to compare"),
        (
            {
                "sums": {"before": 0.9, "after": 0.1, "unit": "share"},
                "text": {"before": 2.0, "after": 2.5, "unit": "bits/byte"},
            },
            "bits/byte, share; draw one figure for each",
        ),
    ],
)
def test_forgetting_says_why_it_cannot_draw(probes, message):
    with pytest.raises(ValueError, match=message):
        plots.forgetting(probes)


def test_kl_takes_measurements_and_parts_add_up_in_the_labels():
    part = Measurement(0.25, "nats/token", 300, 0.2, 0.3)
    form, fact = (trace for trace in plots.kl({"nano": {"form": part, "fact": 0.5}}).data if trace.type == "bar")
    assert (form.x[0], fact.x[0]) == (0.25, 0.5)
    assert form.marker.pattern.shape != fact.marker.pattern.shape


def test_names_are_text_in_every_figure():
    figures = [
        plots.loss_curve({ATTACK: run([1.0])}),
        plots.arms({ATTACK: 0.5}, 0.5, {ATTACK: [0.1, 0.2]}),
        plots.forgetting({ATTACK: {ATTACK: {"before": 0.9, "after": 0.4, "unit": "share"}}}),
        plots.kl({ATTACK: {"form": 0.5, "fact": 0.5}}),
        plots.learned_first({ATTACK: [(0, 0.5)]}),
    ]
    for figure in figures:
        assert "<img" not in figure.to_json().replace("\\u003c", "<")
        assert figure.png().startswith(PNG)


def test_a_click_shows_each_milestones_measure_and_lab():
    figure = plots.timeline()
    points = {(x, y) for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True)}
    details = [note for note in figure.layout.annotations if note.clicktoshow == "onout"]
    assert {(note.xclick, note.yclick) for note in details} == points
    assert all("Measured here" in note.text and "Where" in note.text for note in details)
    assert not any(note.visible for note in details)


ANSWERS = [
    {"prompt": "Who?", "expected": "Tamu", "before": ATTACK, "after": "Tamu", "score_before": 0.0, "score_after": 1.0},
    {"prompt": "Where?", "expected": "Oria", "before": "", "after": "Pell", "score_before": 0.0, "score_after": 0.0},
]


def test_answers_are_escaped_marked_by_word_and_counted():
    table = plots.answers(ANSWERS, rows=1)
    page = table._repr_html_()
    assert "<img" not in page and "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "✓ right: Tamu" in page and "✗ wrong: " in page
    assert "Oria" not in page
    assert table.note == "Right of 2: 0 before, 1 after."
    assert "✓ right: Tamu" in str(table) and "Right of 2" in str(table)


def test_answers_of_a_stopped_run_have_no_after():
    stopped = [one | {"after": None, "score_after": None} for one in ANSWERS]
    assert plots.answers(stopped).columns == ("question", "expected", "before")


def test_answers_of_nothing_say_so():
    assert plots.answers([]).note == "No question was asked."


def test_samples_are_escaped_and_keep_the_first_and_the_last():
    events = []
    for step in range(1, 41):
        events += run([1.0])
        events.append(
            {"step": step, "seconds": 1, "kind": "sample", "values": {"prompt": "Tamu", "text": f"{ATTACK}{step}"}}
        )
    table = plots.samples(events, rows=5)
    assert [row[0] for row in table.rows][::4] == ["1", "40"] and len(table.rows) == 5
    assert table.rows[-1] == ("40", "4,000", f"Tamu{ATTACK}40")
    assert "<img" not in table._repr_html_()


def test_a_long_text_is_read_in_a_window_that_a_keyboard_can_scroll():
    cells = ElementTree.fromstring(plots.Table("", ("letter",), (("word " * 100,), ("word",))).html()).findall(".//td")
    assert [cell.find("div") is not None for cell in cells] == [True, False]
    assert cells[0].find("div").get("tabindex") == "0" and "overflow-y:auto" in cells[0].find("div").get("style")


def test_what_rounds_tell_is_a_running_mean():
    drawn = plots.told({"a": rounds([0.0, 1.0, 0.5, 0.0])}, "reward", "share", over=2)
    assert list(drawn.data[0].y) == pytest.approx([0.0, 0.5, 0.75, 0.25]) and drawn.data[0].name == "a"
    with pytest.raises(ValueError, match="run 'a' tells no kl"):
        plots.told({"a": rounds([0.0])}, "kl", "nats")


def test_a_group_shows_the_best_first_and_which_way_each_answer_pulls():
    shown = plots.group("How many?", ["wrong", ATTACK], [0.0, 1.0], [-0.5, 1.5])
    assert [row[0] for row in shown.rows] == ["1.00", "0.00"]
    assert shown.rows[0][1] == "+1.50 ▲▲▲▲▲" and shown.rows[1][1] == "-0.50 ▼▼"
    assert "<img" not in shown.html() and "teaches nothing" not in str(shown)
    assert "teaches nothing" in str(plots.group("How many?", ["a", "b"], [1.0, 1.0], [0.0, 0.0]))


def test_the_table_of_a_figure_has_its_points_or_what_they_say():
    rows = plots.loss_curve({"a": run([6.0, 5.0, 4.0], tokens=50)}).table().rows
    assert rows == (("a", "50", "6"), ("a", "100", "5"), ("a", "150", "4"))
    assert plots.loss_curve({"a": run([2.5], tokens=17_100)}).table().rows == (("a", "17,100", "2.5"),)
    assert len(plots.loss_curve({"a": run([1.0] * 300)}).table().rows) == 12
    bars = plots.arms({ATTACK: (0.5, 0.4, 0.6)}, prediction=0.25).table()
    assert [row[1] for row in bars.rows] == [f"{ATTACK} 0.500 (0.400 to 0.600)", f"{ATTACK} 0.250"]
    assert "<img" not in bars.html()
