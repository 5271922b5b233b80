"""Classification: an encoder gets a head, which says of a text, or of each of its words, what it is."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from ..data import reading_order
from ..records import Objective, Plan, check_knobs, knob
from ..world import Example
from .batches import IGNORED, averaged, side_by_side

HEADS = {"text": "ForSequenceClassification", "word": "ForTokenClassification"}  # how the library calls them
MOST = 64  # labels; an answer that is hardly ever the same is no label
READ = 100  # texts labelled at a time
CUT = 4096  # tokens; no text that is labelled is longer
NO_TAG = "none"  # of words that are nothing in particular


@dataclass(frozen=True)
class Classify:
    """What gets a label.

    The labels of texts are the examples' completions; those of words are their `meta["tags"]`, beside `meta["words"]`.
    Where an example has a `meta["text"]`, that is read, since an encoder with a head needs no question.
    """

    per: str = knob(
        "text", scale="choice", choices=("text", "word"),
        help="text: one label for all of it; word: tagging, one for each word",
    )  # fmt: skip
    context: int = knob(128, 16, 4096, "log", "tokens", "texts are cut to so many, or to what the model can read")

    def __post_init__(self):
        check_knobs(self)


def label_loss(logits, labels):
    """
    How surprised a head is by the right labels, on average.

    loss = - mean log softmax(W h + b)[label]

    logits   (B, C) or (B, T, C)        W h + b: h of the whole text, or of each token
    labels   (B,) or (B, T)             the right one of C; -100 where there is none
    returns  ()                   nats  log C if every label seems equally likely
    source   Devlin et al. 2018, arXiv:1810.04805, section 4.1
    """
    from torch.nn.functional import cross_entropy

    return cross_entropy(logits.float().flatten(0, -2), labels.flatten(), ignore_index=IGNORED)


def equip(config: Classify, model, task, seed: int):
    """
    The model with a new head for the task's labels; as it is if it has that head already.

    seed    of the head's random weights; global chance is untouched
    raises  ValueError if the task has no labels, or the model is no encoder
    """
    names = _names(config, task.source())
    if is_classifier(model) and list(model.config.id2label.values()) == names:
        return model
    return headed(model, HEADS[config.per], names, seed)


def headed(model, kind: str, names: Sequence[str], seed: int):
    """
    The model's body with a new head, which says a number for each name.

    kind    how the library calls models with such a head
    seed    of the head's random weights; global chance is untouched
    raises  ValueError if the model has an encoder beside its decoder
    """
    import torch
    import transformers

    if model.config.is_encoder_decoder:
        raise ValueError("this model reads with one half and writes with the other; choose an encoder such as a BERT")
    about = copy.deepcopy(model.config)
    about.id2label, about.label2id = dict(enumerate(names)), {name: i for i, name in enumerate(names)}
    door = getattr(transformers, f"AutoModel{kind}")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        grown = door.from_config(about, attn_implementation=model.config._attn_implementation)
    grown.base_model.load_state_dict(model.base_model.state_dict(), strict=False)  # a BERT's pooler is new, too
    grown.config.architectures = [type(grown).__name__]
    return grown.to(model.device, model.dtype).eval()


def plan(config: Classify, model, tokenizer, task, train) -> Plan:
    """The examples in reading order, each with its label or its words' tags, and the library's Trainer."""
    from transformers import Trainer, TrainingArguments

    number = model.config.label2id
    rows = []
    for example in task.source():
        ids, places = encode(tokenizer, pieces(example, config.per), _room(config.context, model))
        labels = number.get(example.completion)
        if config.per == "word":
            tags = dict(zip(places, example.meta["tags"], strict=False))  # words beyond the cut have no place
            labels = [number[tags[place]] if place in tags else IGNORED for place in range(len(ids))]
        rows.append({"input_ids": ids, "labels": labels})
    order = reading_order([len(row["input_ids"]) for row in rows], train.batch, train.steps, train.seed)
    return Plan(
        trainer=Trainer,
        arguments=TrainingArguments,
        options={},
        rows=[rows[i] for i in order],
        collate=partial(side_by_side, pad=tokenizer.pad_token_id),
        extras={"compute_loss_func": averaged(label_loss)},
    )


def label(model, tokenizer, examples: Sequence[Example]) -> list[str]:
    """
    What a model with a head calls each example; of a tagger, the words that it gave a tag: `buyer: Tamu, thing: lamp`.

    returns  texts as the examples' tasks check them; "" from a model that has no head for labels
    """
    import torch

    if not is_classifier(model):
        return [""] * len(examples)
    per = next(per for per, head in HEADS.items() if model.config.architectures[0].endswith(head))
    said, names, training = [], model.config.id2label, model.training
    model.eval()
    for start in range(0, len(examples), READ):
        asked = [pieces(example, per) for example in examples[start : start + READ]]
        read = [encode(tokenizer, one, _room(CUT, model)) for one in asked]
        batch = side_by_side([{"input_ids": ids} for ids, _ in read], tokenizer.pad_token_id)
        with torch.no_grad():
            best = model(**{name: column.to(model.device) for name, column in batch.items()}).logits.argmax(-1)
        for words, (_, places), found in zip(asked, read, best.tolist(), strict=True):
            said.append(names[found] if per == "text" else _tagged(words, [names[found[place]] for place in places]))
    model.train(training)
    return said


def is_classifier(model) -> bool:
    """Whether a model has a head for labels, as its config says."""
    return any(name.endswith(tuple(HEADS.values())) for name in model.config.architectures or ())


def pieces(example: Example, per: str) -> list[str]:
    """What is read of an example: its text as one piece, or its words.

    raises  ValueError if it has no words to tag
    """
    if per == "text":
        return [example.meta.get("text", example.prompt)]
    if "words" not in example.meta:
        raise ValueError("this task's examples have no words with tags; choose a task such as roles, or per='text'")
    return list(example.meta["words"])


def encode(tokenizer, texts: list[str], length: int) -> tuple[list[int], list[int]]:
    """
    Texts side by side as an encoder reads them, between its first token and its separator.

    length   tokens at most; what is beyond is cut
    returns  (ids, places); places says where each text begins, as far as it was not cut
    """
    ids, places = [tokenizer.cls_token_id], []
    for text in texts:
        places.append(len(ids))
        ids += tokenizer(text, add_special_tokens=False, verbose=False).input_ids
    ids = ids[: length - 1]
    return [*ids, tokenizer.sep_token_id], [place for place in places if place < len(ids)]


def _names(config: Classify, examples: Sequence[Example]) -> list[str]:
    """The labels of all examples, in alphabetical order; raises ValueError if there are none, or too many."""
    if config.per == "word":
        pieces(examples[0], "word")  # says what is wrong where there are no words
        names = {tag for example in examples for tag in example.meta["tags"]}
    else:
        names = {name for example in examples for name in example.meta.get("labels", (example.completion,))}
    if not 2 <= len(names) <= MOST:
        raise ValueError(f"the examples have {len(names)} different labels; choose a task that has 2 to {MOST}")
    return sorted(names)


def _room(context: int, model) -> int:
    return min(context, getattr(model.config, "max_position_embeddings", None) or context)


def _tagged(words: list[str], tags: list[str]) -> str:
    named = zip(words, tags, strict=False)  # words beyond the cut have no tag
    return ", ".join(f"{tag}: {word.strip('.,:;!?')}" for word, tag in named if tag != NO_TAG)


RECORD = Objective(
    name="classify",
    title="A head for labels",
    claim="With a head on top, an encoder that has read learns from a hundred labels what a fresh one does not.",
    paper="Devlin et al. 2018, arXiv:1810.04805",
    year=2018,
    seed_row="Table 1, SFT: Traditional SFT",
    lab="31",
    config=Classify,
    equation=label_loss,
    unit="nats/label",
    plan=plan,
    equip=equip,
)
