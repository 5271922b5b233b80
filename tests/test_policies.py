"""Policies that learn from rewards: all of them earn more, begin where they were, and go on as if never cut off."""

import math

import pytest
import torch
from safetensors.torch import load_file

from ftkit import models, rewards, training
from ftkit.adapters import Full, LoRA
from ftkit.data import Corpus, Task
from ftkit.generation import generate
from ftkit.objectives import GRPO, P3O, PPO, Reinforce
from ftkit.objectives.grpo import grpo_loss
from ftkit.objectives.policy import laid_out, token_logprobs
from ftkit.recipe import Recipe, Train, technique
from ftkit.training import Hand
from ftkit.training.loop import arguments
from ftkit.training.reward_doctor import RewardDoctor

SHORT = {"longest": 4, "beta": 0.01}
POLICIES = (Reinforce(group=4, **SHORT), PPO(**SHORT), P3O(**SHORT), GRPO(group=4, **SHORT))
NAMES = [type(one).__name__ for one in POLICIES]


def vowels(example, text) -> float:
    """Share of an answer's letters; a goal that chance reaches in part."""
    return sum(letter in "aeiou" for letter in text) / len(text) if text else 0.0


@pytest.fixture(autouse=True)
def graders(monkeypatch):
    known = {
        "vowels": vowels,
        "same": lambda example, text: 0.5,
        "shifted": lambda example, text: vowels(example, text) + len(example.prompt) / 10,
        "broken": lambda example, text: 1 / 0,
        "lost": lambda example, text: math.nan,
    }
    for name, function in known.items():
        monkeypatch.setitem(rewards.FUNCTIONS, name, function)


def recipe_of(folder, objective, reward="vowels", adapter=None, **train):
    """A recipe that learns from rewards."""
    how = {"steps": 4, "batch": 8, "learning_rate": 3e-3, "dtype": "float32", "eval_examples": 2, "checkpoint_every": 2}
    return Recipe(
        str(folder), type(objective)(**{**vars(objective), "reward": f"python:{reward}"}), Task("sums", examples=20),
        adapter or Full(), Train(**{**how, **train}),
    )  # fmt: skip


def told(run, name):
    return [event["values"][name] for event in run.metrics if event["kind"] == "loss"]


def sentences(run):
    return [event["values"]["text"] for event in run.metrics if event["kind"] == "doctor"]


def weights(run):
    return run.model()[0].state_dict()


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


# ---- learning -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", POLICIES, ids=NAMES)
def test_a_policy_earns_more_than_at_first(store, tiny_folder, objective):
    run = training.run(recipe_of(tiny_folder, objective, steps=30, batch=32, learning_rate=2e-2, eval_examples=0))
    earned = told(run, "reward")
    assert sum(earned[-5:]) / 5 > sum(earned[:5]) / 5 + 0.1
    assert abs(told(run, "kl")[0]) < 1e-4 < told(run, "kl")[-1], "it begins as its own reference"


@pytest.mark.parametrize("objective", [PPO(passes=1, **SHORT), GRPO(group=4, **SHORT)], ids=["PPO", "GRPO"])
def test_a_round_begins_with_the_probabilities_with_which_it_was_written(tiny, objective):
    model, tokenizer = tiny
    rollout = generate(model, tokenizer, ["One and two", "Three"], 4, 1.0, 8, seed=1)
    written = laid_out(rollout, tokenizer.pad_token_id, model.device)
    now, _ = token_logprobs(model, written, 1.0)
    for row, (mask, said) in enumerate(zip(written.completion_mask, rollout.token_logprobs, strict=True)):
        assert now[row][mask.bool()].tolist() == pytest.approx(said, abs=1e-4)


@pytest.mark.parametrize("objective", [POLICIES[0], POLICIES[2], POLICIES[3]], ids=[NAMES[0], NAMES[2], NAMES[3]])
def test_equal_rewards_move_nothing(store, tiny_folder, objective):
    objective = type(objective)(**{**vars(objective), "beta": 0.0})
    run = training.run(recipe_of(tiny_folder, objective, "same", weight_decay=0.0))
    assert same(weights(run), models.load(str(tiny_folder))[0].state_dict())
    assert told(run, "silent_groups") == [1.0] * 4


@pytest.mark.parametrize(("objective", "moves"), [(P3O(**SHORT), False), (PPO(**SHORT), True)], ids=["P3O", "PPO"])
def test_a_gift_to_all_answers_of_a_prompt_changes_ppo_and_not_p3o(store, tiny_folder, objective, moves):
    plain, shifted = (weights(training.run(recipe_of(tiny_folder, objective, name))) for name in ("vowels", "shifted"))
    apart = max((plain[name] - shifted[name]).abs().max().item() for name in plain)
    assert (apart > 3e-3) == moves, "one step goes so far; Adam makes .0003 of the rounding of a reward"


def test_a_price_on_distance_keeps_a_policy_near(store, tiny_folder):
    far, near = (
        training.run(recipe_of(tiny_folder, PPO(longest=8, beta=beta), steps=15, batch=16, learning_rate=1e-2))
        for beta in (0.0, 1.0)
    )
    assert told(far, "kl")[-1] > 2 * told(near, "kl")[-1]


def test_beta_is_steered_and_kept_with_the_critic(store, tiny_folder):
    objective = PPO(longest=8, beta=0.5, target=0.01)
    run = training.run(recipe_of(tiny_folder, objective, steps=6, learning_rate=1e-2))
    kept = load_file(store.folder(run.id).checkpoint() / "critic.safetensors")
    assert kept["beta"] > 0.5 and kept["line.weight"].any()


def test_grpo_loss_is_what_trl_computes_on_the_same_batch(tiny, tiny_folder, tmp_path):
    model, tokenizer = tiny
    recipe = recipe_of(tiny_folder, GRPO(group=4, longest=8, beta=0.3), batch=8)
    plan = technique(recipe.objective).plan(recipe.objective, model, tokenizer, recipe.task, recipe.train)
    args = arguments(plan, recipe, {"dtype": "float32", "device_batch": 8, "processes": 1}, tmp_path, ())
    trainer = plan.trainer(model=model, args=args, train_dataset=plan.rows, processing_class=tokenizer, **plan.extras)
    rollout = generate(model, tokenizer, ["One and two", "Three"], 4, 1.0, 8, seed=1)
    written = laid_out(rollout, tokenizer.pad_token_id, model.device)
    chance, width = torch.Generator().manual_seed(0), written.completion_mask.shape[1]
    old, reference = (torch.randn(8, width, generator=chance) - 7 for _ in range(2))
    advantages = torch.randn(8, generator=chance)
    inputs = {
        "prompt_ids": written.input_ids[:, :-width], "prompt_mask": written.attention_mask[:, :-width],
        "completion_ids": written.input_ids[:, -width:], "completion_mask": written.completion_mask,
        "old_per_token_logps": old, "ref_per_token_logps": reference, "advantages": advantages,
        "num_items_in_batch": written.completion_mask.sum(),
    }  # fmt: skip
    now, _ = token_logprobs(model, written, 1.0)
    ours = grpo_loss(now, old, reference, advantages, written.completion_mask, 0.2, 0.3)
    model.train()
    trainer.current_gradient_accumulation_steps = 1
    assert trainer._compute_loss(model, inputs).item() == pytest.approx(ours.item(), rel=1e-4)


# ---- cut off, and in parts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("adapter", [Full(), LoRA(rank=2)], ids=["full", "lora"])
@pytest.mark.parametrize("objective", POLICIES, ids=NAMES)
def test_a_stopped_run_goes_on_to_the_weights_of_an_unbroken_one(store, tiny_folder, objective, adapter):
    recipe = recipe_of(tiny_folder, objective, adapter=adapter, learning_rate=1e-2)
    unbroken, hand = training.run(recipe), Hand()
    stopped = training.run(
        recipe,
        hand=hand,
        on_event=lambda event: hand.stop() if event["step"] == 2 and event["kind"] == "loss" else None,
    )
    assert stopped.status == "stopped"
    assert same(weights(training.resume(stopped.id)), weights(unbroken))


@pytest.mark.parametrize("objective", POLICIES, ids=NAMES)
def test_a_round_is_the_same_in_smaller_bites(store, tiny_folder, objective):
    whole, parts = (
        weights(training.run(recipe_of(tiny_folder, objective, steps=2, device_batch=bite))) for bite in (8, 4)
    )
    for name in whole:
        torch.testing.assert_close(whole[name], parts[name], atol=2e-4, rtol=1e-3)


# ---- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"batch": 6}, "batch is 6 completions; choose a multiple of the group of 4"),
        ({"task": Corpus()}, "texts ask nothing that could be rewarded"),
    ],
)
def test_what_cannot_be_rewarded_is_said_before_the_first_round(store, tiny_folder, change, said):
    with pytest.raises(ValueError, match=said):
        training.run(recipe_of(tiny_folder, POLICIES[0]).but(**change))


def test_a_prompt_without_room_is_said(store, tmp_path):
    model, tokenizer = models.fresh(models.Layout(width=64, layers=1, heads=2, feed_forward=64, context=32))
    models.save(model, tokenizer, tmp_path / "short")
    recipe = recipe_of(tmp_path / "short", POLICIES[0], eval_examples=0).but(task=Task("two steps", examples=8))
    with pytest.raises(ValueError, match=r"a prompt has \d+ tokens and the model reads 32; choose shorter questions"):
        training.run(recipe)


@pytest.mark.parametrize("reward", ["broken", "lost"])
def test_a_grader_that_fails_is_said_and_the_run_goes_on(store, tiny_folder, reward):
    run = training.run(recipe_of(tiny_folder, POLICIES[0], reward, steps=12, eval_examples=0))
    assert run.status == "done" and told(run, "failed") == [1.0] * 12 and told(run, "reward") == [0.0] * 12
    assert any("100% of the completions could not be graded" in one for one in sentences(run))


@pytest.mark.parametrize("objective", [POLICIES[0], POLICIES[3]], ids=[NAMES[0], NAMES[3]])
def test_equal_rewards_and_endless_answers_are_said(store, tiny_folder, objective):
    run = training.run(recipe_of(tiny_folder, objective, "same", steps=12, eval_examples=0))
    silent, cut = sentences(run)
    assert "In 100% of the groups all completions earn the same (0.50 on average)" in silent and "too hard" in silent
    assert "were cut before they ended" in cut and "Raise longest" in cut


WELL = {"reward": 0.4, "gold": 0.4, "kl": 0.1, "length": 9.0, "cut": 0.0, "silent_groups": 0.2, "failed": 0.0}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, None),
        ({"reward": 0.9, "gold": 0.7}, None),
        ({"reward": 0.9, "gold": 0.3}, "the policy has found what the grader gets wrong. Raise beta"),
        ({"kl": 80.0}, "nats a completion from the model that it was. Raise beta"),
        ({"critic_loss": 7.0}, "The critic's loss has risen from 0.10 to"),
        ({"silent_groups": 1.0, "reward": 1.0, "gold": 1.0}, "too easy: take harder ones"),
    ],
)
def test_the_doctor_reads_rewards(change, said):
    doctor = RewardDoctor(7.0, 1e-3)
    found = []
    for values in [WELL | {"critic_loss": 0.1}] * 10 + [WELL | {"critic_loss": 0.1} | change] * 30:
        doctor.check(1, -900.0, 1.0)
        found += doctor.look(-900.0, values)
    assert len(found) == (said is not None) and all(said in one for one in found)


def test_a_lost_loss_ends_a_policy_too():
    with pytest.raises(training.Diverged, match="The loss is nan at step 3"):
        RewardDoctor(7.0, 1e-3).check(3, math.nan, 1.0)


def test_a_critic_begins_with_what_the_first_round_earned(store, tiny_folder):
    recipe = recipe_of(tiny_folder, PPO(longest=8, beta=0.0, passes=1), "shifted", steps=1, learning_rate=1e-6)
    run = training.run(recipe)
    kept = load_file(store.folder(run.id).checkpoint() / "critic.safetensors")
    assert kept["line.bias"].item() == pytest.approx(told(run, "reward")[0], abs=1e-4)
