"""What our own trainers share: rows side by side, and a loss that is the mean over a whole batch."""

from collections.abc import Callable

IGNORED = -100  # the libraries' label of a place where nothing is to be said


def side_by_side(rows: list[dict], pad: int) -> dict:
    """
    Rows as tensors, short ones filled up on the right.

    pad      fills every column but the labels, which are filled with -100
    returns  {column: (B, T), or (B,) where a row has one number}, and an attention_mask if anything was filled up
    """
    import torch

    batch = {name: _filled([row[name] for row in rows], IGNORED if name == "labels" else pad) for name in rows[0]}
    lengths = torch.tensor([len(row["input_ids"]) for row in rows])
    if lengths.min() < lengths.max():
        batch["attention_mask"] = (torch.arange(int(lengths.max())) < lengths[:, None]).long()
    return batch


def averaged(equation: Callable) -> Callable:
    """An equation of (logits, labels) as a Trainer calls it: every label counts the same, in however many bites a batch
    is read."""

    def loss(outputs, labels, num_items_in_batch=None):
        mean = equation(outputs.logits, labels)
        return mean if num_items_in_batch is None else mean * (labels != IGNORED).sum() / num_items_in_batch

    return loss


def _filled(values: list, filler: int):
    import torch

    if isinstance(values[0], int):
        return torch.tensor(values)
    longest = max(map(len, values))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in values])
