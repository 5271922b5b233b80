"""Which weights move? A fresh adapter changes nothing; the equation is PEFT's; the merged model says the same."""

import pytest
import torch

from ftkit import adapters
from ftkit.adapters import ADAPTERS, Full, LoRA
from ftkit.adapters.full import full_forward
from ftkit.adapters.lora import lora_forward


def logits(model):
    with torch.no_grad():
        return model(input_ids=torch.arange(20, 40)[None]).logits


@pytest.mark.parametrize("record", ADAPTERS, ids=lambda record: record.name)
def test_a_fresh_adapter_changes_nothing_and_something_moves(record, tiny):
    model, _ = tiny
    before = logits(model)
    attached = record.attach(model, record.config(), seed=1)
    assert torch.equal(logits(attached), before)
    assert any(weight.requires_grad for weight in attached.parameters())
    assert torch.equal(logits(record.merge(attached)), before)


def test_full_moves_every_weight(tiny):
    model, _ = tiny
    model.requires_grad_(False)
    assert all(weight.requires_grad for weight in adapters.full.attach(model, Full()).parameters())


def moved(model):
    """A LoRA whose second matrix is no longer zero."""
    chance = torch.Generator().manual_seed(3)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(generator=chance)
    return model


def test_lora_equation_is_what_peft_computes(tiny):
    model = moved(adapters.lora.attach(tiny[0], LoRA(rank=3, alpha=5.0)))
    layer = model.base_model.model.model.layers[0].mlp.gate_proj
    x = torch.randn(2, 7, 64, generator=torch.Generator().manual_seed(0))
    ours = lora_forward(x, layer.weight, layer.lora_A["default"].weight, layer.lora_B["default"].weight, 5.0)
    torch.testing.assert_close(ours, layer(x))


def test_lora_forward_by_hand():
    x, weight = torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    a, b = torch.tensor([[1.0, 1.0]]), torch.tensor([[0.5], [-1.0]])
    assert lora_forward(x, weight, a, b, alpha=2.0).tolist() == [[4.0, -4.0]]
    with pytest.raises(ValueError, match="a has rank 1 and b has rank 2"):
        lora_forward(x, weight, a, torch.ones(2, 2), alpha=2.0)


def test_full_forward_by_hand():
    x, weight, change = torch.tensor([[1.0, 2.0]]), torch.eye(2), torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    assert full_forward(x, weight, change).tolist() == [[3.0, 2.0]]


def test_merging_keeps_what_the_model_says(tiny):
    model = moved(adapters.lora.attach(tiny[0], LoRA(rank=2)))
    before = logits(model)
    merged = adapters.lora.merge(model)
    assert not hasattr(merged, "peft_config")
    torch.testing.assert_close(logits(merged), before, rtol=1e-4, atol=1e-4)


def test_the_random_half_comes_from_the_seed_alone(tiny_folder):
    from ftkit import models

    def halves(seed):
        model = adapters.lora.attach(models.load(str(tiny_folder))[0], LoRA(), seed)
        return torch.cat([weight.flatten() for name, weight in model.named_parameters() if "lora_A" in name])

    torch.manual_seed(11)
    state = torch.random.get_rng_state()
    first = halves(0)
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(12)
    assert torch.equal(halves(0), first) and not torch.equal(halves(1), first)


def test_targets_choose_where(tiny_folder):
    from ftkit import models

    def count(targets):
        model = adapters.lora.attach(models.load(str(tiny_folder))[0], LoRA(rank=2, targets=targets))
        return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)

    assert (
        count("q and v") == 2 * (2 * 128) and count("attention") == 4 * (2 * 128) and count("all-linear") == 7 * 2 * 128
    )


def test_a_rank_above_the_smaller_side_is_refused(tiny):
    with pytest.raises(ValueError, match=r"rank is 65 but the smaller side of model.layers.0.self_attn.q_proj is 64"):
        adapters.lora.attach(tiny[0], LoRA(rank=65))


def test_a_grouped_key_layer_counts_with_its_smaller_side(foreign_folders):
    from ftkit import models

    model, _ = models.load(str(foreign_folders["qwen3"]))
    with pytest.raises(ValueError, match=r"smaller side of model.layers.0.self_attn.k_proj is 32; choose rank <= 32"):
        adapters.lora.attach(model, LoRA(rank=33))
