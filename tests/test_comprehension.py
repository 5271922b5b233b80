"""The three instruments, by hand on models whose every probability is known, and on fakes that learn step by step."""

import copy
import math

import pytest
import torch

from ftkit import comprehension, plots, world
from ftkit.comprehension import Cost, Distance, Fact, Learner, Prejudice, Round, Saving, Scaled, Schedule
from ftkit.comprehension.circle import pays_until
from ftkit.comprehension.prediction import by_chance, ranks
from ftkit.evaluation import Measurement, mean
from ftkit.world import Example

BITS = math.log2(1024)  # of one token under the uniform model
PNG = b"\x89PNG\r\n\x1a\n"
ATTACK = "<img src=x onerror=alert(1)>"


@pytest.fixture
def uniform(tiny):
    """A model that finds every token equally likely."""
    model, tokenizer = tiny
    model.lm_head.weight = torch.nn.Parameter(torch.zeros_like(model.lm_head.weight))
    return model, tokenizer


@pytest.fixture
def questions():
    task = world.task("facts")
    return [task.sample("train", i) for i in range(12)]


def tokens(tokenizer, text):
    return len(tokenizer(text, add_special_tokens=False).input_ids)


# ---- bits and lessons --------------------------------------------------------------------------------------------


def test_an_answer_costs_its_tokens_and_its_end_and_the_question_nothing(uniform, questions):
    model, tokenizer = uniform
    for cost, example in zip(comprehension.example_costs(model, tokenizer, questions), questions, strict=True):
        count = tokens(tokenizer, example.completion) + 1
        assert cost.tokens == count and cost.bits == pytest.approx(BITS * count, rel=1e-5)


def test_cost_counts_the_likeliest_tokens(uniform):
    """With the end token raised by log 3 its chance is 3 / 1026, and it alone is the likeliest."""
    model, tokenizer = uniform
    model.model.norm.weight.data.zero_()
    model.lm_head = torch.nn.Linear(64, 1024)
    torch.nn.init.zeros_(model.lm_head.weight)
    torch.nn.init.zeros_(model.lm_head.bias)
    model.lm_head.bias.data[tokenizer.eos_token_id] = math.log(3)
    (cost,) = comprehension.example_costs(model, tokenizer, [Example("Who?", "7")])
    others = tokens(tokenizer, "7")
    assert (cost.tokens, cost.right) == (others + 1, 1)
    assert cost.bits == pytest.approx(others * math.log2(1026) + math.log2(1026 / 3), rel=1e-5)


def test_a_row_longer_than_the_context_is_refused(tiny):
    with pytest.raises(ValueError, match="the model's context 96; shorten prompt or passage"):
        comprehension.example_costs(*tiny, [Example("where " * 100, "Oria")])


def test_a_learner_learns_and_leaves_the_model_as_it_was(tiny, questions):
    model, tokenizer = tiny
    weights = copy.deepcopy(model.state_dict())
    reader = Learner(model, tokenizer, learning_rate=5e-3, batch=4)
    before = mean([cost.bits for cost in comprehension.example_costs(reader.model, tokenizer, questions)], "bits")
    reader.learn(questions, 30)
    after = mean([cost.bits for cost in comprehension.example_costs(reader.model, tokenizer, questions)], "bits")
    assert after.value < before.value - 10
    assert all(torch.equal(weights[name], weight) for name, weight in model.state_dict().items())


def test_lessons_by_tokens_differ_by_less_than_one_answer(tiny, questions):
    model, tokenizer = tiny
    short = [Example("Who?", "fox"), Example("Where?", "Oria")]
    long = [example for example in questions if example.meta["attribute"] == "friend"]
    longest = max(tokens(tokenizer, example.completion) + 1 for example in long)
    for examples in (short, long, questions):
        read = Learner(model, tokenizer).learn(examples, 3, tokens=20)
        assert 60 <= read < 60 + longest
    with pytest.raises(ValueError, match="no example to learn from"):
        Learner(model, tokenizer).learn([], 1)


def test_items_are_compared_one_by_one():
    effect = comprehension.minus([3.0, 5.0], [1.0, 4.0], "bits")
    assert (effect.value, effect.unit, effect.n) == (1.5, "bits", 2)
    assert comprehension.holds(effect) and not comprehension.holds(comprehension.minus([1.0], [1.0], "bits"))
    with pytest.raises(ValueError, match="1 and 2 items cannot be compared"):
        comprehension.minus([1.0], [1.0, 2.0], "bits")
    with pytest.raises(ValueError, match="nothing to average in bits"):
        comprehension.minus([], [], "bits")


# ---- Vorverständnis ----------------------------------------------------------------------------------------------


def test_without_lessons_the_code_length_is_the_untaught_models(tiny, questions):
    untaught = [cost.bits for cost in comprehension.example_costs(*tiny, questions)]
    for schedule in (Schedule(block=5, steps=0), Schedule(block=100, steps=3)):
        assert comprehension.prequential(*tiny, questions, schedule) == pytest.approx(untaught, rel=1e-4)


def test_a_block_is_coded_before_it_is_learned(uniform, questions):
    """The first block costs what a uniform reader must pay; the same questions again cost less."""
    model, tokenizer = uniform
    bits = comprehension.prequential(model, tokenizer, questions[:4] * 3, Schedule(4, 20, 4, 1e-2))
    first = [BITS * (tokens(tokenizer, example.completion) + 1) for example in questions[:4]]
    assert bits[:4] == pytest.approx(first, rel=1e-5)
    assert sum(bits[8:]) < 0.5 * sum(first)


def test_saving_by_hand():
    saving = Saving(scratch=(3.0, 5.0, 4.0), base=(1.0, 6.0, 2.0))
    assert saving.bits.value == 1.0 and saving.bits.unit == "bits/example"
    assert saving.exposure == [(0, 0.0), (1, 2.0), (2, 1.0), (3, 3.0)]
    stranger = Saving(scratch=(3.0, 5.0, 4.0), base=(3.0, 5.0, 4.0))
    assert comprehension.beyond_stranger(saving, stranger).value == 1.0


def test_a_reader_saves_nothing_beside_itself_and_much_where_it_has_read(tiny, questions):
    model, tokenizer = tiny
    reader = Learner(model, tokenizer, learning_rate=5e-3, batch=4)
    reader.learn(questions, 40)
    readers = {"same": tiny, "has read": (reader.model, tokenizer)}
    found = comprehension.bits_saved(readers, {"facts": questions}, tiny, Schedule(block=6, steps=2, batch=4))
    assert found["facts"]["same"].bits.value == pytest.approx(0.0, abs=1e-4)
    assert found["facts"]["has read"].bits.low > 5
    assert comprehension.holds(comprehension.beyond_stranger(found["facts"]["has read"], found["facts"]["same"]))


def test_prejudice_of_a_reader_without_priors_is_a_difference_of_spelling(uniform):
    model, tokenizer = uniform
    found = comprehension.prejudice(model, tokenizer, n=10, lessons=0)
    for split in ("moved", "newcomers"):
        homes = comprehension.homes_of(split, n=10)
        expected = [BITS * (tokens(tokenizer, example.completion) + 1) for example in homes]
        assert getattr(found, split) == pytest.approx(expected, rel=1e-5)


def test_prejudice_in_the_voice_of_the_texts_needs_no_lesson(uniform):
    model, tokenizer = uniform
    found = comprehension.prejudice_told(model, tokenizer, n=10)
    assert len(found.moved) == len(found.newcomers) == 10
    assert all(bits / 10 == pytest.approx(round(bits / 10)) for bits in (*found.moved, *found.newcomers))


def test_prejudice_by_hand():
    found = Prejudice(moved=(18.0, 20.0), newcomers=(13.0, 15.0)).bits
    assert (found.value, found.unit, found.n) == (5.0, "bits/question", 2)


def test_new_data_are_of_the_families_that_they_say_and_others_for_another_draw():
    island, new = world.island(), comprehension.new_data()
    assert {family: len(examples) for family, examples in new.items()} == comprehension.NEW
    assert all(island.by_name[one.meta["person"]].home == one.completion for one in new["residents"])
    assert all(one.meta["person"] not in island.by_name for one in new["newcomers"])
    assert all(world.task("sums").check(one, one.completion).value == 1 for one in new["sums"])
    drawn = comprehension.new_data(draw=1, n={"newcomers": 100, "strings": 200})
    assert list(drawn) == ["newcomers", "strings"]
    assert sorted(map(str, drawn["newcomers"])) == sorted(map(str, new["newcomers"]))
    assert drawn["newcomers"] != new["newcomers"]
    assert not {one.prompt for one in drawn["strings"]} & {one.prompt for one in new["strings"]}


def test_homes_are_asked_of_people_who_moved_with_the_new_answer():
    island = world.island()
    homes = comprehension.homes_of("moved")
    assert len(homes) == len(island.moved)
    assert all(one.completion == island.moved[one.meta["person"]] for one in homes)


def test_answers_are_judged_whole_and_token_by_token(uniform):
    """A model that always finds ` the` the likeliest says `the the` rightly, and of `the fox` the first word."""
    model, tokenizer = uniform
    model.model.norm.weight.data.zero_()
    model.lm_head = torch.nn.Linear(64, 1024)
    torch.nn.init.zeros_(model.lm_head.weight)
    torch.nn.init.zeros_(model.lm_head.bias)
    model.lm_head.bias.data[tokenizer(" the", add_special_tokens=False).input_ids] = math.log(3)
    told = [("Tamu saw", text) for text in ("the the", "the fox", "the the the", "fox")]
    found = comprehension.scaled(model, tokenizer, told)
    assert found.parameters == sum(weight.numel() for weight in model.parameters())
    assert {k: (one.value, one.n) for k, one in found.whole.items()} == {1: (0.0, 1), 2: (0.5, 2), 3: (1.0, 1)}
    assert {k: one.value for k, one in found.single.items()} == {1: 0.0, 2: 0.75, 3: 1.0}
    assert found.expected(2) == 0.75**2
    assert found.surprise[1].value == pytest.approx(math.log(1026), rel=1e-5)
    assert found.surprise[3].value == pytest.approx(math.log(1026 / 3), rel=1e-5)


def test_ten_tokens_of_nine_tenths_each():
    assert comprehension.all_right(0.9, 10) == pytest.approx(0.3486784401)
    assert comprehension.all_right(0.9, 1) == 0.9


def test_words_to_sort_are_told_as_the_corpus_tells_them():
    for beginning, rest in comprehension.to_sort(n=20, first=5):
        assert world.corpus("strings").parse(f"{beginning} {rest}\n{beginning} {rest}").logprob is None
        letters = beginning.removeprefix("sort: ").removesuffix(" ->").split()
        assert rest.split() == sorted(letters) and 3 <= len(letters) <= 6


# ---- Distanciation -----------------------------------------------------------------------------------------------


def test_two_voices_cost_a_uniform_reader_their_tokens(uniform, monkeypatch):
    model, tokenizer = uniform
    stated = comprehension.facts(n=6)
    monkeypatch.setattr("ftkit.comprehension.distance.knows", lambda *_: [True, False] * 3)
    found = comprehension.distanciation(model, tokenizer, stated)
    kept = stated[::2]
    asked = [BITS * tokens(tokenizer, fact.answer) for fact in kept]
    told = [BITS * tokens(tokenizer, " " + fact.answer) for fact in kept]
    assert [cost.bits for cost in found.asked] == pytest.approx(asked, rel=1e-5)
    assert [cost.bits for cost in found.told] == pytest.approx(told, rel=1e-5)
    assert found.bits.value == pytest.approx((sum(asked) - sum(told)) / 3, abs=1e-3)
    assert found.known.value == 0.5 and found.corpus is None


def test_only_a_right_completion_is_knowledge(tiny, monkeypatch):
    stated = [Fact(Example("Who?", "Oria"), "It is"), Fact(Example("Who?", "Pell"), "It is")]
    monkeypatch.setattr("ftkit.comprehension.distance.go_on", lambda *_, **__: [" Oria. It", " Oria."])
    assert comprehension.knows(*tiny, stated) == [True, False]


def test_a_reader_that_knows_nothing_has_no_distance(tiny):
    found = comprehension.distanciation(*tiny, comprehension.facts(n=4))
    assert found.known.value == 0 and found.asked == ()
    with pytest.raises(ValueError, match="a model that knows more"):
        _ = found.bits


def test_bridges_ask_in_other_words_or_another_model(uniform, monkeypatch, questions):
    model, tokenizer = uniform
    stated = comprehension.facts(n=4)
    monkeypatch.setattr("ftkit.comprehension.distance.knows", lambda *_: [True] * 4)
    reader = Learner(model, tokenizer, learning_rate=1e-2, batch=4)
    reader.learn([fact.asked for fact in stated], 30)
    told = comprehension.Bridge("begun", lambda example: "The answer is", chat=False)
    bridges = [
        comprehension.BARE,
        comprehension.with_examples(questions[:2]),
        comprehension.with_passage(comprehension.passages()),
        told,
        comprehension.Bridge("tuned", model=reader.model),
    ]
    found = comprehension.crossed(model, tokenizer, stated, bridges, documents=2)
    bare, tuned = found["question alone"], found["tuned"]
    for name in ("examples", "passage"):
        assert comprehension.closed(bare, found[name]).value == pytest.approx(0, abs=1e-3)
    assert found["begun"].bits.value == pytest.approx(0, abs=1e-3)
    assert comprehension.holds(comprehension.closed(bare, tuned))
    assert bare.corpus.kl.value == pytest.approx(math.log(1024) - bare.corpus.entropy.value, abs=1e-3)


def test_facts_are_told_in_forms_that_the_corpus_never_showed():
    corpus = world.corpus("biographies")
    for fact in comprehension.facts(n=20):
        person = corpus.island.by_name[fact.asked.meta["person"]]
        attribute = fact.asked.meta["attribute"]
        beginnings = [form.before(attribute, name=person.name) for form in corpus.held_out(person, attribute)]
        assert fact.told in beginnings and fact.answer == getattr(person, attribute)


@pytest.mark.parametrize("split", ["newcomers", "moved"])
def test_facts_that_no_text_tells_are_refused(split):
    with pytest.raises(ValueError, match=f"does not tell the facts of '{split}'"):
        comprehension.facts(split=split)


def test_a_perfect_librarian_finds_the_answer_for_everybody():
    task, find = world.task("facts"), comprehension.passages()
    for split in ("test", "newcomers", "moved"):
        for example in (task.sample(split, i) for i in range(10)):
            assert example.completion in find(example) and example.meta["person"] in find(example)


def test_a_passage_read_twice_stands_there_twice():
    bridge = comprehension.with_passage(lambda example: "Tamu lives in Oria.", 2)
    asked = bridge.prompt(Example("Where does Tamu live?", "Oria"))
    assert asked == "Tamu lives in Oria. Tamu lives in Oria. Where does Tamu live?"


def test_other_facts_begin_where_the_first_end():
    assert comprehension.facts(n=3, first=2) == comprehension.facts(n=5)[2:]


def test_answers_over_a_bridge_are_those_of_its_reader_in_its_words(tiny, questions, monkeypatch):
    model, tokenizer = tiny
    asked = []

    def go_on(reader, tokenizer, prompts, *_, stop):
        asked.append((reader, prompts, stop))
        return [" Oria. And", "Oria\nWho?"]

    monkeypatch.setattr("ftkit.comprehension.crossing.go_on", go_on)
    task, other = world.task("facts"), object()
    begun = comprehension.Bridge("begun", lambda example: "The answer is", model=other, chat=False)
    told = comprehension.answered(model, tokenizer, task, begun, "train", 2)
    question = comprehension.answered(model, tokenizer, task, split="train", n=2, first=3)
    assert asked[0] == (other, ["The answer is"] * 2, ".")
    assert asked[1] == (model, [[{"role": "user", "content": questions[i].prompt}] for i in (3, 4)], "\n")
    assert [one.text for one in told.answers] == ["Oria", "Oria\nWho?"]
    assert [one.text for one in question.answers] == ["Oria. And", "Oria"]
    assert told.tokens == tokens(tokenizer, "The answer is") + (tokenizer.bos_token_id is not None)
    assert told.right.value == sum(one.completion == "Oria" for one in questions[:1]) / 2


def test_the_untuned_bridges_put_more_before_the_question_or_none_at_all():
    task = world.task("facts")
    example = task.sample("test", 0)
    ways = {bridge.name: bridge.prompt(example) for bridge in comprehension.bridges(shown=2)}
    assert ways["question alone"] == example.prompt
    assert len(ways["examples"]) == 5 and ways["examples"][-1]["content"] == example.prompt
    assert all(example.meta["person"] not in turn["content"] for turn in ways["examples"][:-1])
    for name in ("passage", "letter"):
        before = ways[name].removesuffix(example.prompt)
        assert example.meta["person"] in before and "?" not in before
    assert example.completion in ways["passage"] and "?" not in ways["text's voice"]


def test_form_is_any_value_and_content_the_right_one():
    chances = torch.tensor([[1 / 8, 1 / 8], [1 / 2, 1 / 2]])
    assert comprehension.form_bits(chances.log()).tolist() == pytest.approx([2, 0], abs=1e-6)


def test_the_parts_of_an_answer_add_up_to_what_it_costs(uniform, monkeypatch):
    model, tokenizer = uniform
    monkeypatch.setattr("ftkit.comprehension.distance.knows", lambda *_: [True] * 10)
    stated = comprehension.facts(n=10)
    kinds = [fact.asked.meta["attribute"] for fact in stated]
    found = comprehension.parts(model, tokenizer, stated)
    asked = comprehension.distanciation(model, tokenizer, stated).asked
    costs = [asked[i].bits for attribute in world.VALUES for i, kind in enumerate(kinds) if kind == attribute]
    assert [sum(pair) for pair in zip(found.form, found.content, strict=True)] == pytest.approx(costs, rel=1e-4)
    pets = sum(1024.0 ** -tokens(tokenizer, value) for value in world.VALUES["pet"])
    first = sum(kind in ("home", "trade") for kind in kinds)
    assert found.form[first] == pytest.approx(-math.log2(pets), rel=1e-4)
    assert found.means[0].unit == "bits/question"


def test_shuffled_answers_keep_their_form(questions):
    dealt = world.shuffled(questions, seed=1)
    assert dealt == world.shuffled(questions, seed=1) != questions

    def answers(examples, attribute):
        return sorted(one.completion for one in examples if one.meta["attribute"] == attribute)

    for attribute in world.ATTRIBUTES:
        assert answers(dealt, attribute) == answers(questions, attribute)
    assert [one.prompt for one in dealt] == [one.prompt for one in questions]


# ---- Hermeneutic Circle ------------------------------------------------------------------------------------------


def loop(fresh, pool=40, a_round=10):
    """A reader is the set of questions it knows; a lesson teaches the first ten of its feedback."""

    def examine(known):
        return [Cost(float(i not in known), 1, int(i in known)) for i in range(pool)], [
            float(i in known) for i in range(pool)
        ]

    return comprehension.turn(
        reader=frozenset(), rounds=5, answer=lambda known: [i in known for i in range(pool)],
        feedback=lambda said: [i for i, right in enumerate(said) if not right] or list(range(pool)),
        tune=lambda known, wrong, _: (known | set(wrong[:a_round]), a_round), examine=examine, fresh=fresh,
    )  # fmt: skip


def test_a_closed_loop_sees_what_has_changed_and_an_open_one_does_not():
    circle = comprehension.Circle(closed=loop(True), open=loop(False))
    assert [one.answer_level.value for one in circle.closed] == [0, 0.25, 0.5, 0.75, 1, 1]
    assert [one.answer_level.value for one in circle.open] == [0, 0.25, 0.25, 0.25, 0.25, 0.25]
    assert [one.picked for one in circle.closed] == [0, 40, 30, 20, 10, 40]
    assert [one.tokens for one in circle.closed] == [one.tokens for one in circle.open] == [0, 10, 20, 30, 40, 50]
    assert circle.gain.value == 0.75 and comprehension.holds(circle.gain)
    assert circle.gain_bits.value == 0.75 and circle.gain_bits.unit == "bits/question"
    assert circle.pays_until == 4 and pays_until(circle.open) == 1
    assert circle.closed[2].token_level.value == 0.5


def test_equal_loops_gain_nothing():
    circle = comprehension.Circle(loop(True), loop(True))
    assert circle.gain.value == 0 and not comprehension.holds(circle.gain)
    assert pays_until(loop(True)[:1]) == 0


def test_token_level_counts_tokens_not_answers():
    one = Round(0, (Cost(1.0, 4, 4), Cost(1.0, 1, 0)), (1.0, 0.0))
    assert one.token_level.value == 0.8 and one.answer_level.value == 0.5


def test_revision_gives_both_loops_the_same_steps_and_tokens(tiny):
    circle = comprehension.revise(*tiny, world.task("facts"), rounds=2, pool=10, asked=6, opening=2, steps=2, tokens=12)
    assert len(circle.closed) == len(circle.open) == 3
    assert circle.closed[0] == circle.open[0]
    assert abs(circle.closed[-1].tokens - circle.open[-1].tokens) < 2 * 12
    assert circle.closed[-1].tokens >= 2 * 2 * 12


def test_reading_twice_gains_a_uniform_reader_nothing(uniform):
    task = world.task("facts")
    asked = [task.sample("newcomers", i) for i in range(4)]
    for voice in ("chat", "text"):
        gain = comprehension.rereading(*uniform, asked, lambda example: "Who knows?", voice)
        assert gain.value == pytest.approx(0, abs=1e-4) and gain.unit == "bits/question"
    with pytest.raises(ValueError, match="voice is 'loud'; choose"):
        comprehension.rereading(*uniform, asked, lambda example: "", "loud")


def test_a_passage_stands_before_the_question_or_before_the_beginning_of_a_sentence(tiny, monkeypatch):
    model, tokenizer = tiny
    asked, read = world.task("facts").sample("newcomers", 0), []

    def costs(model, tokenizer, rows):
        read.extend(tokenizer.decode(ids) for ids, _ in rows)
        return [Cost(float(len(ids)), 1, 1) for ids, _ in rows]

    monkeypatch.setattr("ftkit.comprehension.circle.costs", costs)
    for voice in ("chat", "text"):
        comprehension.rereading(model, tokenizer, [asked], lambda example: "It rained.", voice)
    assert [text.count("It rained.") for text in read] == [1, 2, 1, 2]
    assert all(asked.prompt in text for text in read[:2]) and not any("?" in text for text in read[2:])
    assert all(text.removesuffix(tokenizer.eos_token).strip().endswith(asked.completion) for text in read)


# ---- what it foretells -------------------------------------------------------------------------------------------


def test_ties_share_the_mean_of_their_ranks():
    assert ranks([10, 20, 20, 30]) == [1, 2.5, 2.5, 4]
    assert comprehension.rank_correlation([1, 2, 3], [5, 5, 5]) == 0


def test_rank_correlation_of_a_published_example():
    """The usual textbook pair, IQ and hours of television: rho = -29/165."""
    iq = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
    hours = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
    assert comprehension.rank_correlation(iq, hours) == pytest.approx(-29 / 165)
    assert comprehension.rank_correlation([1, 2, 2, 3], [1, 3, 2, 4]) == pytest.approx(3 / math.sqrt(10))
    assert by_chance(iq, hours) == pytest.approx(0.63, abs=0.04)


ACCURACIES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
NOISE = [3.0, 1.0, 2.0, 4.0, 1.5, 3.5, 2.5, 1.2]


@pytest.mark.parametrize(
    ("losses", "readings", "sentence"),
    [
        (NOISE, ACCURACIES, "predicts more than pretraining loss"),
        ([-one for one in ACCURACIES], NOISE, "predicts less than pretraining loss"),
        ([-one for one in ACCURACIES], ACCURACIES, "predicts nothing that pretraining loss does not"),
    ],
)
def test_a_prediction_says_what_it_is_worth(losses, readings, sentence):
    found = comprehension.predicts(losses, readings, ACCURACIES, "Bits saved")
    assert str(found).startswith("Bits saved " + sentence)
    assert found.more.value == pytest.approx(found.instrument.value - found.loss.value)
    assert found.more.n == 8 and found.loss.unit == "rank correlation"


def test_a_distance_should_fall_where_accuracy_rises():
    found = comprehension.predicts(NOISE, [-one for one in ACCURACIES], ACCURACIES, rising=False)
    assert found.instrument.value == pytest.approx(1) and found.chance["instrument"] < 0.01


def test_too_few_items_foretell_nothing():
    with pytest.raises(ValueError, match="3 losses, 3 readings and 3 accuracies; give as many of each, at least 4"):
        comprehension.predicts([1, 2, 3], [1, 2, 3], [1, 2, 3])


# ---- figures -----------------------------------------------------------------------------------------------------


def distance(asked, told):
    costs = ([Cost(bits, 1, 0) for bits in one] for one in (asked, told))
    return Distance(Measurement(1.0, "share", 2, 0.3, 1.0), *map(tuple, costs))


def scaled(parameters, *shares):
    whole = {
        k: Measurement(share, "share", 10, share - 0.1, share + 0.1) for k, share in zip((1, 4), shares, strict=True)
    }
    tokens = {k: Measurement(0.9, "share", 10, 0.8, 1.0) for k in whole}
    return Scaled(parameters, whole, tokens, {k: Measurement(0.1, "nats/token", 10, 0.05, 0.2) for k in whole})


FIGURES = {
    "sizes": lambda name: plots.sizes({name: scaled(10**7, 1.0, 0.9), "nano": scaled(10**6, 0.9, 0.1)}),
    "code lengths": lambda name: plots.code_lengths({name: (40.0, 20.0, 4.0, 2.0, 1.0)}, 2, math.log2(24)),
    "exposure": lambda name: plots.exposure({name: Saving((3.0, 5.0), (1.0, 6.0))}),
    "savings": lambda name: plots.savings({"facts": {name: Saving((3.0, 5.0), (1.0, 6.0))}}, 1.0),
    "prejudice": lambda name: plots.prejudice({name: Prejudice((4.0, 6.0), (1.0, 3.0))}),
    "distances": lambda name: plots.distances({name: distance((4.0, 6.0), (1.0, 1.0)), "b": distance((1.0,), (1.0,))}),
    "parts": lambda name: plots.parts({name: comprehension.Parts((4.0, 6.0), (1.0, 3.0))}),
    "revision": lambda name: plots.revision(comprehension.Circle(loop(True), loop(False))),
    "forecasts": lambda name: plots.forecasts({name: comprehension.predicts(NOISE, ACCURACIES, ACCURACIES)}),
}


@pytest.mark.parametrize("kind", FIGURES)
def test_every_figure_names_its_unit_keeps_names_as_text_and_leaves_a_picture(kind):
    drawn = FIGURES[kind](ATTACK)
    axes = f"{drawn.layout.xaxis.title.text} {drawn.layout.yaxis.title.text}"
    assert any(unit in axes for unit in ("(bits)", "(bits/example)", "(bits/question)", "(share)", "rank correlation"))
    assert "<img" not in drawn.to_json().replace("\\u003c", "<")
    assert drawn.png().startswith(PNG) and str(drawn).startswith("Figure: ")


def test_figures_hold_the_numbers():
    assert list(FIGURES["exposure"]("a").data[0].y) == [0.0, 2.0, 1.0]
    asked, _, _, told, *_ = plots.distances({"a": distance((4.0, 6.0), (1.0, 2.0))}).data
    assert (asked.x[0], told.x[0]) == (5.0, 1.5)
    assert plots.distances({"a": distance((4.0,), (1.0,))}).layout.yaxis.ticktext[0].endswith("asked +3.0 bits")
    one, _, four, expected = FIGURES["sizes"]("large").data
    assert list(one.x) == [10**6, 10**7] and list(four.y) == [0.1, 0.9], "models in the order of their sizes"
    assert list(expected.y) == pytest.approx([0.9**4] * 2)
    judged = {"a": scaled(10**6, 0.9, 0.1)}
    assert [list(trace.y) for trace in plots.sizes(judged, whole=False).data] == [[0.1], [0.1]]
    bits, guess = FIGURES["code lengths"]("a").data
    assert (list(bits.x), list(bits.y)) == ([0, 2, 4], [30.0, 3.0, 1.0])
    assert list(guess.y) == pytest.approx([4.585, 4.585], abs=1e-3)
    banded = plots.savings({"facts": {"a": Saving((3.0,), (1.0,))}}, bands={"facts, a": [1.0, 3.0]})
    assert any("our 2 runs" in trace.name for trace in banded.data if trace.name)
    closed, opened, *_ = FIGURES["revision"]("a").data
    assert list(closed.y) == [0, 0.25, 0.5, 0.75, 1, 1] and opened.y[-1] == 0.25
    with pytest.raises(ValueError, match="no forecast to draw"):
        plots.forecasts({})
