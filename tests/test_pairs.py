"""Pairs: of the world with gold scores in order, noisy or padded when asked for, or a person's own choices."""

import pytest

from ftkit import models, world
from ftkit.data import Pair, Pairs, Task
from ftkit.objectives.pairwise import paired
from ftkit.preferences import Choice, preference_set
from ftkit.recipe import Recipe
from ftkit.world.examples import split_of


@pytest.fixture(scope="module")
def nano():
    return models.fresh("nano")


def write(store, name, *choices):
    for prompt, left, right, choice in choices:
        preference_set(name, store).add(Choice(prompt, left, right, choice, 1.0))


@pytest.mark.parametrize("name", [kind.name for kind in world.TASKS])
def test_the_chosen_answer_of_every_task_scores_higher(name):
    task = world.task(name)
    for i, pair in enumerate(Pairs(name, examples=4).source()):
        chosen, rejected = (task.check(pair.example, text).value for text in (pair.chosen, pair.rejected))
        assert (chosen, rejected) == pair.meta["scores"] and chosen > rejected and pair.chosen != pair.rejected
        assert pair.prompt == task.sample("train", i).prompt


def test_pairs_are_the_same_every_time_and_a_prefix_of_more():
    assert Pairs(examples=20).source() == Pairs(examples=20).source() == Pairs(examples=40).source()[:20]
    assert Pairs(examples=20).source() != Pairs(examples=20, island=1).source()
    scores = {pair.meta["scores"] for pair in Pairs(examples=60).source()}
    assert len(scores) > 6 and {high for high, _ in scores} >= {1.0, 0.75}, "better ones are not always the best"


def test_held_out_pairs_are_of_another_split_and_clean():
    held_out = Pairs(examples=9, noise=1.0, longer=True).held_out(30)
    assert len(held_out) == 30 and all(split_of("style", pair.meta["key"]) == "test" for pair in held_out)
    assert all(pair.meta["scores"][0] > pair.meta["scores"][1] for pair in held_out)


def test_noise_exchanges_a_share_of_the_pairs_and_more_noise_the_same_and_more():
    clean, some, more, all_of_them = (Pairs(examples=300, noise=noise).source() for noise in (0.0, 0.1, 0.3, 1.0))
    flipped = [{i for i, pair in enumerate(noisy) if pair != clean[i]} for noisy in (some, more, all_of_them)]
    assert 15 < len(flipped[0]) < 50 < 60 < len(flipped[1]) < 120 and flipped[0] < flipped[1]
    assert len(flipped[2]) == 300 and [pair.exchanged() for pair in all_of_them] == clean
    assert all_of_them[0].meta["scores"] == clean[0].meta["scores"][::-1]


def test_padded_pairs_have_the_longer_answer_chosen_and_tell_its_true_score():
    plain, padded = Pairs(examples=50).source(), Pairs(examples=50, longer=True).source()
    task = world.task("style")
    assert all(len(pair.chosen.split()) > len(pair.rejected.split()) for pair in padded)
    assert not all(len(pair.chosen.split()) > len(pair.rejected.split()) for pair in plain)
    for before, after in zip(plain, padded, strict=True):
        assert after.chosen.startswith(before.chosen) and after.rejected == before.rejected
        assert after.meta["scores"][0] == task.check(after.example, after.chosen).value <= before.meta["scores"][0]


def test_pairs_read_as_examples_of_the_chosen_answer():
    pair = Pairs(examples=2).source()[0]
    assert pair.completion == pair.chosen and pair.row().keys() == {"prompt", "chosen", "rejected"}
    task, split, tokens = Pairs(asked="validation").asks()
    assert (task.name, split, tokens) == ("style", "validation", 40) and Pairs().reads() is None


def test_a_persons_own_choices_are_pairs(store):
    write(store, "mine", ("Where?", "Here.", "There.", "left"), ("When?", "Now.", "Soon.", "right"))
    write(store, "mine", ("Who?", "I.", "You.", "tie"))
    pairs = Pairs(set="preferences:mine").source()
    assert pairs == [Pair("Where?", "Here.", rejected="There."), Pair("When?", "Soon.", rejected="Now.")]
    assert Pairs(set="preferences:mine", noise=1.0).source()[0].chosen == "There."
    assert Pairs(set="preferences:mine", longer=True).source()[1].chosen.startswith("Soon. ")
    assert Pairs(set="preferences:mine").asks()[0].name == "style"


def test_a_recipe_that_reads_choices_names_them(store):
    from ftkit.objectives import DPO

    recipe = Recipe("nano", DPO(), Pairs(set="preferences:mine"))
    assert Recipe.from_json(recipe.to_json()) == recipe
    run = store.create(recipe.to_json(), "x")
    assert [entry.id for entry in preference_set("mine", store).learners()[0]] == [run.id]


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (
            [("Where?", "Here.", "There.", "left")],
            "preferences:mine holds 1 choices that were decided; nothing",
        ),
        ([("Where?", "Here.", "There.", "tie")], "holds 0 choices that were decided"),
    ],
)
def test_a_set_of_one_or_of_none_is_refused(store, choices, said):
    write(store, "mine", *choices)
    with pytest.raises(ValueError, match=said):
        Pairs(set="preferences:mine").source()


def test_a_set_that_does_not_exist_is_named_with_those_that_do(store):
    with pytest.raises(ValueError, match="there is no set 'preferences:mine'; a set is looked for in"):
        Pairs(set="preferences:mine").source()
    write(store, "mine2", ("Where?", "Here.", "There.", "left"))
    with pytest.raises(ValueError, match="did you mean 'preferences:mine2'"):
        Pairs(set="preferences:mine").source()
    with pytest.raises(ValueError, match="set is 'mine'; write preferences:mine, or leave it empty"):
        Pairs(set="mine")
    with pytest.raises(ValueError, match="examples is 1; choose 2 to"):
        Pairs(examples=1)
    with pytest.raises(ValueError, match="there is no task 'styl'"):
        Pairs("styl").source()


def test_equal_answers_and_long_prompts_are_left_out_and_counted(store, nano):
    write(
        store, "mine", ("Where?", "Here.", "Here.", "left"), ("When? " * 300, "Now.", "Soon.", "right"),
        ("Who?", "I.", "You.", "left"), ("Why?", "So. " * 300, "No.", "left"),
    )  # fmt: skip
    rows, notes = paired(*nano, Pairs(set="preferences:mine"), 128)
    assert len(rows) == 2 and max(len(row["prompt_ids"]) + len(row["chosen_ids"]) for row in rows) == 128
    assert [note[:12] for note in notes] == ["1 of 4 pairs"] * 3
    assert "same answer twice" in notes[0] and "fills all 128 tokens" in notes[1] and "does not fit" in notes[2]


def test_no_pair_left_is_one_sentence(store, nano):
    write(store, "mine", ("Where?", "Here.", "Here.", "left"), ("When?", "Now.", "Now.", "right"))
    with pytest.raises(ValueError, match="no pair is left to learn from: 2 of 2 pairs have the same answer twice"):
        paired(*nano, Pairs(set="preferences:mine"), 128)
    with pytest.raises(ValueError, match=r"the task is Task\(...\), whose questions have one answer each"):
        paired(*nano, Task(), 128)
