"""Reward models and DPO: our equations are TRL's, both learn, and the reference is the model a run began with."""

import math
from dataclasses import replace
from functools import partial

import pytest
import torch
from chance import shaken

from ftkit import evaluation, models, training
from ftkit.adapters import Full, LoRA
from ftkit.data import Pair, Pairs, Task, encode_example
from ftkit.evaluation import correlation
from ftkit.objectives import DPO, SFT, Reward, dpo, reward
from ftkit.objectives.dpo import dpo_loss
from ftkit.objectives.reward import reward_loss
from ftkit.recipe import Recipe, Train
from ftkit.rewards import completion_logprobs, is_reward_model, rewards
from ftkit.training import Hand
from ftkit.training.loop import arguments
from ftkit.world import Example
from ftkit.world.style import curt_and_polite

TRAIN = Train(steps=2, batch=3, dtype="float32")
PLAN = {"dtype": "float32", "device_batch": 3, "processes": 1}
READ = 192  # tokens: room for a notice with its answer


@pytest.fixture(scope="session")
def reader_folder(tmp_path_factory):
    """A random model that reads far enough for a notice with its answer."""
    folder = tmp_path_factory.mktemp("models") / "reader"
    layout = models.Layout(width=64, layers=1, heads=2, feed_forward=64, context=READ)
    model, tokenizer = models.fresh(layout, seed=5)
    shaken(model, 5)  # the blocks of a fresh model add nothing
    models.save(model, tokenizer, folder)
    return folder


@pytest.fixture
def reader(reader_folder):
    """(model, tokenizer), the test's own."""
    return models.load(str(reader_folder))


@pytest.fixture
def preferring(reader_folder):
    """A recipe that learns from pairs."""
    train = Train(steps=6, batch=4, learning_rate=1e-3, dtype="float32", eval_examples=2, checkpoint_every=2)
    return Recipe(str(reader_folder), DPO(), Pairs(examples=16), Full(), train)


def trainer_of(plan, recipe, model, tokenizer, tmp_path):
    """TRL's trainer as a run builds it."""
    args = arguments(plan, recipe, PLAN, tmp_path, ())
    return plan.trainer(model=model, args=args, train_dataset=plan.rows, processing_class=tokenizer)


def batch_of(trainer, n=3):
    return trainer.data_collator([trainer.train_dataset[i] for i in range(n)])


def weights(run):
    return run.model()[0].state_dict()


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def told(run, name):
    return [event["values"][name] for event in run.metrics if event["kind"] == "loss"]


class Stopper:
    """Presses Stop when a step has been told."""

    def __init__(self, step: int):
        self.step, self.hand = step, Hand()

    def __call__(self, event):
        if (event["step"], event["kind"]) == (self.step, "loss"):
            self.hand.stop()


# ---- the equations ------------------------------------------------------------------------------------------------


def test_dpo_loss_by_hand():
    loss = dpo_loss(torch.tensor([2.0, 0.0]), torch.tensor([-1.0, 0.0]), 0.5)
    assert loss.tolist() == pytest.approx([math.log(1 + math.exp(-1.5)), math.log(2)])
    assert dpo_loss(torch.tensor([9.0]), torch.tensor([-9.0]), 1e-9).item() == pytest.approx(math.log(2)), "beta -> 0"
    good, bad = (dpo_loss(torch.tensor([x]), torch.tensor([-x]), 1.0).item() for x in (3.0, -3.0))
    assert good < 0.01 and bad == pytest.approx(6 + good), "a pair the wrong way round costs its margin"
    fallen = dpo_loss(torch.tensor([-50.0]), torch.tensor([-60.0]), 1.0)
    assert fallen.item() < 1e-4, "both may fall while the margin grows"
    with pytest.raises(ValueError, match=r"there are \(2,\) chosen and \(1,\) rejected"):
        dpo_loss(torch.zeros(2), torch.zeros(1), 0.1)


def test_reward_loss_by_hand():
    chosen, rejected = torch.tensor([1.0, 0.0]), torch.tensor([-1.0, 0.0])
    expected = (math.log(1 + math.exp(-2)) + math.log(2)) / 2
    assert reward_loss(chosen, rejected).item() == pytest.approx(expected)
    assert reward_loss(chosen + 7, rejected + 7).item() == pytest.approx(expected), "only differences count"
    centred = reward_loss(chosen + 7, rejected + 7, 0.1).item()
    assert centred == pytest.approx(expected + 0.1 * 14**2)
    assert reward_loss(rejected, chosen).item() == pytest.approx(expected + 1), "the wrong way round costs more"
    with pytest.raises(ValueError, match=r"there are \(2,\) chosen and \(3,\) rejected"):
        reward_loss(torch.zeros(2), torch.zeros(3))


@pytest.mark.parametrize("center", [0.0, 0.3])
def test_reward_loss_is_what_trl_computes_on_the_same_batch(reader, tmp_path, center):
    config, task = Reward(center=center), Pairs(examples=8)
    model = reward.equip(config, reader[0], task, 0)
    plan = reward.plan(config, model, reader[1], task, TRAIN)
    trainer = trainer_of(plan, Recipe("nano", config, task, train=TRAIN), model, reader[1], tmp_path)
    batch = batch_of(trainer)
    with torch.no_grad():
        theirs = trainer.compute_loss(model, dict(batch))
        chosen, rejected = model(**batch).logits[:, 0].chunk(2)
    assert (chosen - rejected).abs().min() > 0
    torch.testing.assert_close(reward_loss(chosen, rejected, center), theirs)


@pytest.mark.parametrize("beta", [0.1, 0.7])
@pytest.mark.parametrize("adapter", [None, LoRA(rank=2)])
def test_dpo_loss_is_what_trl_computes_on_the_same_batch(reader, reader_folder, tmp_path, beta, adapter):
    config, task, (model, tokenizer) = DPO(beta=beta), Pairs(examples=8), reader
    if adapter:
        from ftkit.adapters import lora

        model = lora.attach(model, adapter)
    plan = dpo.plan(config, model, tokenizer, task, TRAIN)
    trainer = trainer_of(plan, Recipe("nano", config, task, train=TRAIN), model, tokenizer, tmp_path)
    batch = batch_of(trainer)
    with torch.no_grad():
        first = trainer.compute_loss(model, dict(batch)).item()
        theirs = trainer.compute_loss(shaken(model, 1, 0.05), dict(batch))
    plain = model.merge_and_unload() if adapter else model
    now, before = (_sums(one, batch) for one in (plain, models.load(str(reader_folder))[0]))
    chosen, rejected = (now - before).chunk(2)
    assert first == pytest.approx(math.log(2), abs=1e-5)
    torch.testing.assert_close(dpo_loss(chosen, rejected, beta).mean(), theirs, rtol=1e-4, atol=1e-4)
    assert abs(theirs.item() - first) > 0.001
    assert not adapter or list(model.peft_config) == ["default"]


def _sums(model, batch):
    """(2 B,) log-probabilities of the completions"""
    with torch.no_grad():
        logits = type(model).forward(model, input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    found = logits[:, :-1].log_softmax(-1).gather(2, batch["input_ids"][:, 1:, None])[..., 0]
    return (found * batch["completion_mask"][:, 1:]).sum(1)


# ---- what is learned ----------------------------------------------------------------------------------------------


def test_a_reward_model_tells_better_from_worse_where_it_was_not_taught(store):
    train = Train(steps=30, batch=8, learning_rate=1e-3, dtype="float32", eval_examples=60)
    run = training.run(Recipe("nano", Reward(), Pairs(examples=240), Full(), train))
    right = [answer["score_after"] for answer in run.answers]
    assert len(right) == 60 and sum(right) / 60 > 0.7, "chance is a half"
    assert all(answer["score_before"] == 0 and answer["before"] == "" for answer in run.answers)
    answer = run.answers[0]
    assert (answer["after"] == answer["expected"]) is (answer["score_after"] == 1) and "reward" in answer["why"]
    (probe,) = [event["values"] for event in run.metrics if event["kind"] == "probe"]
    assert probe["when"] == "after" and probe["pair accuracy"]["value"] == sum(right) / 60
    assert probe["gold"]["value"] > 0.4 and probe["gold"]["unit"] == "correlation" and run.forgetting == {}
    model, _ = models.load(f"run:{run.id}")
    assert is_reward_model(model) and type(model).__name__ == "LlamaForSequenceClassification"


def test_a_reward_model_goes_on_from_a_run_with_its_head(store, preferring):
    first = training.run(preferring.but(objective=Reward()))
    again = training.run(preferring.but(objective=Reward(), model=f"run:{first.id}", steps=1))
    assert [one["before"] for one in again.answers] == [one["after"] for one in first.answers]


def test_dpo_makes_the_chosen_answer_likelier_than_the_rejected_one(store, preferring):
    run = training.run(preferring.but(steps=20, learning_rate=3e-3, batch=8, examples=64))
    margins, accuracies = told(run, "margin"), told(run, "accuracy")
    assert margins[0] == pytest.approx(0, abs=1e-5) and told(run, "loss")[0] == pytest.approx(math.log(2), abs=1e-5)
    assert margins[-1] > 0.5 and sum(accuracies[-5:]) / 5 > 0.8 and told(run, "loss")[-1] < 0.5
    held_out = Pairs().held_out(40)
    other = [replace(pair, completion=pair.rejected) for pair in held_out]
    now, before = run.model(), models.load(preferring.model)
    gains = [
        [sum(row) for row in completion_logprobs(*now, texts)] for texts in (held_out, other)
    ]  # fmt: skip
    began = [[sum(row) for row in completion_logprobs(*before, texts)] for texts in (held_out, other)]
    won = [a - b > c - d for a, b, c, d in zip(gains[0], began[0], gains[1], began[1], strict=True)]
    assert sum(won) > 26, "of 40; chance is 20"


def test_each_step_tells_of_both_answers(store, preferring):
    run = training.run(preferring)
    beta = preferring.objective.beta
    for event in run.metrics:
        if event["kind"] == "loss":
            values = event["values"]
            apart = values["chosen_logratio"] - values["rejected_logratio"]
            assert values["margin"] == pytest.approx(beta * apart, abs=1e-4)
            assert values["chosen_logprob"] < 0 > values["rejected_logprob"] and 0 <= values["accuracy"] <= 1
    assert told(run, "chosen_logratio")[0] == pytest.approx(0, abs=1e-4) != told(run, "chosen_logratio")[-1]


@pytest.mark.parametrize("objective", [DPO(), Reward()])
def test_the_batch_is_the_same_however_it_is_cut(store, preferring, objective):
    preferring = preferring.but(objective=objective, steps=3)
    whole, cut = training.run(preferring), training.run(preferring.but(device_batch=1))
    for name in ("loss", "margin", "accuracy"):
        assert told(cut, name) == pytest.approx(told(whole, name), rel=1e-3, abs=1e-4)


# ---- the reference ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("adapter", [Full(), LoRA(rank=2)])
def test_the_reference_is_the_model_that_the_run_began_with(store, preferring, adapter):
    run = training.run(preferring.but(adapter=adapter, steps=1))
    assert told(run, "loss")[0] == pytest.approx(math.log(2), abs=1e-5)


@pytest.mark.parametrize("adapter", [Full(), LoRA(rank=2)])
def test_a_model_changed_in_memory_is_its_own_reference(reader, tmp_path, adapter):
    """TRL would load it again from where it once was, which gives another first loss."""
    from ftkit.recipe import technique

    model, tokenizer = reader
    model = technique(adapter).attach(shaken(model, 3), adapter, 0)
    config, task = DPO(), Pairs(examples=8)
    plan = dpo.plan(config, model, tokenizer, task, TRAIN)
    trainer = trainer_of(plan, Recipe("nano", config, task, train=TRAIN), model, tokenizer, tmp_path)
    with torch.no_grad():
        assert trainer.compute_loss(model, batch_of(trainer)).item() == pytest.approx(math.log(2), abs=1e-5)


def test_dpo_after_sft_begins_at_log_two_too(store, preferring):
    taught = training.run(preferring.but(objective=SFT(), steps=3))
    run = training.run(preferring.but(model=f"run:{taught.id}", steps=1))
    assert told(run, "loss")[0] == pytest.approx(math.log(2), abs=1e-5)


# ---- stop, resume, turn, fork -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("objective", "adapter"), [(DPO(), Full()), (DPO(), LoRA(rank=2)), (Reward(), Full())])
def test_a_stopped_run_goes_on_to_the_weights_of_an_unbroken_one(store, preferring, objective, adapter):
    recipe = preferring.but(objective=objective, adapter=adapter)
    whole, press = training.run(recipe), Stopper(3)
    stopped = training.run(recipe, on_event=press, hand=press.hand)
    assert stopped.status == "stopped" and len(told(stopped, "loss")) == 3
    ended = training.resume(stopped.id)
    assert told(ended, "margin") == told(whole, "margin") and equal(weights(ended), weights(whole))


def test_lora_trains_a_reward_head_whole(store, preferring):
    run = training.run(preferring.but(objective=Reward(), adapter=LoRA(rank=2)))
    assert run.cost["trainable_parameters"] == 7 * 2 * 128 + 64
    assert told(run, "loss")[0] != told(run, "loss")[-1] and is_reward_model(run.model()[0])


def test_a_beta_turned_by_hand_is_in_the_recipe_and_in_the_loss(store, preferring):
    hand, seen = Hand(), []

    def listen(event):
        seen.append(event)
        if (event["step"], event["kind"]) == (3, "loss"):
            hand.turn("beta", 1.0)

    turned, plain = training.run(preferring, on_event=listen, hand=hand), training.run(preferring)
    assert turned.recipe == preferring.turned(3, "beta", 1.0) and turned.recipe.at(2, "beta") == 0.1
    assert [one["values"] for one in seen if one["kind"] == "change"] == [{"knob": "beta", "value": 1.0}]
    assert told(turned, "loss")[:3] == told(plain, "loss")[:3] and told(turned, "loss")[3:] != told(plain, "loss")[3:]
    assert told(turned, "margin")[3] == pytest.approx(10 * told(plain, "margin")[3], rel=1e-3)
    again = training.run(turned.recipe)
    assert told(again, "loss") == told(turned, "loss") and equal(weights(again), weights(turned))


@pytest.mark.parametrize("stop", [2, 3, 5])
def test_a_run_with_a_turned_beta_resumes_to_the_same_weights(store, preferring, stop):
    recipe = preferring.turned(2, "beta", 2.0).turned(4, "beta", 0.5).turned(4, "learning_rate", 5e-4)
    whole, press = training.run(recipe), Stopper(stop)
    ended = training.resume(training.run(recipe, on_event=press, hand=press.hand).id)
    assert told(ended, "loss") == told(whole, "loss") and equal(weights(ended), weights(whole))


def test_a_fork_with_another_beta_can_be_run_from_nothing(store, preferring):
    press = Stopper(3)
    first = training.run(preferring, on_event=press, hand=press.hand)
    fork = training.fork(first.id, beta=2.0)
    assert fork.recipe.changes == ((3, "beta", 2.0),) and equal(weights(training.run(fork.recipe)), weights(fork))


def test_a_knob_of_another_objective_is_said_and_turns_nothing(store, preferring, asking):
    with pytest.raises(ValueError, match="live knob is 'beta'; choose one of learning_rate"):
        asking.turned(3, "beta", 0.5)
    with pytest.raises(ValueError, match=r"beta is 99; choose 0\.001 to 10\.0 1/nat"):
        Hand().turn("beta", 99)
    hand = Hand()
    hand.turn("beta", 0.5)
    run = training.run(asking.but(steps=2), hand=hand)
    said = [event["values"]["text"] for event in run.metrics if event["kind"] == "doctor"]
    assert (
        said == ["Nothing was turned: live knob is 'beta'; choose one of learning_rate."] and run.recipe.changes == ()
    )


# ---- bad input ----------------------------------------------------------------------------------------------------


def test_an_encoder_has_no_answers_to_prefer(store, preferring):
    with pytest.raises(ValueError, match="does not go on from a text, so its answers have no probability; choose a ca"):
        dpo.plan(DPO(), *models.fresh("encoder"), Pairs(examples=4), TRAIN)
    with pytest.raises(ValueError, match="this model reads with one half"):
        reward.equip(Reward(), models.fresh("seq2seq")[0], Pairs(examples=4), 0)


@pytest.mark.parametrize("objective", [DPO(), Reward()])
def test_questions_with_one_answer_are_no_pairs(store, preferring, objective):
    with pytest.raises(ValueError, match=r"the task is Task\(...\).*choose Pairs\(...\)"):
        training.run(preferring.but(objective=objective, task=Task("style", examples=4)))


def test_correlation_of_a_constant_is_none():
    assert correlation([(1, 2), (2, 4), (3, 6)]) == pytest.approx(1) and correlation([(1, 2), (1, 4)]) == 0.0


# ---- what has moved -----------------------------------------------------------------------------------------------


def test_a_policy_is_apart_from_its_reference_by_what_its_tokens_cost_less(reader, reader_folder):
    (policy, tokenizer), pairs = reader, Pairs().held_out(3)
    assert evaluation.logratios(policy, policy, tokenizer, pairs) == pytest.approx([0, 0, 0])
    shaken(policy, 3, 0.05)
    reference, _ = models.load(str(reader_folder))
    cost = [
        [sum(filter(None, evaluation.token_losses(model, tokenizer, pair).values)) for model in (policy, reference)]
        for pair in pairs
    ]
    found = evaluation.logratios(policy, reference, tokenizer, pairs)
    assert found == pytest.approx([before - now for now, before in cost], abs=1e-3) and max(map(abs, found)) > 0.1


def test_sampled_answers_lie_nearer_to_who_wrote_them():
    (policy, tokenizer), (reference, _), task = models.load("nano"), models.load("nano"), Pairs().asks()[0]
    shaken(reference, 3, 0.02)
    said = evaluation.answers(policy, tokenizer, task, "test", 30, 40, temperature=1.0, seed=1)
    written = [Example(one.prompt, one.text) for one in said]
    assert evaluation.mean(evaluation.logratios(policy, reference, tokenizer, written), "nats/answer").low > 0


def test_answers_are_sampled_by_a_seed_and_begin_where_one_says(reader):
    ask = partial(evaluation.answers, *reader, Pairs().asks()[0], "test")
    assert ask(5, 8, temperature=1.0, seed=1) == ask(5, 8, temperature=1.0, seed=1) != ask(5, 8, temperature=1.0)
    assert ask(5, 2, first=3) == ask(8, 2)[3:]


def test_two_sampled_answers_differ_and_a_model_without_choice_leaves_none(reader, monkeypatch):
    (model, tokenizer), task = reader, Pairs().asks()[0]
    pairs = evaluation.sampled_pairs(model, tokenizer, task, "train", 4, 12, first=2)
    assert [prompt for prompt, *_ in pairs] == [task.sample("train", i).prompt for i in range(2, 6)]
    assert all(one != other for _, one, other in pairs)
    assert pairs == evaluation.sampled_pairs(model, tokenizer, task, "train", 4, 12, first=2)
    texts = ["so", "so ", "so", " so", "a", "a", "b", "c"]
    monkeypatch.setattr("ftkit.evaluation.preferring.go_on", lambda *_, **how: texts)
    (_, *two), = evaluation.sampled_pairs(model, tokenizer, task, "train", 2, 12)  # fmt: skip
    assert two == ["a", "b"]


def test_a_reward_is_read_at_every_token_and_the_last_one_counts(reader):
    model, tokenizer = reader
    model, pair = reward.equip(Reward(), model, Pairs(), 0), Pairs().held_out(1)[0]
    shaken(model, 4)
    found = evaluation.token_rewards(model, tokenizer, pair)
    given = [value for value in found.values if value is not None]
    assert given[-1] == pytest.approx(rewards(model, tokenizer, [pair])[0], abs=1e-4)
    assert len(set(given)) == len(given) == len(completion_logprobs(*models.load("nano"), [pair])[0])
    half, ids = len(found.tokens) - 3, encode_example(tokenizer, pair)[0]
    with torch.no_grad():
        ended = model(input_ids=torch.tensor([ids[: half + 1]])).logits[0, 0].item()
    assert found.values[half] == pytest.approx(ended, abs=1e-4) and found.unit == "reward"
    with pytest.raises(ValueError, match="no reward at a token; choose a run of the objective reward"):
        evaluation.token_rewards(*models.load("nano"), pair)


# ---- who judges whom ----------------------------------------------------------------------------------------------


def scored_by(monkeypatch, score):
    """Every reward model gives what a function of the answer says."""
    monkeypatch.setattr(
        "ftkit.evaluation.preferring.rewards", lambda model, tokenizer, texts: [score(one.completion) for one in texts]
    )


def judged_pair(chosen, rejected, high=1.0, low=0.25):
    return Pair("?", chosen, {"scores": (high, low)}, rejected)


def test_a_reward_model_is_judged_beside_a_fool_who_likes_what_is_short(monkeypatch):
    pairs = [judged_pair("a b", "a b c d"), judged_pair("a b c", "a"), judged_pair("a", "b", 0.75)]
    scored_by(monkeypatch, len)
    found = {name: one.value for name, one in evaluation.judging(None, None, pairs).items()}
    assert found["accuracy"] == pytest.approx(1 / 3) and found["shorter"] == pytest.approx(1 / 2)
    assert found["padded"] == 1.0, "it likes every letter"
    points = [(-2, 1.0), (-4, 0.25), (-3, 1.0), (-1, 0.25), (-1, 0.75), (-1, 0.25)]
    assert found["shortness, gold"] == pytest.approx(correlation(points))
    scored_by(monkeypatch, lambda text: -len(text))
    assert evaluation.judging(None, None, pairs)["padded"].value == 0.0


def test_duels_are_won_by_who_is_liked_better_and_a_tie_is_half_a_win():
    def said(*texts):
        return [evaluation.Answer("?", "", text, 0.0, "") for text in texts]

    found = evaluation.wins(said("aa", "a", "a", "bbb"), said("a", "aa", "b", "b"), lambda prompt, text: len(text))
    assert (found.value, found.n) == (0.625, 4)


def test_a_reward_model_agrees_where_it_likes_the_same_answer_better(monkeypatch):
    scored_by(monkeypatch, len)
    pairs = [("?", "aaa", "a"), ("?", "b", "aaa"), ("?", "bb", "a"), ("?", "same", "alike")]
    liked = {"aaa": 3, "a": 1, "b": 9, "bb": 2, "same": 5, "alike": 5}
    found = evaluation.agreement(None, None, pairs, lambda prompt, text: liked[text])
    assert (found.value, found.n) == (pytest.approx(2 / 3), 3), "what is liked alike does not count"


def test_a_taste_is_for_polite_words_and_against_all_others():
    texts = "Please come.", "Please do come.", "So " * 50 + "thank you.", "Unpleasant."
    assert [curt_and_polite("?", text) for text in texts] == pytest.approx([0.98, 0.97, 0.48, -0.01])
