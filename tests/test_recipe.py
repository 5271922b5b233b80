"""What shall happen? Recipes: equal, hashable, JSON; and the learning rate over time."""

import json

import pytest

from ftkit.adapters import Full, LoRA
from ftkit.data import Corpus, Task
from ftkit.models import Layout
from ftkit.objectives import SFT, Pretrain
from ftkit.recipe import Recipe, Train, learning_rate_factor, technique

RECIPE = Recipe("small", SFT(), Task(examples=100), LoRA(rank=4), Train(steps=10, prompts=("Tamu",)))
READING = Recipe(Layout(width=128), Pretrain(), Corpus())


@pytest.mark.parametrize("recipe", [RECIPE, READING])
def test_a_recipe_survives_json(recipe):
    again = Recipe.from_json(json.loads(json.dumps(recipe.to_json())))
    assert again == recipe and hash(again) == hash(recipe) and again.digest == recipe.digest


def test_every_knob_is_part_of_the_digest():
    assert (
        len({RECIPE.digest, RECIPE.but(rank=5).digest, RECIPE.but(seed=1).digest, RECIPE.but(mask=False).digest}) == 4
    )


def test_but_finds_the_part_that_has_the_knob():
    changed = RECIPE.but(rank=2, learning_rate=0.5, model="nano", examples=7)
    assert (changed.adapter.rank, changed.train.learning_rate, changed.model, changed.task.examples) == (
        2,
        0.5,
        "nano",
        7,
    )
    assert READING.but(layers=2, width=64).model == Layout(width=64, layers=2)
    with pytest.raises(ValueError, match=r"knob is 'learning_rat'; did you mean 'learning_rate'\?"):
        RECIPE.but(learning_rat=1.0)
    with pytest.raises(ValueError, match="context belongs to model and objective"):
        READING.but(context=64)
    with pytest.raises(ValueError, match="rank is 0; choose 1 to 512"):
        RECIPE.but(rank=0)


def test_the_json_of_a_recipe_is_what_a_file_gives_back():
    for recipe in (RECIPE, READING.but(prompts=("Tamu",)), RECIPE.turned(3, "learning_rate", 0.5)):
        assert json.loads(json.dumps(recipe.to_json())) == recipe.to_json()
        assert Recipe.from_json(recipe.to_json()) == recipe
    assert "changes" not in RECIPE.to_json(), "digests of recipes without changes stay what they were"


def test_a_live_knob_has_the_value_that_was_turned_last():
    recipe = RECIPE.turned(3, "learning_rate", 0.5).turned(7, "learning_rate", 0.25)
    own = RECIPE.train.learning_rate
    assert [recipe.at(step, "learning_rate") for step in (0, 2, 3, 6, 7, 9)] == [own, own, 0.5, 0.5, 0.25, 0.25]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"changes": [[3, "rank", 2]]}, "live knob is 'rank'; choose one of learning_rate"),
        ({"changes": [[3, "learning_rate"]]}, "each must be .step, knob, value."),
        ({"adapter": {"name": "lore"}}, "adapter is 'lore'; did you mean 'lora'"),
        ({"objective": {"name": "sft", "masks": True}}, "field of objective is 'masks'; did you mean 'mask'"),
        ({"task": {"kind": "Tasks"}}, "kind of task is 'Tasks'; did you mean 'Task'"),
        ({"train": {"steps": 0}}, "steps is 0"),
        ({"train": {"steps": "many"}}, "this is no recipe: TypeError: steps is 'many'"),
        ({"model": 3}, "this is no recipe"),
    ],
)
def test_a_recipe_edited_wrongly_says_where(change, said):
    with pytest.raises(ValueError, match=said):
        Recipe.from_json({**RECIPE.to_json(), **change})
    with pytest.raises(ValueError, match="this is no recipe: KeyError: 'model'"):
        Recipe.from_json({})


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"model": 1}, "model is 1"),
        ({"adapter": "lora"}, r"adapter is 'lora'; choose one of Full\(...\), LoRA\(...\)"),
        ({"objective": LoRA()}, "objective is LoRA"),
        ({"task": "facts"}, r"task is 'facts'; choose one of Corpus\(...\), Task\(...\), File"),
        ({"train": {}}, "train is {}"),
    ],
)
def test_a_part_of_the_wrong_kind_is_refused(parts, said):
    with pytest.raises(TypeError, match=said):
        RECIPE.but(**parts)
    with pytest.raises(TypeError, match="prompts is"):
        Train(prompts="Tamu")


def test_a_config_finds_its_record():
    assert technique(Full()).name == "full" and technique(SFT()).title == "Supervised fine-tuning"


def test_the_learning_rate_over_time():
    def at(schedule, *steps, warmup=0):
        return [round(learning_rate_factor(step, 100, warmup, schedule), 3) for step in steps]

    assert at("constant", 0, 50, 99) == [1, 1, 1]
    assert at("linear", 0, 50, 75, 100) == [1, 0.5, 0.25, 0]
    assert at("cosine", 0, 50, 100) == [1, 0.5, 0]
    assert at("trapezoid", 0, 40, 70, 100) == [1, 1, 0.505, 0.01]
    assert at("trapezoid", 0, 4, 9, 10, warmup=10) == [0.1, 0.5, 1, 1]
    assert at("linear", 0, 10, 55, warmup=10) == [0.1, 1, 0.5]
