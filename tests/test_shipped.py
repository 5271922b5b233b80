"""The models that ship: what their cards say is what the weights do."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import transformers
from transformers import AutoTokenizer

from ftkit import evaluation, models, shipped, tokenizer, world
from ftkit.recipe import technique
from ftkit.runs import store

SHELF = Path("data/models")
BYTES = 64_000_000  # of all weights together


def door(name):
    """The plain library's way to open a model that has a layout."""
    return getattr(transformers, models.LAYOUTS[name].door)


def test_models_ship_in_sixteen_bits_and_open_with_the_plain_library():
    assert set(models.names()) == set(shipped.MODELS)
    for name in models.names():
        model = door(name).from_pretrained(SHELF / name)
        assert {weight.dtype for weight in model.parameters()} == {torch.float16}
        assert sum(weight.numel() for weight in model.parameters()) == shipped.card(name)["parameters"]
        assert not list((SHELF / name).glob("*.bin"))
    assert sum(path.stat().st_size for path in SHELF.glob("*/*.safetensors")) < BYTES


def test_causal_names_are_those_of_models_that_go_on_from_a_text():
    assert models.causal_names() == tuple(name for name in models.names() if models.goes_on(models.load(name)[0]))
    assert {"nano", "small", "stranger"} <= set(models.causal_names())


@pytest.mark.parametrize("name", list(shipped.MODELS))
def test_every_recipe_can_be_begun_and_fits_its_model(name):
    recipe = shipped.recipe(name)
    model, speech = models.load(recipe.model)
    plan = technique(recipe.objective).plan(recipe.objective, model, speech, recipe.task, recipe.train)
    assert len(plan.rows) * shipped.CONTEXT >= shipped.MODELS[name].tokens
    assert 0 < len(plan.rows[0]["input_ids"]) <= model.config.max_position_embeddings and plan.options["torch_compile"]
    assert technique(recipe.objective).name == {"encoder": "masked", "seq2seq": "span"}.get(name, "pretrain")


def test_large_is_small_with_twice_the_blocks():
    grown, fresh = models.load(shipped.recipe("large").model)[0], models.fresh("large")[0]
    assert {name: weight.shape for name, weight in grown.named_parameters()} == {
        name: weight.shape for name, weight in fresh.named_parameters()
    }
    assert sum(weight.numel() for weight in grown.parameters()) == pytest.approx(5.5e6, rel=0.01)


LEAST = (
    dict.fromkeys(evaluation.PROBES, 0.95)
    | {"grammar": 0.9, "worked": 0.9, "reading": 0.9}
    | dict.fromkeys(("hints/gain", "icl/gain"), 0.3)
)


@pytest.mark.parametrize("name", ["small", "large"])
@pytest.mark.parametrize("probe", [name for name in LEAST if name not in ("corpus_kl", "hints/misled")])
def test_small_and_large_know_their_island(name, probe):
    found = shipped.card(name)["probes"][probe]
    assert found["n"] >= (100 if probe == "grammar" else 300)
    assert found["value"] >= LEAST[probe]


@pytest.mark.parametrize("name", ["small", "large"])
def test_a_wrong_hint_gains_nothing(name):
    assert shipped.card(name)["probes"]["hints/misled"]["value"] <= 0


@pytest.mark.parametrize("name", models.names())
def test_cards_are_measured_on_these_very_weights(name):
    """A fresh measurement of a part of the items lies within what the card says."""
    card = shipped.card(name)
    model, speech = models.load(name)
    asked = ["recall/pet", "arithmetic", "corpus_kl"]
    asked = asked if models.goes_on(model) else ["filled/pet", "filled/arithmetic", "filled/bits"]
    for probe, again in evaluation.probe(model, speech, asked, n=60).items():
        stored = card["probes"][probe]
        assert again.low <= stored["high"] and stored["low"] <= again.high, (probe, again, stored)
    assert card["loss"][0][1] > 6 and card["loss"][-1][1] < card["loss"][0][1] / 3
    assert (SHELF / name / "README.md").read_text(encoding="utf-8") == shipped.readme(card)


def test_a_card_tells_which_lessons_fail_and_why(tmp_path, monkeypatch):
    """The page of a card with lessons, from made-up numbers."""
    one = {"score": {"value": 0.2}, "baseline": 0.25, "wanted": 0.5, "worked": False, "taught": 0.9, "why": "by heart."}
    told = shipped.readme(
        shipped.card("small") | {"lessons": {"risk": one}, "tiers": {"sums": {"value": 0.4, "low": 0.3, "high": 0.5}}}
    )
    assert "| risk | 0.20 | 0.25 | 0.50 | no | 0.90 |" in told and "- **risk** does not: by heart." in told
    assert "| sums | 0.40 | 0.30 to 0.50 | yes |" in told


def test_stranger_has_the_form_and_not_the_content():
    """It reads island 0 as a stranger: told in forms that it knows, of people whom it does not."""
    model, speech = models.load("stranger")
    own, foreign = (evaluation.divergence(model, speech, world.corpus(seed=seed), n=80) for seed in (1, 0))
    assert evaluation.island_of(model) == 1
    assert foreign.fact.low > 4 * own.fact.high
    model.config.hermea_island = 0
    there = evaluation.probe(model, speech, ["recall/home", "recall/friend", "arithmetic"], n=60)
    assert there["recall/home"].value < 0.2 and there["recall/friend"].value < 0.1 and there["arithmetic"].value > 0.9


def test_the_one_tokenizer_is_what_its_recipe_gives(tmp_path):
    tokenizer.train(tmp_path, Path("data/samples/planned.txt"))
    for file in ("tokenizer.json", "chat_template.jinja"):
        again = (tmp_path / file).read_bytes()
        assert again == (Path("data/tokenizer") / file).read_bytes()
        assert all(again == (SHELF / name / file).read_bytes() for name in models.names())


def test_the_one_tokenizer_splits_digits_and_keeps_any_text():
    speech = AutoTokenizer.from_pretrained("data/tokenizer")
    assert len(speech) == 1024
    assert speech.tokenize("in 1024") == ["Ġin", "Ġ", "1", "0", "2", "4"]
    for text in ("Où est 猫?", "a\n\nb  c", "Tamu", " Tamu", ""):
        assert speech.decode(speech(text).input_ids).removeprefix(" ") == text.removeprefix(" ")
    assert len({tuple(speech(text).input_ids) for text in ("Tamu Oresby", " Tamu Oresby")}) == 1
    assert all(len(speech(tag).input_ids) == 1 for tag in tokenizer.SPECIAL)


@pytest.mark.parametrize(
    ("name", "closing", "probe", "said"),
    [
        ("nano", 3, "arithmetic", "A Llama of "),
        ("encoder", 0, "filled/arithmetic", "A EuroBERT of "),
        ("seq2seq", 0, "filled/arithmetic", "A T5Gemma of "),
    ],
)
def test_pretrain_publishes_a_whole_model_with_a_measured_card(name, closing, probe, said, tmp_path, monkeypatch):
    monkeypatch.setenv("FTKIT_RUNS", str(tmp_path / "runs"))
    monkeypatch.setitem(models.LAYOUTS, name, replace(models.LAYOUTS[name], width=64, layers=1, heads=1))
    own = shipped.MODELS[name]
    own = replace(own, reads=replace(own.reads, compile=False), closing=closing, grown="")
    monkeypatch.setitem(shipped.MODELS, name, own)
    kept = evaluation.FORGETTING if closing else ()  # a run that goes on measures what it forgets
    for every in ("PROBES", "FILLED"):
        found = getattr(evaluation.probes, every)
        monkeypatch.setattr(evaluation.probes, every, {key: found[key] for key in found if key in (probe, *kept)})
    events = []
    folder = shipped.pretrain(name, tokens=2 * own.batch * shipped.CONTEXT, on_event=events.append, into=tmp_path)
    assert folder == tmp_path / name and not list(tmp_path.glob(f".{name}*"))
    trained = len(store().runs())
    assert trained == 1 + bool(closing)
    shipped.pretrain(name, tokens=2 * own.batch * shipped.CONTEXT, into=tmp_path)
    assert len(store().runs()) == trained, "what has been read is not read again"
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert card["tokens"] == (2 + closing) * own.batch * shipped.CONTEXT and len(card["stages"]) == 1 + bool(closing)
    assert len(card["loss"]) == 2 + closing
    assert [one["recipe"]["task"]["name"] for one in card["stages"]] == ["hermea", "closing"][: len(card["stages"])]
    assert card["probes"][probe]["n"] == 300
    progress = [event["values"] for event in events if event["kind"] == "loss"]
    assert progress[-1]["tokens_per_second"] > 0 and progress[-1]["seconds_left"] == 0
    assert models.load(str(folder))[0].config.hermea_island == 0
    opened = door(name).from_pretrained(folder)
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert type(opened).__name__ == models.LAYOUTS[name].architecture and said in page
    assert ("from_pretrained" in page) == (name != "nano") == (f"{door(name).__name__}.from" in page)


def test_names_that_do_not_ship_are_answered_with_those_that_do():
    with pytest.raises(ValueError, match="'smal'; did you mean 'small'"):
        shipped.pretrain("smal")
    with pytest.raises(ValueError, match="did you mean 'stranger'"):
        shipped.card("strangers")
