"""Towards what? Our equations are what the libraries compute, and the joint optimiser is its two parts."""

import math

import pytest
import torch

from ftkit import models
from ftkit.data import Corpus, File, Task
from ftkit.objectives import SFT, Pretrain, pretrain, sft
from ftkit.objectives.pretrain import joint_optimizer, next_token_loss, orthogonal
from ftkit.objectives.sft import completion_loss
from ftkit.recipe import Train
from ftkit.training.loop import recomputing

TRAIN = Train(steps=2, batch=3)


def token_logprobs(model, batch):
    """(B, T) log p of each token; the first of a row has none."""
    with torch.no_grad():
        logits = model(input_ids=batch["input_ids"], attention_mask=batch.get("attention_mask")).logits
    found = logits[:, :-1].log_softmax(-1).gather(2, batch["input_ids"][:, 1:, None])[..., 0]
    return torch.nn.functional.pad(found, (1, 0))


def test_next_token_loss_by_hand():
    logits = torch.log(torch.tensor([[[0.5, 0.25, 0.25], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4]]]))
    assert next_token_loss(logits, torch.tensor([[2, 1, 2]])).item() == pytest.approx(-math.log(0.25 * 0.8) / 2)
    assert next_token_loss(torch.zeros(2, 5, 7), torch.ones(2, 5, dtype=torch.long)).item() == pytest.approx(
        math.log(7)
    )


def test_next_token_loss_is_the_models_own(tiny):
    model, _ = tiny
    ids = torch.randint(0, 1024, (2, 30), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        out = model(input_ids=ids, labels=ids)
    torch.testing.assert_close(next_token_loss(out.logits, ids), out.loss)


def test_completion_loss_by_hand():
    logprobs = torch.tensor([[-9.0, -1.0, -2.0], [-9.0, -9.0, -6.0]])
    mask = torch.tensor([[0, 1, 1], [0, 0, 1]])
    assert completion_loss(logprobs, mask).item() == 3.0
    assert completion_loss(logprobs, torch.ones(2, 3)).item() == 6.0
    with pytest.raises(ValueError, match="leaves no token"):
        completion_loss(logprobs, torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"logprobs are \(2, 3\), the mask is \(2, 2\)"):
        completion_loss(logprobs, mask[:, :2])


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("shape", ["shipped", "qwen3", "llama"])
def test_completion_loss_is_what_trl_computes_on_the_same_batch(shape, masked, tiny, foreign_folders, tmp_path):
    model, tokenizer = tiny if shape == "shipped" else models.load(str(foreign_folders[shape]))
    plan = sft.plan(SFT(mask=masked), model, tokenizer, Task(examples=20), TRAIN)
    trainer = plan.trainer(
        model=model,
        args=plan.arguments(
            str(tmp_path), bf16=False, use_cpu=True, **{recomputing(plan.arguments): False}, **plan.options
        ),
        train_dataset=plan.rows,
        processing_class=tokenizer,
    )
    batch = trainer.data_collator([plan.rows[i] for i in range(3)])
    with torch.no_grad():
        theirs = trainer.compute_loss(model, dict(batch))
    mask = (batch["labels"] != -100).float()
    mask[:, 0] = 0  # nothing foretells the first token
    torch.testing.assert_close(completion_loss(token_logprobs(model, batch), mask), theirs)
    assert masked == bool((batch["labels"][batch["attention_mask"] == 1] == -100).any())


def test_only_the_completion_and_its_end_are_learned(tiny):
    model, tokenizer = tiny
    row = sft.plan(SFT(), model, tokenizer, Task(examples=1), TRAIN).rows[0]
    example = Task(examples=1).source()[0]
    learned = [i for i in row["labels"] if i != -100]
    assert tokenizer.decode(learned).strip() == f"{example.completion}<|end|>"


def test_rows_are_read_in_an_order_that_covers_the_run(tiny):
    model, tokenizer = tiny
    rows = sft.plan(SFT(), model, tokenizer, Task(examples=4), TRAIN).rows
    assert len(rows) == 6 and len({tuple(row["input_ids"]) for row in rows}) == 4


def test_rows_that_do_not_fit_are_said_aloud(tiny, tmp_path):
    model, tokenizer = tiny
    path = tmp_path / "a.csv"
    path.write_text("prompt,completion\nWho?,Oria\nWho?," + "Tamu has a cat. " * 30 + "\n" + "Who? " * 200 + ",Oria\n")
    plan = sft.plan(SFT(), model, tokenizer, File(str(path), held_out=0.0), TRAIN)
    assert max(len(row["input_ids"]) for row in plan.rows) == 96  # what the tiny model can read
    assert plan.notes[0].startswith("2 of 3 rows are longer than 96 tokens") and "Raise context" in plan.notes[0]
    path.write_text("prompt,completion\n" + "Who? " * 200 + ",Oria\n")
    with pytest.raises(ValueError, match="no prompt leaves room for its completion in 96 tokens"):
        sft.plan(SFT(), model, tokenizer, File(str(path)), TRAIN)


def test_pretraining_reads_as_many_rows_as_the_run_has(tiny):
    model, tokenizer = tiny
    plan = pretrain.plan(Pretrain(context=32), model, tokenizer, Corpus(people=20), TRAIN)
    batch = plan.collate([plan.rows[i] for i in range(len(plan.rows))])
    assert batch["input_ids"].shape == (6, 32)


# ---- the joint optimiser ------------------------------------------------------------------------------------------


def step(optimizers, model, seed):
    """One step on gradients drawn from a seed."""
    chance = torch.Generator().manual_seed(seed)
    for weight in model.parameters():
        weight.grad = torch.randn(weight.shape, generator=chance)
    for optimizer in optimizers:
        optimizer.step()


def parts(model):
    """The same two optimisers by hand: embedding and norms apart from the matrices."""
    named = dict(model.named_parameters())
    matrices = [weight for name, weight in named.items() if weight.ndim == 2 and "embed" not in name]
    others = [weight for name, weight in named.items() if weight.ndim != 2 or "embed" in name]
    assert len(matrices) == 7 and len(others) == 4
    return [
        torch.optim.Muon(matrices, lr=0.02, weight_decay=0.01, momentum=0.95, nesterov=True, adjust_lr_fn="original"),
        torch.optim.AdamW(others, lr=0.003, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
    ]


def equal(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("short", [True, False])
def test_the_joint_optimiser_goes_where_torch_s_two_go(tiny_folder, short):
    start, one, other = (models.load(str(tiny_folder))[0] for _ in range(3))
    joint, apart = joint_optimizer(one, 0.02, short), parts(other)
    for seed in range(3):
        step([joint], one, seed)
        step(apart, other, seed)
    assert not equal(one, start)
    for old, a, b in zip(start.parameters(), one.parameters(), other.parameters(), strict=True):
        assert ((a - b).norm() / (b - old).norm()).item() < 0.05, "bfloat16 keeps eight bits"


def test_matrices_side_by_side_do_not_meet():
    one, other = torch.randn(2, 8, 24, generator=torch.Generator().manual_seed(1))
    together = orthogonal(torch.stack([one, 100 * other]))
    assert torch.allclose(together[0], orthogonal(one), atol=1e-5)
    assert torch.allclose(together[1], orthogonal(other), atol=1e-5)


@pytest.mark.parametrize("shape", [(8, 8), (24, 8), (8, 24)])
def test_orthogonal_keeps_directions_and_makes_lengths_alike(shape):
    update = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    left, lengths, right = torch.linalg.svd(update, full_matrices=False)
    made = torch.linalg.svdvals(orthogonal(update, steps=10))
    assert lengths.max() / lengths.min() > 2 and made.min() > 0.6 and made.max() < 1.3
    inside = left.mT @ orthogonal(update) @ right.mT
    assert (inside - inside.diagonal().diag()).abs().max() < 1e-4
    assert orthogonal(torch.diag(torch.tensor([1.0, 0.0]))).diagonal().tolist() == pytest.approx([0.69644, 0], abs=1e-4)


@pytest.mark.parametrize("short", [True, False])
def test_the_joint_optimiser_goes_on_from_its_state_bit_by_bit(tiny_folder, tmp_path, short):
    one, other = (models.load(str(tiny_folder))[0] for _ in range(2))
    first = joint_optimizer(one, 0.02, short)
    schedule = torch.optim.lr_scheduler.LambdaLR(first, lambda done: 1 / (done + 1))
    step([first], one, 0)
    schedule.step()
    torch.save(first.state_dict(), tmp_path / "state")
    other.load_state_dict(one.state_dict())
    second = joint_optimizer(other, 0.02, short)
    second.load_state_dict(torch.load(tmp_path / "state", weights_only=True))
    assert [group["lr"] for group in second.param_groups] == pytest.approx([0.01, 0.0015])
    for seed in (1, 2):
        step([first], one, seed)
        step([second], other, seed)
    assert equal(one, other)


def test_frozen_weights_are_no_part_of_it():
    model = models.fresh("nano")[0]
    model.requires_grad_(False)
    model.model.norm.weight.requires_grad_(True)
    groups = joint_optimizer(model, 0.02).param_groups
    assert [len(group["params"]) for group in groups] == [1]


def test_compiling_is_asked_for_by_the_knob(tiny):
    assert pretrain.plan(Pretrain(compile=True), *tiny, Corpus(people=20), TRAIN).options["torch_compile"] is True
