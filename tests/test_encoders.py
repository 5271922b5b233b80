"""Encoders and text-to-text models: what is hidden, cut and labelled, and that they train, resume and open like any."""

import copy
import itertools
import math

import pytest
import torch
import transformers

from ftkit import evaluation, models, training
from ftkit.data import Corpus, Task
from ftkit.evaluation.encoders import Hole, fill, hole
from ftkit.generation import generate
from ftkit.models import EuroBertLayout, Layout, T5GemmaLayout
from ftkit.objectives import Classify, Masked, Pretrain, Span, Text2Text, classify, masked, span, text2text
from ftkit.objectives.batches import averaged, side_by_side
from ftkit.objectives.classify import encode, label, label_loss
from ftkit.objectives.masked import hide, masked_token_loss
from ftkit.objectives.pretrain import joint_optimizer
from ftkit.objectives.span import corrupt, pieces, restore, sentinel_ids, target_loss, taught
from ftkit.recipe import Recipe, Train
from ftkit.world import Example, Score
from ftkit.world.dice import Dice

BERT = EuroBertLayout(width=64, layers=1, heads=2, feed_forward=64, context=96)
T5GEMMA = T5GemmaLayout(width=64, layers=1, heads=2, feed_forward=64, context=96)
TRAIN = Train(steps=8, batch=4, learning_rate=0.02, warmup=2, dtype="float32", checkpoint_every=3, eval_examples=4)
READING = {"masked": Recipe(BERT, Masked(context=48), Corpus(people=50), train=TRAIN),
           "span": Recipe(T5GEMMA, Span(context=48), Corpus(people=50), train=TRAIN)}  # fmt: skip
KIND = {"masked": masked, "span": span}


def rows_of(name, seed=0):
    """The rows of a tiny run, and the model that is to read them."""
    recipe = READING[name].but(seed=seed)
    model, tokenizer = models.fresh(recipe.model, seed=1)
    return KIND[name].plan(recipe.objective, model, tokenizer, recipe.task, recipe.train), model, tokenizer


def agitated(model):
    """A fresh model adds nothing to its stream; here every matrix is at work, so that nothing is compared with zero."""
    chance = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn(weight.shape, generator=chance) * 0.05)
    return model.eval()


# ---- layouts and doors ----


@pytest.mark.parametrize(
    ("name", "door", "parameters"),
    [("encoder", "AutoModelForMaskedLM", 2_853_312), ("seq2seq", "AutoModelForSeq2SeqLM", 4_530_048)],
)
def test_both_have_about_three_million_parameters_and_open_by_their_config(name, door, parameters, tmp_path):
    model, tokenizer = models.load(f"fresh:{name}", seed=2)
    assert sum(weight.numel() for weight in model.parameters()) == parameters
    agitated(model)
    models.save(model, tokenizer, tmp_path)
    plain = getattr(transformers, door).from_pretrained(tmp_path)
    opened = models.load(str(tmp_path))[0]
    ids = {"input_ids": torch.arange(40, 60)[None]}
    if model.config.is_encoder_decoder:
        ids["decoder_input_ids"] = torch.arange(70, 76)[None]
    assert type(plain) is type(opened) is type(model)
    assert torch.equal(opened(**ids).logits, model(**ids).logits)
    torch.testing.assert_close(plain.eval()(**ids).logits, model(**ids).logits)  # its attention sums in another order


@pytest.mark.parametrize("layout", [BERT, T5GEMMA])
def test_random_weights_come_from_the_seed_alone(layout):
    first, again, other = (models.fresh(layout, seed=seed)[0] for seed in (3, 3, 4))
    weights = [torch.cat([weight.flatten() for weight in model.parameters()]) for model in (first, again, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize("layout", [Layout(width=64), BERT, T5GEMMA])
def test_a_layout_of_any_kind_survives_json(layout):
    recipe = Recipe(layout, Pretrain(), Corpus())
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert list(recipe.to_json()["model"]) == [layout.kind]


def test_the_three_kinds_of_layout_are_three_recipes():
    kinds = [Recipe(kind(width=64, layers=2), Pretrain(), Corpus()) for kind in models.KINDS]
    assert len({recipe.digest for recipe in kinds}) == 3
    broken = kinds[0].to_json() | {"model": {"eurobird": {}}}
    with pytest.raises(ValueError, match="kind of layout is 'eurobird'; did you mean 'eurobert'"):
        Recipe.from_json(broken)


def test_position_tables_are_no_hidden_matrices():
    about = transformers.BertConfig(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
    model = transformers.BertForMaskedLM(about)
    tables = [part.weight for part in model.modules() if isinstance(part, torch.nn.Embedding)]
    muon = next(group for group in joint_optimizer(model, 0.02).param_groups if group["kind"] == "muon")
    assert len(tables) > 1 and not {id(weight) for weight in tables} & {id(weight) for weight in muon["params"]}


# ---- masked language modelling ----


def test_masked_token_loss_by_hand():
    logits = torch.log(torch.tensor([[[0.5, 0.25, 0.25], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4]]]))
    assert masked_token_loss(logits, torch.tensor([[1, -100, 2]])).item() == pytest.approx(-math.log(0.25 * 0.4) / 2)
    with pytest.raises(ValueError, match="no token was chosen"):
        masked_token_loss(logits, torch.full((1, 3), -100))


def test_masked_token_loss_is_the_librarys_on_the_same_batch():
    plan, model, _ = rows_of("masked")
    batch = plan.collate([plan.rows[i] for i in range(4)])
    out = agitated(model)(**batch)
    torch.testing.assert_close(masked_token_loss(out.logits, batch["labels"]), out.loss)


def test_of_the_chosen_tokens_eight_tenths_are_masked_one_is_random_and_one_stays():
    words = list(range(30, 1000))
    shown, labels = hide([7, *words] * 20, Dice("test"), 0.15, mask=5, special={7}, words=words)
    chosen = [place for place, token in enumerate(labels) if token != -100]
    assert len(chosen) == round(0.15 * 20 * 971)
    assert all(labels[place] == ([7, *words] * 20)[place] != 7 for place in chosen)
    became = [(shown[place], labels[place]) for place in chosen]
    assert sum(now == 5 for now, _ in became) / len(chosen) == pytest.approx(0.8, abs=0.03)
    assert sum(now == was for now, was in became) / len(chosen) == pytest.approx(0.1, abs=0.03)
    assert all(now == was for now, was, on in zip(shown, [7, *words] * 20, labels, strict=True) if on == -100)


def test_a_masked_row_is_the_text_with_holes_and_special_tokens_never_hidden():
    plan, _, tokenizer = rows_of("masked")
    for r in range(4):
        row, read = plan.rows[r], plan.rows.rows[r]["input_ids"]
        whole = [shown if on == -100 else on for shown, on in zip(row["input_ids"], row["labels"], strict=True)]
        assert whole[0] == tokenizer.cls_token_id and tokenizer.eos_token_id not in whole
        assert [tokenizer.eos_token_id if token == tokenizer.sep_token_id else token for token in whole[1:]] == read[1:]
        assert sum(on != -100 for on in row["labels"]) == round(0.15 * 48)
        assert not set(row["labels"]) & set(tokenizer.all_special_ids)


# ---- span corruption ----


def test_the_papers_own_example():
    words = {word: i for i, word in enumerate("Thank you for inviting me to your party last week .".split())}
    source, target = corrupt(list(words.values()), [(2, 4), (8, 9)], sentinels=[100, 101, 102], end=200)
    assert source == [0, 1, 100, 4, 5, 6, 7, 101, 9, 10]
    assert target == [100, 2, 3, 101, 8, 200]


@pytest.mark.parametrize(
    ("length", "share", "mean"), [(128, 0.15, 3.0), (48, 0.5, 2.0), (16, 0.01, 1.0), (2, 0.9, 9.0)]
)
def test_pieces_take_their_share_and_leave_the_first_token(length, share, mean):
    cuts = [pieces(Dice("cut", i), length, share, mean) for i in range(50)]
    for cut in cuts:
        assert sum(stop - start for start, stop in cut) == min(max(1, round(share * length)), length - 1)
        assert cut[0][0] > 0 and cut[-1][1] <= length
        assert all(one[1] < other[0] for one, other in itertools.pairwise(cut))
    assert length < 3 or len({tuple(cut) for cut in cuts}) > 1


def test_source_and_target_make_the_text_again():
    plan, _, tokenizer = rows_of("span")
    known = sentinel_ids(tokenizer)
    for r in range(8):
        row = plan.rows[r]
        assert restore(row["input_ids"], row["labels"], known) == plan.rows.rows[r]["input_ids"]
        assert row["decoder_input_ids"] == [tokenizer.bos_token_id, *row["labels"][:-1]]


def test_sentinels_are_found_in_order_and_missing_ones_are_said():
    _, model, tokenizer = rows_of("span")
    assert tokenizer.convert_ids_to_tokens(sentinel_ids(tokenizer)) == [f"<|extra_{i}|>" for i in range(12)]
    with pytest.raises(ValueError, match="36 pieces need as many sentinels and the tokenizer has 12; choose a shorter"):
        span.plan(Span(context=72, share=0.5, length=1.0), model, tokenizer, Corpus(people=20), TRAIN)
    with pytest.raises(ValueError, match="no encoder beside its decoder"):
        span.plan(Span(), models.fresh("nano")[0], tokenizer, Corpus(people=20), TRAIN)


def test_target_loss_is_the_librarys_on_the_same_batch():
    plan, model, _ = rows_of("span")
    batch = plan.collate([plan.rows[i] for i in range(4)])
    out = agitated(model)(input_ids=batch["input_ids"], labels=batch["labels"])  # it shifts the labels itself
    ours = model(input_ids=batch["input_ids"], decoder_input_ids=batch["decoder_input_ids"])
    torch.testing.assert_close(target_loss(ours.logits, batch["labels"]), out.loss)


# ---- both ----


@pytest.mark.parametrize("name", ["masked", "span"])
def test_a_row_is_a_function_of_its_number_and_the_seed(name):
    first, again, other = rows_of(name)[0].rows, rows_of(name)[0].rows, rows_of(name, seed=1)[0].rows
    assert first[7] == again[7] and first[6] != first[7] != other[7]


@pytest.mark.parametrize("name", ["masked", "span"])
def test_a_resumed_run_ends_in_the_same_weights(name, store):
    whole = training.run(READING[name])
    assert whole.status == "done" and whole.cost["tokens"] > 0

    def fall(event):
        if event["kind"] == "loss" and event["step"] == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.run(READING[name], on_event=fall)
    broken = next(entry.id for entry in store.runs() if entry.status == "interrupted")
    resumed = training.resume(broken)
    pairs = zip(whole.model()[0].parameters(), resumed.model()[0].parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


@pytest.mark.parametrize("name", ["masked", "span"])
def test_smaller_bites_of_a_batch_are_the_same_step(name, store):
    losses = [
        [
            event["values"]["loss"]
            for event in training.run(READING[name].but(device_batch=bite)).metrics
            if event["kind"] == "loss"
        ]
        for bite in (0, 1)
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-3)


@pytest.mark.parametrize("name", ["masked", "span"])
def test_something_is_learned_of_one_sentence(name, store, monkeypatch):
    class Same:
        def document(self, i):
            return "Tamu Oresby lives in Wick and keeps a cat."

    monkeypatch.setattr(Corpus, "source", lambda self: Same())
    run = training.run(READING[name].but(steps=120, checkpoint_every=120))
    losses = [event["values"]["loss"] for event in run.metrics if event["kind"] == "loss"]
    assert losses[0] > 6 and losses[-1] < 3
    model, tokenizer = run.model()
    found = fill(model, tokenizer, [hole(tokenizer, "Tamu Oresby lives in Wick and keeps a cat.", 21, 25)] * 2)
    assert found[0].logprob == pytest.approx(found[1].logprob, abs=1e-4) and found[0].logprob > -5  # by chance -6.9


# ---- labels ----

TINY_TASK = Task(examples=40)


class Sky:
    """Texts of two labels; for taggers, the word that decides."""

    splits = ("train", "test")

    def size(self, split):
        return 40

    def sample(self, split, i):
        tag, cat = ("dark", "bright")[i % 2], ("Tamu", "Reki", "Nosha")[i % 3]
        words = [cat, "says", "it", "is", {"dark": "grey.", "bright": "sunny."}[tag], "So."][: 5 + i % 2]
        tags = ["none"] * 4 + [tag] + ["none"] * (len(words) - 5)
        return Example(" ".join(words), tag, {"words": words, "tags": tags})

    def check(self, example, text):
        return Score(float(text in (example.completion, f"{example.completion}: {example.meta['words'][4][:-1]}")), "")


@pytest.fixture
def sky(monkeypatch):
    """A task whose labels any encoder can learn."""
    monkeypatch.setattr(Task, "source", lambda self: [Sky().sample("train", i) for i in range(self.examples)])
    monkeypatch.setattr(Task, "asks", lambda self: (Sky(), "test", 4))


@pytest.fixture(scope="module")
def read_folder(tmp_path_factory):
    """A tiny encoder as pretraining leaves it: with a head for tokens, and an island that it has read."""
    folder = tmp_path_factory.mktemp("models") / "encoder"
    model, tokenizer = models.fresh(BERT, seed=5)
    model.config.hermea_island = 0
    models.save(agitated(model), tokenizer, folder)
    return folder


def test_label_loss_is_the_librarys_for_texts_and_for_words():
    logits = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[0, 1, -100, 2, 3], [-100] * 5, [1, 1, 1, -100, 0]])
    expected = torch.nn.functional.cross_entropy(logits.view(-1, 4), labels.view(-1))
    torch.testing.assert_close(label_loss(logits, labels), expected)
    assert label_loss(torch.zeros(2, 4), torch.tensor([1, 3])).item() == pytest.approx(math.log(4))


def test_a_head_leaves_the_encoder_and_global_chance_as_they_were(read_folder, sky):
    model = models.load(str(read_folder))[0]
    state = torch.random.get_rng_state()
    headed, again, other = (classify.equip(Classify(), model, TINY_TASK, seed) for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), state)
    for name, weight in model.base_model.named_parameters():
        assert torch.equal(weight, headed.base_model.get_parameter(name))
    assert torch.equal(headed.classifier.weight, again.classifier.weight)
    assert not torch.equal(headed.classifier.weight, other.classifier.weight)
    assert headed.config.id2label == {0: "bright", 1: "dark"} and headed.config.hermea_island == 0
    assert classify.equip(Classify(), headed, TINY_TASK, 0) is headed


@pytest.mark.parametrize(("per", "kind"), [("text", "SequenceClassification"), ("word", "TokenClassification")])
def test_an_encoder_learns_labels_and_opens_with_its_head(per, kind, read_folder, sky, store):
    train = Train(steps=60, batch=8, learning_rate=5e-3, dtype="float32", eval_examples=12, checkpoint_every=60)
    run = training.run(Recipe(str(read_folder), Classify(per=per), TINY_TASK, train=train))
    assert [answer["before"] for answer in run.answers] == [""] * 12
    assert sum(answer["score_after"] for answer in run.answers) >= 11
    model = getattr(transformers, f"AutoModelFor{kind}").from_pretrained(run.path / "model")
    assert type(model) is type(run.model()[0]) and "dark" in model.config.label2id


def test_a_tagger_reads_the_first_token_of_each_word(read_folder, sky):
    model, tokenizer = models.load(str(read_folder))
    ids, places = encode(tokenizer, ["Tamu", "Oresby", "sings."], 96)
    assert tokenizer.decode(ids) == "<|cls|> Tamu Oresby sings.<|sep|>"
    assert ids[1:-1] == tokenizer("Tamu Oresby sings.").input_ids
    assert [tokenizer.decode(ids[place : place + 1])[:2] for place in places] == [" T", " O", " s"]
    assert encode(tokenizer, ["Tamu", "Oresby", "sings."], 4)[1] == places[: sum(place < 3 for place in places)]
    headed = classify.equip(Classify(per="word"), model, TINY_TASK, 0)
    row = classify.plan(Classify(per="word"), headed, tokenizer, TINY_TASK, TRAIN).rows[0]
    assert sum(on != -100 for on in row["labels"]) in (5, 6)


def test_what_cannot_be_labelled_is_said(read_folder, tmp_path):
    model = models.load(str(read_folder))[0]
    with pytest.raises(ValueError, match="choose a task that has 2 to 64"):
        classify.equip(Classify(), model, Task(examples=2000), 0)
    with pytest.raises(ValueError, match="no words with tags"):
        classify.equip(Classify(per="word"), model, TINY_TASK, 0)
    with pytest.raises(ValueError, match="choose an encoder"):
        classify.equip(Classify(), models.fresh(T5GEMMA)[0], Task(examples=2), 0)


def test_padding_changes_no_label(read_folder, sky):
    model, tokenizer = models.load(str(read_folder))
    headed = agitated(classify.equip(Classify(), model, TINY_TASK, 0))
    rows = [{"input_ids": encode(tokenizer, [text], 96)[0]} for text in ("Tamu sings.", "Tamu sings to Reki of Wick.")]
    batch = side_by_side(rows, tokenizer.pad_token_id)
    alone = headed(input_ids=torch.tensor([rows[0]["input_ids"]])).logits[0]
    torch.testing.assert_close(headed(**batch).logits[0], alone)
    assert label(headed, tokenizer, [Sky().sample("test", i) for i in range(3)]) != [""] * 3


# ---- text to text ----


@pytest.fixture(scope="module")
def writer():
    """A tiny text-to-text model at work, and its tokenizer."""
    model, tokenizer = models.fresh(T5GEMMA, seed=3)
    return agitated(model), tokenizer


def test_questions_go_in_and_answers_come_out(writer, monkeypatch):
    model, tokenizer = writer
    plan = text2text.plan(Text2Text(), model, tokenizer, TINY_TASK, TRAIN)
    row, questions = plan.rows[0], {tokenizer.decode(tokenizer(one.prompt).input_ids) for one in TINY_TASK.source()}
    assert tokenizer.decode(row["input_ids"]).removeprefix("<|user|>").removesuffix("<|assistant|>") in questions
    assert row["labels"][-1] == tokenizer.eos_token_id and row["decoder_input_ids"][1:] == row["labels"][:-1]
    monkeypatch.setattr(Task, "source", lambda self: [Example("Tamu? " * 20, "Reki"), Example("Tamu?", "Reki")])
    cut = text2text.plan(Text2Text(context=16), model, tokenizer, TINY_TASK, TRAIN)
    assert cut.notes[0].startswith("1 of 2 examples have a question or an answer of more than 16 tokens")
    assert {len(row["input_ids"]) for row in cut.rows} == {16, len(tokenizer("Tamu?").input_ids) + 2}


def test_padded_rows_cost_what_they_cost_alone(writer):
    model, tokenizer = writer
    rows = [taught(list(range(40, 40 + n)), list(range(60, 60 + m)), 1) for n, m in ((5, 2), (9, 7))]
    batch = side_by_side(rows, tokenizer.pad_token_id)
    labels = batch.pop("labels")
    single = [side_by_side([row], 0) for row in rows]
    losses = [
        target_loss(model(**{k: v for k, v in one.items() if k != "labels"}).logits, one["labels"]) for one in single
    ]
    together = target_loss(model(**batch).logits, labels)
    torch.testing.assert_close(together, (2 * losses[0] + 7 * losses[1]) / 9)
    halves = [
        averaged(target_loss)(model(**{k: v for k, v in one.items() if k != "labels"}), one["labels"], 9)
        for one in single
    ]
    torch.testing.assert_close(sum(halves), together)


def test_what_it_writes_is_what_the_library_generates(writer):
    model, tokenizer = writer
    prompts = ["reverse: l a m o k", "Tamu Oresby lives in Wick, and sort: d a g."]
    ours = generate(model, tokenizer, prompts, max_new_tokens=20)
    for prompt, ids, logprobs in zip(ours.prompt_ids, ours.completion_ids, ours.token_logprobs, strict=True):
        theirs = model.generate(torch.tensor([prompt]), max_new_tokens=20, do_sample=False)[0, 1:].tolist()
        assert ids == theirs[: len(ids)] and (len(ids) == 20 or ids[-1] == tokenizer.eos_token_id)
        begun = torch.tensor([[tokenizer.bos_token_id, *ids[:-1]]])
        out = model(input_ids=torch.tensor([prompt]), decoder_input_ids=begun)
        expected = out.logits[0].log_softmax(-1).gather(1, torch.tensor(ids)[:, None])[:, 0]
        torch.testing.assert_close(torch.tensor(logprobs), expected, atol=1e-4, rtol=1e-4)


def test_samples_differ_and_an_encoder_does_not_write(writer, read_folder):
    model, tokenizer = writer
    rollout = generate(model, tokenizer, ["sort: d a g"], samples=3, temperature=1.0, max_new_tokens=12)
    assert len(rollout.texts) == 3 and len(set(rollout.texts)) > 1
    with pytest.raises(ValueError, match="reads and does not write"):
        generate(*models.load(str(read_folder)), ["Tamu"])


def test_a_text_to_text_run_learns_a_few_answers(store, tmp_path):
    folder = tmp_path / "t5gemma"
    model, tokenizer = models.fresh(T5GEMMA, seed=3)
    model.config.hermea_island = 0
    models.save(model, tokenizer, folder)
    train = Train(steps=120, batch=8, learning_rate=1e-2, dtype="float32", eval_examples=4, checkpoint_every=120)
    run = training.run(Recipe(str(folder), Text2Text(), Task(examples=8, asked="train"), train=train))
    losses = [event["values"]["loss"] for event in run.metrics if event["kind"] == "loss"]
    assert losses[-1] < losses[0] / 3 and run.forgetting == {} and len(run.answers) == 4


# ---- what is filled in ----


@pytest.fixture(params=["read", "written"])
def filler(request, read_folder, writer):
    """A tiny model of either kind that says it has read island 0."""
    model, tokenizer = models.load(str(read_folder)) if request.param == "read" else copy.deepcopy(writer)
    model.config.hermea_island = 0
    return model, tokenizer


def test_a_hole_is_just_the_tokens_of_its_characters(writer):
    tokenizer = writer[1]
    found = hole(tokenizer, "Tamu Oresby lives in Wick.", 21, 25)
    assert tokenizer.decode(found.hidden) == " Wick" and tokenizer.decode(found.ids[found.stop :]) == "."
    found = hole(tokenizer, "12 + 30 = 42", 10, 12)
    assert [tokenizer.decode([token]) for token in found.hidden] == ["4", "2"]


def test_a_model_that_knows_nothing_needs_ten_bits_a_token(filler):
    model, tokenizer = filler
    with torch.no_grad():
        for weight in model.get_output_embeddings().parameters():
            weight.zero_()
    found = evaluation.probe(model, tokenizer, ["filled/bits", "filled/home"], n=40)
    assert found["filled/bits"].value == pytest.approx(10) and found["filled/bits"].unit == "bits/token"
    assert found["filled/home"].value == 0 and found["filled/home"].n == 40


def test_an_encoder_fills_a_hole_token_by_token(read_folder):
    model, tokenizer = models.load(str(read_folder))
    text, mask = tokenizer("Tamu Oresby lives in Wick.").input_ids, tokenizer.mask_token_id

    def logprobs(shown):
        with torch.no_grad():
            ids = torch.tensor([[tokenizer.cls_token_id, *shown, tokenizer.sep_token_id]])
            return model(input_ids=ids).logits[0].log_softmax(-1)

    first = logprobs([*text[:2], mask, mask, *text[4:]])[3]
    second = logprobs([*text[:3], mask, *text[4:]])[4]
    shorter = Hole(text[:4], 1, 2)  # a neighbour that has to be filled up
    found = fill(model, tokenizer, [shorter, Hole(text, 2, 4)])[1]
    assert found.logprob == pytest.approx((first[text[2]] + second[text[3]]).item(), abs=1e-4)
    assert not found.is_right
    begun = [*text[:2], first.argmax().item()]
    likeliest = [*begun, logprobs([*begun, mask, *text[4:]])[4].argmax().item(), *text[4:]]
    assert fill(model, tokenizer, [Hole(likeliest, 2, 4)])[0].is_right


def test_a_filling_is_what_the_library_writes_if_it_stops_there(writer):
    model, tokenizer = writer
    text, sentinel = tokenizer("Tamu Oresby lives in Wick.").input_ids, sentinel_ids(tokenizer)[0]
    source = torch.tensor([[tokenizer.eos_token_id, *text[:2], sentinel, *text[4:], tokenizer.eos_token_id]])
    start = torch.tensor([[model.config.decoder_start_token_id, sentinel]])
    wrote = model.generate(source, decoder_input_ids=start, max_new_tokens=3, do_sample=False)[0, 2:].tolist()
    found = fill(model, tokenizer, [Hole([*text[:2], *wrote[:2], *text[4:]], 2, 4), Hole(text, 2, 4)])
    assert found[0].is_right == (wrote[2] in tokenizer.all_special_ids) and not found[1].is_right
    assert found[0].logprob > found[1].logprob


def test_probes_suit_the_kind_of_model(filler, read_folder, sky):
    model, tokenizer = filler
    found = evaluation.probe(model, tokenizer, n=4)
    assert list(found) == list(evaluation.FILLED) and all(one.n == 4 for one in found.values())
    with pytest.raises(ValueError, match="no probe 'arithmetic'; choose from filled/home"):
        evaluation.probe(model, tokenizer, ["arithmetic"])
    assert tuple(evaluation.forgetting_probes(model, tokenizer, "", n=2)) == evaluation.FILLED_FORGETTING
    model.config.hermea_island = None
    assert evaluation.forgetting_probes(model, tokenizer, "Some English.") == {}
    headed = classify.equip(Classify(), models.load(str(read_folder))[0], TINY_TASK, 0)
    with pytest.raises(ValueError, match="a head for labels and writes no words"):
        evaluation.probe(headed, tokenizer)
