"""LoRA: beside each frozen matrix, a thin one that moves."""

import warnings
from dataclasses import dataclass

from ..records import Adapter, check_knobs, knob

TARGETS = {
    "all-linear": "all-linear",
    "attention": ["q_proj", "k_proj", "v_proj", "o_proj"],
    "q and v": ["q_proj", "v_proj"],
}

HEADS = {"ForSequenceClassification": "SEQ_CLS", "ForTokenClassification": "TOKEN_CLS"}


@dataclass(frozen=True)
class LoRA:
    """How thin, how loud, and where."""

    rank: int = knob(8, 1, 512, "log", help="thickness of the added matrices; at most a layer's smaller side")
    alpha: float = knob(16.0, 0.5, 1024.0, "log", help="loudness: the change is multiplied by alpha / rank")
    targets: str = knob(
        "all-linear", scale="choice", choices=tuple(TARGETS),
        help="which matrices get one; the paper took q and v, all of them learn more for their size",
    )  # fmt: skip

    def __post_init__(self):
        check_knobs(self)


def lora_forward(x, weight, a, b, alpha):
    """
    What a linear layer says with a low-rank change beside it.

    y = x W^T + (alpha / rank) (x A^T) B^T

    x        (..., D_in)
    weight   (D_out, D_in)  frozen
    a        (R, D_in)      random at first
    b        (D_out, R)     zero at first, so a fresh adapter changes nothing
    alpha    ()             loudness of the change
    returns  (..., D_out)
    raises   ValueError if a and b have different ranks
    source   Hu et al. 2021, arXiv:2106.09685, eq. 3
    """
    rank = a.shape[0]
    if b.shape[1] != rank:
        raise ValueError(f"a has rank {rank} and b has rank {b.shape[1]}; choose the same for both")
    return x @ weight.T + (alpha / rank) * (x @ a.T) @ b.T


def attach(model, config: LoRA, seed: int = 0):
    """
    Freezes the model and puts PEFT's LoRA beside its matrices.

    A new head, which has nothing to be kept, is trained whole.

    seed    of the random half of the change; global chance is untouched
    raises  ValueError if the rank is above the smaller side of a layer, where it would only waste weights
    """
    import torch
    from peft import LoraConfig, get_peft_model

    warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)  # PEFT's own affair
    warnings.filterwarnings("ignore", "Could not find a config file in", UserWarning)  # no vocabulary is changed here
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        adapted = get_peft_model(
            model,
            LoraConfig(
                r=config.rank,
                lora_alpha=config.alpha,
                target_modules=TARGETS[config.targets],
                lora_dropout=0.0,
                task_type=_kind(model),
            ),
        )
    for name, layer in adapted.named_modules():
        if hasattr(layer, "lora_A"):
            side = min(layer.in_features, layer.out_features)
            if config.rank > side:
                where = name.removeprefix("base_model.model.")
                raise ValueError(
                    f"rank is {config.rank} but the smaller side of {where} is {side}; choose rank <= {side}"
                )
    return adapted


def _kind(model) -> str:
    """What PEFT calls the model's kind; from it, it knows the head."""
    name = (model.config.architectures or [""])[0]
    return next((kind for ending, kind in HEADS.items() if name.endswith(ending)), "CAUSAL_LM")


def merge(model):
    """The plain model with the change added into its weights."""
    return model.merge_and_unload()


RECORD = Adapter(
    name="lora",
    title="LoRA",
    claim="A change of low rank is enough: a few hundredths as many weights learn the task, beside frozen ones.",
    paper="Hu et al. 2021, arXiv:2106.09685",
    year=2021,
    seed_row="Table 1, SFT: LoRA",
    lab="40",
    config=LoRA,
    equation=lora_forward,
    attach=attach,
    merge=merge,
)
