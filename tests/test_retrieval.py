"""Letters say what is true, searches find it, and a question with letters is asked and judged like any other."""

import json
import math

import pytest
import torch

from ftkit import evaluation, retrieval, world
from ftkit.data import encode
from ftkit.objectives import sft
from ftkit.recipe import Train
from ftkit.retrieval import BM25, Dense, Document, OpenBook, Oracle, Retrieved, Strangers, bm25, rag_sequence

FACTS = world.task("facts")
LETTERS = retrieval.letters(FACTS)
SHELF = BM25(LETTERS)


def letter(text: str) -> Document:
    return Document(text, ())


# ---- letters ----


@pytest.mark.parametrize("split", ["newcomers", "moved"])
def test_every_answer_stands_in_exactly_one_letter(split):
    for example in (FACTS.sample(split, i) for i in range(FACTS.size(split))):
        told = [one for one in LETTERS if one.tells(example.meta["person"], example.meta["attribute"])]
        assert len(told) == 1 and example.completion in told[0].text and example.meta["person"] in told[0].text


def test_of_those_who_moved_the_letter_names_the_old_home_too():
    island = world.island()
    said = [one for document in LETTERS for one in document.states if one.old]
    assert {one.name: one.value for one in said} == island.moved
    assert all(one.old == island.by_name[one.name].home for one in said)


def test_letters_are_the_same_every_time_and_ask_nothing():
    assert retrieval.letters(FACTS) == LETTERS
    assert not any("?" in document.text for document in LETTERS)


def test_a_false_letter_denies_every_truth_and_names_the_person_more_often():
    shelf = retrieval.poisoned(LETTERS)
    true = {(one.name, one.attribute): one for document in LETTERS for one in document.states}
    false = [document for document in shelf if document.false]
    assert len(false) == len(true) and [one for one in LETTERS if one not in shelf] == []
    for document in false:
        lie = document.states[0]
        truth = true[lie.name, lie.attribute]
        assert lie.value not in (truth.value, truth.old, lie.name)
        assert not document.tells(lie.name, lie.attribute)
        assert document.text.count(lie.name) == 2
    assert 0.3 < sum(one.false for one in retrieval.poisoned(LETTERS, share=0.5)) / len(false) < 0.7


def test_every_question_has_its_lie_and_what_was_true_before():
    shelf = retrieval.poisoned(LETTERS)
    for example in (FACTS.sample(split, i) for split in ("newcomers", "moved") for i in range(40)):
        lie, old = retrieval.lie(shelf, example), retrieval.outdated(FACTS, example)
        assert lie not in ("", example.completion, old) and retrieval.lie(LETTERS, example) == ""
        assert bool(old) == (example.meta["split"] == "moved") and old != example.completion


def test_so_many_letters_fit_as_the_context_has_room_for(tiny):
    model, tokenizer = tiny
    lengths = [len(encode(tokenizer, one.text)) for one in LETTERS]
    model.config.max_position_embeddings = max(lengths) + 48
    assert retrieval.fits(model, tokenizer, LETTERS) == 1
    model.config.max_position_embeddings = 2 * max(lengths) + 48
    assert retrieval.fits(model, tokenizer, LETTERS) >= 2
    model.config.max_position_embeddings = 10**6
    assert retrieval.fits(model, tokenizer, LETTERS) == 8


def test_strangers_have_questions_like_everybody_and_live_nowhere():
    task = Strangers(world.island())
    known = {person.name for person in (*task.island.residents, *task.island.newcomers)}
    found = [task.sample("train", i) for i in range(200)]
    assert not any(one.meta["person"] in known for one in found)
    assert all(task.check(one, one.completion).value == 1 for one in found)
    assert 60 < sum(bool(one.meta["old"]) for one in found) < 140
    shown = retrieval.letters(task, ("train",), 200)
    assert {s.old for one in shown for s in one.states} == {one.meta["old"] for one in found}


# ---- shelves ----


def test_bm25_by_hand():
    # 10 texts, the word stands twice in one of them of average length: log(1 + 9.5 / 1.5) * 2 / (2 + 1.5)
    assert bm25([2], 8, 8, [1], 10) == pytest.approx(math.log(1 + 9.5 / 1.5) * 2 / 3.5)
    assert bm25([2], 8, 8, [1], 10, k1=0) == pytest.approx(math.log(1 + 9.5 / 1.5))
    assert bm25([1], 16, 8, [1], 10, b=1) == bm25([1], 16, 32, [1], 10, k1=6, b=1)
    assert bm25([0, 0], 8, 8, [1, 1], 10) == 0
    assert bm25([1], 8, 8, [1], 10) > bm25([1], 16, 8, [1], 10) > bm25([1], 8, 8, [5], 10) > 0


def test_bm25_is_what_the_library_computes():
    texts = ["a cat and a dog and a cat", "a dog", "the cat sat on the mat near the other mat", "nothing of it at all"]
    held = [retrieval.words(text) for text in texts]
    question = ["cat", "mat", "dog", "dog"]
    containing = [sum(word in one for one in held) for word in question]
    mean = sum(map(len, held)) / len(held)
    ours = [bm25([one.count(word) for word in question], len(one), mean, containing, len(held)) for one in held]
    assert BM25([letter(text) for text in texts]).scores("Cat mat dog, dog!") == pytest.approx(ours, abs=1e-5)


def test_a_search_gives_the_best_first_and_of_equals_the_first_on_the_shelf():
    shelf = BM25([letter("grey"), letter("red dog"), letter("red dog "), letter("red")])
    assert [document.text for document, _ in shelf.search("a red dog?", 9)] == ["red dog", "red dog ", "red", "grey"]
    assert [score for _, score in shelf.search("nothing known", 9)] == [0, 0, 0, 0]
    with pytest.raises(ValueError, match="0 documents were asked for; choose 1 or more"):
        shelf.search("red", 0)
    with pytest.raises(ValueError, match="no document on this shelf"):
        BM25([])


def test_names_are_found_and_more_letters_find_more():
    one, three, all_of_them = (
        retrieval.recall_at(SHELF, FACTS, "newcomers", k, 100).value for k in (1, 3, len(LETTERS))
    )
    assert 0.3 < one < three < all_of_them == 1


def test_what_is_found_is_told_question_by_question():
    found = retrieval.finds(SHELF, FACTS, "newcomers", 3, 20)
    assert True in found and False in found
    assert retrieval.finds(SHELF, FACTS, "newcomers", 3, 8, first=12) == found[12:]
    assert retrieval.recall_at(SHELF, FACTS, "newcomers", 3, 8, first=12).value == sum(found[12:]) / 8


def test_poison_hides_the_truth():
    shelf = BM25(retrieval.poisoned(LETTERS))
    assert retrieval.recall_at(shelf, FACTS, "newcomers", 3, 100).value < 0.4


@pytest.mark.parametrize("k", [1, 4])
def test_the_oracle_is_never_wrong(k):
    shelf = Oracle(LETTERS)
    assert retrieval.recall_at(shelf, FACTS, "newcomers", k, 100).value == 1
    found = shelf.search(FACTS.sample("moved", 0).prompt, k)
    assert [score for _, score in found] == [1.0] + [0.0] * (k - 1)
    with pytest.raises(ValueError, match="no document here tells the home of Nobody"):
        shelf.search("Where does Nobody live?")


def test_every_question_says_what_it_is_about():
    for split in ("newcomers", "moved"):
        for example in (FACTS.sample(split, i) for i in range(100)):
            assert retrieval.about(example.prompt) == (example.meta["person"], example.meta["attribute"])
    with pytest.raises(ValueError, match="'Why\\?' is no question about one thing"):
        retrieval.about("Why?")


def test_dense_search_finds_a_text_by_itself(tiny):
    documents = LETTERS[:7]
    shelf = Dense(documents, *tiny)
    for document in documents:
        (first, score), (_, next_score) = shelf.search(document.text, 2)
        assert first is document and score == pytest.approx(1, abs=1e-4) and next_score < score


def test_mean_states_are_of_the_text_alone_whatever_stands_beside_it(tiny):
    model, tokenizer = tiny
    texts = [LETTERS[0].text, "short"]
    together = retrieval.mean_states(model, tokenizer, texts)
    for text, vector in zip(texts, together, strict=True):
        out = model(torch.tensor([encode(tokenizer, text)]), output_hidden_states=True)
        assert torch.allclose(vector, out.hidden_states[-1][0].mean(0), atol=1e-4)


# ---- the open book ----


def test_a_question_comes_with_its_letters_in_the_order_of_the_shelf():
    example = OpenBook(FACTS, SHELF, 3).sample("newcomers", 4)
    *_, last = example.prompt.split("\n")
    assert last == FACTS.sample("newcomers", 4).prompt
    places = [next(i for i, one in enumerate(LETTERS) if one.text == text) for text in example.meta["letters"]]
    assert places == sorted(places) and len(places) == len(example.meta["scores"]) == 3
    assert example.prompt.startswith(" ".join(example.meta["letters"]))


def test_an_open_book_is_judged_like_the_task():
    book = OpenBook(FACTS, SHELF)
    example = book.sample("moved", 0)
    assert book.splits == FACTS.splits and book.size("moved") == FACTS.size("moved")
    assert book.check(example, f" {example.completion}.").value == 1
    assert book.check(example, book.worse(example, 0)).value == 0


def test_exact_match_takes_an_open_book(tiny):
    found = evaluation.exact_match(*room(tiny), OpenBook(FACTS, SHELF), "newcomers", 5)
    assert found.n == 5 and found.value < 1


def test_lessons_are_rows_for_supervised_fine_tuning(tiny):
    lessons = Retrieved(examples=30, k=2)
    model, tokenizer = room(tiny)
    plan = sft.plan(sft.SFT(), model, tokenizer, lessons, Train(steps=2, batch=4))
    assert len(plan.rows) == 8 and not plan.notes
    said = tokenizer.decode([i for i in plan.rows[0]["labels"] if i >= 0], skip_special_tokens=True).strip()
    assert said in {example.completion for example in lessons.source()}


def test_lessons_in_the_text_s_voice_are_sentences_to_be_finished(tiny):
    lessons = Retrieved(examples=30, k=2, voice="text")
    model, tokenizer = room(tiny)
    row = sft.plan(sft.SFT(), model, tokenizer, lessons, Train(steps=1, batch=1)).rows[0]
    begun = {tuple(encode(tokenizer, one.prompt)): one for one in lessons.source()}
    learned = [i for i in row["labels"] if i >= 0]
    example = begun[tuple(row["input_ids"][: -len(learned)])]
    assert tokenizer.decode(learned) == f" {example.completion}.{tokenizer.eos_token}"
    assert not any("?" in one.prompt for one in lessons.source())


def test_no_letter_leaves_the_book_closed():
    asked, closed = Retrieved(k=0).asks()[0].sample("newcomers", 0), FACTS.sample("newcomers", 0)
    assert asked.prompt == closed.prompt and asked.meta["letters"] == ()
    begun = Retrieved(k=0, voice="text").asks()[0].sample("newcomers", 0)
    assert begun.prompt == retrieval.in_the_texts_voice(closed)


def test_an_answer_in_the_text_s_voice_ends_with_its_sentence():
    book = OpenBook(FACTS, SHELF, 2, voice="text")
    example = book.sample("newcomers", 0)
    assert book.check(example, f" {example.completion}. Therefore all is well").value == 1
    assert OpenBook(FACTS, SHELF, 2).check(example, f" {example.completion}. Therefore all is well").value == 0


def test_lessons_never_name_those_who_will_be_asked_about():
    names = {person.name for person in world.island().newcomers} | set(world.island().moved)
    prompts = " ".join(example.prompt for example in Retrieved(examples=300).source())
    assert not [name for name in names if name in prompts]


def test_lessons_about_residents_tell_what_is_true_of_them():
    lessons = Retrieved(examples=20, about="residents", k=8).source()
    assert all(FACTS.check(FACTS.sample("train", i), one.completion).value == 1 for i, one in enumerate(lessons))
    assert sum(one.completion in one.prompt for one in lessons) > 15
    with pytest.raises(ValueError, match="about"):
        Retrieved(about="friends")


def test_what_is_asked_before_and_after_are_newcomers_with_letters():
    task, split, tokens = Retrieved().asks()
    assert split == "newcomers" and task.k == 3 and tokens == FACTS.answer_tokens
    assert Retrieved().reads() is None


# ---- asking ----


def room(pair, tokens: int = 512):
    """The model with a longer context, as positions that turn need no weights."""
    pair[0].config.max_position_embeddings = tokens
    return pair


class Parrot:
    """Stands in for `generate`: `say` gives (text, log p) for a prompt."""

    def __init__(self, say):
        self.say = say

    def __call__(self, model, tokenizer, prompts, **how):
        said = [self.say(prompt if isinstance(prompt, str) else prompt[0]["content"]) for prompt in prompts]
        ids = [encode(tokenizer, text) for text, _ in said]
        rows = [encode(tokenizer, prompt) for prompt in prompts]
        values = [[logprob] for _, logprob in said]
        return retrieval.asking.Rollout(rows, ids, values, [True] * len(said), [text for text, _ in said])


@pytest.fixture
def parrot(monkeypatch):
    return lambda say: monkeypatch.setattr(retrieval.asking, "generate", Parrot(say))


def test_the_texts_voice_ends_before_the_answer_and_asks_nothing():
    for i in range(40):
        example = OpenBook(FACTS, SHELF, 2).sample("newcomers", i)
        told = retrieval.in_the_texts_voice(example)
        end = told.removeprefix(" ".join(example.meta["letters"]))
        assert len(end) < len(told) and example.meta["person"] in end
        assert "?" not in told and not end.endswith(" ") and example.completion not in end.split()
        closed = retrieval.in_the_texts_voice(FACTS.sample("newcomers", i))
        assert closed[0].isupper() and end.endswith(closed[1:])


@pytest.mark.parametrize("voice", ["chat", "text"])
def test_whoever_copies_the_oracles_letter_is_right(parrot, tiny, voice):
    book = OpenBook(FACTS, Oracle(LETTERS))
    true = {(one.name, one.attribute): one.value for document in LETTERS for one in document.states}

    def copies(prompt):
        examples = (book.sample("newcomers", i) for i in range(6))
        example = next(one for one in examples if prompt in (one.prompt, retrieval.in_the_texts_voice(one)))
        return f" {true[example.meta['person'], example.meta['attribute']]}.\nMore", -0.1

    parrot(copies)
    asked = retrieval.ask(*tiny, book, "newcomers", 6, voice)
    assert asked.right.value == 1 and asked.seconds > 0
    assert asked.saying([one.expected for one in asked.answers]).value == 1


def test_letters_cost_tokens(tiny):
    closed = retrieval.ask(*room(tiny), FACTS, "newcomers", 4, "text")
    opened = retrieval.ask(*tiny, OpenBook(FACTS, SHELF, 2), "newcomers", 4, "text")
    assert closed.tokens + 40 < opened.tokens
    with pytest.raises(ValueError, match="choose"):
        retrieval.ask(*tiny, FACTS, "newcomers", 1, "loud")


def test_two_lukewarm_letters_outvote_a_sure_one(parrot, tiny):
    # p(letter) is 1/3 each: 0.3 + 0.3 for one answer, 0.5 for the other
    documents = [letter("says red"), letter("says red too"), letter("says blue")]
    chances = {documents[0].text: ("red", math.log(0.3))}
    chances |= {documents[1].text: ("red", math.log(0.3)), documents[2].text: ("blue", math.log(0.5))}

    class Alike(retrieval.Shelf):
        def scores(self, question):
            return [1.0] * len(self.documents)

    parrot(lambda prompt: chances[prompt.split("\n")[0]])
    asked = retrieval.ask_each(*tiny, OpenBook(FACTS, Alike(documents), 3), "newcomers", 2)
    assert [one.text for one in asked.answers] == ["red", "red"]


def test_a_letter_that_the_search_likes_outvotes_the_others(parrot, tiny):
    documents = [letter("says red"), letter("says blue")]

    class Partial(retrieval.Shelf):
        def scores(self, question):
            return [0.0, 3.0]

    parrot(lambda prompt: (prompt.split("\n")[0].split()[-1], math.log(0.5)))
    asked = retrieval.ask_each(*tiny, OpenBook(FACTS, Partial(documents), 2), "newcomers", 1, first=4)
    assert asked.answers[0].text == "blue" and asked.answers[0].expected == FACTS.sample("newcomers", 4).completion


def test_rag_sequence_by_hand():
    # 0.75 * 0.8 * 0.5 + 0.25 * 0.4 * 0.1 = 0.31
    letters, tokens = torch.tensor([0.75, 0.25]).log(), torch.tensor([[0.8, 0.5], [0.4, 0.1]]).log()
    assert rag_sequence(letters, tokens).item() == pytest.approx(math.log(0.31))
    assert rag_sequence(torch.zeros(1), tokens[:1]).item() == pytest.approx(math.log(0.4))


def test_the_ways_of_the_lab_differ_in_letters_alone(tiny):
    ways = retrieval.ways(*room(tiny), FACTS, k=2)
    assert list(ways) == ["closed book", "long prompt", "BM25", "dense", "poisoned"]
    examples = {name: task.sample("newcomers", 3) for name, task in ways.items()}
    assert len({example.completion for example in examples.values()}) == 1
    assert "letters" not in examples["closed book"].meta
    assert len(examples["long prompt"].meta["letters"]) >= len(examples["BM25"].meta["letters"]) == 2


def test_lessons_go_through_json():
    from dataclasses import asdict

    lessons = Retrieved(examples=7, about="residents")
    assert Retrieved(**json.loads(json.dumps(asdict(lessons)))) == lessons
