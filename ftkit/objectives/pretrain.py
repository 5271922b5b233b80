"""Pretraining: every token of a text is to be guessed from those before it."""

from dataclasses import dataclass
from functools import partial

from .. import machine
from ..records import Objective, Plan, check_knobs, knob

ADAMW_SHARE = 0.15  # AdamW's learning rate for embedding and norms as a share of Muon's for the matrices


@dataclass(frozen=True)
class Pretrain:
    """How to read."""

    context: int = knob(256, 16, 4096, unit="tokens", help="tokens a row; longer rows show longer texts whole")
    optimizer: str = knob(
        "muon", scale="choice", choices=("muon", "adamw"),
        help="muon needs about a third fewer tokens from random weights; adamw is the usual one to go on with",
    )  # fmt: skip
    compile: bool = knob(False, help="torch.compile: half a minute to start, then faster; needs a C++ compiler")

    def __post_init__(self):
        check_knobs(self)


def next_token_loss(logits, input_ids):
    """
    How surprised a reader is by each next token, on average.

    loss = - mean over t of log softmax(logits[t])[input_ids[t + 1]]

    logits     (B, T, V)         before softmax; those at t foretell token t + 1
    input_ids  (B, T)            what was really read
    returns    ()       nats     log V if every token seems equally likely
    source     Radford et al. 2018, Improving Language Understanding by Generative Pre-Training, eq. 1
    """
    from torch.nn.functional import cross_entropy

    foretold, read = logits[:, :-1].float(), input_ids[:, 1:]
    return cross_entropy(foretold.flatten(0, 1), read.flatten())


def plan(config: Pretrain, model, tokenizer, task, train) -> Plan:
    """Rows of the corpus, and a Trainer with the two optimisers."""
    from transformers import TrainingArguments

    rows = task.rows(tokenizer, config.context, train.steps * train.batch, train.seed)
    return Plan(
        trainer=_trainer_class(config),
        arguments=TrainingArguments,
        options={"torch_compile": config.compile, "dataloader_num_workers": machine.loaders()},
        rows=rows,
        collate=_collate,
    )


def optimizer_groups(model, learning_rate: float) -> tuple[list[dict], list[dict]]:
    """Hidden matrices for Muon; embedding, output head, norms and biases for AdamW."""
    import torch

    matrices, others, seen = [], [], set()
    tables = [part for part in model.modules() if isinstance(part, torch.nn.Embedding)]
    embeddings = {id(part.weight) for part in (*tables, model.get_output_embeddings()) if part is not None}
    for weight in model.parameters():
        if weight.requires_grad and id(weight) not in seen:
            seen.add(id(weight))
            hidden = weight.ndim == 2 and id(weight) not in embeddings
            (matrices if hidden else others).append(weight)
    muon = {"params": matrices, "lr": learning_rate, "kind": "muon", "weight_decay": 0.01}
    adamw = {"params": others, "lr": learning_rate * ADAMW_SHARE, "kind": "adamw", "weight_decay": 0.0}
    return [muon] if matrices else [], [adamw] if others else []


def orthogonal(update, steps: int = 5):
    """
    A change of a matrix with its directions kept and their lengths made alike (singular values near 1), by products.

    x <- a x + (b x x' + c (x x')^2) x

    update   (..., R, C)  in the number format in which the products are fast; several matrices side by side
    steps    of the Newton-Schulz iteration
    returns  (..., R, C)  singular values of 0.7 to 1.2 where those of the update are not tiny
    source   Jordan et al. 2024, kellerjordan.github.io/posts/muon
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = update.shape[-2] > update.shape[-1]
    x = update.mT if tall else update
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    for _ in range(steps):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x.mT if tall else x


def joint_optimizer(model, learning_rate: float, short: bool = True):
    """
    Muon for the hidden matrices and AdamW for the rest as ONE optimiser: a trainer steps, schedules and saves it.

    learning_rate  Muon's; AdamW takes `ADAMW_SHARE` of it
    short          Muon's products in bfloat16, as torch's own has them; in float32 where 16 bits are slow
    source         Jordan et al. 2024, kellerjordan.github.io/posts/muon
    """
    import torch

    class Joint(torch.optim.Optimizer):
        def __init__(self, muon: list[dict], adamw: list[dict]):
            super().__init__([*muon, *adamw], {"lr": learning_rate})
            self._parts()

        def _parts(self):
            """Two optimisers over our own groups and state: they share both, so nothing is kept twice."""
            self.parts = []
            for kind, make in (("muon", partial(_muon, short=short)), ("adamw", _adamw)):
                groups = [group for group in self.param_groups if group["kind"] == kind]
                if groups:
                    part = make(groups)
                    for own, theirs in zip(groups, part.param_groups, strict=True):
                        own.update({key: value for key, value in theirs.items() if key not in own})
                    part.param_groups, part.state = groups, self.state
                    self.parts.append(part)

        def step(self, closure=None):
            loss = closure() if closure else None
            for part in self.parts:
                part.step()
            return loss

        def load_state_dict(self, state_dict):
            super().load_state_dict(state_dict)
            self._parts()

    return Joint(*optimizer_groups(model, learning_rate))


def _muon(groups, short: bool):
    """torch's Muon, with matrices of one shape side by side: a dozen products a step instead of hundreds."""
    import torch

    class Muon(torch.optim.Optimizer):
        @torch.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                moving = [weight for weight in group["params"] if weight.grad is not None]
                for shape in dict.fromkeys(weight.shape for weight in moving):
                    self._move([weight for weight in moving if weight.shape == shape], **group)

        def _move(self, weights, lr, momentum, weight_decay, **_):
            gradients = [weight.grad for weight in weights]
            buffers = [self.state[one].setdefault("momentum_buffer", torch.zeros_like(one)) for one in weights]
            torch._foreach_lerp_(buffers, gradients, 1 - momentum)
            updates = torch.stack(torch._foreach_lerp(gradients, buffers, momentum))  # (matrices, R, C)
            updates = orthogonal(updates.bfloat16() if short else updates).to(updates.dtype)
            rate = lr * max(1.0, updates.shape[1] / updates.shape[2]) ** 0.5
            torch._foreach_mul_(weights, 1 - lr * weight_decay)
            torch._foreach_add_(weights, list(updates.unbind()), alpha=-rate)

    return Muon([{"params": group["params"]} for group in groups], {"momentum": 0.95})


def _adamw(groups):
    import torch

    return torch.optim.AdamW([{"params": group["params"]} for group in groups], betas=(0.9, 0.95), fused=True)


def _collate(rows: list[dict]) -> dict:
    import torch

    return {"input_ids": torch.tensor([row["input_ids"] for row in rows])}


def trainer_with(optimizer: str) -> type:
    """The library's Trainer with the optimiser that a knob names, "muon" or "adamw"."""
    from transformers import Trainer

    class Mover(Trainer):
        def create_optimizer(self, model=None):
            if self.optimizer is None and optimizer == "muon":
                self.optimizer = joint_optimizer(self.model, self.args.learning_rate, short=self.args.bf16)
            return super().create_optimizer(model)

    return Mover


def _trainer_class(config: Pretrain):
    class Reader(trainer_with(config.optimizer)):
        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            outputs = model(input_ids=inputs["input_ids"], use_cache=False)
            loss = next_token_loss(outputs.logits, inputs["input_ids"])
            return (loss, outputs) if return_outputs else loss

    return Reader


RECORD = Objective(
    name="pretrain",
    title="Pretraining",
    claim="Guessing the next token of enough text leaves grammar, facts and sums in the weights.",
    paper="Radford et al. 2018, Improving Language Understanding by Generative Pre-Training",
    year=2018,
    seed_row="Section 2.2, pre-training as Vorverständnis",
    lab="10",
    config=Pretrain,
    equation=next_token_loss,
    plan=plan,
)
