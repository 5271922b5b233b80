"""The island: same bytes everywhere, exact probabilities, and nothing that should be held out in sight."""

import hashlib
import itertools
import math
import subprocess
import sys

import pytest

from ftkit import world
from ftkit.world.arithmetic import Arithmetic, held_out, pairs, result
from ftkit.world.biographies import DIRECT, INVERSE, Biographies
from ftkit.world.examples import Example
from ftkit.world.forms import Form
from ftkit.world.people import FIRST, Island
from ftkit.world.problems import OPERANDS, TWO, Problems
from ftkit.world.stories import SIGN_OF, START_AT_MOST, THINGS, TURNS, Stories, amounts, unseen, verbs

FAMILIES = ("biographies", "arithmetic", "stories", "problems")
BYTES = "70ec764bb8afe417f8ca2e881c049768b98e4f6e40e99cf5d9af3a2b13eef5be"  # sha256 of 500 documents of each island
TINY_FORMS = {
    "direct": {
        "home": (Form("{name} lives in {home}."), Form("{name} is from {home}."), Form("{name} is from {home}.")),
        "pet": (Form("{name} keeps a {pet}."), Form("{name} feeds a {pet}.")),
    },
    "inverse": {"home": (Form("From {home} comes {name}."),), "pet": (Form("A {pet} obeys {name}."),)},
}


def tiny_biographies():
    return Biographies(Island(seed=3, people=3), lengths=(1, 2), **TINY_FORMS)


def every_tiny_biography(corpus):
    """All distinct texts, written out without the corpus's own code for probabilities."""
    for person in corpus.island.residents:
        for length in corpus.lengths:
            for order in itertools.permutations(corpus.direct, length):
                options = [
                    [form.fill(name=person.name, **{attribute: getattr(person, attribute)})
                     for form in corpus.direct[attribute] + corpus.inverse[attribute]]
                    for attribute in order
                ]  # fmt: skip
                yield from (" ".join(choice) for choice in itertools.product(*options))


def test_biography_probabilities_of_a_tiny_island_sum_to_one():
    corpus = tiny_biographies()
    texts = set(every_tiny_biography(corpus))
    assert len(texts) > 50
    assert math.fsum(math.exp(corpus.logprob(text)) for text in texts) == pytest.approx(1, abs=1e-9)


def test_biography_probability_sums_over_forms_that_read_alike():
    corpus = tiny_biographies()
    person = corpus.island.residents[0]
    once, twice = (form.fill(name=person.name, home=person.home) for form in corpus.direct["home"][:2])
    assert corpus.logprob(twice) == pytest.approx(corpus.logprob(once) + math.log(2))


def test_biography_probability_agrees_with_counted_frequencies():
    corpus = tiny_biographies()
    drawn = [corpus.document(i) for i in range(6000)]
    for text in sorted(set(drawn), key=drawn.count)[-5:]:
        assert drawn.count(text) / 6000 == pytest.approx(math.exp(corpus.logprob(text)), rel=0.3)


def test_arithmetic_probabilities_of_a_tiny_world_sum_to_one():
    corpus = Arithmetic(largest=2, lengths=(1, 2))
    numbers = range(-1, 4)
    lines = {
        form.fill(a=a, b=b, c=c, sign=sign, word={"+": "plus", "-": "minus"}[sign])
        for form in corpus.lines for sign in "+-" for a, b, c in itertools.product(numbers, repeat=3)
    }  # fmt: skip
    texts = lines | {f"{one}\n{other}" for one, other in itertools.product(lines, repeat=2)}
    assert math.fsum(math.exp(corpus.logprob(text)) for text in texts) == pytest.approx(1, abs=1e-9)


def test_story_probabilities_given_name_and_thing_sum_to_their_share():
    corpus = Stories(lengths=(1,))
    total = 0.0
    for start, verb, m in itertools.product(range(-1, 30), SIGN_OF, range(0, 12)):
        for stands in (start + m, start - m):
            text = f"Tamu has {start} figs. Tamu {verb} {m} figs. Now Tamu has {stands}."
            total += math.exp(corpus.logprob(text))
    assert total == pytest.approx(1 / (len(FIRST) * len(THINGS)), rel=1e-9)


def test_problem_probabilities_given_name_thing_and_verb_sum_to_their_share():
    corpus, total = Problems(), 0.0
    for a, b in itertools.product(range(102), repeat=2):
        question = f"Tamu has {a} figs and buys {b}. How many figs does Tamu have now?"
        total += math.exp(corpus.logprob(f"{question} {a} + {b} = {a + b}. #### {a + b}"))
    assert total == pytest.approx(1 / (2 * len(FIRST) * len(THINGS) * 2 * len(verbs("figs", "+"))), rel=1e-9)


def test_a_problem_beyond_all_numbers_is_read_and_never_written():
    """A model may write one whose first result leaves room for no second step."""
    slots = {"who": FIRST[0], "things": THINGS[0], "verb": verbs(THINGS[0], "+")[0], "then": verbs(THINGS[0], "+")[0]}
    far = TWO.fill(a=900, b=900, c=5, t="900 + 900 = 1800. 1800 + 5 = 1805.", n=1805, **slots)
    reading = Problems().parse(far)
    assert reading.logprob == -math.inf and Problems().logprob(far) == -math.inf


@pytest.mark.parametrize("family", FAMILIES)
def test_every_document_is_read_back_as_true(family):
    corpus, mixture = world.corpus(family), world.corpus()
    for i in range(300):
        text = corpus.document(i)
        reading = mixture.parse(text)
        assert reading.family == family and reading.true and reading.facts, text
        assert reading.logprob == pytest.approx(corpus.logprob(text) + math.log(world.WEIGHTS[family] / 100))
        assert reading.facts_logprob <= 0


@pytest.mark.parametrize(
    ("text", "well_formed"),
    [
        ("Tamu has 5 figs. Tamu finds 3 figs. Now Tamu has 9.", True),
        ("12 + 30 = 45", True),
        ("12 + 30 =", False),
        ("", False),
        ("Tamu has 5 figs. Tamu finds 3 figs.", False),
        ("Tamu has \u0665 figs. Tamu finds 3 figs. Now Tamu has 8.", True),
        ("1" * 10_000 + " + 1 = 2", False),
    ],
)
def test_false_or_broken_texts_have_no_probability(text, well_formed):
    corpus = world.corpus()
    assert (corpus.parse(text) is not None) == well_formed
    assert corpus.logprob(text) == -math.inf


def test_a_false_fact_is_well_formed_and_impossible():
    corpus = world.corpus("biographies")
    text = next(text for text in map(corpus.document, itertools.count()) if " lives in " in text)
    home = next(person for person in corpus.island.residents if person.name in text).home
    other = next(town for town in world.VALUES["home"] if town != home)
    lie = corpus.parse(text.replace(home, other))
    assert lie is not None and not lie.true


def test_documents_are_the_same_bytes_as_ever():
    text = "\n".join(world.corpus(seed=seed).document(i) for seed in (0, 1) for i in range(500))
    assert hashlib.sha256(text.encode()).hexdigest() == BYTES


def test_documents_depend_on_seed_and_number_alone():
    corpus = world.corpus()
    late = corpus.document(900)
    assert late == world.corpus().document(900) and late != world.corpus(seed=1).document(900)


def test_islands_share_forms_but_no_resident():
    names = [{person.name for person in world.island(seed).residents} for seed in (0, 1)]
    newcomers = {person.name for seed in (0, 1) for person in world.island(seed).newcomers}
    assert len(names[0]) == len(names[1]) == 1000
    assert not names[0] & names[1] and not (names[0] | names[1]) & newcomers


def test_people_are_split_in_halves_that_never_meet():
    task = world.task("facts")
    people = {
        split: {task.sample(split, i).meta["person"] for i in range(task.size(split))} for split in task.splits[:4]
    }
    assert not any(one & other for one, other in itertools.combinations(people.values(), 2))
    assert 450 <= len(people["train"]) <= 550 and len(people["test"]) >= 350


def test_those_who_moved_are_asked_for_a_home_that_no_corpus_tells():
    island, task = world.island(), world.task("facts")
    assert len(island.moved) > 50
    for i in range(task.size("moved")):
        example = task.sample("moved", i)
        assert example.completion == island.moved[example.meta["person"]] != island.by_name[example.meta["person"]].home


def test_forms_held_out_for_a_person_are_never_written_of_them():
    corpus = world.corpus("biographies")
    held = {
        form.fill(name=person.name, **{attribute: getattr(person, attribute)})
        for person in corpus.island.residents for attribute in world.ATTRIBUTES
        for form in corpus.held_out(person, attribute)
    }  # fmt: skip
    assert len(held) == 1000 * 5 * 4
    written = {sentence + "." for i in range(4000) for sentence in corpus.document(i).rstrip(".").split(". ")}
    assert len(written) > 10_000 and not written & held


def test_operands_and_verbs_held_out_are_never_shown():
    corpus = Arithmetic()
    for i in range(2000):
        for line in corpus.document(i).split("\n"):
            a, sign, b = line.split()[:3]
            assert not held_out(int(a), {"plus": "+", "minus": "-"}.get(sign, sign), int(b))
    shown = {tuple(turn.split()[1::2]) for i in range(2000) for turn in Stories().document(i).split(". ")[1::2]}
    assert shown and not any(unseen(verb, things.rstrip(".")) for verb, things in shown)
    total = sum(1 for sign in TURNS for _ in pairs(sign))
    assert 0.85 < sum(map(len, OPERANDS.shown.values())) / total < 0.95


def test_no_corpus_holds_a_question_about_a_fact():
    questions = [form for block in world.QUESTIONS.values() for form in block]
    for i in range(3000):
        text = world.corpus().document(i)
        assert "<|" not in text and "Question:" not in text and "Answer:" not in text
        assert not any(form.pattern.search(text) for form in questions)


def test_each_attribute_has_twenty_forms_and_none_is_mistaken_for_another():
    """The text before a value tells which attribute is meant, so a greedy completion is never asked two things."""
    before = {}
    for attribute in world.ATTRIBUTES:
        assert len(DIRECT[attribute]) >= 20
        for form in DIRECT[attribute] + INVERSE[attribute]:
            before.setdefault(form.text[: form.text.index("{" + attribute + "}")], set()).add(attribute)
    every = [form.text for block in (DIRECT, INVERSE) for options in block.values() for form in options]
    for start, attributes in before.items():
        assert len(attributes) == 1
        assert all(text[len(start) :].startswith("{") for text in every if text.startswith(start)), start


def test_a_tenth_of_the_sentences_name_the_value_first():
    corpus = world.corpus("biographies")
    texts = [corpus.document(i) for i in range(2000)]
    inverse = [form.pattern for options in INVERSE.values() for form in options]
    sentences = [sentence + "." for text in texts for sentence in text.rstrip(".").split(". ")]
    assert sum(any(p.fullmatch(s) for p in inverse) for s in sentences) / len(sentences) == pytest.approx(0.1, abs=0.02)


def test_the_gold_completion_always_scores_one():
    task = world.task("facts")
    for split in task.splits:
        for i in range(0, task.size(split), 7):
            example = task.sample(split, i)
            assert task.check(example, f" {example.completion}.\nmore").value == 1
            assert task.check(example, example.prompt).value == 0


@pytest.mark.parametrize("text", ["", " \n", "x" * 10_000, "\u202eairO", "\x00\x07", '{"a": {"b": "Oria"}}', None, 7])
def test_no_text_breaks_the_checker(text):
    score = world.task("facts").check(Example("Where?", "Oria"), text)
    assert score.value == 0 and score.why


def test_wrong_names_are_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="no corpus 'novels'; choose hermea, exact, closing, or one of biographies"):
        world.corpus("novels")
    with pytest.raises(ValueError, match="no task 'poems'; choose one of facts"):
        world.task("poems")
    with pytest.raises(ValueError, match="no split 'exam' of facts; choose one of train"):
        world.task("facts").sample("exam", 0)
    with pytest.raises(ValueError, match="2 to 1024 people, not 5000"):
        Island(people=5000)
    with pytest.raises(IndexError, match="counted from 0"):
        world.task("facts").sample("test", -1)


def test_stories_stay_in_their_bounds():
    assert all(0 <= result(total, sign, m) <= 60 for total in range(61) for sign in TURNS for m in amounts(total, sign))
    assert all(Stories().parse(Stories().document(i)).true for i in range(500)) and START_AT_MOST == 20


def test_the_world_imports_no_torch():
    code = "import sys, ftkit.world; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
