"""Text to text: a model with an encoder reads a question on both sides, and its decoder writes the answer."""

from dataclasses import dataclass
from functools import partial

from ..data import encode_example, reading_order
from ..records import Objective, Plan, check_knobs, knob
from .batches import averaged, side_by_side
from .span import decoder_start, target_loss, taught


@dataclass(frozen=True)
class Text2Text:
    """How to learn from examples with an encoder."""

    context: int = knob(256, 16, 32768, "log", "tokens", "questions and answers are each cut to so many tokens")

    def __post_init__(self):
        check_knobs(self)


def plan(config: Text2Text, model, tokenizer, task, train) -> Plan:
    """The task's examples in reading order: the question for the encoder, the answer for the decoder.

    raises  ValueError if the model has no encoder beside its decoder
    """
    from transformers import Trainer, TrainingArguments

    start, rows, clipped = decoder_start(model), [], 0
    for ids, mask in (encode_example(tokenizer, example) for example in task.source()):
        begins = mask.index(1)
        question, answer = ids[:begins], ids[begins:]
        clipped += max(len(question), len(answer)) > config.context
        rows.append(taught(question[: config.context], answer[: config.context], start))
    order = reading_order([len(row["input_ids"]) for row in rows], train.batch, train.steps, train.seed)
    notes = (
        f"{clipped} of {len(rows)} examples have a question or an answer of more than {config.context} tokens, which is"
        " cut. Raise context, or shorten them.",
    )
    return Plan(
        trainer=Trainer,
        arguments=TrainingArguments,
        options={},
        rows=[rows[i] for i in order],
        collate=partial(side_by_side, pad=tokenizer.pad_token_id),
        extras={"compute_loss_func": averaged(target_loss)},
        notes=notes if clipped else (),
    )


RECORD = Objective(
    name="text2text",
    title="Text to text",
    claim="One model with one loss learns every task whose question and answer are texts, told apart by a prefix.",
    paper="Raffel et al. 2020, arXiv:1910.10683",
    year=2020,
    seed_row="Table 1, SFT: Full Fine-tuning",
    lab="31",
    config=Text2Text,
    equation=target_loss,
    plan=plan,
)
