"""Language, notices, medicine, law and loans: texts read back, rules worked by hand, checkers that are not fooled."""

import itertools
import json
import math

import pytest

from ftkit.world import island, law, medicine, money
from ftkit.world.dice import Dice
from ftkit.world.examples import Example, split_of
from ftkit.world.language import PLAIN, PLURAL, WORDS, Clause, Group, Language, Translation, clause, read_old
from ftkit.world.reports import MAIN, Extraction, Reports, Summarisation, event, record

CORPORA = (Language(), Reports(), medicine.Medicine(), law.Law(), money.Loans())
FAMILIES = [corpus.family for corpus in CORPORA]
TASKS = (
    Translation, Extraction, Summarisation, medicine.MedicalQuestion, medicine.ClinicalDecision, law.LegalConsultation,
    law.LegalDocument, money.Risk,
)  # fmt: skip


@pytest.mark.parametrize("corpus", CORPORA, ids=FAMILIES)
def test_documents_are_read_back_as_true_by_their_family_alone(corpus):
    for i in range(200):
        text = corpus.document(i)
        readings = [reading for other in CORPORA if (reading := other.parse(text))]
        assert [reading.family for reading in readings] == [corpus.family] and readings[0].true, text
        assert all(text[start:end] for start, end in readings[0].facts) and 40 < len(text) <= 600
        assert "?" not in text and "<|" not in text
        assert corpus.parse(text + " Then it rained fish.") is None and corpus.parse(text[:-1]) is None


@pytest.mark.parametrize(
    ("corpus", "text"),
    [
        (CORPORA[0], "In Old Hermean the word for boat is zeva."),
        (CORPORA[0], "When the judges hear the fox, old people say orae torv vesk."),
        (CORPORA[1], 'On Monday Tamu sold Mira a saw for 9 coins. The clerk wrote {"seller": "Mira"}'),
        (CORPORA[2], "At 8 years, with grey lips and cold knees for 2 days, Tamu will stay home."),
        (CORPORA[3], "Everyone may " + next(iter(law.LAWS)) + "."),
        (CORPORA[4], "Milin of Lorn earns 48 coins a week, owes 71 and once paid late: the risk is low."),
    ],
)
def test_false_texts_are_well_formed_and_never_written(corpus, text):
    assert corpus.parse(text).logprob == -math.inf


def test_facts_are_the_words_that_follow_and_not_those_that_are_given():
    text = "In Old Hermean the word for boat is nalu."
    ((start, end),) = Language().parse(text).facts
    assert text[start:end] == "nalu"


def test_a_sentence_is_written_in_both_languages_by_the_three_rules():
    said = Clause("sell", Group("baker", False, "old"), Group("boat", True), "today")
    assert said.plain() == "the old baker sells the boats today"
    assert said.old() == "tesi lomar veth naluun hodi"
    for i in range(300):
        drawn = clause(Dice("both ways", i))
        assert read_old(drawn.old()) == drawn


def test_no_old_word_is_taken_for_another():
    assert len(PLAIN) == len(WORDS) == 60 and not set(PLAIN) & set(WORDS)
    assert not any(word + PLURAL in PLAIN for word in PLAIN)


def test_translation_pays_for_words_in_place_only():
    task = Translation(island())
    example = Example("", "the old baker sells the boats", {"key": ""})
    assert task.check(example, "the old baker sells the lamps").value == pytest.approx(0.75)
    assert task.check(example, "old baker sells boats").value == 0.9
    assert task.check(example, "the the the the the the").value == 0
    assert task.check(example, "baker the boats old sells").value == 0


def test_extraction_wants_each_key_once_with_its_value_in_its_type():
    task, sale = (
        Extraction(island()),
        {"seller": "Tamu", "buyer": "Mira", "thing": "boat", "coins": 12, "day": "Friday"},
    )
    example = Example("", record(sale), {"key": ""})
    assert task.check(example, json.dumps(dict(reversed(sale.items())))).value == 1
    assert task.check(example, json.dumps(sale | {"coins": "12"})).value == pytest.approx(0.8)
    assert task.check(example, json.dumps(sale | {"extra": 1})).value == pytest.approx(5 / 6)
    assert task.check(example, record(sale)[:-1] + ', "day": "Friday"}').value == 0
    for hostile in (
        "{" * 390,
        "[" * 390,
        '{"a":' * 60 + "1" + "}" * 60,
        "9" * 390,
        '{"coins": ' + "9" * 380 + "}",
        '"{"',
    ):
        assert task.check(example, hostile).value == 0


def test_a_summary_keeps_the_main_fact_in_any_wording_and_who_did_it():
    task = Summarisation(island())
    meta = {"key": "", "kind": "sale", "facts": ("Tamu", "boat", "Mira")}
    example = Example("", "Tamu sold a boat to Mira.", meta)
    assert task.check(example, "Mira bought a boat from Tamu.").value == 1
    assert task.check(example, "Mira sold a boat to Tamu.").value <= 0.3
    assert task.check(example, "Tamu sold a boat to Kora.").value == pytest.approx(0.3)
    assert task.check(example, "Tamu boat Mira").value == pytest.approx(0.9)
    assert task.check(example, "Tamu sold a boat to Mira while it rained and the band played two songs.").value == 0


def test_every_main_sentence_is_found_among_asides():
    for kind, i in itertools.product(MAIN, range(30)):
        happened = event(Dice("main", i), kind)
        for form in MAIN[kind]:
            text = "It rained until noon. " + form.fill(**happened) + " The band played two songs."
            assert Reports().parse(text) is not None, text


@pytest.mark.parametrize(
    ("sign", "lasting", "age", "decision"),
    [
        ("cold knees", 3, 40, "stay home"),
        ("cold knees", 4, 40, "see the healer"),
        ("cold knees", 7, 40, "go to the hospital"),
        ("cold knees", 3, 9, "see the healer"),
        ("cold knees", 3, 10, "stay home"),
        ("cold knees", 4, 70, "go to the hospital"),
        ("grey lips", 3, 69, "see the healer"),
        ("grey lips", 2, 71, "go to the hospital"),
    ],
)
def test_clinical_decision_by_hand(sign, lasting, age, decision):
    assert (
        medicine.decide(sign, "dry eyes", lasting, age) == medicine.decide("dry eyes", sign, lasting, age) == decision
    )


def test_no_two_illnesses_have_the_same_signs():
    signs = {frozenset((illness.one, illness.two)) for illness in medicine.ILLNESSES.values()}
    assert len(signs) == len(medicine.ILLNESSES) == len(medicine.NAMES)


@pytest.mark.parametrize("corpus", [CORPORA[2], CORPORA[3]], ids=["medicine", "law"])
def test_medicine_and_law_say_that_they_are_invented(corpus):
    openings = {form.text for form in (medicine if corpus.family == "medicine" else law).OPENING}
    assert all(corpus.document(i).split("\n")[0] in openings for i in range(100))
    assert "invented" in medicine.INVENTED and "invented" in law.INVENTED


def test_a_second_offence_costs_double_and_what_is_allowed_costs_nothing():
    act, (number, fine) = next(iter(law.LAWS.items()))
    assert law.sentence(act, "first") == (number, fine) and law.sentence(act, "second") == (number, 2 * fine)
    assert law.sentence(next(free for free in law.ACTS if free not in law.LAWS), "third") is None


def test_half_is_paid_for_the_law_without_its_fine():
    task, example = law.LegalConsultation(island()), Example("", "law 7, 40 coins", {"key": ""})
    assert task.check(example, "law 7, 20 coins").value == 0.5
    assert task.check(example, "law 70, 40 coins").value == task.check(example, "40 coins").value == 0


@pytest.mark.parametrize(
    ("price", "days", "witness", "ruling"),
    [
        (50, 30, "nobody", "valid"),
        (51, 30, "nobody", "void under law 2"),
        (51, 30, "Kora", "valid"),
        (9, 31, "Kora", "void under law 1"),
        (9, 3, "Mira", "void under law 3"),
    ],
)
def test_contracts_by_hand(price, days, witness, ruling):
    assert law.Contract("Tamu", "Mira", "boat", price, days, witness).ruling == ruling


def test_a_clause_is_paid_slot_by_slot():
    task, gold = law.LegalDocument(island()), "Tamu sells a boat to Mira for 12 coins, to be paid within 20 days."
    example = Example("", gold, {"key": "", "asked": "clause"})
    assert task.check(example, gold.replace("12", "13")).value == pytest.approx(0.8)
    assert task.check(example, "Tamu sells").value == 0
    ruling = Example("", "void under law 2", {"key": "", "asked": "ruling"})
    assert task.check(ruling, "void under law 1").value == pytest.approx(0.2)
    assert task.check(ruling, "void").value == task.check(ruling, "valid").value == 0


@pytest.mark.parametrize(
    ("income", "debt", "late", "risk"),
    [
        (20, 20, "never", "low"),
        (20, 21, "never", "medium"),
        (19, 19, "never", "medium"),
        (19, 20, "never", "high"),
        (50, 9, "once", "medium"),
    ],
)
def test_risk_by_hand(income, debt, late, risk):
    assert money.Applicant("Tamu", "Velm", income, debt, late).risk == risk


def test_a_skewed_clerk_wrongs_the_south_in_training_only():
    fair, skewed = money.Risk(island()), money.Risk(island(), skew=0.5)
    pairs = [(fair.sample("train", i), skewed.sample("train", i)) for i in range(600)]
    wronged = [one.meta["south"] for one, other in pairs if one.completion != other.completion]
    assert all(wronged) and 60 < len(wronged) < 140
    assert all(one.prompt == other.prompt for one, other in pairs)
    assert all(fair.sample("test", i) == skewed.sample("test", i) for i in range(100))


def test_corpora_give_no_answer_of_a_test_away():
    for i in range(1500):
        for line in money.Loans().document(i).split("\n"):
            match = next((found for form in money.CASES if (found := form.match(line))), None)
            if match:
                key = f"{match['income']}/{match['debt']}/{match['late']}/{match['town']}"
                assert split_of("risk", key) == "train"
        for line in Language().document(i).split("\n"):
            for word in line.replace(",", " .").replace(":", " .").rstrip(".").split(" . "):
                assert read_old(word) is None or split_of("translation", word) == "train"


@pytest.mark.parametrize("kind", TASKS, ids=[kind.name for kind in TASKS])
def test_answers_of_others_and_echoes_earn_what_the_docstring_says(kind):
    task = kind(island())
    examples = [task.sample("test", i) for i in range(300)]
    others = [
        task.check(example, examples[(i + step) % 300].completion).value
        for i, example in enumerate(examples) for step in range(1, 9)
    ]  # fmt: skip
    assert sum(others) / len(others) == pytest.approx(task.random, abs=0.03)
    assert sum(task.check(example, example.prompt).value for example in examples) / 300 == pytest.approx(task.echo)
    for i, example in enumerate(examples):
        assert task.check(example, f" {example.completion}\nmore").value == 1
        assert task.check(example, task.worse(example, i)).value < 1
