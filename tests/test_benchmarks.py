"""The benchmarks compare like with like: equal work or no ratio. Nothing here is about speed."""

import json
import os
import sys
from dataclasses import replace

import pytest

from benchmarks import __main__ as program
from benchmarks import decoding, display, labs, pretraining, rounds, side_by_side, tuning
from benchmarks.side_by_side import Arm, Block, Comparison, Goal, Outcome, compare
from ftkit import models
from ftkit.data import Corpus, Rows
from ftkit.generation import Rollout
from ftkit.models import Layout

CASE = pretraining.Case(Layout(width=64, layers=1, heads=2, feed_forward=64, context=48), 2, 32, steps=4)


@pytest.fixture
def instantly(monkeypatch):
    """A probe that takes no time."""
    monkeypatch.setattr(side_by_side, "probe", lambda: {"float32": 100.0, "bfloat16": 400.0})


def arm(name: str, seconds: float, made=1, **kind) -> Arm:
    def differs(made, reference):
        return "" if made == reference else f"{made} instead of {reference}"

    return Arm(name, lambda: Block(100, seconds, made), differs, **kind)


def comparison(*arms: Arm, goals=()) -> Comparison:
    outcomes, probes = compare(arms, seconds=0)
    return Comparison("X1", "counting", arms[0].name, 1e6, goals, outcomes, probes)


def test_arms_take_turns_and_ratios_are_those_of_the_same_round(instantly):
    heard, clock = [], iter([9, 9, 1, 0.5, 2, 0.5, 4, 1])  # the untimed round, then three timed ones
    arms = [Arm(name, lambda: Block(1, next(clock), 0), lambda *_: "") for name in "AB"]
    outcomes, probes = compare(arms, 0, heard.append)
    assert heard == ["A", "B"] * 4 and len(probes) == 3
    assert outcomes[1].rates == [2, 2, 1] and outcomes[1].ratios == [2, 4, 4]
    assert outcomes[1].ratio == 4 and outcomes[0].ratio == 1


def test_the_table_holds_ratio_spread_share_of_peak_and_goal(instantly):
    text = comparison(arm("theirs", 1.0), arm("ours", 0.5), goals=[Goal("ours", 1.7, "theirs")]).table()
    assert "| ours | 200 | **2.00** (2.00 to 2.00) | 0.2% | 0.1% | yes |" in text  # 200 x 1e6 of 100e9 and 400e9
    assert text.endswith("Goal: ours at least 1.7 times theirs: 2.000, reached.")


def test_unequal_results_have_no_ratio(instantly):
    found = comparison(arm("theirs", 1.0), arm("ours", 0.1, made=2), goals=[Goal("ours", 1.7, "theirs")])
    assert not found.equal and found.outcomes[1].ratio is None
    assert "| ours | 1,000 | none | 1.0% | 0.2% | 2 instead of 1 |" in found.table()
    assert "not measured" in found.table() and found.to_json()["arms"][1]["ratio"] is None


def test_a_goal_over_another_arm_is_paired_by_round(instantly):
    seconds = {"theirs": iter([1, 1, 1, 1]), "tuned": iter([9, 0.5, 0.4, 0.5]), "ours": iter([9, 0.25, 0.1, 0.4])}
    arms = [Arm(name, lambda each=each: Block(1, next(each), 0), lambda *_: "") for name, each in seconds.items()]
    found = comparison(*arms, goals=[Goal("ours", 2.5, "theirs"), Goal("ours", 2.5, "tuned")])
    assert found.table().splitlines()[-2:] == [
        "Goal: ours at least 2.5 times theirs: 4.000, reached.",
        "Goal: ours at least 2.5 times tuned: 2.000, not reached.",
    ]


def test_what_becomes_unequal_in_a_later_round_is_seen(instantly):
    made = iter([1, 1, 2, 1])
    late = Arm("late", lambda: Block(1, 1, next(made)), arm("late", 1).differs)
    outcomes, _ = compare([arm("theirs", 1.0), late], 0)
    assert outcomes[1].unequal == "2 instead of 1" and outcomes[1].ratio is None


def test_only_an_optional_arm_may_fail(instantly):
    def fails():
        raise RuntimeError("no compiler\nat all")

    found = comparison(arm("theirs", 1.0), Arm("compiled", fails, lambda *_: "", optional=True))
    assert "left out: RuntimeError: no compiler |" in found.table() and found.equal
    with pytest.raises(RuntimeError, match="no compiler"):
        compare([arm("theirs", 1.0), Arm("ours", fails, lambda *_: "")], 0)


def test_losses_are_equal_within_a_share_of_them():
    judge = pretraining.same_losses(0.01)
    assert judge([5.0, 4.03], [5.0, 4.0]) == ""
    assert judge([5.0, 4.05], [5.0, 4.0]) == "loss of step 2 is 4.0500 instead of 4.0000"
    assert judge([5.0, float("nan")], [5.0, 4.0]).startswith("loss of step 2 is nan")
    assert judge([5.0], [5.0, 4.0]) == "1 losses instead of 2"
    assert pretraining.same_losses(0.01, steps=1)([5.0, 9.0], [5.0, 4.0]) == ""


def test_all_arms_of_pretraining_learn_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("FTKIT_DTYPE", "float32")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # products this small only wait for a second thread
    model, tokenizer = models.fresh(CASE.layout)
    models.save(model, tokenizer, tmp_path / "start")
    ids = [row["input_ids"] for row in Rows(Corpus().source(), tokenizer, CASE.context, CASE.steps * CASE.batch)]
    arms = {one.name: one for one in pretraining.arms(CASE, tmp_path, ids)}
    reference = arms[pretraining.TRAINER].run().made
    assert len(reference) == 4 and reference[-1] < reference[0] - 0.01, "the rates are too small to tell arms apart"
    for name in ("nanoGPT's manner", pretraining.OURS, "ours, Muon"):
        block = arms[name].run()
        assert arms[name].differs(block.made, reference) == "" and block.seconds > 0
        assert block.tokens == CASE.batch * CASE.context  # of the one step after the warm ones
    other = pretraining.plain(CASE, str(tmp_path / "start"), ids[::-1])
    assert arms[pretraining.OURS].differs(other.made, reference) != "", "other rows must be seen to be others"


def test_written_tokens_must_be_equal_but_for_ties(tiny):
    model, tokenizer = tiny
    case = decoding.Case(3, whole=False)
    given = decoding.prompts(model, tokenizer, case)
    arms = decoding.arms(model, model, tokenizer, given, case)
    blocks = [one.run() for one in arms]
    assert {one.differs(block.made, blocks[0].made) for one, block in zip(arms, blocks, strict=True)} == {""}
    assert len({block.tokens for block in blocks}) == 1
    reference, wrong = blocks[0].made, [list(ids) for ids in blocks[0].made.completion_ids]
    wrong[1][2] += 1
    said = decoding.same_tokens(model, Rollout(reference.prompt_ids, wrong, [], [], []), reference)
    assert said.startswith("row 1 goes on with token")
    wrong[1] = reference.completion_ids[1][:-1]
    said = decoding.same_tokens(model, Rollout(reference.prompt_ids, wrong, [], [], []), reference)
    assert said == f"row 1 has {len(wrong[1])} tokens instead of {len(wrong[1]) + 1}"


def test_reported_chances_must_be_those_of_a_forward_pass(tiny):
    model, tokenizer = tiny
    block = decoding.ours(model, tokenizer, ["Tamu", "12 + 30"], decoding.Case(2, temperature=1.0))
    assert decoding.same_chances(model, block.made) == ""
    block.made.token_logprobs[1][3] -= 0.5
    assert decoding.same_chances(model, block.made) == "row 1's log-probabilities are off by 0.5000 nats"


def test_a_panel_learns_what_a_run_alone_learns_and_really_draws(tmp_path, tiny_folder):
    case, wire, shares = display.Case(str(tiny_folder), batch=4, steps=8), display.Wire(), []
    before = os.environ.get("FTKIT_RUNS")
    with display.widgets(tmp_path / "runs", wire):
        alone, watched = display.arms(case, shares)
        reference = alone.run()
        assert wire.sent == 0
        drawn = watched.run()
        assert wire.sent > 10_000, "pictures of the curve have been sent"
        other = display.alone(replace(case, batch=2))
    assert watched.differs(drawn.made, reference.made) == "" and len(drawn.made) == 8
    assert watched.differs(other.made, reference.made) != "", "other rows must be seen to be others"
    assert drawn.tokens == reference.tokens > 0 and drawn.seconds > 0
    assert len(shares) == 1 and 0 < shares[0] < 1
    assert list((tmp_path / "runs").iterdir()) == [] and os.environ.get("FTKIT_RUNS") == before


def test_the_benchmark_of_a_panel_reports_a_ratio_and_its_goal(instantly, tiny_folder):
    found = display.measured(display.Case(str(tiny_folder), batch=4, steps=6), seconds=0)
    assert found.equal and len(found.outcomes[1].ratios) == side_by_side.ROUNDS
    assert "Goal: panel at least 0.98 times training.run: " in found.table()
    assert "% of its time on what the page shows." in found.table()


def test_all_ways_of_tuning_learn_the_same(tmp_path, tiny_folder, monkeypatch):
    monkeypatch.setenv("FTKIT_DTYPE", "float32")
    case = tuning.Case(str(tiny_folder), batch=4, steps=5)
    arms = tuning.arms(case, tmp_path)
    blocks = [arm.run() for arm in arms]
    assert [arm.name for arm in arms] == [tuning.DEFAULT, tuning.TUNED, tuning.OURS]
    assert {arm.differs(block.made, blocks[0].made) for arm, block in zip(arms, blocks, strict=True)} == {""}
    assert len({block.tokens for block in blocks}) == 1 and blocks[0].tokens > 0
    other = tuning.ours(replace(case, batch=2), tmp_path)
    assert arms[-1].differs(other.made, blocks[0].made) != "", "other rows must be seen to be others"


def test_all_ways_of_reinforcing_try_as_often_and_earn_the_same(tmp_path, tiny_folder):
    case = rounds.Case(model=str(tiny_folder), attempts=16, longest=6, rounds=3)
    arms = rounds.arms(case, tmp_path)
    blocks = [arm.run() for arm in arms]
    assert {arm.differs(block.made, blocks[0].made) for arm, block in zip(arms, blocks, strict=True)} == {""}
    assert [len(block.made) for block in blocks] == [6, 3, 3], "as it comes, the library tries one group at a time"
    assert min(block.tokens for block in blocks) > 0 and min(block.seconds for block in blocks) > 0
    assert rounds.same_earnings([0.2, 0.2], [0.4, 0.4]) == "it earned 0.200 instead of 0.400"


def test_a_policy_has_arrived_when_three_rounds_earn_enough_on_average():
    assert rounds.arrival([0.5, 0.9, 0.7, 0.8], 0.75) == 3
    assert rounds.arrival([0.9, 0.9], 0.75) is None and rounds.arrival([0.1] * 9, 0.75) is None


def test_each_arrival_has_another_seed_and_what_counts_is_the_end_over_all_seeds():
    def way(seed, low=0.1):
        return rounds.Rounds([1] * 5, [10.0, 20.0, 30.0, 40.0, 50.0], [0.1, 0.8, 0.9, 0.9, 0.9] if seed else [low] * 5)

    one = rounds.Arrivals(0.8, way)
    assert [block.seconds for block in (one(), one())] == [50.0, 40.0]
    assert one.arrivals == 1 and one.ends == pytest.approx([0.1, 0.9])
    worse, chance = rounds.Arrivals(0.8, lambda seed: way(0)), rounds.Arrivals(0.8, lambda seed: way(1 - seed))
    for _ in range(2):
        worse(), chance()
    assert chance.behind(one) == "" and one.behind(worse) == "", "chance, and to come further, are no fault"
    for one_more in (one, worse) * 8:
        one_more()
    assert worse.behind(one) == "it earns 0.10 in the end, and the other 0.82"


def test_ours_and_the_library_s_are_taken_to_the_same_mark_from_the_same_lesson(tmp_path, tiny_folder, monkeypatch):
    monkeypatch.setattr(rounds, "lesson", lambda folder: str(tiny_folder))
    case = replace(rounds.CASES[1], attempts=16, longest=6, rounds=3)
    arms = rounds.arms(case, tmp_path)
    assert [arm.name for arm in arms] == [rounds.TUNED, rounds.OURS]
    blocks = [arm.run() for arm in arms]
    assert {len(block.made) for block in blocks} == {3} and {block.tokens for block in blocks} == {rounds.HOUR}


def test_what_a_lab_needs_is_held_against_its_limits():
    assert labs.Needs("10", 0.8, 1.9).table().endswith("1.90 minutes (limits: 1 GiB, 2 minutes: kept).")
    assert labs.Needs("10", 1.2, 1.9).table().endswith("not kept).")
    assert labs.Needs("10", 0.8, 2.1).to_json()["minutes"] == 2.1 and "30_sft" in labs.CASES


def test_a_row_is_cut_after_its_end():
    assert decoding.cut([5, 1, 0, 0], end=1) == [5, 1] and decoding.cut([5, 6], end=1) == [5, 6]


@pytest.mark.parametrize("unequal, code", [("", 0), ("loss of step 1 is 2 instead of 1", 1)])
def test_the_exit_code_says_whether_results_were_equal(unequal, code, tmp_path, monkeypatch, capsys):
    def measured(case, seconds, tell):
        arms = [Outcome("theirs", [1.0], [1.0]), Outcome("ours", [0.1], [0.1], unequal=unequal)]
        goals = (Goal("ours", 2.5, "theirs"),)
        return Comparison("P1", "slow", "theirs", 1.0, goals, arms, [{"float32": 1.0, "bfloat16": 1.0}])

    report = tmp_path / "new" / "bench.json"
    monkeypatch.setattr(program, "begin_again", lambda avx2: None)
    monkeypatch.setattr(pretraining, "measured", measured)
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--only", "p1", "--cases", "1", "--into", str(report)])
    assert program.main() == code
    left = json.loads(report.read_text())
    assert left["equal"] == (code == 0) and left["machine"]["threads"] >= 1
    assert [one["name"] for one in left["benchmarks"][0]["arms"]] == ["theirs", "ours"]
    assert "### P1: slow" in capsys.readouterr().out


def test_avx2_starts_the_program_anew_in_that_environment(monkeypatch):
    begun = []
    monkeypatch.setattr(program.os, "execve", lambda *call: begun.append(call))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--avx2"])
    program.begin_again(avx2=True)
    _, command, environment = begun[0]
    assert command[1:] == ["-m", "benchmarks", "--avx2"] and environment.items() >= program.AVX2.items()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    program.begin_again(avx2=True)
    assert len(begun) == 1, "it must not begin anew for ever"
