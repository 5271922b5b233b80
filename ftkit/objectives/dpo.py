"""Direct preference optimisation: the better of two answers becomes likelier than the worse, without a reward model."""

import warnings
from dataclasses import dataclass
from functools import cache

from ..data import reading_order
from ..models import goes_on
from ..records import Objective, Plan, check_knobs, knob
from .pairwise import paired

TELLS = {
    "margin": "rewards/margins",
    "accuracy": "rewards/accuracies",
    "chosen_logprob": "logps/chosen",
    "rejected_logprob": "logps/rejected",
    "chosen_logratio": "logratios/chosen",
    "rejected_logratio": "logratios/rejected",
}


@dataclass(frozen=True)
class DPO:
    """How far the policy may go from where it began."""

    beta: float = knob(
        0.1, 1e-3, 10.0, "log", "1/nat", "price of leaving the reference: larger keeps the policy nearer", live=True
    )
    context: int = knob(256, 16, 32768, "log", "tokens", "a question with an answer is cut to so many")

    def __post_init__(self):
        check_knobs(self)


def dpo_loss(chosen_logratio, rejected_logratio, beta):
    """
    How far each pair is from preferring the chosen completion.

    loss = -log sigmoid(beta * (chosen_logratio - rejected_logratio))

    chosen_logratio    (B,)  nats   log policy - log reference, summed over the tokens of the completion
    rejected_logratio  (B,)  nats   the same for the rejected completion
    beta               ()    1/nat  larger keeps the policy nearer the reference
    returns            (B,)  nats   log 2 while policy and reference agree
    raises             ValueError if shapes differ
    source             Rafailov et al. 2023, arXiv:2305.18290, eq. 7
    """
    from torch.nn.functional import logsigmoid

    if chosen_logratio.shape != rejected_logratio.shape:
        raise ValueError(
            f"there are {tuple(chosen_logratio.shape)} chosen and {tuple(rejected_logratio.shape)} rejected; give pairs"
        )
    return -logsigmoid(beta * (chosen_logratio - rejected_logratio))


def plan(config: DPO, model, tokenizer, task, train) -> Plan:
    """Pairs in reading order for TRL's DPOTrainer, whose reference is this very model as it is now.

    raises  ValueError if the model does not write, or there is no pair to learn from
    """
    from datasets import Dataset
    from trl import DPOConfig

    if not goes_on(model):
        raise ValueError(
            "this model does not go on from a text, so its answers have no probability; choose a causal model"
        )
    warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)  # TRL's own affair
    rows, notes = paired(model, tokenizer, task, config.context)
    lengths = [len(row["prompt_ids"]) + max(len(row["chosen_ids"]), len(row["rejected_ids"])) for row in rows]
    order = reading_order(lengths, train.batch, train.steps, train.seed)
    return Plan(
        trainer=_trainer(),
        arguments=DPOConfig,
        options={"beta": config.beta, "max_length": None, "precompute_ref_log_probs": True},
        rows=Dataset.from_list(rows).select(order),
        collate=None,
        notes=notes,
        tells=TELLS,
    )


@cache
def _trainer() -> type:
    import torch
    from datasets import Dataset
    from trl import DPOTrainer

    class Trainer(DPOTrainer):
        """TRL's, with a reference that is the model in memory: TRL would load it again from where it was loaded once,
        which forgets whatever it has learned since. Its log-probabilities are computed before the first step."""

        def __init__(self, model, **how):
            super().__init__(model, **how)
            if "ref" in getattr(model, "peft_config", {}):  # TRL's copy of the adapter; all that it says is known now
                model.delete_adapter("ref")

        def _prepare_dataset(self, dataset, *_):
            return dataset  # it holds tokens already

        def _precompute_ref_logps(self, dataset, name, batch_size):
            asked = list({str(row): row for row in dataset}.values())
            found = {}
            for start in range(0, len(asked), batch_size):
                bite = asked[start : start + batch_size]
                batch = {key: value.to(self.args.device) for key, value in self.data_collator(bite).items()}
                logprobs = torch.stack(self.compute_ref_log_probs(self.model, batch), 1).tolist()
                found |= dict(zip(map(str, bite), logprobs, strict=True))
            columns = ("ref_chosen_logps", "ref_rejected_logps")
            return Dataset.from_list([{**row, **dict(zip(columns, found[str(row)], strict=True))} for row in dataset])

        def _compute_loss(self, model, inputs, return_outputs):
            out = super()._compute_loss(model, inputs, return_outputs)
            said = self._metrics["train" if model.training else "eval"]
            for which in ("chosen", "rejected"):
                said[f"logratios/{which}"].append(said[f"rewards/{which}"][-1] / self.beta)
            return out

    return Trainer


RECORD = Objective(
    name="dpo",
    title="Direct preference optimisation",
    claim="Pairs alone teach a preference; no reward model is trained, and nothing is sampled.",
    paper="Rafailov et al. 2023, arXiv:2305.18290",
    year=2023,
    seed_row="Table 1, RLHF: DPO",
    lab="54",
    config=DPO,
    equation=dpo_loss,
    unit="nats/pair",
    tells={"margin": "nats", "accuracy": "share"} | dict.fromkeys(list(TELLS)[2:], "nats/answer"),
    plan=plan,
)
