"""Predictions beside what came: kept once, looked back at, deleted; nothing is kept where nobody looks."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from ftkit import bench, plots
from ftkit.bench import predicting
from ftkit.evaluation import Measurement
from ftkit.predictions import Outcome, Predictions, calibration, foreseen

ATTACK = "<script>attacked=1</script><img src=x onerror=alert(1)>"
FIRST = Outcome("30", "lora", 0.5, 0.9, "share", "2026-03-01")
SECOND = Outcome("10", "loss at the end", 3.0, 2.25, "nats/token", "2026-03-02")
LABS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("[1-9]*.ipynb"))


@pytest.fixture
def kept(store):
    return Predictions(store)


@pytest.fixture
def watched(store, monkeypatch):
    """As in JupyterLab, with a hand that is never too fast."""
    monkeypatch.setenv("FTKIT_MODE", "thread")
    monkeypatch.setattr(predicting, "DEAF", 0.0)


def share(value):
    return Measurement(value, "share", 100, max(0.0, value - 0.1), min(1.0, value + 0.1))


def said(shown):
    return shown.view.texts["progress"].value


# ---- on disk -----------------------------------------------------------------------------------------------------


def test_a_prediction_is_one_line_of_numbers_and_names(kept):
    assert not kept.path.parent.exists(), "nothing is made until the first one"
    assert kept.add(FIRST) and kept.add(SECOND)
    lines = kept.path.read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0]) == {
        "lab": "30", "name": "lora", "predicted": 0.5, "found": 0.9, "unit": "share", "day": "2026-03-01",
    }  # fmt: skip
    assert len(lines) == 2 and kept.outcomes() == [FIRST, SECOND] == Predictions().outcomes()


@pytest.mark.parametrize(
    ("change", "new"),
    [
        ({}, False),
        ({"day": "2026-04-01"}, False),
        ({"found": 0.9000001}, False),
        ({"found": 0.91}, True),
        ({"predicted": 0.6}, True),
        ({"lab": "34"}, True),
        ({"name": "full"}, True),
    ],
)
def test_the_same_number_for_the_same_result_is_kept_once(kept, change, new):
    kept.add(FIRST)
    kept.add(SECOND)
    assert kept.add(replace(FIRST, **change)) is new
    assert len(kept.outcomes()) == 2 + new


@pytest.mark.parametrize("cut", [1, 2, 20, 60])
def test_a_line_that_a_crash_has_cut_is_left_out_and_never_written_behind(kept, cut):
    kept.add(FIRST)
    kept.add(replace(FIRST, name="Später"))
    kept.path.write_bytes(kept.path.read_bytes()[:-cut])
    there = kept.outcomes()
    assert len(there) == (2 if cut == 1 else 1) and there[0] == FIRST
    kept.add(SECOND)
    assert kept.outcomes() == [*there, SECOND]


def test_another_damaged_line_is_named_and_can_be_deleted(kept):
    kept.add(FIRST)
    kept.path.write_bytes(b"no json\n" + kept.path.read_bytes())
    with pytest.raises(ValueError, match=r"predictions\.jsonl, line 1, is no prediction"):
        kept.add(SECOND)
    assert kept.delete() == 2 and not kept.path.exists() and kept.outcomes() == []
    assert kept.delete() == 0


def test_an_error_of_the_disk_is_one_sentence(kept, monkeypatch):
    kept.add(FIRST)

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: predictions are kept in .*; set FTKIT_RUNS to"):
        kept.add(SECOND)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"predicted": 50}, ValueError, "50 is predicted for 'lora'; a share is from 0 to 1, a half is 0.5"),
        ({"predicted": "much"}, ValueError, "'much'; it must be a finite number"),
        ({"predicted": True}, ValueError, "True; it must be a finite number"),
        ({"found": float("nan")}, ValueError, "nan; it must be a finite number"),
        ({"lab": 30}, TypeError, "30 is no text"),
    ],
)
def test_what_is_no_prediction_is_refused(change, error, message):
    with pytest.raises(error, match=message):
        replace(FIRST, **change)


def test_bits_may_be_below_zero_and_above_one():
    assert replace(FIRST, predicted=-2, found=3.5, unit="bits/example").error == -5.5


# ---- how far off -------------------------------------------------------------------------------------------------


def test_calibration_by_hand_each_unit_by_itself():
    """Errors of shares: -0.4, +0.2, +0.5; of nats: +0.75."""
    shares = [FIRST, replace(FIRST, predicted=0.3, found=0.1), replace(FIRST, predicted=0.5, found=0.0)]
    share, nats = calibration([*shares, SECOND])
    assert (share.unit, share.n, share.too_high, share.too_low) == ("share", 3, 2, 1)
    assert (share.mean_error, share.mean_absolute_error) == pytest.approx((0.1, 1.1 / 3))
    assert str(share) == (
        "3 predicted (share): off by 0.37 on average; 2 too high, 1 too low, on the whole 0.10 too high."
    )
    assert (nats.unit, nats.n, nats.mean_error) == ("nats/token", 1, 0.75)


@pytest.mark.parametrize(("found", "whole"), [(0.7, "0.20 too low"), (0.3, "0.20 too high"), (0.5, "neither")])
def test_the_direction_is_said_in_words(found, whole):
    assert str(calibration([replace(FIRST, found=found)])[0]).endswith(f"on the whole {whole}.")


def test_a_number_given_when_the_result_was_known_is_no_forecast():
    again, other = replace(FIRST, predicted=0.9), replace(FIRST, predicted=0.9, found=0.6)
    assert foreseen([FIRST, SECOND, again, other]) == [True, True, False, True]


# ---- picture -----------------------------------------------------------------------------------------------------


def test_the_picture_joins_prediction_and_result_of_shares_alone():
    figure = plots.predictions([FIRST, SECOND, replace(FIRST, lab="34", name=ATTACK, found=0.1)])
    predicted, came = figure.data
    assert (list(predicted.x), list(came.x), list(predicted.y)) == ([0.5, 0.5], [0.9, 0.1], [1, 0])
    assert predicted.marker.symbol != came.marker.symbol, "told apart without colour"
    assert [(line.x0, line.x1, line.y0) for line in figure.layout.shapes] == [(0.5, 0.9, 1), (0.5, 0.1, 0)]
    assert figure.layout.yaxis.ticktext[0] == "30: lora" and "<img" not in figure.layout.yaxis.ticktext[1]
    assert figure.png().startswith(b"\x89PNG") and "34: <script>" in str(figure)
    with pytest.raises(ValueError, match="no prediction of a share"):
        plots.predictions([SECOND])


# ---- where somebody looks ----------------------------------------------------------------------------------------


def test_the_last_ten_of_all_labs_are_shown_newest_first(watched):
    for i in range(12):
        shown = bench.predictions("22", {"BM25": i / 20}, {"BM25": share(0.4 + i / 100)})
    table = shown.table()
    assert table.title == "Your last 10 predictions" and len(table.rows) == 10
    assert table.rows[0][1:] == ("22", "BM25", "0.55", "0.51", "0.04 too high")
    assert table.rows[-1][3] == "0.10" and table.note.startswith("10 predicted (share)")
    assert "Your last 10 predictions" in shown.view.texts["table"].value


def test_run_all_again_adds_nothing_and_a_changed_mind_does_not_count(watched):
    for predicted in (0.5, 0.5, 0.9):
        shown = bench.predictions("30", predicted, {"lora": share(0.9)})
    assert [one.predicted for one in Predictions().outcomes()] == [0.5, 0.9]
    table = shown.table()
    assert [row[-1] for row in table.rows] == ["result was known", "0.40 too low"]
    assert "1 predicted (share): off by 0.40" in table.note and "known already does not count" in table.note


def test_units_come_from_measurements_and_none_is_predicted_by_nobody(watched):
    found = {"a": Measurement(4.0, "bits/example", 9, 3, 5), "b": 2.5, "c": 1.0}
    bench.predictions("12", {"a": 5, "b": 2.0, "c": None, "gone": 1.0}, found, unit="nats/token")
    assert [(one.name, one.unit, one.found) for one in Predictions().outcomes()] == [
        ("a", "bits/example", 4.0), ("b", "nats/token", 2.5),
    ]  # fmt: skip


def test_a_name_without_a_result_is_said(watched):
    shown = bench.predictions("12", {"residents, small": 0.5}, {"residents, large": 0.5})
    assert "No result for residents, small." in said(shown) and shown.table().note == "There is none."


def test_delete_asks_once_and_says_what_went(watched):
    shown = bench.predictions("30", 0.5, {"lora": share(0.9), "full": share(0.8)})
    shown.view.button.click()
    assert shown.view.button.description == "Press again to delete" and Predictions().path.exists()
    assert "Press again to delete all predictions of all labs: 2" in said(shown)
    shown.view.button.click()
    assert not Predictions().path.exists() and "Deleted: 2 predictions." in said(shown)
    assert shown.view.button.description == "Delete" and "There is none." in shown.view.texts["table"].value


def test_delete_takes_the_picture_along(watched, monkeypatch):
    shown = bench.predictions("30", 0.5, {"lora": share(0.9)})
    updates = []
    shown.picture = SimpleNamespace(update=lambda data, raw: updates.append(data))
    shown.press()
    assert updates == []
    shown.press()
    assert updates == [{"text/plain": ""}]


def test_a_double_click_never_deletes(store, monkeypatch):
    monkeypatch.setenv("FTKIT_MODE", "thread")
    shown = bench.predictions("30", 0.5, {"lora": share(0.9)})
    shown.press()
    shown.press()
    assert Predictions().path.exists() and shown.armed


def test_a_record_that_cannot_be_read_is_a_sentence_and_the_lab_goes_on(watched):
    Predictions().add(SECOND)
    Predictions().path.write_text("no json\n")
    shown = bench.predictions("30", 0.5, {ATTACK: share(0.9)})
    assert "line 1, is no prediction" in said(shown) and [row[2] for row in shown.table().rows] == [ATTACK]
    page = shown.view.texts["table"].value
    assert "<script" not in page and "&lt;script" in page
    shown.press()
    shown.press()
    assert not Predictions().path.exists()


def test_progress_is_read_aloud_and_every_part_has_its_class(watched):
    view = bench.predictions("30", 0.5, {"lora": share(0.9)}).view
    assert 'role="status"' in view.texts["progress"].value and view.button.description == "Delete"
    assert "without your name" in view.texts["kept"].value and str(Predictions().path) in view.texts["kept"].value
    classes = {name for widget in (*view.texts.values(), view.button, view.box) for name in widget._dom_classes}
    assert {"ft-predictions", "ft-table", "ft-delete", "ft-progress", "ft-kept"} <= classes


def test_colab_keeps_them_without_a_button_and_says_how_to_delete_them(store, monkeypatch, capsys):
    monkeypatch.setenv("FTKIT_MODE", "cell")
    monkeypatch.setattr(predicting, "View", None)
    bench.predictions("30", 0.5, {"lora": share(0.9)})
    told = capsys.readouterr().out
    assert "Your last 10 predictions" in told and "Figure: What you predicted, and what came" in told
    code = re.search("^To delete them: (.+)$", told, re.MULTILINE)[1]
    exec(code, {})
    assert not Predictions().path.exists()


def test_headless_nothing_is_kept_and_only_this_labs_own_are_shown(store, monkeypatch, capsys):
    Predictions().add(SECOND)
    before = Predictions().path.read_bytes()
    monkeypatch.setenv("FTKIT_MODE", "headless")
    monkeypatch.setattr(predicting, "View", None)
    bench.predictions("30", 0.5, {"lora": share(0.9)})
    told = capsys.readouterr().out
    assert "Your predictions in lab 30" in told and "0.40 too low" in told and "loss at the end" not in told
    assert "kept on this machine" not in told and Predictions().path.read_bytes() == before


# ---- in the labs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", LABS, ids=lambda path: path.stem)
def test_every_lab_looks_back_at_all_that_it_asks_for(path, store, monkeypatch, capsys):
    monkeypatch.setenv("FTKIT_MODE", "headless")
    cells = {cell.id: cell.source for cell in nbformat.read(path, as_version=4).cells}
    names = {"bench": bench}
    exec(cells["prediction"], names)
    asked = names["prediction"] if isinstance(names["prediction"], dict) else {"loss at the end": 3.0}
    right = {name: share(0.25) for name in asked}
    bits = SimpleNamespace(bits=Measurement(4.0, "bits/example", 400, 3.5, 4.5))
    names |= {
        "right": right,
        "end": {"loss at the end": 2.4},
        "saved": {"residents": {"small": bits, "stranger": bits}},
    }
    names |= {"curves": {"examples": {0: share(0.1), 4: share(0.6)}}, "flips": {"reviews, exchanged": share(0.2)}}
    exec(cells["predictions"], names)
    record = names["record"]
    assert record.lab == path.stem[:2] and {one.name for one in record.own} == set(asked) and not record.said
    assert f"Your predictions in lab {path.stem[:2]}" in capsys.readouterr().out
