"""What does each token cost? A text token by token, with a number for each."""

import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..data import encode_example
from ..models import goes_on
from ..rewards import is_reward_model


@dataclass(frozen=True)
class TokenValues:
    """Tokens of a text and a number for each: its loss, probability, ratio, advantage, weight or mask.

    label   whose numbers these are: "small, with a hint"
    tokens  as they are written, blanks and all
    values  None where a token is not judged
    unit    "nats", "probability", "advantage"
    """

    label: str
    tokens: tuple[str, ...]
    values: tuple[float | None, ...]
    unit: str

    def __post_init__(self):
        if not self.tokens:
            raise ValueError(f"{self.label} has no token; give a text of at least one")
        if len(self.tokens) != len(self.values):
            raise ValueError(
                f"{self.label} has {len(self.tokens)} tokens and {len(self.values)} values; give each token a number,"
                " or None"
            )


def token_losses(model, tokenizer, example, label: str = "loss") -> TokenValues:
    """
    How surprised a model is by each token of the right answer; the tokens of the prompt are read and not judged.

    loss = -log p(token | all tokens before it)

    returns  nats, one for each token of the completion, its end token included
    raises   ValueError if the model does not go on from a text, or cannot read so long a row
    """
    import torch

    if not goes_on(model):
        raise ValueError("this model does not go on from a text, so its tokens have no loss; give a causal one")
    ids, mask = encode_example(tokenizer, example)
    room = getattr(model.config, "max_position_embeddings", None) or len(ids)
    if len(ids) > room:
        raise ValueError(f"the example has {len(ids)} tokens and the model's context {room}; give a shorter one")
    row = torch.tensor([ids], device=model.device)
    training = model.training
    model.eval()
    with torch.no_grad():
        logprobs = model(input_ids=row, use_cache=False).logits[0, :-1].float().log_softmax(-1)
    model.train(training)
    losses = [None, *(-logprobs.gather(1, row[0, 1:, None])[:, 0]).tolist()]  # nothing stands before the first token
    values = tuple(loss if on else None for loss, on in zip(losses, mask, strict=True))
    return TokenValues(label, written(tokenizer, ids), values, "nats")


def token_rewards(model, tokenizer, example, label: str = "reward") -> TokenValues:
    """
    What a reward model would give if the text ended at each token; at the last one, its reward.

    returns  one number for each token of the completion, its end token included; those of the prompt are read only
    raises   ValueError if the model gives no rewards, or has its head elsewhere than at each token
    """
    import torch

    if not is_reward_model(model) or not hasattr(model, "score"):
        raise ValueError("this model gives no reward at a token; choose a run of the objective reward, as run:<id>")
    ids, mask = encode_example(tokenizer, example)
    training = model.training
    model.eval()
    with torch.no_grad():
        states = model.base_model(input_ids=torch.tensor([ids], device=model.device)).last_hidden_state  # (1, T, D)
        given = model.score(states)[0, :, 0].float().tolist()
    model.train(training)
    values = tuple(reward if on else None for reward, on in zip(given, mask, strict=True))
    return TokenValues(label, written(tokenizer, ids), values, "reward")


def auc(values: Sequence[float], marked: Collection[int]) -> float:
    """
    The chance that a marked token has more than one that is not; ties count half.

    marked   places of the marked tokens
    returns  1 if all of them stand out above all others, 0.5 if the values say nothing about it
    raises   ValueError if no token is marked, or every one
    """
    inside = [value for place, value in enumerate(values) if place in marked]
    outside = [value for place, value in enumerate(values) if place not in marked]
    if not inside or not outside:
        raise ValueError(f"{len(inside)} of {len(values)} tokens are marked; mark some, and leave some")
    return statistics.fmean((one > other) + (one == other) / 2 for one in inside for other in outside)


def written(tokenizer, ids: Sequence[int]) -> tuple[str, ...]:
    """Tokens as they stand within a text: some tokenizers drop the blank before the first one."""
    return tuple(tokenizer.decode([token, token])[len(tokenizer.decode([token])) :] for token in ids)
