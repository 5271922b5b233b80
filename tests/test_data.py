"""What does it read? Rows of a corpus, questions as tokens with their mask, and the user's own files."""

import json
from collections import Counter

import pytest

from ftkit import models, world
from ftkit.data import (
    Corpus,
    File,
    Rows,
    Task,
    as_prompt,
    encode,
    encode_example,
    read_examples,
    reading_order,
    shuffled_order,
)
from ftkit.world import Example


class Numbers:
    """A stand-in corpus: document i is the number i."""

    def document(self, i: int) -> str:
        return str(i)


@pytest.fixture(scope="module")
def tokenizer():
    return models.fresh("nano")[1]


def texts(tokenizer, row):
    return tokenizer.decode(row["input_ids"]).split("<|end|>")


def test_a_row_is_end_then_whole_documents_then_a_cropped_one(tokenizer):
    row = Rows(Numbers(), tokenizer, length=16, count=9)[3]
    assert len(row["input_ids"]) == 16 and row["input_ids"][0] == tokenizer.eos_token_id
    first, *documents = texts(tokenizer, row)
    assert first == "" and [text.strip() for text in documents[:3]] == ["192", "193", "194"]


def test_no_two_rows_share_a_document_and_every_seed_reads_others(tokenizer):
    seen = Counter()
    for seed in (0, 1):
        rows = Rows(Numbers(), tokenizer, length=64, count=3, seed=seed)
        assert rows[2] == rows[2]
        for r in range(3):
            seen.update({text.strip() for text in texts(tokenizer, rows[r])[1:-1]})
    assert max(seen.values()) == 1


def test_rows_have_an_end(tokenizer):
    rows = Rows(Numbers(), tokenizer, length=8, count=2)
    assert len(rows) == len(list(rows)) == 2
    with pytest.raises(IndexError, match="row 2 was asked for; there are 2"):
        rows[2]


def test_an_opening_is_read_first_and_changes_nothing_behind_it(tokenizer):
    corpus, opened = Corpus("arithmetic"), Corpus("arithmetic", opening=2)
    plain, rows = (one.rows(tokenizer, 160, 4, 0) for one in (corpus, opened))
    registers = world.corpus("registers")
    for r in range(4):
        text = tokenizer.decode(rows[r]["input_ids"][1:])
        assert (rows[r] == plain[r]) is (r >= 2)
        assert (registers.parse(text.split("<|end|>")[0].strip()) is not None) is (r < 2)


def test_a_corpus_row_reads_as_the_corpus(tokenizer):
    corpus = Corpus(people=20)
    row = Rows(corpus.source(), tokenizer, length=200, count=1)[0]
    assert texts(tokenizer, row)[1].strip() == corpus.source().document(0).strip()


@pytest.mark.parametrize("shape", ["shipped", "qwen3", "llama"])
def test_a_model_is_asked_with_exactly_the_tokens_it_learned_from(shape, tokenizer, foreign_folders):
    if shape != "shipped":
        tokenizer = models.load(str(foreign_folders[shape]))[1]
    example = Example("What is the trade of Tamu Oresby?", "baker")
    ids, mask = encode_example(tokenizer, example)
    asked = encode(tokenizer, as_prompt(tokenizer, example.prompt))
    assert ids[: len(asked)] == asked and mask == [0] * len(asked) + [1] * (len(ids) - len(asked))
    completion = ids[len(asked) :]
    assert completion[-1] == tokenizer.eos_token_id and completion.count(tokenizer.eos_token_id) == 1
    assert tokenizer.decode(completion, skip_special_tokens=True).strip() == "baker"


def test_the_shipped_chat_template_is_what_is_learned(tokenizer):
    ids, _ = encode_example(tokenizer, Example("Who?", "Oria"))
    assert tokenizer.decode(ids).replace(" ", "") == "<|user|>Who?<|assistant|>Oria<|end|>"


def test_a_model_without_a_template_reads_a_plain_question(foreign_folders):
    tokenizer = models.load(str(foreign_folders["llama"]))[1]
    ids, _ = encode_example(tokenizer, Example("Who?", "Oria"))
    assert ids[0] == tokenizer.bos_token_id
    assert tokenizer.decode(ids[1:]) == "Question: Who?\nAnswer: Oria<|im_end|>"


def test_messages_are_read_as_they_are(tokenizer):
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Who?"}]
    ids, mask = encode_example(tokenizer, Example(messages, "Oria"))
    assert tokenizer.decode(ids).startswith("<|system|>") and sum(mask) == len(encode(tokenizer, "Oria"))


def test_every_example_is_read_once_before_any_is_read_again():
    order = shuffled_order(10, 20, seed=0)
    assert Counter(order[:10]) == Counter(order[10:]) == dict.fromkeys(range(10), 1) and order[:10] != order[10:]
    assert order == shuffled_order(10, 20, 0) != shuffled_order(10, 20, 1)
    assert shuffled_order(10, 7, 0) == order[:7] and shuffled_order(10, 0, 0) == []
    assert Counter(reading_order([5] * 10, batch=4, steps=5, seed=0)) == dict.fromkeys(range(10), 2)


def test_rows_of_similar_length_meet():
    lengths = [(7 * i) % 64 for i in range(64)]
    order = reading_order(lengths, batch=8, steps=8, seed=0)
    batches = [[lengths[i] for i in order[first : first + 8]] for first in range(0, 64, 8)]
    assert sorted(order) == list(range(64))
    assert max(max(batch) - min(batch) for batch in batches) < 10
    assert [min(batch) for batch in batches] != sorted(min(batch) for batch in batches)


def test_a_task_gives_its_examples():
    examples = Task(examples=30).source()
    assert len(examples) == len(set(examples)) == 30
    task, split, _ = Task().asks()
    assert split == "test" and task.sample(split, 0).meta["person"] not in {one.meta["person"] for one in examples}
    with pytest.raises(ValueError, match="there is no task 'fact'"):
        Task("fact").source()
    with pytest.raises(ValueError, match="examples is 0"):
        Task(examples=0)


def test_answers_can_be_dealt_out_anew():
    true, dealt = Task(examples=40).source(), Task(examples=40, shuffled=True).source()
    assert dealt != true and [one.prompt for one in dealt] == [one.prompt for one in true]
    assert sorted(one.completion for one in dealt) == sorted(one.completion for one in true)


# ---- the user's own files -----------------------------------------------------------------------------------------


@pytest.fixture
def write(tmp_path):
    def at(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return at


ROWS = [{"prompt": f"Say {i}.", "completion": f"{i}, gladly"} for i in range(40)]


def test_csv_json_and_jsonl_say_the_same(write):
    csv = "prompt,completion,note\n" + "".join(f'"{row["prompt"]}","{row["completion"]}",\n' for row in ROWS)
    found = [
        read_examples(write("a.csv", "\ufeff" + csv)),
        read_examples(write("a.json", json.dumps(ROWS))),
        read_examples(write("a.jsonl", "\n".join(map(json.dumps, ROWS)) + "\n\n")),
    ]
    assert found[0] == found[1] == found[2] and found[0][3] == Example("Say 3.", "3, gladly")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "question,completion\na,b\n", "no column prompt .row 1 has question, completion.; rename"),
        ("a.csv", "q,a\na,b\n", "no column prompt and no column completion"),
        ("a.csv", "", "holds no example"),
        ("a.csv", "prompt,completion\n", "holds no example"),
        ("a.csv", "prompt,completion\na,\n", "holds no example"),
        ("a.jsonl", '{"prompt": "a", "completion": "b"}\n' * 3, "all 3 examples of .* are the same one"),
        ("a.jsonl", '{"prompt": "a"', "cannot be read as jsonl"),
        ("a.json", '{"prompt": "a", "completion": "b"}', "must hold a list of objects"),
        ("a.parquet", "x", "file's ending is '.parquet'.*choose one of .csv, .json, .jsonl"),
    ],
)
def test_a_file_that_will_not_do_is_refused_with_the_reason(write, name, text, said):
    with pytest.raises(ValueError, match=said):
        read_examples(write(name, text))


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"there is no file none\.csv"):
        read_examples("none.csv")


def test_what_is_asked_was_not_learned(write):
    file = File(write("a.json", json.dumps(ROWS * 2)))
    task, split, longest = file.asks()
    learned, asked = file.source(), [task.sample(split, i) for i in range(task.size(split))]
    assert len(learned) + len(asked) == len(ROWS) and not set(learned) & set(asked) and asked
    assert longest >= 12
    assert task.check(asked[0], f" {asked[0].completion}\n").value == 1
    assert task.check(asked[0], "no").value == 0


def test_without_held_out_examples_the_learned_ones_are_asked(write):
    file = File(write("a.json", json.dumps(ROWS[:3])), held_out=0.0)
    task, split, _ = file.asks()
    assert len(file.source()) == task.size(split) == 3
