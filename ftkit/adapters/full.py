"""Full fine-tuning: every weight moves."""

from dataclasses import dataclass

from ..records import Adapter


@dataclass(frozen=True)
class Full:
    """No knob: all weights."""


def full_forward(x, weight, change):
    """
    What a linear layer says after all of its weights have moved.

    y = x (W + dW)^T

    x        (..., D_in)
    weight   (D_out, D_in)  before training
    change   (D_out, D_in)  what training added: as many numbers as the layer has
    returns  (..., D_out)
    source   Raffel et al. 2020, arXiv:1910.10683, section 3.5.1
    """
    return x @ (weight + change).T


def attach(model, config: Full, seed: int = 0):
    """Every weight is trained; the model itself is returned."""
    model.requires_grad_(True)
    return model


def merge(model):
    """Nothing to merge: the change is in the weights already."""
    return model


RECORD = Adapter(
    name="full",
    title="Full fine-tuning",
    claim="Every weight may move, so anything can be learned, and anything forgotten.",
    paper="Raffel et al. 2020, arXiv:1910.10683",
    year=2020,
    seed_row="Table 1, SFT: Full Fine-tuning",
    lab="30",
    config=Full,
    equation=full_forward,
    attach=attach,
    merge=merge,
)
