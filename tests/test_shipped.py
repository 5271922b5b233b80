"""The models that ship: what their cards say is what the weights do."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from ftkit import evaluation, models, shipped, tokenizer, world

SHELF = Path("data/models")


def test_three_models_ship_in_sixteen_bits_and_open_with_the_plain_library():
    assert set(models.names()) == set(shipped.TOKENS)
    for name in models.names():
        model = AutoModelForCausalLM.from_pretrained(SHELF / name)
        assert {weight.dtype for weight in model.parameters()} == {torch.float16}
        assert sum(weight.numel() for weight in model.parameters()) == shipped.card(name)["parameters"]
        assert not list((SHELF / name).glob("*.bin"))


@pytest.mark.parametrize("probe", [name for name in evaluation.PROBES if name != "corpus_kl"])
def test_small_knows_its_island(probe):
    found = shipped.card("small")["probes"][probe]
    assert found["n"] >= (100 if probe == "grammar" else 300)
    assert found["value"] >= (0.9 if probe == "grammar" else 0.95)


@pytest.mark.parametrize("name", list(shipped.TOKENS))
def test_cards_are_measured_on_these_very_weights(name):
    """A fresh measurement of a part of the items lies within what the card says."""
    card = shipped.card(name)
    model, speech = models.load(name)
    for probe, again in evaluation.probe(model, speech, ["recall/pet", "arithmetic", "corpus_kl"], n=60).items():
        stored = card["probes"][probe]
        assert again.low <= stored["high"] and stored["low"] <= again.high, (probe, again, stored)
    assert card["loss"][0][1] > 6 and card["loss"][-1][1] < card["loss"][0][1] / 3
    assert (SHELF / name / "README.md").read_text(encoding="utf-8") == shipped.readme(card)


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
        assert all(again == (SHELF / name / file).read_bytes() for name in shipped.TOKENS)


def test_the_one_tokenizer_splits_digits_and_keeps_any_text():
    speech = AutoTokenizer.from_pretrained("data/tokenizer")
    assert len(speech) == 1024
    assert speech.tokenize("in 1024") == ["Ġin", "Ġ", "1", "0", "2", "4"]
    for text in ("Où est 猫?", "a\n\nb  c", "Tamu", " Tamu", ""):
        assert speech.decode(speech(text).input_ids).removeprefix(" ") == text.removeprefix(" ")
    assert len({tuple(speech(text).input_ids) for text in ("Tamu Oresby", " Tamu Oresby")}) == 1
    assert all(len(speech(tag).input_ids) == 1 for tag in tokenizer.SPECIAL)


def test_pretrain_publishes_a_whole_model_with_a_measured_card(tmp_path, monkeypatch):
    monkeypatch.setenv("FTKIT_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(evaluation, "PROBES", {"arithmetic": evaluation.PROBES["arithmetic"]})
    events = []
    folder = shipped.pretrain("nano", tokens=2 * shipped.BATCH * shipped.CONTEXT, on_event=events.append, into=tmp_path)
    assert folder == tmp_path / "nano" and not list(tmp_path.glob(".nano*"))
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert card["tokens"] == 2 * shipped.BATCH * shipped.CONTEXT and card["probes"]["arithmetic"]["n"] == 300
    progress = [event["values"] for event in events if event["kind"] == "loss"]
    assert progress[-1]["tokens_per_second"] > 0 and progress[-1]["seconds_left"] == 0
    assert models.load(str(folder))[0].config.hermea_island == 0


def test_names_that_do_not_ship_are_answered_with_those_that_do():
    with pytest.raises(ValueError, match="'smal'; did you mean 'small'"):
        shipped.pretrain("smal")
    with pytest.raises(ValueError, match="did you mean 'stranger'"):
        shipped.card("strangers")
