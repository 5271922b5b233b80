"""Claims: verdicts worked out by hand, arms that are run once and kept, and stored evidence that is not stale."""

import json
import math
import statistics
from dataclasses import replace

import pytest

from ftkit import evaluation, evidence, machine, models, prompting, world
from ftkit.adapters import Full
from ftkit.comprehension import Schedule
from ftkit.data import Corpus, Task
from ftkit.evidence import encoding, preferring, reinforcing, repeat, thinning, tutoring
from ftkit.evidence.arms import Arm, asked, read
from ftkit.evidence.priors import coded, foretold, judged, mistaken
from ftkit.evidence.prompting import hinted, ordered, prompted, task_of
from ftkit.evidence.retrieving import ALONE, looked_up
from ftkit.evidence.tuning import LEARNING_RATES, TRIED
from ftkit.evidence.verdicts import Claim, Judgement, at_quality, interval, verdict
from ftkit.models import EuroBertLayout, Layout, T5GemmaLayout
from ftkit.objectives import DPO, SFT, Pretrain, Reward
from ftkit.prompting import Prompt
from ftkit.recipe import Recipe, Train
from ftkit.runs import Store

TINY = Layout(width=64, layers=1, feed_forward=64, context=64)
CLAIMS = {claim.id: claim for claim in evidence.claims()}


# ---- verdicts ----


def test_interval_of_three_values_by_hand():
    low, high = interval([1.0, 2.0, 3.0])  # mean 2, deviation 1, t(2) 4.303, so 2 -+ 4.303 / sqrt(3)
    assert (low, high) == pytest.approx((-0.4843, 4.4843), abs=1e-4)


def test_interval_of_one_value_is_refused():
    with pytest.raises(ValueError, match="at least 2 seeds, not 1"):
        interval([1.0])


@pytest.mark.parametrize(
    ("low", "high", "least", "said"),
    [
        (0.6, 0.9, 0.5, "holds"),
        (0.4, 0.9, 0.5, "does not hold at this size"),
        (-0.1, 0.2, 0.0, "does not hold at this size"),
        (-0.3, -0.1, 0.0, "reversed"),
    ],
)
def test_verdict_needs_the_whole_interval(low, high, least, said):
    assert verdict(low, high, least) == said
    assert said in evidence.VERDICTS


def test_price_at_a_quality_is_linear_between_stages():
    points = [(0.4, 0.1), (0.8, 0.3), (0.7, 0.9)]
    assert at_quality(points, 0.6) == pytest.approx(0.2)  # half way from the first stage to the second
    assert at_quality(points, 0.2) == pytest.approx(0.05)  # half way from the untrained model to the first
    with pytest.raises(ValueError, match=r"quality 0\.900 was never reached; the best was 0\.800"):
        at_quality(points, 0.9)


def test_forgetting_is_compared_where_both_are_equally_good():
    def runs(*pairs):
        return [{"held_out": good, "forgotten": lost, "distance": 0.0} for good, lost in pairs]

    measured = {"full": runs((0.9, 0.3), (1.0, 0.5)), "lora": runs((0.8, 0.2), (1.0, 0.4))}
    found = CLAIMS["lora-forgets-less"].judge(measured)
    assert found.also["quality"] == [0.8, 0.8]
    assert found.arms == {"full": pytest.approx([0.8 / 3, 0.4]), "lora": pytest.approx([0.2, 0.32])}
    assert found.effects == pytest.approx([0.2 / 3, 0.08])


def test_tuned_models_are_held_against_the_best_control_of_each_seed():
    def arm(*shares):
        return [{"held_out": share, "newcomers": 0.05} for share in shares]

    measured = {"none": arm(0.0, 0.0), "scratch": arm(0.1, 0.2), "stranger": arm(0.3, 0.1)}
    found = CLAIMS["sft-reveals"].judge(measured | {"full": arm(0.7, 0.7), "lora": arm(0.9, 0.8)})
    assert found.effects == pytest.approx([0.6, 0.6])


def test_practice_is_held_against_the_better_of_the_other_readers_of_each_seed():
    measured = {
        "untuned": [{"long prompt": 0.6, "dense": 0.1}, {"long prompt": 0.5, "dense": 0.2}],
        "tuned without letters": [{"long prompt": 0.3}, {"long prompt": 0.55}],
        "tuned with letters": [{"long prompt": 0.8}, {"long prompt": 0.65}],
    }
    found = CLAIMS["tuned-with-letters"].judge(measured)
    assert found.effects == pytest.approx([0.2, 0.1])
    assert found.arms["tuned without letters, long prompt"] == [0.3, 0.55]
    assert found.also == {"dense": [0.1, 0.2]}


# ---- running ----


class Counted:
    """A measure that notes what it was asked, and may break."""

    def __init__(self):
        self.calls, self.breaks_at = [], None

    __name__ = "counted"

    def __call__(self, arm, seed):
        if (arm.name, seed) == self.breaks_at:
            raise KeyboardInterrupt
        self.calls.append((arm.name, seed))
        return {"value": seed + len(arm.name)}


@pytest.fixture
def counted(monkeypatch):
    measure = Counted()

    def judge(measured):
        values = {name: [run["value"] for run in runs] for name, runs in measured.items()}
        return Judgement(values, [long - short for short, long in zip(values["a"], values["bbb"], strict=True)])

    for name in ("one", "two"):
        arms = tuple(Arm(arm, measure, model="fresh:nano") for arm in ("a", "bbb"))
        claim = Claim(name, "bbb is longer", "length of bbb less that of a", "letters", 0.0, arms, judge)
        monkeypatch.setitem(repeat.BY_ID, name, claim)
    return measure


def test_finished_pairs_survive_an_interruption(counted, tmp_path):
    counted.breaks_at = ("bbb", 1)
    with pytest.raises(KeyboardInterrupt):
        evidence.rerun("one", (0, 1), Store(tmp_path / "runs"), tmp_path)
    assert counted.calls == [("a", 0), ("a", 1), ("bbb", 0)]
    assert not (tmp_path / "one.json").exists()
    counted.breaks_at = None
    evidence.rerun("one", (0, 1), Store(tmp_path / "runs"), tmp_path)
    assert counted.calls == [("a", 0), ("a", 1), ("bbb", 0), ("bbb", 1)]


def test_result_is_stored_as_it_was_measured(counted, tmp_path):
    events = []
    result = evidence.rerun("one", (0, 1, 5), Store(tmp_path / "runs"), tmp_path, events.append)
    assert result == json.loads((tmp_path / "one.json").read_text())
    assert result["arms"] == {"a": [1, 2, 6], "bbb": [3, 4, 8]}
    assert (result["effect"], result["low"], result["high"], result["verdict"]) == (2, 2, 2, "holds")
    assert (result["id"], result["command"], result["seeds"]) == ("one", "ftkit evidence one", [0, 1, 5])
    assert [(event["arm"], event["seed"]) for event in events] == [(a, s) for a in ("a", "bbb") for s in (0, 1, 5)]
    assert evidence.band("one", "bbb", tmp_path) == evidence.Band(3, 5, 8, 3)
    assert "holds" in evidence.tell(result) and "3.000 4.000 8.000" in evidence.tell(result)


def test_claims_share_the_runs_of_an_arm(counted, tmp_path):
    evidence.rerun("one", (0, 1), Store(tmp_path / "runs"), tmp_path)
    before = len(counted.calls)
    evidence.rerun("two", (0, 1), Store(tmp_path / "runs"), tmp_path)
    assert len(counted.calls) == before


def test_evidence_is_stale_when_recipe_weights_or_world_changed(tmp_path, monkeypatch, counted):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"old")
    recipe = Recipe(model=str(folder), objective=SFT(), task=Task())

    def claim(recipe):
        arms = (Arm("a", counted, recipe=recipe), Arm("bbb", counted, model="fresh:nano"))
        return Claim("one", "", "", "", 0.0, arms, repeat.BY_ID["two"].judge)

    monkeypatch.setitem(repeat.BY_ID, "one", claim(recipe))
    evidence.rerun("one", (0, 1), Store(tmp_path / "runs"), tmp_path)
    assert evidence.stale("one", tmp_path) == [] and evidence.standing("one", tmp_path) == "holds"
    monkeypatch.setitem(repeat.BY_ID, "one", claim(recipe.but(steps=7)))
    assert evidence.standing("one", tmp_path) == "holds (stale)"
    assert evidence.standing("two", tmp_path) == "not measured"
    assert [line.split(" since")[0] for line in evidence.stale("one", tmp_path)] == ["recipe a has changed"]
    (folder / "model.safetensors").write_bytes(b"new")
    monkeypatch.setitem(repeat.BY_ID, "one", claim(recipe))
    assert [line.split(" since")[0] for line in evidence.stale("one", tmp_path)] == [f"model {folder} has changed"]
    monkeypatch.setattr(repeat, "world_digest", lambda: "another")
    assert any(line.startswith("world hermea") for line in evidence.stale("one", tmp_path))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: evidence.rerun("sft-reveal"), "claim is 'sft-reveal'; did you mean 'sft-reveals'"),
        (lambda: evidence.rerun("one", (0,)), "at least 2, all different"),
        (lambda: evidence.rerun("one", (0, 0)), "at least 2, all different"),
        (lambda: evidence.recipe("sft-reveals", "none"), "choose one of scratch, stranger, full, lora"),
        (lambda: evidence.stored("one"), "not stored yet; run `ftkit evidence one`"),
    ],
)
def test_wrong_questions_are_answered_in_one_sentence(counted, call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_arms_really_train(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    train = Train(steps=3, batch=4, eval_examples=4, dtype="float32")
    reading = Recipe(model=TINY, objective=Pretrain(context=32), task=Corpus(), train=train)
    found = read(Arm("reader", read, recipe=reading), seed=1)
    assert 0 < found["form"] < 1 and found["loss"] < 7
    asking = Recipe(model=TINY, adapter=Full(), objective=SFT(), task=Task(), train=train)
    found = asked(Arm("scratch", asked, recipe=asking), seed=1)
    assert found.keys() == {"held_out", "newcomers", "validation", "learned", "seconds"}
    assert found["held_out"] == 0


def test_a_prompt_is_asked_with_questions_and_examples_of_the_seeds_own(tmp_path):
    models.save(*models.fresh(replace(TINY, context=512), seed=1), tmp_path / "reader")
    prompt, options = Prompt(shots=2), (("task", "sentiment"), ("n", 20))
    arm = Arm("reader", prompted, model=str(tmp_path / "reader"), options=(*options, ("prompt", prompt)))
    asked = (*models.load(arm.model), world.task("sentiment"), replace(prompt, draw=3))
    right, guess = prompting.right(*asked, n=20, first=3000).value, prompting.guessed(*asked[2:], n=20, first=3000)
    assert prompted(arm, seed=3) == {"right": right, "guess": guess}
    assert ordered(arm, seed=3) == prompting.over_orders(prompting.in_all_orders(*asked, n=20, first=3000))


def test_an_arm_asks_about_the_kinds_of_episodes_that_it_says():
    arms = {arm.name: dict(arm.options) for arm in CLAIMS["reading-outvotes"].arms}
    tables = task_of(arms["tables"])
    assert {tables.sample("test", i).meta["kind"] for i in range(9)} == {"table"}
    assert [arms[name]["prompt"].flipped for name in ("reviews", "reviews, exchanged")] == [False, True]


def test_letters_are_looked_up_in_every_way_that_an_arm_says(tmp_path):
    models.save(*models.fresh(replace(TINY, context=512), seed=1), tmp_path / "reader")
    ways = ("closed book", f"poisoned{ALONE}")
    options = (("newcomers", ways), ("moved", ("BM25",)), ("k", 2), ("asked", 3))
    found = looked_up(Arm("reader", looked_up, model=str(tmp_path / "reader"), options=options), seed=1)
    newcomers = [f"{way}{what}" for way in ways for what in ("", ": the lie")]
    assert list(found) == [*newcomers, "BM25: where they live", "BM25: where they lived"]
    assert all(0 <= value <= 0.5 for value in found.values())


def test_hints_are_measured_on_other_proofs_for_each_seed(tmp_path):
    models.save(*models.fresh(replace(TINY, context=256), seed=1), tmp_path / "reader")
    arm = Arm("reader", hinted, model=str(tmp_path / "reader"), options=(("n", 3),))
    assert hinted(arm, seed=1) == {"none": 0, "wrong": 0, "true": 0}
    judged = CLAIMS["hints-help"].judge({"reader": [{"none": 0.2, "wrong": 0.3, "true": 0.9}]})
    assert judged.effects == pytest.approx([0.6]) and not judged.also


def test_only_people_who_were_met_are_asked_about():
    arms = {arm.name: arm.recipe.task for arm in CLAIMS["exposures-pay"].arms}
    assert {name: task.people for name, task in arms.items()} == {"1000 people": 1000, "60 people": 60}
    assert evaluation.recall(*models.fresh(TINY), "home", n=100, people=60).n == 60


def test_priors_are_measured_on_others_for_each_seed(tmp_path):
    models.save(*models.fresh(replace(TINY, context=96), seed=1), tmp_path / "reader")
    model, schedule = str(tmp_path / "reader"), Schedule(block=2, steps=1, batch=2)

    def measured(measure, seed, *options):
        return measure(Arm("reader", measure, model=model, options=(*options, ("schedule", schedule))), seed)

    new = ("n", (("residents", 4), ("sums", 3)))
    assert measured(coded, 1, new).keys() == {"residents", "sums"}
    assert measured(coded, 1, new) != measured(coded, 2, new) == measured(coded, 2, new)
    assert measured(mistaken, 1, ("n", 3), ("lessons", 1)).keys() == {
        f"{voice}: {kind}" for voice in ("told", "asked") for kind in ("moved", "newcomers")
    }
    assert measured(judged, 1, ("n", 20)).keys() == {"whole", "single", "expected"}
    sizes = (("documents", 3), ("n", 4), ("examples", 6), ("steps", 1), ("batch", 2), ("asked", 3))
    found = measured(foretold, 1, ("scratch", "fresh:nano"), ("families", (("sums", "arithmetic"),)), *sizes)
    assert found.keys() == {f"{kind}/{model}/sums" for kind in ("loss", "reading", "accuracy")}
    assert found[f"loss/{model}/sums"] == pytest.approx(math.log(1024), abs=0.1)
    assert 0 <= found[f"accuracy/{model}/sums"] < 0.5


def test_a_policy_begins_with_what_was_taught_before_and_is_held_against_it(tmp_path, monkeypatch, store):
    models.save(*models.fresh(replace(TINY, context=160), seed=1), tmp_path / "reader")
    first = preferring.TAUGHT.but(model=str(tmp_path / "reader"), steps=2, batch=2, examples=4)
    options = (("asked", 3), ("first", first))

    def arm(measure, objective, **pairs):
        recipe = preferring.learning(objective, 1e-3, **pairs).but(steps=2, batch=2, examples=4)
        return Arm("arm", measure, recipe=recipe, options=options)

    taught = preferring.preferred(Arm("taught", preferring.preferred, recipe=first, options=options[:1]), seed=1)
    assert taught["kl"] == taught["chosen"] == taught["rejected"] == 0
    moved = preferring.preferred(arm(preferring.preferred, DPO()), seed=1)
    assert moved.keys() == taught.keys() and moved["chosen"] != 0
    rewarded = preferring.rewarded(arm(preferring.rewarded, Reward()), seed=1)
    assert rewarded.keys() == {"accuracy", "gold", "padded", "shorter", "shortness, gold", "validation"}
    monkeypatch.setattr(preferring, "curt_and_polite", lambda prompt, answer: len(answer))
    found = preferring.clicked(arm(preferring.clicked, DPO(), set=preferring.CLICKED), seed=1)
    assert found.keys() == {"agrees", "gold"} and 0 <= found["agrees"] <= 1
    assert list(store.root.glob("*.jsonl")) == [], "the choices are gone"


def test_preferences_are_judged_beyond_what_is_simpler():
    def policy(*gold):
        return [{"gold": one, "kl": 1.0, "chosen": -2.0, "rejected": -5.0, "validation": 0.5} for one in gold]

    measured = {"taught both": policy(0.2, 0.4), "SFT on the chosen": policy(0.3, 0.3), "DPO": policy(0.5, 0.5)}
    found = CLAIMS["pairs-teach-taste"].judge(measured)
    assert found.effects == pytest.approx([0.2, 0.1]) and found.also["DPO: kl"] == [1.0, 1.0]
    assert CLAIMS["both-fall"].judge({"DPO": policy(0.5)}).effects == [2.0]

    def rewards(gold, short):
        return [{"accuracy": 0.9, "gold": gold, "padded": 0.2, "shorter": 0.8, "shortness, gold": short}]

    measured = {"300 pairs": rewards(0.9, -0.8), "every third exchanged": rewards(0.5, -0.8)}
    found = CLAIMS["pairs-teach-a-number"].judge(measured)
    assert found.effects == pytest.approx([0.1]), "whichever way length goes with gold"


def test_rewards_are_judged_by_what_they_change():
    def attempts(*pairs):
        return [{"1": one, "16": many} for one, many in pairs]

    measured = {"before": attempts((0.3, 0.8), (0.2, 0.9)), "after": attempts((0.7, 0.9), (0.8, 0.9))}
    found = CLAIMS["rule-teaches"].judge(measured | {"taught": attempts((0.6, 0.9), (0.6, 0.9))})
    assert found.effects == pytest.approx([0.4, 0.6]) and found.also["after, 16 attempts"] == [0.9, 0.9]
    assert CLAIMS["first-not-more"].judge(measured).effects == pytest.approx([0.3, 0.6])

    def policy(said, gold, peak):
        return [{"earned": 5.0, "gold": gold, "kl": 1.0, "peak": peak, "said": said}]

    free, priced = policy(0.2, 0.25, 0.45), policy(0.4, 0.4, 0.42)
    assert CLAIMS["judge-is-fooled"].judge({"beta 0": free}).effects == pytest.approx([0.2])
    measured = {
        "beta 0": free,
        "with a price": priced,
        "REINFORCE": priced,
        "best of n": [{"first": 0.3, "best": 0.35}],
    }
    found = CLAIMS["price-holds"].judge(measured)
    assert found.effects == pytest.approx([0.2]) and found.arms["first"] == [0.3]
    assert CLAIMS["tuning-beats-picking"].judge(measured).effects == pytest.approx([0.05])
    both = {"DPO, as long": [{"said": 0.5}], "with a price": priced}
    assert CLAIMS["no-detour-needed"].judge(both).effects == pytest.approx([0.1])


def test_a_policy_is_judged_by_a_reward_model_of_its_own_seed(tmp_path, monkeypatch, store):
    models.save(*models.fresh(replace(TINY, context=160), seed=1), tmp_path / "reader")
    few = {"steps": 2, "batch": 2, "examples": 4}
    taught = preferring.TAUGHT.but(model=str(tmp_path / "reader"), **few)
    monkeypatch.setattr(reinforcing, "TAUGHT", taught)
    judge = preferring.learning(Reward(), 1e-3).but(**few)
    monkeypatch.setattr(reinforcing, "learning", lambda objective: judge)
    recipe = reinforcing.PLEASING.but(longest=8, examples=8, steps=5, batch=2)
    options = (("asked", 3),)
    found = reinforcing.pleased(Arm("arm", reinforcing.pleased, recipe=recipe, options=options), seed=1)
    assert found.keys() == {"earned", "gold", "kl", "peak", "said"} and found["earned"] != 0
    best = reinforcing.picked(Arm("best", reinforcing.picked, recipe=judge, options=options), seed=1)
    assert best.keys() == {"first", "best"}
    options = (*options, ("first", taught))
    direct = Arm("direct", reinforcing.told_directly, recipe=reinforcing.DIRECT.but(**few), options=options)
    assert reinforcing.told_directly(direct, seed=1).keys() == {"said"}


def test_tutors_are_measured_on_other_questions_for_each_seed(tmp_path, monkeypatch, store):
    model, tokenizer = models.fresh(replace(TINY, context=256), seed=1)
    model.config.hermea_island = 0
    models.save(model, tokenizer, tmp_path / "reader")
    first = tutoring.FORM.but(model=str(tmp_path / "reader"), steps=1, batch=2, examples=4, warmup=0)
    options = (("asked", 3), ("first", first))
    recipe = tutoring.LEARNING.but(steps=1, batch=2, examples=4, warmup=0)
    found = tutoring.solved(Arm("arm", tutoring.solved, recipe=recipe, options=options), seed=1)
    assert found.keys() == {"right", "steps", "validation", "distance", "recalled"} and found["distance"] != 0
    told = tutoring.TOLD.but(steps=1, batch=2, examples=4, warmup=0)
    found = tutoring.told(Arm("arm", tutoring.told, recipe=told, options=options), seed=1)
    assert found.keys() == {"right", "validation", "kept", "distance", "recalled"} and found["distance"] != 0
    areas = tutoring.found(Arm("blame", tutoring.found, recipe=first, options=(("asked", 4),)), seed=1)
    assert areas.keys() == {"blame", "surprise"}
    said = world.task("steps").sample("train", 0).completion

    class Written:
        texts, finished = [said] * 4, [True] * 4

    monkeypatch.setattr("ftkit.rewards.trying.generate", lambda *_: Written())
    monkeypatch.setattr(tutoring, "FORM", first)
    options = (("asked", 3), ("judge", "rule"), ("fresh", False))
    circled = tutoring.circled(Arm("open", tutoring.circled, recipe=recipe, options=options), seed=1)
    assert circled.keys() == {"before", "right", "agrees", "pays"} and circled["agrees"] == 1


def test_thin_changes_are_measured_beside_all_weights(tmp_path):
    arms = {arm.name: arm for arm in CLAIMS["thin-is-enough"].arms}
    few = {"steps": 1, "batch": 2, "examples": 4, "warmup": 0}
    options = (("asked", 2),)
    found = {
        name: thinning.summed(replace(arms[name], recipe=arms[name].recipe.but(**few), options=options), seed=1)
        for name in ("full", "rank 1")
    }
    assert found["rank 1"]["head"] == pytest.approx(1) and 0 < found["full"]["head"] <= 1
    assert thinning.summed(replace(arms["none"], options=options), seed=1)["distance"] == 0
    judged = CLAIMS["change-is-thin"].judge({"full": [{"head": 0.7}]})
    assert judged.effects == pytest.approx([0.2])


# ---- what is stored ----


@pytest.mark.parametrize("name", CLAIMS)
def test_stored_evidence_is_fresh_and_of_five_seeds(name):
    found = evidence.stored(name)
    assert evidence.stale(name) == []
    assert len(found["seeds"]) >= 5
    assert all(len(values) == len(found["seeds"]) for values in (found["arms"] | found["also"]).values())
    assert found["verdict"] == verdict(found["low"], found["high"], CLAIMS[name].least)
    assert found["claim"] == CLAIMS[name].statement and found["rule"] == CLAIMS[name].rule


def test_every_stored_result_belongs_to_a_claim():
    assert {path.stem for path in (machine.data_folder() / "evidence").glob("*.json")} <= set(CLAIMS)


def is_best(own, rates, claim, arm):
    """Whether with no other learning rate an arm was better on validation questions."""
    tuning = evidence.stored(claim)["tuning"]
    means = {rate: statistics.fmean(tuning[f"{arm} {rate:g}"]) for rate in rates}
    return means[own] == max(means.values())


def test_each_method_has_its_own_best_learning_rate():
    for adapter, rates in TRIED.items():
        assert is_best(LEARNING_RATES[adapter], rates, "lora-forgets-less", adapter)


def test_each_way_to_learn_from_pairs_has_its_own_best_learning_rate():
    for name, rates in preferring.TRIED.items():
        claim = "pairs-teach-a-number" if name == "reward" else "pairs-teach-taste"
        assert is_best(preferring.LEARNING_RATES[name], rates, claim, name)


def test_each_tutor_has_its_own_best_learning_rate():
    for name, own in tutoring.LEARNING_RATES.items():
        claim = "feedback-beats-answers" if name in tutoring.SOURCES else "tutor-teaches"
        assert is_best(own, tutoring.TRIED, claim, name)


def test_each_rank_has_its_own_best_learning_rate():
    for rank, rates in thinning.TRIED.items():
        assert is_best(thinning.LEARNING_RATES[rank], rates, "thin-is-enough", f"{thinning.named(rank)},")
    assert is_best(thinning.FACTS_RATE, thinning.FACTS_TRIED, "facts-need-rank", "facts, rank 1,")


@pytest.mark.parametrize("claim", encoding.CLAIMS, ids=lambda claim: claim.id)
def test_each_reader_has_its_own_best_learning_rate(claim):
    for arm in claim.arms:
        own = encoding.LEARNING_RATES[arm.recipe.task.name][arm.name]
        assert arm.recipe.train.learning_rate == own and is_best(own, encoding.TRIED, claim.id, arm.name)


@pytest.mark.parametrize("claim", encoding.CLAIMS, ids=lambda claim: claim.id)
def test_readers_are_asked_about_texts_that_were_not_taught(claim):
    kind = T5GemmaLayout if claim.id == "prefix-tells" else EuroBertLayout
    tiny = kind(width=64, layers=1, heads=2, feed_forward=64, context=96)
    arm = claim.arms[-1]
    few = replace(arm.recipe, model=tiny).but(steps=2, batch=2, examples=4)
    found = arm.measure(replace(arm, recipe=few), seed=1)
    assert found.keys() == {"test", "validation"} and all(0 <= value < 0.9 for value in found.values())


def test_tuning_reveals_what_was_read_and_nothing_else():
    right = {name: statistics.fmean(values) for name, values in evidence.stored("sft-reveals")["arms"].items()}
    assert max(right["full"], right["lora"]) >= 0.9
    assert right["none"] <= 0.05 and right["scratch"] <= 0.25
    newcomers = evidence.stored("sft-reveals")["also"]
    assert all(statistics.fmean(values) <= 0.12 for name, values in newcomers.items())
