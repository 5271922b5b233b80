"""How does a model grow? Twice the blocks, and at first every word as it was."""

import copy
import re

from .layouts import Layout

BLOCK = re.compile(r"(model\.layers\.)(\d+)\.(.+)")


def deepened(model):
    """
    A Llama with twice the blocks that says what it said: behind each block stands a copy that adds nothing yet.

    h <- h + attention(h) W_o,  h <- h + inside(h) W_down,  and W_o = W_down = 0 in the copies

    model    as the library opens it; it is left as it is
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
    with torch.random.fork_rng(devices=[]), model.device:
        grown = type(model)(config).to(model.dtype)
    grown.load_state_dict(weights)
    grown.tie_weights()
    return grown.eval()
