"""What happened? The store on disk: whole files, events, states, damage."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from ftkit import runs
from ftkit.runs import DamagedRun, replace_folder, write_json


@pytest.fixture
def run(store):
    return store.create({"model": "tiny"}, "tiny")


def test_a_file_is_old_or_new_but_never_half(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    for name, text in (("old", "1"), ("new", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text(text)
    replace_folder(tmp_path / "new", tmp_path / "old")
    assert os.listdir(tmp_path) == ["old"] and (tmp_path / "old/x").read_text() == "2"


def test_events_come_back_as_they_went_in(run):
    run.event(0, "start")
    run.event(1, "loss", loss=2.5, text="grün")
    first, second = run.events()
    assert (second["step"], second["kind"], second["values"]) == (1, "loss", {"loss": 2.5, "text": "grün"})
    assert second["seconds"] >= first["seconds"] >= 0


def test_other_ends_of_lines_in_a_text_cut_no_event(run):
    text = "a\u2028b\u0085c\x0bd\re"
    run.event(1, "sample", text=text)
    assert run.events()[0]["values"]["text"] == text


def test_the_events_until_the_newest_checkpoint(run):
    assert run.saved() == []
    for step, kind in ((1, "loss"), (2, "loss"), (2, "checkpoint"), (2, "pause"), (3, "loss"), (3, "end")):
        run.event(step, kind)
    (run.path / "checkpoint" / "2").mkdir(parents=True)
    assert [(event["step"], event["kind"]) for event in run.saved()] == [(1, "loss"), (2, "loss"), (2, "checkpoint")]


def test_a_line_cut_by_a_crash_is_left_out(run):
    run.event(1, "loss", loss=1.0)
    with open(run.path / "metrics.jsonl", "a") as file:
        file.write('{"step": 2, "sec')
    assert [event["step"] for event in run.events()] == [1]
    run.keep(1)
    run.event(2, "loss", loss=0.5)
    assert [event["step"] for event in run.events()] == [1, 2]


def test_a_resumed_run_tells_nothing_twice_and_goes_on_counting_seconds(run):
    run.began -= 100
    for step, kind in (
        (0, "start"),
        (1, "loss"),
        (2, "loss"),
        (2, "checkpoint"),
        (2, "probe"),
        (3, "loss"),
        (3, "end"),
    ):
        run.event(step, kind)
    again = runs.RunFolder(run.path)
    again.keep(2)
    assert [event["kind"] for event in again.events()] == ["start", "loss", "loss", "checkpoint"]
    assert again.event(3, "loss")["seconds"] >= 100
    again.keep(None)
    assert again.events() == []


def test_states(run):
    assert run.status() == "running"
    for state in ("done", "stopped", "failed", "interrupted"):
        run.mark(state, "why")
        assert run.status() == state


def test_a_process_that_is_gone_reads_as_interrupted(store):
    code = "from ftkit import runs; print(runs.store().create({'model': 'x'}, 'x').id)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert store.folder(out.stdout.strip()).status() == "interrupted"


def test_another_process_with_the_same_number_is_not_the_run(run):
    status = run.read("status.json")
    write_json(run.path / "status.json", {**status, "started": status["started"] - 60})
    assert run.status() == "interrupted"


def test_a_silent_run_of_another_machine_reads_as_interrupted(run):
    write_json(run.path / "status.json", {**run.read("status.json"), "host": "elsewhere", "pid": 1})
    assert run.status() == "running"
    for path in run.path.glob("*.json*"):
        os.utime(path, (0, 0))
    assert run.status() == "interrupted"


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("status.json", "{", "status.json cannot be read"),
        ("status.json", None, "status.json cannot be read"),
        ("status.json", '{"state": "asleep"}', "tells the state 'asleep'"),
        ("recipe.json", "[1]", "holds list, not an object"),
        ("metrics.jsonl", '{"step": 1}\n{"step": 2}\n', "line 1, is no event"),
        ("metrics.jsonl", b"\xff\xfe\n", "metrics.jsonl cannot be read"),
    ],
)
def test_a_damaged_run_is_listed_with_the_reason_and_left_alone(store, run, file, text, said):
    path = run.path / file
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = {one.name: one.read_bytes() for one in run.path.iterdir()}
    (entry,) = store.runs()
    assert entry.status == "damaged" and said in entry.reason
    assert {one.name: one.read_bytes() for one in run.path.iterdir()} == before
    with pytest.raises(DamagedRun, match=said):
        run.status(), run.recipe(), run.events()


def test_runs_are_listed_the_newest_first_beside_damaged_ones(store, run):
    second = store.create({"model": "tiny"}, "later")
    second.event(7, "loss", loss=1.0)
    second.mark("failed", "the loss is nan")
    os.utime(run.path, (0, 0))
    (store.root / "notes").mkdir()
    os.utime(store.root / "notes", (1, 1))
    entries = store.runs()
    assert [entry.status for entry in entries] == ["failed", "damaged", "running"]
    assert entries[0] == replace(entries[0], id=second.id, step=7, reason="the loss is nan")


def test_an_empty_store_makes_no_folder(store):
    assert store.runs() == [] and not store.root.exists()


@pytest.mark.parametrize("name", ["nothing", "", "../runs", "a/b"])
def test_an_unknown_run_lists_those_that_exist(store, run, name):
    with pytest.raises(ValueError, match=run.id):
        store.folder(name)


def test_a_folder_that_may_not_be_written_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="set FTKIT_RUNS to a folder"):
        runs.store(tmp_path / "file/runs").create({}, "x")


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="rights of this kind are not Windows's")
def test_missing_rights_are_said_in_a_sentence(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    tmp_path.chmod(0o755)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)  # nobody
    try:
        with pytest.raises(PermissionError, match="set FTKIT_RUNS to a folder"):
            runs.store(closed).create({}, "x")
    finally:
        os.seteuid(was)
    assert list(closed.iterdir()) == []


def test_no_half_made_run_is_ever_seen(store, monkeypatch):
    monkeypatch.setattr(runs, "write_json", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left on device: runs are kept in"):
        store.create({}, "x")
    assert store.runs() == [] and list(store.root.iterdir()) == []
