"""How does a model become another? It keeps its weights, and gets twice the blocks, or sees both sides."""

import copy
import re

from .layouts import Layout

BLOCK = re.compile(r"(model\.layers\.)(\d+)\.(.+)")


def deepened(model, tokenizer):
    """
    A Llama with twice the blocks that says what it said: behind each block stands a copy that adds nothing yet.

    h <- h + attention(h) W_o,  h <- h + inside(h) W_down,  and W_o = W_down = 0 in the copies

    model    as the library opens it; it is left as it is, as its tokenizer is
    returns  a new one, of the same config but for the number of blocks
    source   Wu et al. 2024, arXiv:2401.02415, section 3.1
    differs  every block is copied, not the last of each group; and all weights go on to learn, not the copies' alone
    """
    import torch

    config = copy.deepcopy(model.config)
    config.num_hidden_layers *= 2
    weights = {}
    for name, weight in model.state_dict().items():
        if found := BLOCK.fullmatch(name):
            stem, number, part = found[1], int(found[2]), found[3]
            weights[f"{stem}{2 * number}.{part}"] = weight
            weights[f"{stem}{2 * number + 1}.{part}"] = (
                torch.zeros_like(weight) if part.endswith(Layout.closing) else weight.clone()
            )
        else:
            weights[name] = weight
    return _with(weights, type(model), config, model)


def bidirectional(model, tokenizer):
    """
    A Llama as an encoder: every weight as it was, and every token sees those behind it, too.

    What it says of a token is at first what it used to say of the one behind; some masked reading teaches it better.

    model    as the library opens it; it is left as it is, as its tokenizer is
    returns  a EuroBERT of the same shape, for masked tokens
    source   BehnamGhader et al. 2024, arXiv:2404.05961, section 2
    differs  a masked token is foretold at its own place, as in BERT, and not at the place before it; all weights learn
    """
    from transformers import EuroBertConfig, EuroBertForMaskedLM

    shape = {name: value for name, value in model.config.to_dict().items() if name in EuroBertConfig().to_dict()}
    for name in ("model_type", "architectures", "dtype"):  # of what it was
        shape.pop(name)
    config = EuroBertConfig(**shape, mask_token_id=tokenizer.mask_token_id, classifier_pooling="mean")
    return _with(model.state_dict(), EuroBertForMaskedLM, config, model)


GROWN = {"deeper": deepened, "bidirectional": bidirectional}


def _with(weights: dict, kind: type, config, before):
    """A model of some kind with these weights, where the one before it is."""
    import torch

    config._attn_implementation = before.config._attn_implementation
    with torch.random.fork_rng(devices=[]), before.device:
        model = kind(config).to(before.dtype)
    model.load_state_dict(weights)
    model.tie_weights()
    return model.eval()
