"""What came of a panel's runs: answers word by word and chosen by what became of them, and the runs as files."""

import csv
import io
import os
import re
import shutil
from pathlib import Path

import pytest

from ftkit import bench, plots, training
from ftkit.bench import export as exporting
from ftkit.bench import outcome

ATTACK = "<img src=x onerror=alert(1)>"
ANSWERS = [
    {"prompt": "Where?", "expected": "In Ostrel.", "before": "In Varn.", "after": "In Ostrel.", "score_before": 0.0,
     "score_after": 1.0, "why": "as expected"},
    {"prompt": "Who?", "expected": "Tamu.", "before": "Tamu.", "after": f"Lio {ATTACK}.", "score_before": 1.0,
     "score_after": 0.25, "why": f"another {ATTACK}"},
    {"prompt": "When?", "expected": "Never.", "before": "Now.", "after": "Now.", "score_before": 0.0,
     "score_after": 0.0, "why": "another word"},
]  # fmt: skip


def ended(panel, answers, status="done"):
    """The panel after a run with these answers."""
    events = [{"step": 1, "seconds": 0, "kind": "loss", "values": {"loss": 2.0, "tokens": 9}}]
    panel.live.value = training.Run("told", panel.recipe, status, None, events, answers, {}, {})
    panel.events, panel.live.state = events, status
    panel.draw()


# ---- answers -----------------------------------------------------------------------------------------------------


def test_answers_show_changed_words_score_and_reason_and_can_be_chosen(asking, watched):
    panel = bench.panel(asking, "chosen")
    only, answers = panel.view.only, panel.view.texts["answers"]
    assert only.disabled and answers.value == "" and only.description == "Answers"
    ended(panel, ANSWERS)
    assert not only.disabled and "Right of 3: 1 before, 1 after." in answers.value
    assert "<del>Varn.</del>" in answers.value and "<ins>Ostrel.</ins>" in answers.value
    assert "1\xa0→\xa00.25" in answers.value and "as expected" in answers.value
    assert "<img" not in answers.value and "another &lt;img" in answers.value
    shown = {}
    for only.value in dict(outcome.ONLY).values():
        shown[only.value] = [word for word in ("Where?", "Who?", "When?") if word in answers.value]
    assert shown == {
        "all": ["Where?", "Who?", "When?"], "worse": ["Who?"], "better": ["Where?"], "changed": ["Where?", "Who?"]
    }  # fmt: skip


def test_what_can_be_chosen_is_what_differences_knows():
    assert {kind for _, kind in outcome.ONLY} == set(plots.compare.ONLY)


def test_a_stopped_run_shows_the_answers_before_and_offers_no_choice(asking, watched):
    panel = bench.panel(asking, "stopped")
    ended(panel, [one | {"after": None, "score_after": None} for one in ANSWERS], "stopped")
    assert panel.view.only.disabled and "Right of 3: 1 before." in panel.view.texts["answers"].value


def test_on_colab_answers_can_be_chosen_and_runs_exported(store, asking, monkeypatch):
    monkeypatch.setenv("FTKIT_MODE", "cell")
    panel = bench.panel(asking, "colab")
    shown = [widget for row in panel.view.box.children for widget in getattr(row, "children", ())]
    assert panel.view.only in shown and panel.view.buttons["export"] in shown and panel.view.preset in shown
    panel.result()
    panel.view.only.value = "worse"
    assert "(worse)" in panel.view.texts["answers"].value
    panel.export()
    assert len(list(store.root.glob("race-*.html"))) == 1


# ---- export ------------------------------------------------------------------------------------------------------


@pytest.fixture
def twice(store, asking, watched, request):
    """A panel with an earlier and a present run."""
    panel = bench.panel(asking, request.node.name, ["learning_rate"])
    assert panel.view.buttons["export"].disabled, "there is nothing to export yet"
    panel.result()
    panel.view.knobs[0][1].value = 0.01
    panel.start()
    panel.live.join()
    return panel


def files(store) -> list[Path]:
    return sorted(store.root.glob("*race-*"))


def test_export_writes_both_runs_as_a_table_and_a_page_and_says_where(store, twice):
    twice._deaf_until = 0
    twice.view.buttons["export"].click()
    table, page = files(store)
    said = twice.view.texts["exported"].value
    assert 'role="status"' in said and "2 runs exported" in said and str(table) in said and str(page.resolve()) in said
    _, first, second = csv.reader(io.StringIO(table.read_text(encoding="utf-8")))
    ids = [one.id for one in reversed(store.runs())]
    assert [first[0], second[0]] == [f"run 1, {ids[0]}", f"run 2, {ids[1]}"]
    assert (first[1], second[1]) == ("learning rate 0.001", "learning rate 0.01")
    text = page.read_text(encoding="utf-8")
    assert "data:image/png;base64," in text and all(one in text for one in ids)
    assert re.findall(r'(?:src|href)="(?!data:)', text) == [], "it needs nothing else"


def test_a_deleted_run_is_left_out_and_without_any_nothing_is_written(store, twice):
    folders = [store.folder(one.id).path for one in reversed(store.runs())]
    shutil.rmtree(folders[0])
    assert list(exporting.existing(twice.lines())) == [f"run 2, {folders[1].name}"]
    shutil.rmtree(folders[1])
    twice.export()
    assert "None of these runs is on disk" in twice.view.texts["exported"].value and files(store) == []


def test_a_replayed_run_is_exported_once(store, asking, watched):
    panel = bench.panel(asking, "again", talk=True)
    panel.result()
    assert panel.replay() and panel.live.join() and len(panel.lines()) == 2
    assert len(exporting.existing(panel.lines())) == 1


def test_a_full_disk_is_one_sentence_and_nothing_is_lost(store, twice, monkeypatch):
    twice.export()
    kept = {path: path.read_bytes() for path in files(store)}

    def full(race, path):
        Path(path).write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(plots.Race, "to_html", full)
    monkeypatch.setattr(exporting.time, "strftime", lambda form: "later")
    twice.export()
    said = twice.view.texts["exported"].value
    assert "Not exported: No space left on device" in said and str(store.root) in said
    assert {path: path.read_bytes() for path in files(store)} == kept and len(store.runs()) == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_one_sentence(store, twice):
    store.root.chmod(0o500)
    try:
        twice.export()
    finally:
        store.root.chmod(0o700)
    assert "Not exported: Permission denied" in twice.view.texts["exported"].value


def test_runs_that_cannot_be_compared_are_one_sentence(store, twice, monkeypatch):
    def refuse(runs):
        raise ValueError("probes have the units bits/byte, share; compare the runs of each unit by themselves")

    monkeypatch.setattr(plots, "race", refuse)
    twice.export()
    assert "Not exported: probes have the units" in twice.view.texts["exported"].value and files(store) == []
