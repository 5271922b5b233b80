"""NLFT: the model reads its own answer three times, and learns each word by how the three readings differ."""

from dataclasses import dataclass

from ..records import check_knobs, knob

LEAST = 1e-5  # a probability is never nearer to 1, or its unlikelihood would be infinite
FLOOR = 0.01  # a token that even the critic's reader holds for so unlikely was not its idea


@dataclass(frozen=True)
class NLFT:
    """When a token counts as learned from the answer, and when as the critic's."""

    sure: float = knob(0.95, 0.5, 0.999, help="p with the answer at hand, from which a token of a right solution is salient")
    blamed: float = knob(1.5, 1.0, 100.0, "log", help="how much likelier the criticism must make a token to blame it")
    most: float = knob(0.06, 0.0, 1.0, help="share of blamed tokens beyond which the rest of a wrong solution is not learned")
    near: float = knob(0.4, 0.0, 1.0, help="cosine of states from which a neighbour belongs to a salient token")
    as_released: bool = knob(False, help="neighbours as in the released code, which took a distance for a similarity")

    def __post_init__(self):
        check_knobs(self)


def grown(seeds, states, completion_mask, near: float, as_released: bool = False):
    """
    Salient tokens with their neighbours: from each seed outwards, as long as a state resembles those joined so far.

    seeds            (T,)    1 on salient tokens of one completion
    states           (T, D)  last hidden states
    completion_mask  (T,)
    near             ()      cosine between a neighbour and the mean of what has been joined
    as_released      the released code joins where 1 - cosine is above the same number: unlike neighbours
    returns          (T,)    1 on seeds and on what was joined
    source           Li et al. 2024, arXiv:2412.20382, section 3, and its code
    """
    import torch

    joined = seeds.bool().clone()
    inside = completion_mask.bool()
    for seed in seeds.bool().nonzero()[:, 0].tolist():
        for step in (-1, 1):
            centre, count, place = states[seed], 1, seed + step
            while 0 <= place < len(states) and inside[place]:
                likeness = torch.cosine_similarity(centre, states[place], dim=0)
                if (1 - likeness if as_released else likeness) <= near:
                    break
                joined[place] = True
                centre = (centre * count + states[place]) / (count + 1)
                count, place = count + 1, place + step
    return joined.to(seeds.dtype)


def right_weights(answer, salient, joined, sure: float):
    """
    How much each token of a right solution counts.

    1 + ((a - sure) / (1 - sure))^5 on salient tokens, (a / sure)^0.3 on those joined to them, (a / sure)^0.6 elsewhere

    answer   (T,)  p of each token with the answer at hand
    salient  (T,)  1 where a > sure
    joined   (T,)  1 on salient tokens and their neighbours
    returns  (T,)  1 to 2 on salient tokens, at most 1 elsewhere
    source   Li et al. 2024, arXiv:2412.20382, section 3
    """
    import torch

    far = (answer / sure) ** torch.where(joined.bool(), 0.3, 0.6)
    return torch.where(salient.bool(), 1 + ((answer - sure) / (1 - sure)).clamp(min=0) ** 5, far)


def blamed_tokens(base, answer, judged, blamed: float):
    """
    Tokens of a wrong solution that the criticism explains: with it they are much likelier, than plain and with the answer.

    base, answer, judged  (T,)  p of each token plain, with the answer, with the criticism at hand
    returns               (T,)  1 where judged / base > blamed, judged / answer > blamed, judged > 0.01
    """
    return ((judged > blamed * base) & (judged > blamed * answer) & (judged > FLOOR)).to(base.dtype)


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
