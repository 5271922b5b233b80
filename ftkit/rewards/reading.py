"""What do models say of an answer? Rewards, and log-probabilities token by token, of many texts side by side."""

from collections.abc import Sequence

from ..data import encode_example
from ..models import goes_on
from ..world import Example

READ = 32  # texts read at a time


def is_reward_model(model) -> bool:
    """Whether a model has a head of one number, as its config says."""
    name = (model.config.architectures or [""])[0]
    return name.endswith("ForSequenceClassification") and model.config.num_labels == 1


def rewards(model, tokenizer, examples: Sequence[Example]) -> list[float]:
    """
    What a reward model gives each example's completion as an answer to its prompt.

    returns  one number an example; only differences between them mean anything
    raises   ValueError if the model gives no rewards
    """
    if not is_reward_model(model):
        raise ValueError("this model gives no rewards; choose a run of the objective reward, as run:<id>")
    found = []
    for ids, _, logits in _read(model, tokenizer, examples):
        found += logits[:, 0].float().tolist()[: len(ids)]
    return found


def completion_logprobs(model, tokenizer, examples: Sequence[Example]) -> list[list[float]]:
    """Nats, one for each token of an example's completion, its end token included."""
    if not goes_on(model):
        raise ValueError("this model does not go on from a text, so it cannot judge one; choose a causal model")
    found = []
    for ids, masks, logits in _read(model, tokenizer, examples):
        logprobs = logits[:, :-1].float().log_softmax(-1)  # (B, T - 1, V)
        said = logprobs.gather(2, ids[:, 1:, None])[..., 0]  # (B, T - 1)
        for row, mask in zip(said.tolist(), masks, strict=True):
            found.append([logprob for logprob, on in zip(row, mask[1:], strict=False) if on])
    return found


def _read(model, tokenizer, examples: Sequence[Example]):
    """Yields (input_ids, completion masks, logits) of examples side by side, padded on the right; what a model cannot
    read is cut."""
    import torch

    training = model.training
    model.eval()
    for start in range(0, len(examples), READ):
        rows = [encode_example(tokenizer, example) for example in examples[start : start + READ]]
        rows = [(ids[: room(model)], mask[: room(model)]) for ids, mask in rows]
        lengths = torch.tensor([len(ids) for ids, _ in rows], device=model.device)
        padded = torch.nn.utils.rnn.pad_sequence(
            [torch.tensor(ids) for ids, _ in rows], batch_first=True, padding_value=tokenizer.pad_token_id
        ).to(model.device)
        seen = (torch.arange(padded.shape[1], device=model.device) < lengths[:, None]).long()
        with torch.no_grad():
            yield padded, [mask for _, mask in rows], model(input_ids=padded, attention_mask=seen).logits
    model.train(training)


def room(model) -> int:
    """Tokens that a model reads at most."""
    return getattr(model.config.get_text_config(), "max_position_embeddings", None) or 10**9
