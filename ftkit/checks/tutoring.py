"""Part 7: unlikelihood by one ratio, the other direction of a distance, and agreement beyond chance."""

from .exercise import Exercise

LEAST = 1e-5  # a probability is never nearer to 1


def cut_loss(base_logprobs, judged, completion_mask, threshold):
    """
    Unlearns what a criticism makes likelier, and learns the rest.

    loss = - mean over attempts of mean over their tokens of [log(1 - b) where j > threshold * b, else log b]

    base_logprobs    (B, T)  nats  log b
    judged           (B, T)        j, with the criticism at hand
    completion_mask  (B, T)
    source           Xu et al. 2023, arXiv:2312.14591, section 3.2, without their weights
    """
    import torch

    chance = base_logprobs.exp()
    each = torch.where(judged > threshold * chance, torch.log1p(-chance.clamp(max=1 - LEAST)), base_logprobs)
    return -((each * completion_mask).sum(-1) / completion_mask.sum(-1)).mean()


def reverse_kl(student_logits, teacher_logits, completion_mask):
    """
    What a student says that its teacher would not.

    loss = mean over answers of mean over their tokens of KL(student || teacher)

    student_logits, teacher_logits  (B, T, V)
    completion_mask                 (B, T)
    source                          Agarwal et al. 2023, arXiv:2306.13649
    """
    student, teacher = student_logits.log_softmax(-1), teacher_logits.log_softmax(-1)
    each = (student.exp() * (student - teacher)).sum(-1)
    return ((each * completion_mask).sum(-1) / completion_mask.sum(-1)).mean()


def kappa(judged, ruled):
    """
    How far two judges agree beyond chance.

    kappa = (agreed - by chance) / (1 - by chance)

    judged, ruled  lists of True and False about the same answers
    returns        1 if they always agree, 0 by chance, and where chance agrees always
    source         Cohen 1960, doi:10.1177/001316446002000104
    """
    agreed = _mean(one == other for one, other in zip(judged, ruled, strict=True))
    p, q = _mean(judged), _mean(ruled)
    chance = p * q + (1 - p) * (1 - q)
    return (agreed - chance) / (1 - chance) if chance < 1 else 0.0


def _mean(values) -> float:
    values = list(values)
    return sum(values) / len(values)


def _criticised() -> list[dict]:
    import torch

    return [
        {
            "base_logprobs": torch.tensor([[0.5, 0.2, 0.9], [0.8, 0.1, 0.4]]).log(),
            "judged": torch.tensor([[0.9, 0.25, 0.9], [0.1, 0.5, 0.9]]),
            "completion_mask": torch.tensor([[1, 1, 1], [1, 1, 0]]),
            "threshold": 1.5,
        }
    ]


def _all_learned(base_logprobs, judged, completion_mask, threshold):
    return cut_loss(base_logprobs, judged, completion_mask, float("inf"))


_CUT = (
    (_all_learned, "nothing is unlearned."),
    (
        lambda base_logprobs, judged, completion_mask, threshold: cut_loss(
            base_logprobs, judged, completion_mask * 0 + 1, threshold
        ),
        "the mask is missing.",
    ),
    (
        lambda base_logprobs, judged, completion_mask, threshold: cut_loss(base_logprobs, judged, completion_mask, 1.0),
        "the threshold is missing: a token is blamed as soon as it is a little likelier.",
    ),
    (
        lambda base_logprobs, judged, completion_mask, threshold: (
            -cut_loss(base_logprobs, judged, completion_mask, threshold)
        ),
        "a minus is missing: logarithms of probabilities are below 0, a loss is above.",
    ),
)


def _read_twice() -> list[dict]:
    import torch

    chance = torch.Generator().manual_seed(3)
    student, teacher = torch.randn(2, 2, 3, 5, generator=chance) * 2
    return [
        {
            "student_logits": student,
            "teacher_logits": teacher,
            "completion_mask": torch.tensor([[1, 1, 1], [1, 0, 0]]),
        }
    ]


_REVERSE = (
    (
        lambda student_logits, teacher_logits, completion_mask: reverse_kl(
            teacher_logits, student_logits, completion_mask
        ),
        "that is KL(teacher || student): what the teacher says that the student would not.",
    ),
    (
        lambda student_logits, teacher_logits, completion_mask: reverse_kl(
            student_logits, teacher_logits, completion_mask * 0 + 1
        ),
        "the mask is missing.",
    ),
    (
        lambda student_logits, teacher_logits, completion_mask: (
            -reverse_kl(student_logits, teacher_logits, completion_mask)
        ),
        "the sign is turned: a distance is never below 0.",
    ),
)


def _judged() -> list[dict]:
    return [
        {"judged": [True, True, False, False, True], "ruled": [True, False, False, False, True]},
        {"judged": [False] * 4, "ruled": [True, False, False, False]},
        {"judged": [False] * 3, "ruled": [False] * 3},
    ]


_KAPPA = (
    (
        lambda judged, ruled: _mean(one == other for one, other in zip(judged, ruled, strict=True)),
        "that is the agreement itself; take off what chance would give.",
    ),
    (
        lambda judged, ruled: (
            _mean(one == other for one, other in zip(judged, ruled, strict=True)) - _mean(judged) * _mean(ruled)
        ),
        "chance agrees on wrong ones, too, and the rest is to be divided by what chance leaves.",
    ),
)

EXERCISES = (
    Exercise("cut_loss", cut_loss, _criticised, _CUT),
    Exercise("reverse_kl", reverse_kl, _read_twice, _REVERSE),
    Exercise("kappa", kappa, _judged, _KAPPA),
)
