"""Choices between two answers: kept line by line, taken back, gone on with, deleted with all that learned of them."""

import json
import os
import threading
from dataclasses import replace

import pytest

from ftkit import bench, models, preferences, world
from ftkit.bench import preferring, sides
from ftkit.bench.preferring import deal
from ftkit.preferences import Choice, preference_set
from ftkit.runs import RunFolder

ATTACK = "<script>attacked=1</script><img src=x onerror=alert(1)>"
PAIRS = [(f"question {i}", f"good {i}", f"bad {i}") for i in range(4)]
FIRST = Choice("Where?", "Here.", "There.", "left", 1.5)
SECOND = Choice("When?", "Now.", "Soon.", "right", 2.0)


@pytest.fixture
def kept(store):
    return preference_set("mine", store)


@pytest.fixture
def watched(monkeypatch):
    """As in JupyterLab, with a hand that is never too fast."""
    monkeypatch.setenv("FTKIT_MODE", "thread")
    monkeypatch.setattr(preferring, "DEAF", 0.0)


@pytest.fixture
def headless(monkeypatch):
    monkeypatch.setenv("FTKIT_MODE", "headless")


def gold(prompt, answer):
    return 1.0 if answer.startswith("good") else 0.0


def trained(store, task="facts", model="small", state="done", **more):
    """A run folder as training leaves it; the id."""
    run = store.create({"model": model, "task": {"kind": "Task", "name": task}, **more}, "sft")
    run.mark(state)
    return run.id


def click(shown, *names):
    for name in names:
        shown.view.buttons[name].click()


def click_good(shown):
    """Presses the side on which the good answer stands."""
    click(shown, "left" if shown.pair[1].startswith("good") else "right")


# ---- the set on disk ---------------------------------------------------------------------------------------------


def test_a_choice_is_one_line_and_holds_neither_name_nor_time_of_day(kept):
    assert not kept.path.parent.exists(), "nothing is made until the first choice"
    kept.add(FIRST)
    kept.add(SECOND)
    lines = kept.path.read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0]) == {
        "prompt": "Where?", "left": "Here.", "right": "There.", "choice": "left", "seconds": 1.5,
    }  # fmt: skip
    assert len(lines) == 2 and kept.choices() == [FIRST, SECOND]
    assert kept.path.name == "mine.preferences.jsonl" and kept.store.runs() == []


def test_a_dataset_has_trls_columns_and_neither_ties_nor_skips(kept):
    for one in (FIRST, replace(FIRST, choice="tie"), SECOND, replace(FIRST, choice="skip")):
        kept.add(one)
    assert kept.dataset().to_list() == [
        {"prompt": "Where?", "chosen": "Here.", "rejected": "There."},
        {"prompt": "When?", "chosen": "Soon.", "rejected": "Now."},
    ]


def test_a_set_without_choices_is_a_dataset_of_texts(kept):
    found = kept.dataset()
    assert len(found) == 0 and {one.dtype for one in found.features.values()} == {"string"}
    assert list(found.features) == ["prompt", "chosen", "rejected"]


@pytest.mark.parametrize("text", ["two\nlines", "a\u2028b", "\x85", "ü 漢 🙂", '"}', ATTACK, ""])
def test_every_text_comes_back_as_it_was(kept, text):
    kept.add(Choice(text, text, "other", "tie", 0.0))
    kept.add(FIRST)
    assert [one.left for one in kept.choices()] == [text, "Here."]


def test_undo_takes_the_last_line_and_no_other(kept):
    assert kept.undo() is None
    kept.add(FIRST)
    kept.add(SECOND)
    assert kept.undo() == SECOND and kept.choices() == [FIRST]
    assert kept.undo() == FIRST and kept.choices() == []
    assert [path.name for path in kept.path.parent.iterdir()] == [kept.path.name], "no part is left behind"


@pytest.mark.parametrize("cut", [1, 2, 20, 60])
def test_a_line_that_a_crash_has_cut_is_left_out_and_never_written_behind(kept, cut):
    last = replace(SECOND, right="Später.")
    kept.add(FIRST)
    kept.add(last)
    kept.path.write_bytes(kept.path.read_bytes()[:-cut])
    there = [FIRST, last] if cut == 1 else [FIRST]  # only the end of the line is missing
    assert kept.choices() == there
    kept.add(SECOND)
    assert kept.choices() == [*there, SECOND]


@pytest.mark.parametrize(
    "line", [b"no json", b"[1]", b'{"prompt": "?"}', b"\xff", json.dumps({**FIRST.__dict__, "choice": "up"}).encode()]
)
def test_another_damaged_line_is_named(kept, line):
    kept.add(FIRST)
    kept.path.write_bytes(kept.path.read_bytes() + line + b"\n")
    with pytest.raises(ValueError, match=r"mine\.preferences\.jsonl, line 2, is no choice"):
        kept.choices()


@pytest.mark.parametrize("name", ["", "../mine", "a/b", ".mine", "a b", "x" * 61])
def test_a_name_that_is_no_plain_word_is_refused(store, name):
    with pytest.raises(ValueError, match="choose up to 60 letters, digits, - and _"):
        preference_set(name)


def test_a_set_is_found_by_the_name_that_a_recipe_has(kept):
    assert preference_set("preferences:mine").path == kept.path


@pytest.mark.parametrize(("choice", "message"), [("up", "'up'; choose one of left, right, tie, skip"), ("", "''")])
def test_an_unknown_choice_is_refused(choice, message):
    with pytest.raises(ValueError, match=message):
        replace(FIRST, choice=choice)


def test_a_choice_of_things_that_are_no_texts_is_refused():
    with pytest.raises(TypeError, match="None is no text"):
        replace(FIRST, left=None)
    with pytest.raises(TypeError, match="must be a number"):
        replace(FIRST, seconds="soon")


def test_an_error_of_the_disk_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FTKIT_RUNS", str(tmp_path / "file" / "runs"))
    with pytest.raises(OSError, match=r"choices are kept in .*mine.*; set FTKIT_RUNS to a folder that you may write"):
        preference_set("mine").add(FIRST)


def test_a_full_disk_costs_no_choice_made_before(kept, monkeypatch):
    kept.add(FIRST)

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device: choices are kept in"):
        kept.undo()
    assert kept.choices() == [FIRST]


# ---- who has learned from it -------------------------------------------------------------------------------------


def test_a_set_is_deleted_with_every_run_that_learned_from_it_at_any_remove(kept):
    kept.add(FIRST)
    store = kept.store
    reward = trained(store, "preferences:mine")
    policy = trained(store, objective={"name": "ppo", "reward": f"run:{reward}"})
    student = trained(store, model=str(store.root / policy / "model"), state="stopped")
    others = [
        trained(store, "mine"),
        trained(store, "preferences:mine2"),
        trained(store, model="run:sft-of-another"),
        trained(store, "preferences:yours"),
    ]
    said = kept.delete()
    assert set(said.runs) == {reward, policy, student} and (said.choices, said.unread) == (1, ())
    assert {entry.id for entry in store.runs()} == set(others) and not kept.path.exists()
    assert "1 choice, and 3 runs trained on them (" in str(said) and policy in str(said)


def test_run_means_the_same_here_as_to_models():
    assert preferences._names(f"{models.RUN}sft-1", {"sft-1"})
    assert not preferences._names("sft-12", {"sft-1"})


def test_a_run_that_still_learns_is_named_and_nothing_is_deleted(kept):
    kept.add(FIRST)
    done, going = trained(kept.store, "preferences:mine"), trained(kept.store, "preferences:mine", state="running")
    with pytest.raises(ValueError, match=f"still learning from these choices: {going}; stop that"):
        kept.delete()
    assert kept.choices() == [FIRST] and {entry.id for entry in kept.store.runs()} == {done, going}


def test_a_run_whose_recipe_cannot_be_read_is_left_and_named(kept):
    broken, learned = trained(kept.store), trained(kept.store, "preferences:mine")
    (kept.store.root / broken / "recipe.json").write_text("{")
    RunFolder(kept.store.root / learned).path.joinpath("status.json").write_text("{")
    said = kept.delete()
    assert said.unread == (broken,) and said.runs == (learned,), "a damaged run that did learn goes, too"
    assert f"cannot be read: {broken}" in str(said)


def test_a_damaged_set_can_be_deleted(kept):
    kept.add(FIRST)
    kept.path.write_bytes(b"no json\n" + kept.path.read_bytes())
    assert kept.delete().choices == 2 and not kept.path.exists()
    assert str(kept.delete()) == "Deleted: 0 choices, and 0 runs trained on them."


# ---- pairs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "message"),
    [([], "there is no pair to choose from"), ([("a", "b")], "pair 1 is"), ([("a", "b", None)], "must be three texts")],
)
def test_what_is_no_pair_is_refused(store, pairs, message):
    with pytest.raises(ValueError, match=message):
        bench.preferences(pairs, "mine")


def test_places_are_dealt_fairly_and_always_alike():
    pairs = [(f"q{i}", "one", "other") for i in range(400)]
    lefts = sum(left == "one" for _, left, _ in deal(pairs))
    assert 160 < lefts < 240, "five deviations from a fair coin"
    assert deal(pairs) == deal(pairs) != deal(pairs, seed=1)
    assert deal(pairs)[7:] == deal(pairs[7:]), "whatever stands before it"
    assert {frozenset(pair) for pair in deal(pairs)} == {frozenset(pair) for pair in pairs}


# ---- buttons -----------------------------------------------------------------------------------------------------


def test_every_click_is_on_disk_at_once(store, watched):
    shown = bench.preferences(PAIRS, "mine")
    kept = preference_set("mine")
    for number, name in enumerate(("left", "tie", "skip"), 1):
        asked = shown.pair
        click(shown, name)
        last = kept.choices()[-1]
        assert len(kept.choices()) == number
        assert ((last.prompt, last.left, last.right), last.choice) == (asked, name) and last.seconds >= 0
        assert f"{number} of 4" in shown.view.texts["progress"].value


def test_undo_shows_the_pair_again(store, watched):
    shown = bench.preferences(PAIRS, "mine")
    click(shown, "undo")
    assert "nothing to take back" in shown.view.texts["progress"].value
    click(shown, "left", "right")
    second = deal(PAIRS)[1]
    assert shown.pair == deal(PAIRS)[2]
    click(shown, "undo")
    assert shown.pair == second and "1 of 4" in shown.view.texts["progress"].value
    assert [one.choice for one in preference_set("mine").choices()] == ["left"]


def test_a_set_goes_on_where_it_was_left_whatever_the_deal(store, watched):
    click(bench.preferences(PAIRS, "mine"), "left", "skip")
    again = bench.preferences([(prompt, other, one) for prompt, one, other in PAIRS], "mine", seed=3)
    assert "2 of 4" in again.view.texts["progress"].value and again.pair[0] == "question 2"
    assert bench.preferences(PAIRS, "yours").pair[0] == "question 0"


def test_the_same_pair_twice_is_asked_twice(store, watched):
    shown = bench.preferences([PAIRS[0], PAIRS[0]], "mine")
    click(shown, "left")
    assert not shown.done
    click(shown, "left")
    assert shown.done


def test_undo_leaves_choices_about_other_pairs(store, watched):
    click(bench.preferences(PAIRS[:1], "mine"), "left")
    shown = bench.preferences(PAIRS[1:], "mine")
    click(shown, "undo")
    assert "another pair, and stays" in shown.view.texts["progress"].value
    assert len(preference_set("mine").choices()) == 1


def test_an_old_view_never_answers_a_pair_that_it_does_not_show(store, watched):
    old, new = bench.preferences(PAIRS, "mine"), bench.preferences(PAIRS, "mine")
    click(new, "left")
    click(old, "right")
    assert "answered elsewhere" in old.view.texts["progress"].value and old.pair == new.pair
    click(old, "right")
    assert [one.choice for one in preference_set("mine").choices()] == ["left", "right"]


def test_a_double_click_chooses_once_and_never_deletes(store, monkeypatch):
    monkeypatch.setenv("FTKIT_MODE", "thread")
    shown = bench.preferences(PAIRS, "mine")
    click(shown, "left", "left")
    assert len(preference_set("mine").choices()) == 1
    shown._pressed -= 1
    click(shown, "delete", "delete")
    assert len(preference_set("mine").choices()) == 1 and shown.armed


def test_clicks_from_many_threads_make_whole_lines(store, watched):
    shown = bench.preferences([(f"q{i}", "one", "other") for i in range(40)], "mine")
    hands = [threading.Thread(target=click, args=(shown, "left", "right", "tie", "skip")) for _ in range(8)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert len(preference_set("mine").choices()) == 32 and "32 of 40" in shown.view.texts["progress"].value


def test_delete_asks_once_and_says_what_went(store, watched):
    shown = bench.preferences(PAIRS, "mine")
    run = trained(store, "preferences:mine")
    click(shown, "left", "delete")
    assert shown.view.buttons["delete"].description == "Press again to delete"
    assert run in shown.view.texts["progress"].value
    click(shown, "undo", "left", "delete")
    assert len(store.runs()) == 1, "another button in between, and it asks again"
    click(shown, "delete")
    assert store.runs() == [] and preference_set("mine").choices() == []
    said = shown.view.texts["progress"].value
    assert "0 of 4" in said and f"1 run trained on them ({run})" in said
    assert shown.view.buttons["delete"].description == "Delete" and shown.pair == deal(PAIRS)[0]


def test_what_goes_wrong_is_a_sentence_on_the_page(store, watched, monkeypatch):
    shown = bench.preferences(PAIRS, "mine")
    trained(store, "preferences:mine", state="running")
    click(shown, "delete", "delete")
    assert "still learning from these choices" in shown.view.texts["progress"].value

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr("builtins.open", lambda *_: full(0))
    click(shown, "left")
    said = shown.view.texts["progress"].value
    assert "No space left on device: choices are kept in" in said and "0 of 4" in said


def test_texts_are_shown_letter_by_letter(store, watched):
    shown = bench.preferences([(ATTACK, ATTACK, "")], "mine", lambda prompt, answer: 1 / 0)
    page = shown.view.texts["pair"].value
    assert page.count("&lt;script&gt;") == 2 and "<script" not in page and "<img" not in page
    assert "no text" in page, "an empty answer can be told from a broken page"
    click(shown, "left")
    assert "ZeroDivisionError" in shown.view.texts["progress"].value, "an error of the gold score is seen"


def test_a_name_of_a_run_is_escaped(store, watched, monkeypatch):
    shown = bench.preferences(PAIRS, "mine")
    monkeypatch.setattr(shown.kept, "delete", lambda: ATTACK)
    click(shown, "delete", "delete")
    assert "<script" not in shown.view.texts["progress"].value and "&lt;script" in shown.view.texts["progress"].value


def test_every_part_can_be_found_by_its_class_and_progress_is_read_aloud(store, watched):
    view = bench.preferences(PAIRS, "mine").view
    found = {
        name for widget in (*view.texts.values(), *view.buttons.values(), view.box) for name in widget._dom_classes
    }
    assert {"ft-preferences", "ft-left", "ft-right", "ft-tie", "ft-skip", "ft-undo", "ft-delete", "ft-pair"} <= found
    assert 'role="status"' in view.texts["progress"].value
    assert not any(button.disabled for button in view.buttons.values())


# ---- where nobody clicks -----------------------------------------------------------------------------------------


def test_a_rule_chooses_in_a_set_of_its_own_and_it_is_said(store, headless, capsys):
    shown = bench.preferences([*PAIRS, ("question", "bad", "worse")], "mine")
    capsys.readouterr()
    kept = shown.result(gold)
    said = capsys.readouterr().out
    assert "Nobody has clicked; 10 are needed" in said and "not your choices but those of the rule gold" in said
    assert kept.name == "mine-by-rule" and preference_set("mine").choices() == []
    assert {row["chosen"] for row in kept.dataset()} == {f"good {i}" for i in range(4)}
    assert [one.choice for one in kept.choices()][-1] == "tie"
    assert len(shown.result(gold).choices()) == 5, "no pair is decided twice"


def test_whoever_has_clicked_enough_gets_the_own_choices(store, watched, capsys):
    shown = bench.preferences(PAIRS, "mine")
    click(shown, "left", "right", "tie")
    assert shown.result(gold, least=3).name == "mine-by-rule", "a tie decides nothing"
    assert "Only 2 of 4 pairs are decided; 3 are needed" in capsys.readouterr().out
    click(bench.preferences(PAIRS, "mine"), "right")
    capsys.readouterr()
    assert shown.result(gold, least=3).name == "mine" and capsys.readouterr().out == ""


# ---- keys --------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Deprecated in traitlets 4.1:DeprecationWarning")  # ipywidgets 7 says of itself
@pytest.mark.parametrize(("how", "served", "expected"), [("thread", True, 1), ("thread", False, 0), ("cell", True, 0)])
def test_keys_are_only_where_nothing_must_be_fetched_for_them(store, monkeypatch, how, served, expected):
    monkeypatch.setenv("FTKIT_MODE", how)
    monkeypatch.setenv("JPY_SESSION_NAME", "x.ipynb") if served else monkeypatch.delenv("JPY_SESSION_NAME", False)
    view = bench.preferences(PAIRS, "mine").view
    keys = [widget for widget in view.box.children if type(widget).__name__ == "Keys"]
    assert len(keys) == expected
    for one in keys:
        assert set(one.buttons.values()) <= {f"ft-{button.name}" for button in sides.BUTTONS}
        assert "ft-delete" not in one.buttons.values(), "one key must not delete"
        assert "← left, → right, T tie, S skip, U undo" in one.said and one.box in view.box._dom_classes


# ---- at the end --------------------------------------------------------------------------------------------------


def test_agreement_is_told_at_the_end_and_not_before(store, watched):
    shown = bench.preferences(PAIRS, "mine", gold)
    for _ in PAIRS[:3]:
        click_good(shown)
        assert shown.agreement() is None and shown.report is None and shown.view.texts["report"].value == ""
    click(shown, "skip")
    found = shown.agreement()
    assert (found.value, found.n) == (1.0, 3)
    assert "the gold score agrees" in shown.view.texts["report"].value and shown.view.texts["pair"].value == ""
    click(shown, "left")
    assert "nothing left to choose" in shown.view.texts["progress"].value
    click(shown, "undo")
    assert shown.view.texts["report"].value == "" and "question 3" in shown.view.texts["pair"].value


def test_agreement_and_habit_worked_out_by_hand(store, watched):
    """Left is chosen in 3 of 4; gold likes two of the four chosen better, one worse, and one as well."""
    scores = {"a": 3.0, "b": 1.0, "c": 0.0}
    for prompt, left, right, choice in (
        ("1", "a", "b", "left"), ("2", "b", "c", "left"), ("3", "c", "b", "left"), ("4", "a", "a", "right"),
        ("5", "a", "b", "tie"), ("6", "a", "b", "skip"),
    ):  # fmt: skip
        preference_set("mine").add(Choice(prompt, left, right, choice, 1.0))
    pairs = [(one.prompt, one.left, one.right) for one in preference_set("mine").choices()]
    shown = bench.preferences(pairs, "mine", lambda prompt, answer: scores[answer])
    found = shown.agreement()
    assert (found.value, found.n) == (pytest.approx(2 / 3), 3)
    assert (found.low, found.high) == (pytest.approx(0.2077, abs=1e-4), pytest.approx(0.9385, abs=1e-4))
    assert (shown.lefts().value, shown.lefts().n) == (0.75, 4)
    assert str(shown.report).splitlines()[1:] == [
        "                            share                choices",
        "the left answer was chosen  0.75 (0.30 to 0.95)  4",
        "the gold score agrees       0.67 (0.21 to 0.94)  3",
        "Ties: 1, skipped: 1; not counted, as gold scores both alike: 1. Places were dealt by chance: expect half "
        "on the left.",
    ]


def test_without_a_gold_score_or_a_choice_nothing_is_made_up(store, watched):
    shown = bench.preferences(PAIRS[:2], "mine")
    click(shown, "tie", "skip")
    assert shown.agreement() is None and "gold" not in str(shown.report)
    assert "none" in str(shown.report)


def test_the_gold_score_of_the_worlds_style_agrees_with_who_follows_it(store, watched):
    task = world.task("style", 0)
    examples = {one.prompt: one for one in (task.sample("train", i) for i in range(3))}
    graded = [task.degraded(one, world.dice.Dice("test", i)) for i, one in enumerate(examples.values())]
    pairs = [(prompt, texts[0][0], texts[-1][0]) for prompt, texts in zip(examples, graded, strict=True)]
    shown = bench.preferences(pairs, "mine", lambda prompt, text: task.check(examples[prompt], text).value)
    while not shown.done:
        click(shown, "left" if shown.pair[1] in {pair[1] for pair in pairs} else "right")
    assert shown.agreement().value == 1.0


# ---- without a screen --------------------------------------------------------------------------------------------


def test_headless_the_pairs_are_a_table_and_no_widget_is_made(store, headless, monkeypatch, capsys):
    monkeypatch.setattr(preferring, "View", None)
    preference_set("mine").add(Choice(*PAIRS[1], "tie", 1.0))
    bench.preferences(PAIRS, "mine", gold)
    told = capsys.readouterr().out
    assert "1 of 4 answered" in told and "Pairs of mine" in told and "question 3" in told and "tie" in told
    assert "gold" not in told


def test_headless_the_end_is_told_too_and_a_long_table_is_cut(store, headless, capsys):
    pairs = [(f"q{i}", "good", "bad") for i in range(13)]
    for pair in pairs:
        preference_set("mine").add(Choice(*pair, "left", 1.0))
    bench.preferences(pairs, "mine", gold)
    told = capsys.readouterr().out
    assert "The first 12 of 13." in told and "the gold score agrees       1.00" in told
