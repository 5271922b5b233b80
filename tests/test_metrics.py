"""What a technique tells of its steps stands on its panel: each number, its unit, and how it went."""

import io
import math
from contextlib import redirect_stdout
from dataclasses import replace
from xml.etree import ElementTree

from ftkit import bench, rewards, training
from ftkit.bench import page
from ftkit.bench.metrics import metrics
from ftkit.data import Pairs
from ftkit.models import Layout
from ftkit.objectives import DPO, OBJECTIVES, Reinforce, dpo, ppo, reward, sdft
from ftkit.recipe import Recipe, Train
from ftkit.records import ALWAYS


def test_every_number_that_an_objective_tells_has_a_unit():
    assert dpo.RECORD.tells.keys() == dpo.TELLS.keys() and reward.RECORD.tells.keys() == reward.TELLS.keys()
    assert sdft.RECORD.tells.keys() == sdft.TELLS.keys() and ppo.RECORD.tells.keys() >= set(ppo.METHOD.tells)
    assert all(unit for one in OBJECTIVES for unit in one.tells.values())


def test_a_step_without_an_objectives_own_numbers_says_what_every_step_says(store, asking):
    run = training.run(asking.but(steps=1))
    (values,) = [event["values"] for event in run.metrics if event["kind"] == "loss"]
    assert sorted(values) == sorted(ALWAYS) and metrics([values], {}) == "" == metrics([], {})


def test_a_small_curve_goes_from_its_smallest_to_its_largest_value():
    page = ElementTree.fromstring(
        metrics([{"loss": 1.0, "kl": value} for value in (0.0, 4.0, math.nan, 2.0)], {"kl": "nats/answer"})
    )
    assert page.find(".//span").text == "kl 2 nats/answer"
    heights = [float(point.split(",")[1]) for point in page.find(".//polyline").get("points").split()]
    assert len(heights) == 3 and heights[1] == min(heights) < heights[2] < heights[0]
    assert page.find(".//svg").get("aria-label") == "kl 2 nats/answer; from 0 to 4 in 3 steps"


def test_a_panel_shows_margins_while_it_learns_from_pairs(store, watched):
    layout = Layout(width=64, layers=1, heads=2, feed_forward=64, context=192)
    train = Train(steps=2, batch=2, dtype="float32", eval_examples=0)
    panel = bench.panel(Recipe(layout, DPO(), Pairs(examples=8), train=train), "margins")
    assert panel.view.texts["metrics"].value == ""
    panel.result()
    shown = panel.view.texts["metrics"].value
    assert shown.count("<svg") == len(dpo.TELLS) and "margin" in shown and "chosen logprob" in shown


@rewards.register("letters")
def letters(example, text) -> float:
    return len(text) / 100


def test_a_panel_draws_what_a_policy_earns_and_not_its_loss(store, asking, watched):
    train = replace(asking.train, steps=2, eval_examples=0)
    panel = bench.panel(replace(asking, objective=Reinforce(group=2, longest=4, reward="python:letters"), train=train))
    done = panel.result()
    earned = [event["values"]["reward"] for event in done.metrics if event["kind"] == "loss"]
    texts = {name: text.value for name, text in panel.view.texts.items()}
    assert [value for _, value in panel.now().points] == earned and panel.overlay(done.id)
    assert [value for _, value in panel.earlier[0].points] == earned
    assert "reward (as graded)" in texts["curve"] and f"reward {earned[-1]:.3f} as graded" in texts["progress"]
    assert f">{earned[0]:.3f}</td>" in texts["numbers"]
    assert "kl" in texts["metrics"] and "reward" not in texts["metrics"] and "loss" not in "".join(texts.values())
    out = io.StringIO()
    with redirect_stdout(out):
        page.report(panel, done)
    assert "Figure: Reward while training" in out.getvalue() and "loss" not in out.getvalue()
