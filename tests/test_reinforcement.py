"""Learning from rewards: what the equations say by hand, what the libraries say, and that tiny policies learn."""

import math

import pytest
import torch

from ftkit.objectives.grpo import group_advantages, grpo_loss
from ftkit.objectives.p3o import p3o_loss
from ftkit.objectives.policy import Written
from ftkit.objectives.ppo import advantages_of, critic_loss, ppo_loss, steered, token_rewards, whitened
from ftkit.objectives.reinforce import leave_one_out, reinforce_loss

HALF, QUARTER = math.log(0.5), math.log(0.25)


def number(value):
    return pytest.approx(value, abs=1e-6)


# ---- REINFORCE ----------------------------------------------------------------------------------------------------


def test_the_baseline_of_a_completion_is_the_mean_of_the_others():
    assert leave_one_out(torch.tensor([[1.0, 0.0, 0.5]])).tolist() == [number([0.75, -0.75, 0.0])]


def test_equal_rewards_teach_nothing():
    assert not leave_one_out(torch.full((2, 4), 0.7)).any()


def test_a_completion_alone_has_no_baseline():
    with pytest.raises(ValueError, match="choose a group of 2 or more"):
        leave_one_out(torch.ones(3, 1))


def test_reinforce_by_hand():
    """Two completions of two tokens and one token: -(2 * (log 1/2 + log 1/4) + (-1) * log 1/2) / 2."""
    logprobs = torch.tensor([[HALF, QUARTER], [HALF, -9.0]])
    mask, advantages = torch.tensor([[1, 1], [1, 0]]), torch.tensor([2.0, -1.0])
    assert reinforce_loss(logprobs, mask, advantages).item() == number(2.5 * math.log(2))


def test_the_gradient_of_reinforce_is_the_policy_gradient():
    """Of a coin with logit w: d E[reward] / dw = p (1 - p), as the exact sum over both sides has it."""
    weight = torch.tensor(0.3, requires_grad=True)
    heads = torch.sigmoid(weight)
    logprobs = torch.stack([heads.log(), (1 - heads).log()])[:, None]
    chances = torch.tensor([heads.item(), 1 - heads.item()])
    loss = reinforce_loss(logprobs, torch.ones(2, 1), 2 * chances * torch.tensor([1.0, 0.0]))
    loss.backward()
    assert -weight.grad.item() == number((heads * (1 - heads)).item())


# ---- PPO ----------------------------------------------------------------------------------------------------------


def test_advantages_by_hand():
    """delta = (0 + .5 - .2, 1 - .5) = (.3, .5); with lambda .5 the first is .3 + .5 * .5."""
    found = advantages_of(torch.tensor([[0.0, 1.0]]), torch.tensor([[0.2, 0.5]]), torch.ones(1, 2), trace=0.5)
    assert found.tolist() == [number([0.55, 0.5])]


def test_advantages_with_lambda_one_are_what_was_earned_less_what_was_expected():
    rewards, values = torch.tensor([[0.1, -0.3, 2.0]]), torch.tensor([[0.4, 0.2, 0.9]])
    earned = rewards.flip(1).cumsum(1).flip(1)
    assert torch.allclose(advantages_of(rewards, values, torch.ones(1, 3), trace=1.0), earned - values)


def test_padding_has_no_advantage_and_gives_none():
    short = advantages_of(torch.tensor([[1.0]]), torch.tensor([[0.3]]), torch.ones(1, 1), 0.9)
    padded = advantages_of(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.3, 7.0]]), torch.tensor([[1, 0]]), 0.9)
    assert padded[0].tolist() == [number(short.item()), 0.0]


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "pulled"),
    [(1.0, 2.0, -2.0, True), (1.5, 2.0, -2.4, False), (1.5, -2.0, 3.0, True), (0.5, -2.0, 1.6, False)],
)
def test_the_clip_takes_the_smaller_gain(ratio, advantage, loss, pulled):
    now = torch.tensor([[math.log(ratio)]], requires_grad=True)
    found = ppo_loss(now, torch.zeros(1, 1), torch.tensor([[advantage]]), torch.ones(1, 1), 0.2)
    found.backward()
    assert found.item() == number(loss) and bool(now.grad) is pulled


def test_the_critic_is_judged_by_the_worse_of_two_answers():
    """Moved from 0 to 1 with a return of 1: as it is the error is 0, held to 0.2 it is 0.8."""
    one = torch.ones(1, 1)
    assert critic_loss(one, 0 * one, one, one, 0.2).item() == number(0.5 * 0.64)


def test_distance_is_paid_token_by_token_and_the_reward_comes_at_the_end():
    written = Written(
        None, None, torch.tensor([[1, 1, 0]]), torch.tensor([[-1.0, -2.0, -5.0]]), torch.tensor([[-1.5, -1.0, 0.0]]),
        None, torch.tensor([3.0]),
    )  # fmt: skip
    assert token_rewards(written, beta=0.1).tolist() == [number([-0.05, 3.1, 0.0])]
    assert written.distances().item() == number(-0.5)


@pytest.mark.parametrize(("distance", "times"), [(4.0, 1.0), (8.0, 1.02), (4.4, 1.01), (0.0, 0.98)])
def test_the_price_of_distance_is_steered(distance, times):
    assert steered(0.1, distance, target=4.0) == number(0.1 * times)


def test_whitened_advantages_have_mean_0_and_deviation_1_without_padding():
    mask = torch.tensor([[1, 1], [1, 0]])
    found = whitened(torch.tensor([[1.0, 2.0], [3.0, 99.0]]), mask)
    assert found.sum().item() == number(0) and (found**2).sum().item() / 3 == number(1) and found[1, 1] == 0
    assert not whitened(torch.full((2, 2), 0.5), mask).any()


# ---- P3O ----------------------------------------------------------------------------------------------------------


def test_p3o_by_hand():
    """One pair, r1 = 1.5 and r2 = 0.5, d = 1: gains are 1.2 and -0.8; half of their sum is 0.2."""
    found = p3o_loss(torch.tensor([math.log(1.5)]), torch.tensor([math.log(0.5)]), torch.tensor([1.0]), 0.2)
    assert found.item() == number(-0.2)


def test_p3o_begins_as_half_the_difference_times_the_pairs_gradient():
    first, second = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
    p3o_loss(first, second, torch.tensor([0.6]), 0.2).backward()
    assert first.grad.item() == number(-0.3) and second.grad.item() == number(0.3)


# ---- GRPO ---------------------------------------------------------------------------------------------------------


def test_group_advantages_by_hand():
    found = group_advantages(torch.tensor([[1.0, 0.0, 0.0, 1.0], [0.3, 0.3, 0.3, 0.3]]))
    assert found[0].tolist() == pytest.approx([0.866, -0.866, -0.866, 0.866], abs=1e-3)
    assert not found[1].any()


def test_grpo_by_hand():
    """One answer of two tokens, the second padding: min(2 * .5, 1.2 * .5) - .1 * (e^d - d - 1) with d = -log 2."""
    now, old, mask = torch.tensor([[math.log(2), 5.0]]), torch.zeros(1, 2), torch.tensor([[1, 0]])
    distance = 0.5 + math.log(2) - 1
    found = grpo_loss(now, old, torch.zeros(1, 2), torch.tensor([0.5]), mask, clip_ratio=0.2, beta=0.1)
    assert found.item() == number(-(0.6 - 0.1 * distance))


def test_an_answer_counts_the_same_however_long_it_is():
    now = torch.zeros(2, 4, requires_grad=True)
    mask = torch.tensor([[1, 1, 1, 1], [1, 0, 0, 0]])
    grpo_loss(now, now.detach(), now.detach(), torch.tensor([1.0, 1.0]), mask, 0.2, 0.0).backward()
    assert now.grad.sum(-1).tolist() == number([-0.5, -0.5]) and now.grad[0, 0].item() == number(-0.125)
