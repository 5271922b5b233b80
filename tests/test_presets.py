"""Presets for made-up machines, and estimates that learn from the last run."""

import json
from dataclasses import replace

import pytest

from ftkit import bench, machine, training
from ftkit.adapters import Full, LoRA
from ftkit.bench import presets
from ftkit.bench.expected import estimate, expected, pace, weights
from ftkit.data import Task
from ftkit.models import Layout
from ftkit.objectives import PPO, SFT
from ftkit.recipe import Recipe, Train

HUB = "nobody/never-loaded"
QWEN = {
    "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": 151_936, "hidden_size": 1024,
    "intermediate_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8,
    "head_dim": 128, "max_position_embeddings": 40_960, "tie_word_embeddings": True,
}  # fmt: skip
MACHINES = {  # card in GiB, number format, cores, memory in GiB
    "two cores": (0, "bfloat16", 2, 12),
    "16 GB card": (14.6, "float16", 2, 12),
    "larger card": (39.4, "bfloat16", 12, 80),
}


@pytest.fixture
def on(monkeypatch):
    """on("16 GB card") makes this machine one with such a card."""

    def become(name):
        card, dtype, cores, memory = MACHINES[name]
        monkeypatch.setattr(machine, "card_memory", lambda: int(card * machine.GIB))
        monkeypatch.setattr(machine, "training_dtype", lambda device=None: dtype)
        monkeypatch.setattr(machine, "cores", lambda: cores)
        monkeypatch.setattr(machine, "memory", lambda: (memory * machine.GIB, memory * machine.GIB))
        monkeypatch.setattr(machine, "products", lambda: 1e13 if card else 1e11)

    return become


@pytest.fixture(scope="module")
def qwen(tmp_path_factory, foreign_tokenizer):
    """Folder with the config of Qwen/Qwen3-0.6B, and no weights."""
    folder = tmp_path_factory.mktemp("qwen")
    foreign_tokenizer.save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(QWEN))
    return str(folder)


def lab(model, adapter=None, **train) -> Recipe:
    train = {"steps": 300, "batch": 16, "eval_examples": 200, **train}
    return Recipe(model, SFT(), Task(examples=40), adapter or LoRA(), Train(**train))


# ---- which preset ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("two cores", "2 cores, 12.0 GiB"),
        ("16 GB card", "14.6 GiB, float16"),
        ("larger card", "39.4 GiB, bfloat16"),
    ],
)
def test_the_machine_decides_the_preset(on, name, found):
    on(name)
    assert (presets.preset().name, presets.preset().found) == (name, found)


@pytest.mark.parametrize("model", ["small", "fresh:nano", Layout(width=64, layers=1, feed_forward=64)])
def test_on_two_cores_a_lab_is_what_it_was(on, model):
    on("two cores")
    recipe = lab(model, dtype="float32", device_batch=8)
    assert presets.fitted(presets.preset(), recipe) == (recipe, "")


@pytest.mark.parametrize("name", ["16 GB card", "larger card"])
def test_on_a_card_a_shipped_model_learns_the_same_and_only_the_format_is_the_machines(on, name):
    on(name)
    recipe = lab("small", dtype="float32", device_batch=8)
    assert presets.fitted(presets.preset(), recipe) == (recipe.but(dtype="auto", device_batch=0), "")


@pytest.mark.parametrize(
    ("name", "steps", "batch", "rows", "context", "asked"),
    [("two cores", 20, 4, 1, 128, 8), ("16 GB card", 200, 16, 4, 256, 50), ("larger card", 300, 16, 16, 256, 100)],
)
def test_a_hub_model_that_was_never_loaded_gets_the_presets_numbers_and_never_more(
    on, name, steps, batch, rows, context, asked
):
    on(name)
    made, warning = presets.fitted(presets.preset(), lab(HUB, dtype="float32"))
    train = made.train
    assert (train.steps, train.batch, train.device_batch, train.eval_examples) == (steps, batch, rows, asked)
    assert made.objective.context == context and warning == ""
    assert train.dtype == ("float32" if name == "two cores" else "auto")
    few, _ = presets.fitted(presets.preset(), lab(HUB, steps=8, batch=2, eval_examples=4))
    assert (few.train.steps, few.train.batch, few.train.eval_examples) == (8, 2, 4)


def test_the_numbers_in_the_docstring_are_those_of_the_estimate(qwen, on):
    on("16 GB card")
    assert weights(qwen) == 596_049_920
    at_once = [lab(qwen, adapter, device_batch=rows) for adapter in (Full(), LoRA()) for rows in (1, 2)]
    full, _, thin, two = (estimate(replace(one, objective=SFT(context=16))).memory for one in at_once)
    row = two - thin  # of 16 tokens, as the questions are longer
    beside = [(size - row - 0.55 * machine.GIB) / machine.GIB for size in (full, thin)]
    assert beside == pytest.approx([8.9, 2.2], abs=0.05)
    assert row * 256 / 16 / machine.GIB == pytest.approx(1.5, abs=0.05)
    said = " ".join(presets.__doc__.split())
    for words in ("8.9 GiB for its weights", "2.2 GiB beside a LoRA", "1.5 GiB for each row of 256 tokens"):
        assert words in said


def test_rows_are_as_many_as_the_estimate_has_room_for(qwen, on, monkeypatch):
    monkeypatch.setattr("ftkit.bench.expected._mean", lambda model, task: 256.0)
    on("16 GB card")
    t4 = presets.preset()
    for adapter, rows in ((LoRA(), 4), (Full(), 1)):
        made, warning = presets.fitted(t4, lab(qwen, adapter))
        assert made.train.device_batch == rows and warning == ""
        assert estimate(made).memory <= presets.ROOM * machine.card_memory()
    on("larger card")
    assert presets.fitted(presets.preset(), lab(qwen))[0].train.device_batch == 16
    monkeypatch.setattr(machine, "card_memory", lambda: 8 * machine.GIB)
    made, warning = presets.fitted(presets.preset(), lab(qwen, Full()))
    assert made.train.device_batch == 1
    assert warning == "One row at a time should take 11.0 GiB, and 8.0 GiB are there: choose a smaller model, or LoRA."


def test_rows_at_once_divide_the_batch(on):
    on("16 GB card")
    assert presets.fitted(presets.preset(), lab(HUB, batch=6))[0].train.device_batch == 3
    assert presets.fitted(presets.preset(), lab(HUB, device_batch=2))[0].train.device_batch == 2


# ---- on a panel --------------------------------------------------------------------------------------------------


def test_a_preset_turns_the_controls_and_names_what_has_none(on, watched):
    on("16 GB card")
    recipe = lab(HUB)
    panel = bench.panel(recipe, "preset", {"steps": (100, 300), "device_batch": None})
    view = panel.view
    steps, rows = (widget for _, widget in view.knobs)
    assert [label for label, _ in view.preset.options] == [
        "as the lab has it",
        "for this machine: 16 GB card (14.6 GiB, float16)",
    ]
    assert view.preset.description == "Preset" and panel.recipe == recipe, "it changes nothing by itself"
    view.preset.value = True
    assert (steps.value, rows.value) == (200, 4)
    assert panel.recipe == recipe.but(steps=200, device_batch=4, eval_examples=50)
    said = view.texts["preset-said"].value
    assert 'role="status"' in said and "16 GB card: sets steps 200, device batch (rows) 4, eval examples" in said
    assert "Without a control on this panel: eval examples" in said and "eval_examples=50" in view.texts["python"].value
    steps.value = 100
    assert panel.recipe.train.steps == 100 and panel.recipe.train.eval_examples == 50
    view.buttons["reset"].click()
    assert panel.recipe == recipe and view.preset.value is False and view.texts["preset-said"].value.count("sets") == 0


def test_on_two_cores_the_preset_says_that_it_keeps_the_recipe(on, asking, watched):
    on("two cores")
    panel = bench.panel(asking, "keeps", ["steps"])
    panel.view.preset.value = True
    assert panel.recipe == asking and "two cores: keeps the recipe" in panel.view.texts["preset-said"].value


# ---- the pace of the last run ------------------------------------------------------------------------------------


def timed(store, run, seconds):
    """The run, as if its training had taken so many seconds."""
    path = store.folder(run.id).path / "result.json"
    left = json.loads(path.read_text())
    left["cost"]["seconds"] = seconds
    path.write_text(json.dumps(left))


def test_writing_and_learning_again_from_it_take_their_time(tiny_folder):
    recipe = Recipe(str(tiny_folder), PPO(longest=40, passes=1), Task("sums"), train=Train(steps=10, batch=32))
    seconds = estimate(recipe).seconds
    assert seconds > 10 * estimate(replace(recipe, objective=SFT())).seconds
    assert estimate(recipe.but(longest=80)).seconds > 1.5 * seconds
    assert estimate(recipe.but(passes=8)).seconds > seconds


def test_the_last_run_corrects_the_estimate(store, asking):
    recipe = asking.but(steps=10)
    assert pace(recipe) is None and not expected(recipe).ran
    run = training.run(recipe)
    timed(store, run, 3 * estimate(recipe).seconds)
    longer = recipe.but(steps=40, learning_rate=0.01)
    assert expected(longer).seconds == pytest.approx(3 * estimate(longer).seconds)
    assert "of training (as your last run took) and" in str(expected(longer))
    assert expected(longer).memory == estimate(longer).memory
    for other in (replace(recipe, adapter=LoRA()), recipe.but(model="fresh:nano")):
        assert pace(other) is None, "another model or adapter has another pace"


def test_a_run_of_another_machine_or_one_too_short_or_damaged_tells_no_pace(store, asking):
    assert training.run(asking).status == "done" and pace(asking) is None, "its first steps are its slowest"
    run = training.run(asking.but(steps=10))
    assert pace(asking) is not None
    path = store.folder(run.id).path / "machine.json"
    here = path.read_text()
    assert json.loads(here) == machine.fingerprint()
    path.write_text(here.replace(f'"cores": {machine.cores()}', '"cores": 99'))
    assert pace(asking) is None
    path.write_text(here)
    (store.folder(run.id).path / "result.json").write_text("{")
    assert pace(asking) is None


def test_after_a_run_the_panel_tells_costs_as_that_run_took(store, asking, watched):
    panel = bench.panel(asking.but(steps=10), "costs")
    assert "as your last run took" not in panel.view.texts["costs"].value
    panel.result()
    assert "(as your last run took)" in panel.view.texts["costs"].value
