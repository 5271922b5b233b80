"""Who speaks? Every way to a model, and what is said when there is none."""

import json
import os
import subprocess
import sys

import pytest
import torch
from hub import hub

from ftkit import machine, models
from ftkit.models import LAYOUTS, Layout

IDS = torch.arange(30, 50)[None]


def logits(model):
    with torch.no_grad():
        return model(input_ids=IDS).logits


def test_layouts_have_the_sizes_they_are_known_for():
    small, tokenizer = models.fresh("small")
    assert sum(weight.numel() for weight in small.parameters()) == 2_853_312
    assert small.config.head_dim == 64 and small.config.tie_word_embeddings and len(tokenizer) == 1024
    assert sum(weight.numel() for weight in models.fresh("nano")[0].parameters()) == 787_584
    assert LAYOUTS["stranger"] == LAYOUTS["small"]


def test_a_deeper_model_says_what_it_said_and_its_new_blocks_can_learn():
    small, _ = models.load("small")
    deeper, _ = models.load("deeper:small")
    assert deeper.config.num_hidden_layers == 2 * small.config.num_hidden_layers == 12
    assert torch.equal(logits(deeper), logits(small))
    deeper(input_ids=IDS, labels=IDS).loss.backward()
    for block in deeper.model.layers[1::2]:
        for adds in (block.self_attn.o_proj, block.mlp.down_proj):
            assert not adds.weight.any() and adds.weight.grad.any()
    seen = deeper.generate(IDS, max_new_tokens=8, do_sample=False)
    assert torch.equal(seen, small.generate(IDS, max_new_tokens=8, do_sample=False))


def test_a_bidirectional_model_has_the_weights_that_it_had_and_sees_what_follows():
    small, _ = models.load("small")
    encoder, tokenizer = models.load("bidirectional:small")
    assert type(encoder).__name__ == LAYOUTS["encoder"].architecture
    assert encoder.state_dict().keys() == small.state_dict().keys()
    assert all(torch.equal(weight, small.state_dict()[name]) for name, weight in encoder.state_dict().items())
    assert encoder.config.mask_token_id == tokenizer.mask_token_id
    other = IDS.clone()
    other[0, -1] += 1
    with torch.no_grad():
        seen = [model(input_ids=ids).logits[0, 0] for model in (small, encoder) for ids in (IDS, other)]
    assert torch.equal(seen[0], seen[1]) and not torch.allclose(seen[2], seen[3])
    torch.testing.assert_close(encoder(input_ids=IDS[:, :1]).logits, small(input_ids=IDS[:, :1]).logits)


@pytest.mark.parametrize("how", ["deeper", "bidirectional"])
@pytest.mark.parametrize("name", ["encoder", "smal"])
def test_only_models_that_go_on_can_grow(name, how):
    with pytest.raises(ValueError, match=f"model to be made {how} is"):
        models.load(f"{how}:{name}")


@pytest.mark.parametrize("name", ["deeper:small", "bidirectional:small"])
def test_the_outline_of_a_grown_model_has_its_shape(name):
    outline, _ = models.outline(name)
    loaded, _ = models.load(name)
    assert outline.device.type == "meta"
    assert {key: one.shape for key, one in outline.named_parameters()} == {
        key: one.shape for key, one in loaded.named_parameters()
    }


def test_a_layout_fills_in_heads_and_inner_width():
    config = Layout(width=192, layers=1).config(models.fresh("nano")[1])
    assert (config.num_attention_heads, config.intermediate_size) == (3, 512)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ({"width": 100, "heads": 3}, "width is 100 with 3 heads; choose a width that is a multiple of 6"),
        ({"layers": 0}, "layers is 0"),
    ],
)
def test_a_layout_that_cannot_be_is_refused(shape, said):
    with pytest.raises(ValueError, match=said):
        Layout(**shape)


def test_random_weights_come_from_the_seed_alone_and_leave_chance_as_it_was():
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first = models.fresh("nano", seed=3)[0]
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(2)
    again, other = models.fresh("nano", seed=3)[0], models.fresh("nano", seed=4)[0]
    assert torch.equal(logits(first), logits(again)) and not torch.equal(logits(first), logits(other))


def test_a_fresh_model_adds_nothing_to_its_stream_and_knows_nothing():
    model, tokenizer = models.fresh("small")
    layer = model.model.layers[0]
    assert not layer.self_attn.o_proj.weight.any() and not layer.mlp.down_proj.weight.any()
    assert model.model.embed_tokens.weight.std().item() == pytest.approx(0.02, rel=0.02)
    loss = -logits(model).log_softmax(-1).mean()
    assert loss.item() == pytest.approx(torch.tensor(len(tokenizer)).log().item(), abs=0.1)


@pytest.mark.parametrize("name", ["fresh:nano", LAYOUTS["nano"]])
def test_fresh_models_are_loaded_by_name_and_by_layout(name):
    assert torch.equal(logits(models.load(name, seed=2)[0]), logits(models.fresh("nano", seed=2)[0]))


def test_a_saved_model_is_the_same_and_writes_with_a_cache(tiny_folder, tiny):
    from transformers import AutoModelForCausalLM

    model, tokenizer = tiny
    assert torch.equal(logits(model), logits(models.fresh(Layout(64, 1, 2, 64, 96), seed=5)[0]))
    assert model.config.hermea_island == 0 and not model.training
    assert model.config.pad_token_id == tokenizer.pad_token_id != tokenizer.eos_token_id
    plain = AutoModelForCausalLM.from_pretrained(tiny_folder)
    assert plain.generation_config.use_cache and plain.config.use_cache
    assert torch.equal(logits(plain), logits(model))


def test_weights_come_in_the_format_asked_for(tiny_folder):
    assert models.load(str(tiny_folder), dtype="bfloat16")[0].dtype == torch.bfloat16
    assert models.load("fresh:nano", dtype="float16")[0].dtype == torch.float16


@pytest.mark.parametrize("shape", ["qwen3", "llama"])
def test_models_in_the_shape_of_real_ones_are_read(shape, foreign_folders):
    model, tokenizer = models.load(str(foreign_folders[shape]))
    assert model.config.model_type == shape and torch.isfinite(logits(model)).all()
    assert tokenizer.eos_token_id in _ends(model)


def _ends(model):
    ends = model.generation_config.eos_token_id
    return ends if isinstance(ends, list) else [ends]


def test_a_finished_run_is_a_model(store, tiny):
    run = store.create({}, "x")
    models.save(*tiny, run.path / "model")
    assert torch.equal(logits(models.load(f"run:{run.id}")[0]), logits(tiny[0]))
    empty = store.create({}, "y")
    with pytest.raises(ValueError, match=f"run {empty.id} is running and has left no model"):
        models.load(f"run:{empty.id}")
    with pytest.raises(ValueError, match="there is no run 'z'"):
        models.load("run:z")


# ---- what is refused ----------------------------------------------------------------------------------------------


def test_a_wrong_name_lists_the_known_ones_and_the_nearest(tmp_path, monkeypatch):
    (tmp_path / "models/small").mkdir(parents=True)
    (tmp_path / "models/small/config.json").write_text("{}")
    monkeypatch.setattr(machine, "data_folder", lambda: tmp_path)
    with pytest.raises(
        ValueError, match=r"model is 'smal'; did you mean 'small'\? choose one of small, fresh:nano, .*hub id"
    ):
        models.load("smal")
    with pytest.raises(ValueError, match="layout is 'nan'; did you mean 'nano'"):
        models.load("fresh:nan")


def test_a_folder_that_is_no_model_is_said_in_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"is no model: it has no config\.json"):
        models.load(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(ValueError, match=r"has no \.safetensors file"):
        models.load(str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ValueError, match="no causal language model that transformers can read"):
        models.load(str(tmp_path))
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match="is no model that can be read"):
        models.load(str(tmp_path))


def test_pickled_weights_are_refused(tmp_path, tiny_folder):
    model, tokenizer = models.load(str(tiny_folder))
    models.save(model, tokenizer, tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match="weights are read from safetensors only"):
        models.load(str(tmp_path))


def test_a_models_own_code_is_never_run(tmp_path, tiny_folder):
    models.save(*models.load(str(tiny_folder)), tmp_path)
    (tmp_path / "own.py").write_text("raise SystemExit('its code was run')\n")
    config = json.loads((tmp_path / "config.json").read_text())
    own = {"AutoConfig": "own.C", "AutoModelForCausalLM": "own.M"}
    (tmp_path / "config.json").write_text(json.dumps({**config, "model_type": "own", "auto_map": own}))
    with pytest.raises(ValueError, match="no causal language model"):
        models.load(str(tmp_path))


# ---- a hub --------------------------------------------------------------------------------------------------------

FETCH = """
from ftkit import models
model, tokenizer = models.load("someone/tiny")
print(model.config.model_type, len(tokenizer), bool(tokenizer.chat_template))
try:
    models.load("someone/else")
except ValueError as error:
    print(error)
"""


def test_a_hub_id_is_fetched_from_the_hub(foreign_folders, tmp_path):
    with hub(foreign_folders["qwen3"], tmp_path) as environment:
        out = subprocess.run(
            [sys.executable, "-W", "error::FutureWarning", "-c", FETCH],
            capture_output=True, text=True, env=os.environ | environment, timeout=120,
        )  # fmt: skip
    assert out.returncode == 0, out.stderr
    found, missing = out.stdout.strip().splitlines()
    assert found.startswith("qwen3 ") and found.endswith(" True")
    assert missing.startswith("model 'someone/else' is no folder here and could not be had from the hub")


def test_two_threads_may_load_at_once_in_a_fresh_process():
    """As where a field's thread lets models go on and the next cell loads one; transformers imports itself lazily."""
    code = """
from concurrent.futures import ThreadPoolExecutor
from ftkit import models
with ThreadPoolExecutor(2) as pool:
    print(len(list(pool.map(models.load, ("nano", "nano")))))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert out.stdout.split() == ["2"], out.stderr[-2000:]


@pytest.mark.parametrize("name", ["small", "encoder", "fresh:seq2seq"])
def test_an_outline_has_the_shapes_of_the_model_and_no_weights(name):
    outline, _ = models.outline(name)
    whole, _ = models.load(name)
    assert {key: one.shape for key, one in outline.named_parameters()} == {
        key: one.shape for key, one in whole.named_parameters()
    }
    assert type(outline) is type(whole) and all(one.device.type == "meta" for one in outline.parameters())
