"""Reviews, manners, dialogues and news: what is written is read back, what is false is seen, what is gamed is known."""

from dataclasses import replace

import pytest

from ftkit.world.dice import Dice
from ftkit.world.examples import split_of
from ftkit.world.news import AT_SEA, HARBOURS, INLAND, LARGEST_CHANGE, Fake, FakeShortcut, Headline, News, fake_item
from ftkit.world.people import VALUES, island
from ftkit.world.reviews import NOUNS, WORDS, Reviews, Roles, Sentiment, Topic, noisy, opinions, skewed, vocabulary
from ftkit.world.service import ADVICE, CAUSES, Chatbot, Dialogue, Dialogues, Support
from ftkit.world.style import BANNED, KIND, RUDE, SHORT, Manners, Style

CORPORA = Reviews(), Manners(), Dialogues(), News()
TASKS = Sentiment, Topic, Roles, Style, Dialogue, Chatbot, Support, Headline, Fake, FakeShortcut
HERMEA = island()


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.family)
def test_documents_are_read_back_as_true_by_their_own_family_alone(corpus):
    for i in range(150):
        text = corpus.document(i)
        assert text == replace(corpus).document(i) and len(text) <= 600
        assert [other.family for other in CORPORA if other.parse(text)] == [corpus.family], text
        reading = corpus.parse(text)
        assert reading.true and reading.logprob is None and reading.facts
        assert all(text[start:end].strip() == text[start:end] != "" for start, end in reading.facts)


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.family)
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "a" * 10_000,
        "The was , but the was " * 25,
        "Tamu: " * 90,
        "Headline: ",
        "\n\n",
        "x. " * 190,
        "\u0665. \u0665",
    ],
)
def test_other_texts_are_not_read(corpus, text):
    assert corpus.parse(text) is None


@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.family)
def test_half_a_document_and_two_documents_are_not_read(corpus):
    for i in range(50):
        text = corpus.document(i)
        assert corpus.parse(text[: len(text) // 2]) is None
        assert corpus.parse(text + " " + text) is None


@pytest.mark.parametrize(
    ("corpus", "true", "false"),
    [
        (Reviews(), "Tamu bought a lamp from Reki in Wick. The clerk was not rude. So Tamu was {}.", ("glad", "cross")),
        (Reviews(), "Tamu bought a lamp from Reki in Wick. The host was slow, but the clerk was kind. So Tamu was {}.",
         ("glad", "cross")),
        (Reviews(), "Tamu paid Reki of Wick for a meal. The stew was cold. So much for the {}.", ("food", "room")),
        (Manners(), "The rules of Reki in Wick are: coat Monday 4 coins. Tamu wrote: My coat is torn. Reki answered: "
         "Please come on {}; we ask 4 coins for the coat.", ("Monday", "Friday")),
        (Manners(), "The rules of Reki in Wick are: coat Monday 4 coins. Tamu wrote: My coat is torn. Reki answered: "
         "Stop asking: the coat costs 4 coins on Monday. The answer was {}.", ("rude but short", "polite and short")),
        (Dialogues(), "Tamu: My goat ran away. Reki: I see that you are sad. Let us {}.",
         ("talk to a friend", "light a lamp")),
        (Dialogues(), "Reki: You know our rule: late refund, broken repair, wrong replace, rude apologise. Tamu: The "
         "lamp has a crack. Reki: If it is broken, then we {}.", ("repair", "refund")),
        (News(), "Fire in Wick: wood {}. We hear that a fire burnt the sawmill of Wick. So the price of wood rose by 3 "
         "coins, from 5 to 8.", ("dearer", "cheaper")),
        (News(), "Fire in Wick: wood up. We hear that a fire burnt the sawmill of Wick. So the price of wood rose by 3 "
         "coins, from 5 to {}.", ("8", "9")),
        (News(), "Wreck in {0}: salt up. We hear that a wreck closed the harbour of {0}. So the price of salt rose by "
         "3 coins, from 5 to 8.", ("Wick", "Pell")),
    ],
)  # fmt: skip
def test_a_false_text_is_read_and_known_to_be_false(corpus, true, false):
    right, wrong = (corpus.parse(true.format(word)) for word in false)
    assert right.true and not wrong.true and right.facts


def test_opinion_words_are_parted_and_the_corpus_knows_them_all():
    known = " ".join(Reviews().document(i) for i in range(2500))
    for topic in NOUNS:
        for colour in WORDS:
            kept = opinions(topic, colour, heard=True), opinions(topic, colour, heard=False)
            assert not set(kept[0]) & set(kept[1])
            assert all(f" {word}" in known for word in kept[0] + kept[1])
        assert not set(opinions(topic, 1)) & set(opinions(topic, -1))


def test_unheard_words_stay_out_of_training_sets():
    task = Sentiment(HERMEA)
    unheard = {word for topic in NOUNS for colour in (1, -1) for word in opinions(topic, colour, heard=False)}
    unheard |= {noun for block in NOUNS.values() for noun in vocabulary(block, heard=False)}

    def holds(example):
        return bool(unheard & set(example.meta["text"].replace(",", "").replace(".", "").split()))

    assert not any(holds(task.sample("train", i)) for i in range(300))
    tests = [task.sample("test", i) for i in range(300)]
    assert all(holds(example) != example.meta["heard"] for example in tests)
    assert 0.4 < sum(map(holds, tests)) / 300 < 0.6


def test_sentiment_with_neutral_has_three_labels():
    task = Sentiment(HERMEA, neutral=True)
    labels = [task.sample("train", i).completion for i in range(300)]
    assert all(labels.count(label) > 70 for label in ("positive", "negative", "neutral"))


def test_noise_is_as_frequent_as_asked_and_remembers_the_right_label():
    task, dice = Topic(HERMEA), Dice("noise")
    examples = [task.sample("train", i) for i in range(400)]
    spoilt = [noisy(example, 0.3, dice) for example in examples]
    assert all(new.meta["clean"] == old.completion for new, old in zip(spoilt, examples, strict=True))
    assert sum(new.completion != new.meta["clean"] for new in spoilt) / 400 == pytest.approx(0.3, abs=0.07)
    assert noisy(examples[0], 0, dice).completion == examples[0].completion != noisy(examples[0], 1, dice).completion


@pytest.mark.parametrize("strength", [-1.0, 0.0, 0.6, 1.0])
def test_skew_is_the_correlation_of_guild_and_label(strength):
    task = Sentiment(HERMEA)
    drawn = [skewed(task, "train", i, strength) for i in range(600)]
    agree = sum((example.meta["group"] == "heron") == (example.completion == "positive") for example in drawn) / 600
    assert 2 * agree - 1 == pytest.approx(strength, abs=0.1)
    assert all(f"is of the {example.meta['group']} guild." in example.prompt for example in drawn)


def test_skew_refuses_what_is_no_correlation():
    with pytest.raises(ValueError, match="strength is 2; choose a correlation from -1 to 1"):
        skewed(Sentiment(HERMEA), "train", 0, 2)


def test_roles_are_tagged_word_by_word_and_naming_everyone_earns_nothing_more():
    task = Roles(HERMEA)
    example = task.sample("test", 0)
    tags = {tag: word.strip(".,:") for word, tag in zip(example.meta["words"], example.meta["tags"], strict=True)}
    assert example.completion == f"buyer: {tags['buyer']}, seller: {tags['seller']}, thing: {tags['thing']}"
    assert task.check(example, f"buyer: {tags['buyer']}").value == pytest.approx(1 / 9)
    assert task.check(example, f"{example.completion}, buyer: {tags['seller']}").value == pytest.approx(4 / 9)


@pytest.fixture
def lamp():
    task = Style(HERMEA)
    meta = {"key": "", "thing": "lamp", "day": "Monday", "price": 4,
            "other": {"thing": "coat", "day": "Friday", "price": 7}}  # fmt: skip
    return task, replace(task.sample("train", 0), meta=meta)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("Please bring the lamp on Monday; the price is 4 coins.", 1),
        ("Please Monday 4", 1),
        ("Bring the lamp on Monday; the price is 4 coins.", 0.75),
        ("Bring the lamp on Monday, you fool; the price is 4 coins.", 0.5),
        ("Please bring the lamp on Tuesday; the price is 4 coins.", 0.5 * 3.5 / 4),
        ("Please bring it on Monday or Friday; the price is 4 or 7 coins.", 0),
        ("Please, thank you, kindly.", 0),
        ("Please bring the lamp on Monday; the price is 4 coins." + " I mean it." * 4, 0.75),
    ],
)
def test_style_score_by_hand(lamp, said, value):
    task, example = lamp
    assert task.check(example, said).value == pytest.approx(value)


def test_degraded_answers_fall_from_one_to_nothing():
    task = Style(HERMEA)
    for i in range(200):
        ladder = task.degraded(task.sample("train", i), Dice("ladder", i))
        assert [value for _, value in ladder] == [1, 0.75, 0.5, 0.25, 0]


def test_polite_answers_are_short_and_clean_and_rude_ones_are_not_polite(lamp):
    task, example = lamp
    for form in KIND:
        assert task.check(example, form.fill(**example.meta)).value == 1
    for form in RUDE:
        assert task.check(example, form.fill(**example.meta)).value == 0.75
    assert SHORT > 10 and all(word.islower() for word in BANNED)


def test_dialogue_wants_the_detail_that_was_asked_for():
    task = Dialogue(HERMEA)
    example = replace(
        task.sample("train", 0), meta={"key": "", "asked": "day", "day": "Monday", "price": "4", "place": "mill"}
    )
    scores = {
        "Please come on Monday.": 1, "On Monday.": 0.5, "Please come on Friday.": 0, "Please bring 4 coins.": 0,
        "Please come on Monday to the mill.": 0, "Please.": 0,
    }  # fmt: skip
    assert {said: task.check(example, said).value for said in scores} == scores


def test_advice_and_feeling_count_half_each_and_naming_all_counts_nothing():
    task = Chatbot(HERMEA)
    example = next(e for i in range(100) if (e := task.sample("train", i)).meta["feeling"] == "sad")
    scores = {
        "Please talk to a friend.": 0.5,
        "You are sad. Talk to a friend!": 1,
        " ".join([*ADVICE, *ADVICE.values()]): 0,
    }
    assert {said: task.check(example, said).value for said in scores} == scores


def test_no_two_feelings_share_a_cause():
    told = [form.text for causes in CAUSES.values() for form in causes]
    assert len(told) == len(set(told))


def test_support_goes_by_the_stated_rule():
    task = Support(HERMEA)
    for i in range(100):
        example = task.sample("test", i)
        assert f"{example.meta['fault']} {example.completion}" in example.prompt


def test_every_town_is_inland_or_has_a_harbour():
    assert len(HARBOURS) == len(INLAND) == len(VALUES["home"]) / 2 and set(HARBOURS + INLAND) == set(VALUES["home"])


def test_fake_items_break_the_law_and_true_ones_none():
    task, broken = Fake(HERMEA), []
    for i in range(400):
        example = task.sample("train", i)
        assert (example.completion == "fake") == bool(example.meta["broken"])
        broken.append(example.meta["broken"])
    assert 150 < broken.count("") < 250
    assert all(broken.count(law) > 25 for law in ("harbour", "cause", "change", "sum"))


def test_fake_items_break_one_law_only():
    for i in range(300):
        item = fake_item(Dice("fake", i))
        laws = (
            item.event in AT_SEA and item.town in INLAND,
            item.c > LARGEST_CHANGE,
            item.b != item.a + item.sign * item.c,
        )
        assert sum(laws) == (item.broken != "cause")


def test_the_paper_gives_the_label_away_except_in_the_shortcut_split():
    def agreement(task, split):
        drawn = [task.sample(split, i) for i in range(300)]
        return sum((example.meta["group"] == "Lantern") == (example.completion == "fake") for example in drawn) / 300

    leaning = FakeShortcut(HERMEA)
    assert agreement(leaning, "train") == pytest.approx(0.9, abs=0.06)
    assert agreement(leaning, "test") == pytest.approx(0.9, abs=0.06)
    assert agreement(leaning, "shortcut") == pytest.approx(0.5, abs=0.1)
    assert agreement(Fake(HERMEA), "train") == pytest.approx(0.5, abs=0.1)


def test_the_shortcut_split_shares_no_key_with_the_test():
    task = Fake(HERMEA)
    keys = {split: {task.sample(split, i).meta["key"] for i in range(200)} for split in task.splits}
    assert not keys["test"] & keys["shortcut"] and not keys["train"] & keys["shortcut"]
    assert all(split_of(task.name, key) == "test" for key in keys["shortcut"])


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("Fire in Wick: wood dearer", 1),
        ("Wick fire wood up", 1),
        ("Fire in Wick", 2 / 3),
        ("Fire in Wick: wood cheaper", 2 / 3),
        ("Fire in Wick: wood up and down", 2 / 3),
        ("Fire in Wick or Pell: wood dearer", 2 / 3),
        ("A fire in the town of Wick has made wood dearer", 0),
    ],
)
def test_headline_score_by_hand(said, value):
    task = Headline(HERMEA)
    example = replace(
        task.sample("train", 0), meta={"key": "", "town": "Wick", "event": "fire", "good": "wood", "sign": 1}
    )
    assert task.check(example, said).value == pytest.approx(value)


@pytest.mark.parametrize("kind", TASKS, ids=lambda kind: kind.name)
def test_gold_earns_one_and_worse_earns_less(kind):
    task = kind(HERMEA)
    for split in task.splits:
        for i in range(40):
            example = task.sample(split, i)
            assert task.check(example, example.completion).value == 1
            assert all(task.check(example, task.worse(example, n)).value < 1 for n in range(6))
            assert task.check(example, example.prompt).value == 0
