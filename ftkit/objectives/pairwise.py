"""What objectives share that learn from pairs: rows of a question with two answers, and what was left out of them."""

from ..data import encode_example, is_pairs
from ..world import Example


def pairs_of(task):
    """What is read, if it is pairs.

    raises  ValueError that says what would be
    """
    if not is_pairs(task):
        raise ValueError(
            f"the task is {type(task).__name__}(...), whose questions have one answer each; this objective learns from"
            " two, so choose Pairs(...)"
        )
    return task


def paired(model, tokenizer, task, context: int) -> tuple[list[dict], tuple[str, ...]]:
    """
    A source's pairs as tokens, both answers cut to what the model can read, and what the learner should know of it.

    context  tokens of a question with its answer, at most
    returns  ([{"prompt_ids", "chosen_ids", "rejected_ids"}], notes)
    raises   ValueError if the source has no pairs, or none is left to learn from
    """
    pairs = pairs_of(task).source()
    length = min(context, getattr(model.config.get_text_config(), "max_position_embeddings", None) or context)
    rows, alike, without_room, clipped = [], 0, 0, 0
    for pair in pairs:
        prompt, chosen = _parted(tokenizer, pair)
        _, rejected = _parted(tokenizer, Example(pair.prompt, pair.rejected))
        room = length - len(prompt)
        if room <= 0:
            without_room += 1
        elif chosen[:room] == rejected[:room]:
            alike += 1
        else:
            clipped += max(len(chosen), len(rejected)) > room
            rows.append({"prompt_ids": prompt, "chosen_ids": chosen[:room], "rejected_ids": rejected[:room]})
    counted = (
        (alike, "have the same answer twice, as far as it is read, and were left out"),
        (
            without_room,
            f"have a prompt that fills all {length} tokens, and were left out. Raise context, or shorten it",
        ),
        (clipped, f"have an answer that does not fit into {length} tokens, and is cut. Raise context, or shorten it"),
    )
    notes = tuple(f"{count} of {len(pairs)} pairs {what}." for count, what in counted if count)
    if not rows:
        raise ValueError(f"no pair is left to learn from: {' '.join(notes)}".rstrip("."))
    return rows, notes


def _parted(tokenizer, example: Example) -> tuple[list[int], list[int]]:
    """(tokens of the prompt, tokens of the completion)"""
    ids, mask = encode_example(tokenizer, example)
    begins = mask.index(1)
    return ids[:begins], ids[begins:]
