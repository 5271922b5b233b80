"""Words, episodes, needles, passages and hops: read back, worked by hand, and nothing shown that is held out."""

import re

import pytest

from ftkit.world.arithmetic import Arithmetic
from ftkit.world.biographies import DIRECT, INVERSE, Biographies
from ftkit.world.dice import Dice
from ftkit.world.episodes import (
    BREAKS,
    CHOICES,
    LINEARS,
    PAIRS,
    SHIFTS,
    Choice,
    Episodes,
    EpisodeTask,
    Linear,
    Shift,
    Table,
    episode,
    held_out,
)
from ftkit.world.examples import SPLITS, Example, split_of
from ftkit.world.facts import QUESTIONS
from ftkit.world.hops import FIRST, SECOND, Hops, HopsTask
from ftkit.world.needles import KEYS, NUMBER, Needles, NeedleTask
from ftkit.world.passages import CHANGED, Passages, ReadingTask, passage, strangers
from ftkit.world.people import VALUES, Island, island
from ftkit.world.problems import Problems
from ftkit.world.stories import Stories
from ftkit.world.strings import (
    HELD_OUT,
    PHRASES,
    SHOWN,
    TAGGED,
    NewWordTask,
    PrefixTask,
    Strings,
    WordTask,
    mirrored,
    result,
)

CORPORA = (Strings(), Episodes(), Needles(), Passages(), Hops(island()))
OTHERS = (Biographies(island()), Arithmetic(), Stories(), Problems())
TASKS = (WordTask, NewWordTask, PrefixTask, EpisodeTask, NeedleTask, ReadingTask, HopsTask)


def documents(corpus, n=300):
    return [corpus.document(i) for i in range(n)]


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.family)
def test_every_document_is_read_back_by_its_own_family_alone(corpus):
    others = [other for other in CORPORA + OTHERS if other is not corpus]
    for text in documents(corpus, 60):
        reading = corpus.parse(text)
        assert reading.family == corpus.family and reading.logprob is None and reading.facts, text
        assert all(text[start:end].strip() == text[start:end] != "" for start, end in reading.facts)
        assert not any(other.parse(text) for other in others), text
        assert len(text) <= 600


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.family)
def test_texts_of_other_families_and_broken_texts_are_not_read(corpus):
    assert not any(corpus.parse(other.document(i)) for other in OTHERS for i in range(20))
    for text in ("", ".", ". ", "\n", "x" * 5000, "In: red Out: 4", "; ; ;", "reverse: -> ", "So . So .", "٣" * 300):
        assert corpus.parse(text) is None
    for text in documents(corpus, 20):
        assert corpus.parse(text + " And so on.") is None and corpus.parse("Once upon a time. " + text) is None


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.family)
def test_no_document_asks_anything(corpus):
    questions = [form.pattern for block in QUESTIONS.values() for form in block]
    for text in documents(corpus):
        assert not set("?#<").intersection(text) and not any(pattern.search(text) for pattern in questions)


def test_documents_depend_on_the_seed():
    assert Strings(seed=0).document(3) != Strings(seed=1).document(3) == Strings(seed=1).document(3)
    assert Hops(island(0)).document(0) != Hops(island(1)).document(0)


@pytest.mark.parametrize("kind", TASKS, ids=lambda kind: kind.name)
def test_right_answers_score_one_and_worse_ones_less(kind):
    task = kind(island())
    for split in SPLITS:
        for i in range(60):
            example = task.sample(split, i)
            assert task.check(example, f" {example.completion}.\nmore").value == 1
            assert all(task.check(example, task.worse(example, j)).value < 1 for j in range(i, i + 5)), example


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("reverse", "n e r o t"), ("sort", "e n o r t"), ("copy", "t o r e n"), ("count", "5"), ("first", "t"),
        ("last", "n"), ("capitals", "T O R E N"), ("twice", "t o r e n t o r e n"), ("double", "t t o o r r e e n n"),
        ("reverse capitals", "N E R O T"), ("reverse sort", "t r o n e"), ("last twice", "n n"),
    ],
)  # fmt: skip
def test_operations_by_hand(operation, expected):
    assert result(operation, "toren") == expected


def test_operations_held_out_and_words_of_other_splits_are_never_shown():
    assert set(SHOWN) | set(HELD_OUT) == set(PHRASES) and len(HELD_OUT) == 3
    hidden = [form.pattern for operation in HELD_OUT for form in PHRASES[operation]]
    tags = 0
    for line in "\n".join(documents(Strings(), 1000)).split("\n"):
        assert not any(pattern.search(line) for pattern in hidden)
        if tagged := TAGGED.match(line):
            tags += 1
            assert split_of("strings", mirrored(tagged["w"].replace(" ", ""))) == "train"
    assert tags > 500


def test_letters_count_and_blanks_between_them_do_not():
    task = WordTask(island())
    example = Example("Write the word t o r spelled backwards.", "r o t")
    assert all(task.check(example, text).value == 1 for text in ("rot", "r o t.", "ro t\nmore"))
    assert all(task.check(example, text).value == 0 for text in ("R O T", "t o r", "r o t t", "r-o-t"))


def test_operations_and_tags_can_be_chosen():
    task = WordTask(island(), operations=("reverse",), tags=True)
    assert all(re.fullmatch(r"reverse: [a-z]( [a-z])+", task.sample("train", i).prompt) for i in range(20))
    assert {NewWordTask(island()).sample("test", i).meta["operation"] for i in range(60)} == set(HELD_OUT)


def test_a_prefix_alone_tells_the_operation_and_the_words_are_those_of_strings():
    task = PrefixTask(island())
    for split in SPLITS:
        for example in (task.sample(split, i) for i in range(60)):
            own, other = sorted(("reverse", "sort"), key=lambda one: one != example.meta["operation"])
            word = " ".join(example.meta["word"])
            swapped = task.swapped(example)
            assert example.prompt == f"{own} letters: {word}" and swapped.prompt == f"{other} letters: {word}"
            assert split_of("strings", mirrored(example.meta["word"])) == split
            assert example.completion == result(own, example.meta["word"])
            assert task.check(swapped, result(other, example.meta["word"])).value == 1
            assert task.swapped(swapped) == example


def test_rules_by_hand():
    assert Table((("red", "4"), ("blue", "7"))).apply("blue") == "7"
    assert Choice("second", "animals", 3).apply("cat dog hen") == "dog"
    assert Choice("largest", "digits", 3).apply("3 9 5") == "9"
    assert Shift(-2, 3).apply("a c z") == "y a x"
    assert Linear(3, 1, 5).apply("4") == "3"


def test_no_document_follows_a_rule_that_is_held_out():
    rules = CHOICES + SHIFTS
    explained = 0
    for text in documents(Episodes(), 400):
        lines = re.split("|".join(BREAKS), text)
        pairs = next(found for form in PAIRS if all(found := [form.match(line) for line in lines]))
        fits = [rule for rule in rules if all(_maps(rule, found["x"], found["y"]) for found in pairs)]
        if any(" " in found["x"] for found in pairs):
            assert any(not held_out(rule) for rule in fits), text
            explained += 1
    assert explained > 100
    assert all(any(held_out(rule) for rule in family) for family in (CHOICES, SHIFTS, LINEARS))


def _maps(rule, x, y):
    try:
        return len(x.split()) == rule.length and rule.apply(x) == y
    except ValueError:
        return False


@pytest.mark.parametrize(("kind", "share"), [("table", 1.0), ("linear", 0.7), ("choice", 0.0), ("shift", 0.0)])
def test_what_is_asked_in_an_episode_has_been_seen_or_must_be_inferred(kind, share):
    seen = 0
    for i in range(200):
        context, question, answer = episode(Dice("episode", kind, i), 4, kind=kind)
        lines = [line for line in re.split("|".join(BREAKS), context) if line]
        assert len(lines) == 4 and not question.endswith(" ")
        seen += any(line.startswith(f"{question} {answer}") for line in lines)
    assert seen / 200 >= share
    assert episode(Dice("episode", 0), 0)[0] == ""


def test_copying_the_commonest_output_is_not_enough():
    task, right = EpisodeTask(island()), 0
    for i in range(300):
        example = task.sample("test", i)
        lines = [line for line in re.split("|".join(BREAKS), example.prompt.split("\n", 1)[1]) if line][:-1]
        pairs = next(found for form in PAIRS if all(found := [form.match(line) for line in lines]))
        outputs = [found["y"] for found in pairs]
        right += task.check(example, max(outputs, key=outputs.count)).value
    assert right / 300 < 0.36


def test_keys_shown_are_those_asked_for_in_training():
    for text in documents(Needles()):
        said = [sentence for sentence in text.split(". ") if re.search(r"\d", sentence)]
        pairs = [
            (*(word for word in re.findall("[a-z]+", part) if word in KEYS), *NUMBER.findall(part)) for part in said
        ]
        assert len(pairs) >= 3 and pairs[-1] in pairs[:-1]
        assert all(split_of("needles", " ".join(pair)) == "train" for pair in pairs)


def test_needles_stand_at_the_distance_that_is_said():
    task = NeedleTask(island(), needles=(2,), distance=(5,))
    for i in range(30):
        example = task.sample("test", i)
        key, number = example.meta["key"].split()
        assert number == example.completion and example.meta["distance"] == 5
        assert len(re.findall(r"\d+", example.prompt)) == 2
        between = example.prompt[: example.prompt.rindex(". ")][-example.meta["letters"] + 1 :]
        assert between.count(". ") >= 4 and key in example.prompt


def test_strangers_live_nowhere():
    known = {person.name for seed in (0, 1) for person in island(seed).residents}
    arrived = {person.name for seed in range(10) for person in Island(seed, people=2).newcomers}
    assert len(strangers()) > 1000 and not set(strangers()) & (known | arrived)
    asked = {name for name in strangers() if split_of("reading", name) != "train"}
    named = {name for text in documents(Passages()) for name in re.findall(r"[A-Z][a-z]+ [A-Z][a-z]+", text)}
    assert len(named) > 300 and not named & asked and not named & arrived
    ends = [text.split(". ")[-1] for text in documents(Passages())]
    told_of = [end for end in ends if not re.search("friend|trusts|closer|secret", end)]
    assert len(told_of) > 100 and not any(name in end for end in told_of for name in known), "they are but friends"


def test_a_passage_says_what_it_was_given_and_never_what_was_before_in_the_end():
    text = passage(Dice("passage"), "Reki Torula", "home", "Isk", [("Mira Oresby", "home", "Quay")], old="Wick")
    assert all(word in text for word in ("Reki Torula", "Isk", "Wick", "Mira Oresby", "Quay"))
    assert text.index("Wick") < text.index("Isk") and Passages().parse(text) is None
    for attribute, block in CHANGED.items():
        assert all(form.text.index("{old}") < form.text.index("{" + attribute + "}") for form in block)
    documents_of_change = [text for text in documents(Passages()) if " moved from " in text.split(". ")[0]]
    for text in documents_of_change:
        name, before = re.search(r"(\w+ \w+) moved from (\w+)", text).groups()
        end = text.rstrip(".").split(". ")[-1]
        assert name not in end or before not in end


def test_of_newcomers_a_passage_says_what_is_true():
    land, newcomers = island(), 0
    people = {person.name: person for person in land.newcomers}
    for i in range(100):
        example = ReadingTask(land).sample("test", i)
        if example.meta["newcomer"]:
            newcomers += 1
            assert getattr(people[example.meta["key"]], example.meta["attribute"]) == example.completion
        assert example.completion in example.prompt.split("\n")[0]
    assert 30 < newcomers < 70


def test_hops_lead_to_what_is_true_of_the_friend():
    land = island()
    task = HopsTask(land)
    for split in SPLITS:
        for i in range(0, task.size(split), 11):
            example = task.sample(split, i)
            person = land.by_name[example.meta["key"]]
            assert person.split == split and person.name in example.prompt
            assert example.completion == getattr(land.by_name[person.friend], example.meta["attribute"])


def test_hops_are_told_of_a_minority_whom_training_may_name():
    corpus = Hops(island())
    assert 150 < len(corpus.told) < 350
    text = "\n".join(documents(corpus, 500))
    assert not any(person.name in text for person in island().residents if person.split != "train")
    written = {
        form.text.rstrip(".").lower() for block in (DIRECT, INVERSE) for forms in block.values() for form in forms
    }
    for form in (*FIRST, *(form for block in SECOND.values() for form in block)):
        assert form.text.replace("{who}", "{name}").lower() not in written
    assert set(SECOND) == set(VALUES)
