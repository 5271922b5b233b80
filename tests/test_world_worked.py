"""Arithmetic with steps: what is worked, hinted, criticised and checked again, and what is asked about it."""

import math
import re
import time

import pytest

from ftkit.world.arithmetic import Arithmetic, held_out
from ftkit.world.biographies import Biographies
from ftkit.world.columns import asked, columns, jump_trace, operands, reached, read, result, slipped, trace
from ftkit.world.dice import Dice
from ftkit.world.examples import SPLITS, Example
from ftkit.world.pedagogy import PEDAGOGY, HintGiving, QuestionGeneration, Rubric
from ftkit.world.people import island
from ftkit.world.problems import Problems
from ftkit.world.stories import Stories
from ftkit.world.sums import SUMS, Hard, HintedHard, Misled, Steps, Sums, TwoSteps, stated
from ftkit.world.worked import Critiques, Hinted, Rechecks, Worked

LESSONS = (Worked(), Hinted(), Critiques(), Rechecks())
OTHERS = (Biographies(island()), Arithmetic(), Stories(), Problems())
TASKS = SUMS + PEDAGOGY
SUM = "Ones 8 and 7 make 15, carry 1; tens 4 and 2 and 1 make"
PRODUCT = "Ones 4 times 7 is 28, carry 2; tens 3 times 7 and 2 is 23"


@pytest.mark.parametrize(
    ("a", "sign", "b", "told"),
    [
        (487, "+", 356, "Ones 7 and 6 make 13, carry 1; tens 8 and 5 and 1 make 14, carry 1; hundreds 4 and 3 and 1 "
         "make 8"),
        (843, "-", 356, "Ones 13 less 6 is 7, borrow 1; tens 14 less 5 less 1 is 8, borrow 1; hundreds 8 less 3 less 1 "
         "is 4"),
        (34, "x", 7, "Ones 4 times 7 is 28, carry 2; tens 3 times 7 and 2 is 23"),
        (87, "+", 56, "Ones 7 and 6 make 13, carry 1; tens 8 and 5 and 1 make 14"),
        (105, "-", 8, "Ones 15 less 8 is 7, borrow 1; tens 10 less 0 less 1 is 9, borrow 1; hundreds 1 less 0 less 1 "
         "is 0"),
    ],
)  # fmt: skip
def test_columns_are_told_as_by_hand(a, sign, b, told):
    steps = columns(a, sign, b)
    assert trace(steps) == told and read(told) == steps
    assert reached(steps) == result(a, sign, b) and all(step.right for step in steps)


def test_columns_reach_every_result_and_a_slip_spoils_one_step():
    for i in range(500):
        dice = Dice("columns", i)
        sign = dice.pick("+-x")
        a, b = operands(dice, sign, dice.pick((2, 3)))
        steps = columns(a, sign, b)
        wrong = slipped(dice, steps)
        assert reached(steps) == result(a, sign, b) != reached(wrong)
        assert sum(not step.right for step in wrong) == 1 and read(trace(wrong)) == wrong


def test_jumps_go_by_hundreds_tens_and_ones():
    assert jump_trace(487, "+", 356) == "487 + 300 = 787; 787 + 50 = 837; 837 + 6 = 843"
    assert jump_trace(843, "-", 306) == "843 - 300 = 543; 543 - 6 = 537"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.family)
def test_documents_are_read_back_by_their_own_family_alone(lesson):
    for i in range(120):
        text = lesson.document(i)
        reading = lesson.parse(text)
        assert reading.family == lesson.family and reading.logprob is None and reading.facts, text
        assert all(text[start:end].isdecimal() for start, end in reading.facts)
        assert not any(other.parse(text) for other in (*LESSONS, *OTHERS) if other is not lesson), text
        assert len(text) <= 330 and not re.search(r"\?|####|<\|", text)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.family)
def test_a_document_with_another_result_is_well_formed_and_false(lesson):
    for i in range(100):
        text = lesson.document(i)
        start, end = lesson.parse(text).facts[-1]
        reading = lesson.parse(f"{text[:start]}{int(text[start:end]) + 1}{text[end:]}")
        assert reading is None or reading.logprob == -math.inf


@pytest.mark.parametrize(
    ("lesson", "text", "true"),
    [
        (Worked(), f"Now 48 + 27. {SUM} 7. That makes 75.", True),
        (Worked(), f"Now 48 + 27. {SUM} 8. That makes 85.", False),
        (Worked(), f"Now 48 + 37. {SUM} 7. That makes 85.", False),
        (Worked(), "To 48 figs Tamu adds 27. 48 + 20 = 68; 68 + 7 = 75. That makes 75 figs.", True),
        (Hinted(), f"Some number times 7 is 238. Hint: 34. Take 34. {PRODUCT}. So the number is 34.", True),
        (Hinted(), f"Some number times 7 is 238. Take 34. {PRODUCT}. So the number is 34.", True),
        (Hinted(), f"Some number times 7 is 238. Hint: 35. Take 34. {PRODUCT}. So the number is 34.", False),
        (Critiques(), f"Now 48 + 27. {SUM} 8. Tamu gets 85. The tens should come to 7. That makes 75.", True),
        (Critiques(), f"Now 48 + 27. {SUM} 8. Tamu gets 85. The ones should come to 7. That makes 75.", False),
        (Critiques(), f"Now 48 + 27. {SUM} 8. Tamu gets 85. All steps are right. That makes 75.", False),
        (Critiques(), f"Now 48 + 27. {SUM} 7. Tamu gets 85. All steps are right. That makes 75.", False),
        (Rechecks(), f"48 + 27 looks like 65. Wait. {SUM} 7. Not 65 but 75.", True),
        (Rechecks(), f"48 + 27 looks like 75. Wait. {SUM} 7. Not 65 but 75.", False),
        (Rechecks(), f"48 + 27 looks like 65. Wait. {SUM} 7. Yes, 75.", False),
    ],
)  # fmt: skip
def test_a_reader_tells_true_from_false(lesson, text, true):
    assert (lesson.parse(text).logprob is None) == true


@pytest.mark.parametrize(
    "text", ["", ".", "x. y.", " " * 600, "Now " + "1 " * 280, "Ones 8. " * 70, "Take 0. n x 0 = 0."]
)
def test_no_text_breaks_or_delays_a_reader(text):
    began = time.perf_counter()
    assert all(lesson.parse(text) is None for lesson in LESSONS)
    assert time.perf_counter() - began < 1


def test_division_by_zero_is_false():
    text = "Find n in n x 0 = 0. Take 5. Ones 5 times 0 is 0. So n = 5."
    assert Hinted().parse(text).logprob == -math.inf


def test_no_corpus_works_out_what_tasks_ask():
    for i in range(800):
        for a, sign, b in re.findall(r"(\d+) ([-+x]) (\d+)", Worked().document(i) + Rechecks().document(i)):
            assert not asked(int(a), sign, int(b))
    for kind in (Sums, Steps, TwoSteps):
        for i in range(50):
            a, sign, b = kind(island()).sample("train", i).meta["key"].split()[:3]
            assert held_out(int(a), sign, int(b))


def test_half_of_the_first_answers_are_taken_back_and_two_thirds_of_the_steps_criticised():
    taken = [not re.search(r"right|indeed|Yes|stands|stays|holds", Rechecks().document(i)) for i in range(600)]
    assert sum(taken) / 600 == pytest.approx(0.5, abs=0.12)
    slips = [sum(not step.right for step in read(Critiques().document(i).split(". ")[1]) or ()) for i in range(600)]
    assert set(slips) <= {0, 1} and sum(slips) / 600 == pytest.approx(2 / 3, abs=0.1)


@pytest.mark.parametrize("kind", TASKS, ids=lambda kind: kind.name)
def test_gold_scores_one_worse_less_and_splits_never_meet(kind):
    task, keys = kind(island()), {}
    for split in SPLITS:
        for i in range(20):
            example = task.sample(split, i)
            assert task.check(example, f"{example.completion}\n").value == 1
            assert all(task.check(example, task.worse(example, j)).value < 1 for j in range(3))
            keys.setdefault(split, set()).add(example.meta["key"])
    assert not (keys["train"] & keys["test"] or keys["train"] & keys["validation"] or keys["validation"] & keys["test"])


@pytest.mark.parametrize("kind", TASKS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("text", ["", "####", "#### " + "9" * 5000, "\u0667\u0665", "-", "?", "\x00", None, 75])
def test_no_text_breaks_a_checker(kind, text):
    task = kind(island())
    assert task.check(task.sample("test", 0), text).value == 0


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("75", 75),
        ("48 + 27 = 75.", 75),
        ("so 1 #### 2\n#### 75 figs 3", 75),
        ("#### 7.5", None),
        ("#### x", None),
        ("", None),
    ],
)
def test_the_stated_number(text, number):
    assert stated(text) == number


def test_a_number_without_its_mark_does_not_count_where_steps_are_asked():
    example = Example("", "Ones 8 and 7 make 15, carry 1; tens 4 and 2 and 1 make 7. #### 75", {"key": ""})
    task = Steps(island())
    assert task.check(example, "75").value == 0
    assert task.check(example, "#### 75").value == 1  # fooled: no step is right
    assert task.steps(example, "#### 75").value == 0
    assert task.steps(example, "Ones 8 and 7 make 15, carry 1; tens 4 and 2 make 6. #### 66").value == 0.5


def test_hints_are_of_the_same_question_and_only_misled_ones_are_wrong():
    hard, hinted, misled = (kind(island()) for kind in (Hard, HintedHard, Misled))
    for i in range(100):
        plain, helped, fooled = (task.sample("test", i) for task in (hard, hinted, misled))
        assert plain.completion == helped.completion == fooled.completion
        answer = rf"\b{stated(plain.completion)}\b"
        assert re.search(answer, helped.prompt) and not re.search(answer, fooled.prompt)
        assert not re.search(answer, plain.prompt)
        assert len(fooled.prompt.split("####")) == 2


def test_a_hint_may_begin_but_not_end():
    example = Example("", "", {"key": "", "a": 48, "sign": "+", "b": 27})
    score = {
        "Add the ones first: 8 and 7 make 15.": 1.0,
        "Add 7 and 8: it makes 15.": 1.0,
        "First 7 and 8 make 15, so add.": 1.0,
        "Add, or subtract, or multiply.": 0.0,
        "Add them.": 0.5,
        "Add the ones: 8 and 7 make 15; it is 75.": 0.0,
        "Add the ones: 8 and 7 make 15, then the tens: 7.": 0.0,
        "Add. It is 7 5.": 0.0,
        "Add. It is seventy-five.": 0.5,  # fooled
    }
    for text, value in score.items():
        assert HintGiving(island()).check(example, text).value == value, text


def test_a_question_must_ask_for_the_marked_words_and_not_say_them():
    rest = ["Tamu", "12", "figs", "at noon"]
    example = Example("", "", {"key": "", "asks": "place", "answer": "in the mill", "rest": rest})
    score = {
        "Where did Tamu hide 12 figs at noon?": 1.0,
        "Where did Tamu hide figs?": 0.75,
        "When did Tamu hide 12 figs at noon?": 0.5,
        "Where did Tamu hide 12 figs in the mill?": 0.0,
        "Where did Tamu hide 12 figs at noon": 0.0,
        "Where Tamu 12 figs at noon?": 1.0,  # fooled
    }
    for text, value in score.items():
        assert QuestionGeneration(island()).check(example, text).value == value, text


def test_points_are_what_the_marks_add_up_to():
    task = Rubric(island())
    for i in range(100):
        example = task.sample("train", i)
        found = re.search(r"(\d+) ([-+]) (\d+)\W.*?(Ones [^.]*)\. Answer (\d+)", example.prompt)
        steps, answer = read(found[4]), result(int(found[1]), found[2], int(found[3]))
        assert example.meta["right"] == [*(step.right for step in steps), int(found[5]) == answer]
    example = Example("", "ones right, tens wrong, answer wrong: 1", {"key": "", "right": [True, False, False]})
    assert task.check(example, "1").value == 0.5
    assert task.check(example, "ones right, tens wrong, answer wrong: 2").value == 0
