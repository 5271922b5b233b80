"""Supervised fine-tuning: shown a question, give the answer that a teacher wrote."""

from dataclasses import dataclass

from ..data import encode_example, reading_order
from ..records import Objective, Plan, check_knobs, knob


@dataclass(frozen=True)
class SFT:
    """How to learn from examples."""

    mask: bool = knob(True, help="learn the completion's tokens only; off: learn to write the question, too")
    context: int = knob(
        256, 16, 32768, "log", "tokens", "rows are cut to so many tokens, or to what the model can read"
    )

    def __post_init__(self):
        check_knobs(self)


def completion_loss(token_logprobs, completion_mask):
    """
    How surprised a model is by the teacher's answers, on average.

    loss = - sum(mask * log p) / sum(mask)

    token_logprobs   (B, T)  nats  log p of each token of a row, given those before it
    completion_mask  (B, T)        1 on tokens of the completion, its end token included; 0 on prompt and padding
    returns          ()      nats  0 if every token of every answer was certain
    raises           ValueError if shapes differ, or no token is left by the mask
    differs          averaged over all tokens of a batch, so a long answer weighs more than a short one
    source           Ouyang et al. 2022, arXiv:2203.02155, section 3.5
    """
    if token_logprobs.shape != completion_mask.shape:
        raise ValueError(f"logprobs are {tuple(token_logprobs.shape)}, the mask is {tuple(completion_mask.shape)}")
    if not completion_mask.any():
        raise ValueError("the mask leaves no token to learn from")
    return -(token_logprobs * completion_mask).sum() / completion_mask.sum()


def plan(config: SFT, model, tokenizer, task, train) -> Plan:
    """Tokenised rows in reading order for TRL's SFTTrainer.

    raises  ValueError if the cut leaves no completion to learn from
    """
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    encoded = [encode_example(tokenizer, example) for example in task.source()]
    room = getattr(model.config.get_text_config(), "max_position_embeddings", None) or config.context
    rows, notes = _cut(encoded, min(config.context, room), config.mask)
    order = reading_order([len(row["input_ids"]) for row in rows], train.batch, train.steps, train.seed)
    columns = {name: [row[name] for row in rows] for name in ("input_ids", "labels")}
    return Plan(
        trainer=SFTTrainer,
        arguments=SFTConfig,
        options={
            "packing": False,
            "max_length": None,
            "dataset_kwargs": {"skip_prepare_dataset": True},
        },
        rows=Dataset.from_dict(columns).select(order),
        collate=None,
        notes=notes,
    )


def _cut(encoded: list[tuple[list[int], list[int]]], length: int, masked: bool) -> tuple[list[dict], tuple[str, ...]]:
    """Rows with labels, and what the learner should know about those that did not fit."""
    clipped = sum(len(ids) > length for ids, _ in encoded)
    rows = [(ids[:length], mask[:length]) for ids, mask in encoded]
    kept = [(ids, mask) for ids, mask in rows if any(mask)]
    if not kept:
        raise ValueError(
            f"no prompt leaves room for its completion in {length} tokens; shorten prompts or raise context"
        )
    notes = []
    if clipped:
        notes.append(
            f"{clipped} of {len(rows)} rows are longer than {length} tokens, so their completions are clipped or left"
            " out: the model will not learn how they end. Raise context, take a model that reads more, or shorten them."
        )
    return [
        {"input_ids": ids, "labels": [i if on or not masked else -100 for i, on in zip(ids, mask, strict=True)]}
        for ids, mask in kept
    ], tuple(notes)


RECORD = Objective(
    name="sft",
    title="Supervised fine-tuning",
    claim="A few hundred examples teach a model to answer; what it answers with, it had read before.",
    paper="Ouyang et al. 2022, arXiv:2203.02155",
    year=2022,
    seed_row="Table 1, SFT: Traditional SFT",
    lab="30",
    config=SFT,
    equation=completion_loss,
    plan=plan,
)
