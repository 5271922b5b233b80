"""The commands, in this process where they are quick, as a shell would call them where that matters."""

import json
import os
import subprocess
import sys

import pytest

from ftkit import cli, machine


@pytest.fixture(autouse=True)
def own_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("FTKIT_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("FTKIT_TRACEBACK", raising=False)
    return tmp_path / "runs"


TINY = ["--model", "fresh:nano", "--objective", "pretrain", "--task", "hermea", "--set", "objective.context=32"]
TINY += ["--set", "steps=3", "--set", "train.batch=2", "--set", "dtype=float32"]


def test_help_lists_every_command():
    out = subprocess.run([sys.executable, "-m", "ftkit", "--help"], capture_output=True, text=True, check=True).stdout
    for name in ("lab", "doctor", "run", "runs", "probe", "pretrain", "world", "evidence"):
        assert f"\n    {name} " in out


def test_a_command_starts_without_torch():
    code = "import sys; from ftkit.cli import main; main(['runs']); main(['world']); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["probe", "smal"], "model is 'smal'; did you mean"),
        (["run", "nonesuch.json"], "nonesuch.json: No such file"),
        (["run", "--adapter", "lorra"], "adapter is 'lorra'; did you mean 'lora'? choose one of full, lora"),
        (["run", "--objective", "sfd"], "objective is 'sfd'; did you mean 'sft'?"),
        (["run", "--task", "fact"], "task is 'fact'; did you mean 'facts'?"),
        (["run", *TINY, "--set", "steps"], "--set 'steps' has no value; write it like adapter.rank=4"),
        (["run", *TINY, "--set", "train.stepz=3"], "knob of train is 'stepz'; did you mean 'steps'?"),
        (["run", *TINY, "--set", "trian.steps=3"], "part of the recipe is 'trian'; did you mean 'train'?"),
        (["run", *TINY, "--set", "steps=0"], "steps is 0; choose 1 to 1000000"),
        (["run", *TINY, "--set", "schedule=lin"], "schedule is 'lin'; did you mean 'linear'?"),
        (["run", "--resume", "nonesuch"], "there is no run 'nonesuch'"),
        (["pretrain", "smal"], "model is 'smal'; did you mean 'small'?"),
        (["evidence", "nonesuch"], "nonesuch"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_2(words, sentence, capsys):
    assert cli.main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("ftkit: ") and sentence in captured.err
    assert captured.err.count("\n") == 1


def test_a_file_that_is_no_recipe_is_one_sentence(tmp_path, capsys):
    for text, sentence in (
        ("{", "is no JSON"),
        ('{"model": "small"}', "this is no recipe"),
        ("[]", "this is no recipe"),
    ):
        path = tmp_path / "recipe.json"
        path.write_text(text)
        assert cli.main(["run", str(path)]) == 2
        assert sentence in capsys.readouterr().err


def test_an_unknown_option_is_refused_except_for_jupyterlab(capsys, monkeypatch):
    with pytest.raises(SystemExit) as end:
        cli.main(["runs", "--al"])
    assert end.value.code == 2
    called = []
    monkeypatch.setattr(cli.subprocess, "run", lambda command, **how: called.append((command, how)) or _Done())
    assert cli.main(["lab", "--no-browser", "--port", "9999"]) == 0
    command, how = called[0]
    assert command[3].endswith("00_start.ipynb") and command[4:] == ["--no-browser", "--port", "9999"]
    assert os.path.isabs(how["env"]["FTKIT_RUNS"])


class _Done:
    returncode = 0


def test_knobs_come_from_the_records(capsys):
    from ftkit.adapters import ADAPTERS
    from ftkit.objectives import OBJECTIVES
    from ftkit.records import knobs

    assert cli.main(["run", "--knobs"]) == 0
    out = capsys.readouterr().out
    for record in (*ADAPTERS, *OBJECTIVES):
        assert record.claim in out
        for knob in knobs(record.config):
            assert f".{knob.name}=" in out and knob.help in out


def test_run_trains_lists_and_repeats_from_its_recipe(own_runs, capsys):
    assert cli.main(["run", *TINY]) == 0
    out = capsys.readouterr().out
    assert "3 steps of 2 rows in float32" in out and "step 3/3  loss 6." in out and "done: " in out
    folder = next(own_runs.iterdir())
    assert cli.main(["runs"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if folder.name in line)
    assert "done" in line and "fresh:nano, full, pretrain, hermea" in line

    assert cli.main(["run", str(folder / "recipe.json"), "--set", "train.seed=1", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["status"] == "done" and result["cost"]["tokens"] == 3 * 2 * 32
    again = json.loads((own_runs / result["id"] / "recipe.json").read_text())
    before = json.loads((folder / "recipe.json").read_text())
    assert again["train"].pop("seed") == 1 and before["train"].pop("seed") == 0
    assert again == before
    assert cli.main(["run", "--resume", folder.name]) == 2
    assert "is finished" in capsys.readouterr().err


def test_runs_of_an_empty_folder_say_so(own_runs, capsys):
    assert cli.main(["runs"]) == 0
    assert capsys.readouterr().out == f"no runs in {own_runs}\n"


def test_world_prints_the_island_that_was_asked_for(capsys):
    pages = []
    for island in ("0", "1"):
        assert cli.main(["world", "--island", island]) == 0
        pages.append(capsys.readouterr().out)
    assert pages[0].startswith("HERMEA, island 0") and pages[1].startswith("HERMEA, island 1")
    assert pages[0].splitlines()[10:14] != pages[1].splitlines()[10:14]  # other people


def test_doctor_ends_with_1_and_advice_when_something_is_wrong(monkeypatch, capsys):
    rows = [
        machine.Finding("Python", "3.11.7", ">=3.11", True),
        machine.Finding("trl", "missing", ">=1.16", False, 'Run `pip install "trl>=1.16"`.'),
    ]
    monkeypatch.setattr(machine, "findings", lambda: rows)
    assert cli.main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert '!! trl: Run `pip install "trl>=1.16"`.' in out and "1 of 2 findings need attention" in out
    monkeypatch.setattr(machine, "findings", lambda: rows[:1])
    assert cli.main(["doctor"]) == 0
    assert "nothing is wrong" in capsys.readouterr().out


def test_progress_tells_speed_and_time_left(capsys):
    tell = cli.tell.Progress()
    tell({"step": 0, "seconds": 0, "kind": "start", "values": {"steps": 9, "batch": 4, "dtype": "float32"}})
    values = {"loss": 1.5, "tokens_per_second": 12345.6, "seconds_left": 3725.0}
    for step, seconds in ((1, 1.0), (2, 1.1), (9, 1.2)):
        tell({"step": step, "seconds": seconds, "kind": "loss", "values": values})
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "step 1/9  loss 1.500  12,346 tokens/s  1 h 2 min left"
    assert [line.split()[1] for line in lines[1:]] == ["1/9", "9/9"]


def test_evidence_lists_every_claim_with_its_standing(capsys):
    from ftkit import evidence

    assert cli.main(["evidence", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(evidence.claims())
    for claim, line in zip(evidence.claims(), lines[1:], strict=True):
        assert line.startswith(claim.id) and evidence.standing(claim.id) in line and line.endswith(claim.statement)


def test_a_pipe_that_closes_early_is_no_error():
    command = f"{sys.executable} -m ftkit world | head -n 1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True)
    assert done.stderr == "" and done.stdout.startswith("HERMEA")


def test_pairs_and_a_persons_choices_can_be_asked_for():
    from ftkit.cli import words

    assert words._task("pairs") == {"kind": "Pairs"}
    assert words._task("preferences:mine") == {"kind": "Pairs", "set": "preferences:mine"}
