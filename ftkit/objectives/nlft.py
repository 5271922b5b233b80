"""NLFT: the model reads its own answer three times, and learns each word by how the three readings differ."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache, partial

from ..data import reading_order
from ..records import Objective, Plan, check_knobs, knob
from .told import READINGS, dealt, laid_side_by_side, three_readings, told_rows

LEAST = 1e-5  # a probability is never nearer to 1, or its unlikelihood would be infinite
FLOOR = 0.01  # a token that even the critic's reader holds for so unlikely was not its idea
TELLS = {"salient": "share of tokens", "blamed": "share of tokens", "weight": "weight/token"}  # and their units


@dataclass(frozen=True)
class NLFT:
    """When a token counts as learned from the answer, and when as the critic's.

    hint        how a reader is told the {answer}, behind the question
    criticised  how a reader is told the {criticism}, behind the question
    """

    sure: float = knob(
        0.95, 0.5, 0.999, help="p with the answer at hand, from which a token of a right solution is salient"
    )
    blamed: float = knob(1.5, 1.0, 100.0, "log", help="how much likelier the criticism must make a token to blame it")
    most: float = knob(
        0.06, 0.0, 1.0, help="share of blamed tokens beyond which the rest of a wrong solution is not learned"
    )
    near: float = knob(0.4, 0.0, 1.0, help="cosine of states from which a neighbour belongs to a salient token")
    as_released: bool = knob(False, help="neighbours as in the released code, which took a distance for a similarity")
    shuffled: bool = knob(False, help="deals the weights of each solution out anew: right in sum, by chance in place")
    voice: str = knob(
        "asked", scale="choice", choices=("asked", "text"),
        help="how a question with a hint is read: as the question alone is, or as texts go, which base models know",
    )  # fmt: skip
    context: int = knob(
        256, 16, 32768, "log", "tokens", "a question, all that is told, and an answer are cut to so many"
    )
    hint: str = "Hint: the answer is {answer}."
    criticised: str = "{criticism}"

    def __post_init__(self):
        check_knobs(self)
        for name, hole in (("hint", "{answer}"), ("criticised", "{criticism}")):
            if hole not in getattr(self, name):
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must have a place for {hole}")


def grown(seeds, states, completion_mask, near: float, as_released: bool = False):
    """
    Salient tokens with their neighbours: from each seed outwards, as long as a state resembles those joined so far.

    seeds            (B, T)     1 on salient tokens
    states           (B, T, D)  last hidden states
    completion_mask  (B, T)
    near             ()         cosine between a neighbour and the mean of what has been joined
    as_released      the released code joins where 1 - cosine is above the same number: unlike neighbours
    returns          (B, T)     1 on seeds and on what was joined
    source           Li et al. 2024, arXiv:2412.20382, section 3, and its code
    """
    seeds, inside = seeds.bool(), completion_mask.bool()
    right = _walked(states, inside, near, as_released)
    left = _walked(states.flip(1), inside.flip(1), near, as_released).flip(1, 2)
    return (seeds | (seeds[..., None] & (right | left)).any(1)).to(states.dtype)


def _walked(states, inside, near: float, as_released: bool):
    """(B, T, T): whether a walk to the right from s comes to p. A mean has the direction of the sum, so the cosine of
    state p with the mean of states s to p - 1 follows from their products."""
    import torch
    from torch.nn.functional import pad

    states = states.double()
    products = states @ states.mT  # (B, T, T)
    sums = pad(products.cumsum(1).cumsum(2), (1, 0, 1, 0))  # (B, T + 1, T + 1) over all before s and before p
    own = sums.diagonal(dim1=1, dim2=2)  # (B, T + 1)
    lengths = (own[:, None, :-1] + own[:, :-1, None] - 2 * sums[:, :-1, :-1]).clamp(min=1e-12).sqrt()
    upto = pad(products.cumsum(1), (0, 0, 1, 0))  # (B, T + 1, T)
    meets = upto[:, :-1].diagonal(dim1=1, dim2=2)[:, None] - upto[:, :-1]
    cosine = meets / (lengths * states.norm(dim=-1)[:, None].clamp(min=1e-6))
    alike = (1 - cosine if as_released else cosine) > near
    ahead = torch.ones_like(alike).triu(1)
    return ((alike & inside[:, None]) | ~ahead).long().cumprod(2).bool() & ahead & inside[..., None]


def right_weights(answer, salient, joined, sure: float):
    """
    How much each token of a right solution counts.

    1 + ((a - sure) / (1 - sure))^5 on salient tokens, (a / sure)^0.3 on those joined to them, (a / sure)^0.6 elsewhere

    answer   (B, T)  p of each token with the answer at hand
    salient  (B, T)  1 where a > sure
    joined   (B, T)  1 on salient tokens and their neighbours
    returns  (B, T)  1 to 2 on salient tokens, at most 1 elsewhere
    source   Li et al. 2024, arXiv:2412.20382, section 3
    """
    import torch

    far = (answer / sure) ** torch.where(joined.bool(), 0.3, 0.6)
    return torch.where(salient.bool(), 1 + ((answer - sure) / (1 - sure)).clamp(min=0) ** 5, far)


def blamed_tokens(base, answer, judged, blamed: float):
    """
    Tokens of a wrong solution that the criticism explains: with it at hand they are much likelier.

    base, answer, judged  (B, T)  p of each token plain, with the answer, with the criticism at hand
    returns               (B, T)  1 where judged / base > blamed, judged / answer > blamed, judged > 0.01
    """
    return ((judged > blamed * base) & (judged > blamed * answer) & (judged > FLOOR)).to(base.dtype)


def wrong_weights(base, answer, judged, unlikely, joined, completion_mask, blamed: float, most: float):
    """
    How much each token of a wrong solution counts.

    2 sigmoid(j / b - blamed) on blamed tokens, 0 on those joined to them, sqrt(a) elsewhere, or 0 there, too, where
    more than a share `most` of the solution is blamed

    base, answer, judged  (B, T)  p of each token plain, with the answer, with the criticism at hand
    unlikely              (B, T)  1 on blamed tokens
    joined                (B, T)  1 on blamed tokens and their neighbours
    returns               (B, T)  1 to 2 on blamed tokens, at most 1 elsewhere
    source                Li et al. 2024, arXiv:2412.20382, section 3
    """
    import torch

    share = unlikely.sum(-1, keepdim=True) / completion_mask.sum(-1, keepdim=True)
    rest = answer.sqrt() * (1 - joined) * (share <= most)
    return torch.where(unlikely.bool(), 2 * torch.sigmoid(judged / base.clamp(min=1e-9) - blamed), rest)


def nlft_loss(base_logprobs, weights, unlikely, completion_mask):
    """
    Learns tokens by their weights, and unlearns those that the criticism explains.

    loss = - 1/n sum over tokens of [w log b where they are learned, w log(1 - b) where they are blamed]

    base_logprobs    (B, T)  nats  log b: of each token, the question alone at hand; the only reading with a gradient
    weights          (B, T)        w; 0 where nothing is to be learned
    unlikely         (B, T)        1 on blamed tokens
    completion_mask  (B, T)        1 on tokens of the solution; n is their number
    returns          ()      nats
    source           Li et al. 2024, arXiv:2412.20382, section 3
    differs          no plain likelihood is added and nothing is multiplied by 10, as the released code does
    """
    import torch

    chance = base_logprobs.exp().clamp(max=1 - LEAST)
    each = torch.where(unlikely.bool(), torch.log1p(-chance), base_logprobs)
    return -(weights * each * completion_mask).sum(-1).div(completion_mask.sum(-1)).mean()


def weighed(config: NLFT, base, answer, judged, states, right, completion_mask):
    """
    What is to be done with each token of right and wrong solutions.

    base, answer, judged  (B, T)     p of each token plain, with the answer, with the criticism at hand
    states                (B, T, D)  last hidden states of the plain reading
    right                 (B,)       whether a solution is right
    returns               (weights (B, T), 1 on salient tokens (B, T), 1 on blamed tokens (B, T))
    """
    import torch

    right = right[:, None].bool()
    salient = ((answer > config.sure) & right) * completion_mask
    unlikely = blamed_tokens(base, answer, judged, config.blamed) * ~right * completion_mask
    joined = grown(salient + unlikely, states, completion_mask, config.near, config.as_released)
    weights = torch.where(
        right,
        right_weights(answer, salient, joined, config.sure),
        wrong_weights(base, answer, judged, unlikely, joined, completion_mask, config.blamed, config.most),
    )
    return weights * completion_mask, salient, unlikely


def plan(config: NLFT, model, tokenizer, task, train) -> Plan:
    """
    Attempts in reading order, each under three prompts.

    raises  ValueError if the model does not write, the task is no attempts, or none is left to learn from
    """
    from transformers import TrainingArguments

    rows, notes = told_rows(config, model, tokenizer, task)
    order = reading_order([len(row["hint"]) + len(row["said"]) for row in rows], train.batch, train.steps, train.seed)
    rows = [rows[i] for i in order]
    if config.shuffled:
        rows = [row | {"order": dealt(train.seed, i, len(row["said"]))} for i, row in enumerate(rows)]
    return Plan(
        trainer=_trainer(),
        arguments=TrainingArguments,
        options={},
        rows=rows,
        collate=partial(laid_side_by_side, pad=tokenizer.pad_token_id),
        extras={"config": config},
        notes=notes,
        tells={name: name for name in TELLS},
        count=lambda trainer, batch: sum(int(batch[name]["attention_mask"].sum()) for name in READINGS),
    )


@cache
def _trainer() -> type:
    from transformers import Trainer

    class Tutored(Trainer):
        """Reads each answer three times with the weights as they are; the plain reading alone has a gradient."""

        def __init__(self, *args, config: NLFT, **kwargs):
            super().__init__(*args, **kwargs)
            self.config, self._metrics = config, {"train": defaultdict(list)}

        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            mask = inputs["plain"]["completion_mask"]
            base_logprobs, answer, judged, states = three_readings(model, inputs)
            base = base_logprobs.detach().exp()
            weights, salient, unlikely = weighed(self.config, base, answer, judged, states, inputs["right"], mask)
            if "order" in inputs:
                weights, unlikely = (one.gather(1, inputs["order"]) for one in (weights, unlikely))
            for name, one in zip(TELLS, (salient, unlikely, weights), strict=True):
                self._metrics["train"][name].append((one.sum() / mask.sum()).item())
            return nlft_loss(base_logprobs, weights, unlikely, mask)

    return Tutored


RECORD = Objective(
    name="nlft",
    title="Natural-language fine-tuning",
    claim="A model that reads its answer again, knowing the right one or a criticism, tells which words to learn.",
    paper="Li et al. 2024, arXiv:2412.20382",
    year=2024,
    seed_row="Table 1, Tutorial fine-tuning: NLFT",
    lab="70",
    config=NLFT,
    equation=nlft_loss,
    tells=TELLS,
    plan=plan,
)
