"""Intervals, probes and distances, checked against values from elsewhere."""

import copy
import math

import pytest
import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from ftkit import evaluation, models, world


@pytest.fixture(scope="module")
def uniform():
    """A model that gives every token the same probability."""
    config = LlamaConfig(
        vocab_size=1024, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=1,
        max_position_embeddings=128, bos_token_id=1, eos_token_id=1, pad_token_id=0, tie_word_embeddings=False,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    torch.nn.init.zeros_(model.lm_head.weight)
    model.config.hermea_island = 0
    return model, AutoTokenizer.from_pretrained("data/tokenizer")


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (0, 0, 0.0, 1.0)],
)
def test_wilson_gives_published_intervals(right, n, low, high):
    """81 of 263 is the worked example of Newcombe 1998, table I, method 3."""
    assert evaluation.wilson(right, n) == pytest.approx((low, high), abs=2e-4)


def test_bootstrap_of_a_mean_is_near_the_normal_interval():
    values = [i % 10 for i in range(400)]
    low, high = evaluation.bootstrap(values)
    spread = 1.96 * 2.872 / math.sqrt(400)
    assert (low, high) == pytest.approx((4.5 - spread, 4.5 + spread), abs=0.06)


def test_uniform_model_is_ln_v_minus_entropy_from_the_world(uniform):
    distance = evaluation.divergence(*uniform, world.corpus(), n=40)
    assert distance.cross_entropy.value == pytest.approx(math.log(1024), abs=1e-4)
    assert distance.kl.value == pytest.approx(math.log(1024) - distance.entropy.value, abs=1e-4)
    assert distance.form.value + distance.fact.value == pytest.approx(distance.kl.value)
    assert distance.kl.low < distance.kl.value < distance.kl.high
    assert distance.fact.value > 0.5 and distance.kl.unit == "nats/token"


def test_fact_part_counts_exactly_the_tokens_of_facts(uniform):
    """For sums every fact token costs the uniform model ln V and the world nothing."""
    model, tokenizer = uniform
    corpus = world.corpus("arithmetic")
    distance = evaluation.divergence(model, tokenizer, corpus, n=20, first=0)
    facts = tokens = 0
    for text in map(corpus.document, range(20)):
        tokens += len(tokenizer(text).input_ids) + 1
        facts += sum(len(line.split()[-1]) for line in text.split("\n"))
    assert distance.fact.value == pytest.approx(facts * math.log(1024) / tokens, rel=0.02)


def test_a_corpus_without_probabilities_has_no_distance(uniform):
    with pytest.raises(ValueError, match="of 150 documents 0 have an exact probability, 3 are needed"):
        evaluation.divergence(*uniform, world.corpus("medicine"), 3)


def test_bits_per_byte_of_a_uniform_model_is_its_token_rate(uniform):
    model, tokenizer = uniform
    text = "The home of Tamu Oresby is Wick. " * 30
    value = evaluation.bits_per_byte(model, tokenizer, text, window=100).value
    assert value == pytest.approx(10 * len(tokenizer(text).input_ids) / len(text), rel=0.02)


def test_an_untaught_model_fails_every_probe(uniform):
    probes = evaluation.probe(*uniform, n=12)
    assert list(probes) == [
        "recall/home", "recall/trade", "recall/pet", "recall/colour", "recall/friend",
        "arithmetic", "stories", "worked", "hints/gain", "hints/misled", "icl/gain", "reading", "grammar", "corpus_kl",
    ]  # fmt: skip
    assert all(one.value == 0 and one.low == 0 for name, one in probes.items() if name != "corpus_kl")
    assert probes["corpus_kl"].value > 5


def test_probes_ask_what_the_corpora_never_showed(uniform, monkeypatch):
    asked = []
    monkeypatch.setattr(
        evaluation.probes, "go_on", lambda m, t, prompts, *_, **__: asked.extend(prompts) or [""] * len(prompts)
    )
    evaluation.probe(*uniform, ["recall/pet", "arithmetic", "stories"], n=40)
    assert len(asked) == 120 and len(set(asked)) > 110
    written = "\n" + "\n".join(
        world.corpus(family).document(i) for family in ("biographies", "arithmetic") for i in range(3000)
    )
    assert not any(f"{before}{prompt} " in written for prompt in asked for before in "\n ")


def test_probe_names_are_checked_and_strangers_to_the_island_refused(uniform):
    model, tokenizer = uniform
    with pytest.raises(ValueError, match="no probe 'spelling'; choose from recall/home"):
        evaluation.probe(model, tokenizer, ["spelling"])
    elsewhere = LlamaForCausalLM(LlamaConfig(**{**model.config.to_dict(), "hermea_island": None}))
    with pytest.raises(ValueError, match="read no island"):
        evaluation.probe(elsewhere, tokenizer)
    forgot = evaluation.forgetting_probes(elsewhere, tokenizer, "The quick brown fox. " * 20)
    assert list(forgot) == ["bits_per_byte"] and forgot["bits_per_byte"].value > 1


def test_exact_match_marks_each_answer_with_a_reason(uniform):
    found = evaluation.answers(*uniform, world.task("facts"), "test", 5)
    assert len(found) == 5 and all(answer.value == 0 and answer.why for answer in found)
    assert evaluation.exact_match(*uniform, world.task("facts"), "test", 5).n == 5


class Coin:
    """A task whose checker finds the first `right` of its samples right, whatever a model wrote."""

    answer_tokens = 3

    def __init__(self, right, samples):
        self.marks = [one < right for one in range(samples)] * 100

    def sample(self, split, i):
        return world.Example(f"Question {i}", "yes")

    def check(self, example, text):
        return world.Score(float(self.marks.pop(0)), "")


def test_pass_at_by_hand(uniform):
    """Of 4 samples 1 is right: a single one is with 1/4, two with 1 - C(3,2)/C(4,2) = 1/2, four always."""
    found = evaluation.pass_at(*uniform, Coin(1, 4), n=3, samples=4, ks=(1, 2, 4))
    assert [found[k].value for k in (1, 2, 4)] == pytest.approx([0.25, 0.5, 1.0]) and found[1].n == 3
    none = evaluation.pass_at(*uniform, Coin(0, 4), n=2, samples=4, ks=(1, 4))
    assert [none[k].value for k in (1, 4)] == [0.0, 0.0]


def test_best_of_takes_what_the_judge_likes_and_keeps_what_the_rule_says(tiny):
    class Longest:
        def grade(self, examples, texts):
            return [world.Score(float(len(text)), "") for text in texts]

    task = world.task("sums")
    tried = [evaluation.answers(*tiny, task, "test", 3, 8, 1, temperature=1.0, seed=1 + k) for k in range(4)]
    best = evaluation.best_of(*tiny, task, Longest(), n=3, samples=4, longest=8, first=1)
    assert [len(one.text) for one in best] == [max(len(some[i].text) for some in tried) for i in range(3)]
    assert [one.prompt for one in best] == [task.sample("test", i).prompt for i in (1, 2, 3)]
    assert all(any(one in some for some in tried) for one in best)


def test_a_spectrum_by_hand(tiny):
    """A change of 3 along one direction and of 4 along another has 16 of 25 in the first."""
    base, after = tiny[0], copy.deepcopy(tiny[0])
    with torch.no_grad():
        weight = after.model.layers[0].self_attn.q_proj.weight
        weight[0, 1] += 3
        weight[1, 0] += 4
    (found,) = evaluation.spectra(base, after)
    assert found.name == "layers.0.self_attn.q_proj" and found.values[:3] == pytest.approx((4, 3, 0), abs=1e-4)
    assert found.head(1) == pytest.approx(16 / 25) and evaluation.head([found], 2).value == pytest.approx(1)


def test_a_spectrum_needs_a_change_between_models_of_one_shape(tiny):
    with pytest.raises(ValueError, match="no matrix inside the blocks has changed"):
        evaluation.spectra(tiny[0], tiny[0])
    with pytest.raises(ValueError, match="not the same matrix in both models"):
        evaluation.spectra(models.load("nano")[0], tiny[0])


@pytest.mark.parametrize("k", [0, 5])
def test_pass_at_more_than_was_sampled_is_refused(uniform, k):
    with pytest.raises(ValueError, match="with 4 samples of each question; choose k from 1 to 4"):
        evaluation.pass_at(*uniform, Coin(1, 4), n=1, samples=4, ks=(k,))
