"""What has a preference moved? Pairs of sampled answers, and how far a policy has gone from its reference."""

from collections.abc import Callable, Sequence

from ..data import Pair, as_prompt
from ..rewards import completion_logprobs, rewards
from ..world import Example
from .answers import Answer, go_on
from .intervals import Measurement, bootstrap, correlation, mean, share

SAMPLES = 4  # answers among which two that differ are looked for
EMPTY = "That is how it is."  # says nothing
ROUNDS = 200  # of drawing pairs again for an interval


def judging(model, tokenizer, pairs: Sequence[Pair]) -> dict[str, Measurement]:
    """
    How a reward model judges pairs of the world, beside a fool who likes what is short.

    accuracy         share of pairs whose better answer gets the higher reward
    gold             how rewards and gold scores of all answers go together
    padded           share of answers whose reward rises when a sentence is added that says nothing
    shorter          share of pairs whose better answer is the shorter one; equal lengths count half
    shortness, gold  how shortness and gold scores go together
    """
    texts = [Example(pair.prompt, text) for pair in pairs for text in (pair.chosen, pair.rejected)]
    padded = [Example(one.prompt, f"{one.completion} {EMPTY}") for one in texts]
    given, later = (rewards(model, tokenizer, some) for some in (texts, padded))
    gold = [score for pair in pairs for score in pair.meta["scores"]]
    short = [-len(one.completion.split()) for one in texts]
    return {
        "accuracy": share([better > worse for better, worse in _paired(given)]),
        "gold": _together(given, gold),
        "padded": share([after > before for before, after in zip(given, later, strict=True)]),
        "shorter": mean([(1 + (better > worse) - (better < worse)) / 2 for better, worse in _paired(short)], "share"),
        "shortness, gold": _together(short, gold),
    }


def _paired(values: Sequence[float]) -> list[tuple[float, float]]:
    return list(zip(values[::2], values[1::2], strict=True))


def _together(values: Sequence[float], gold: Sequence[float]) -> Measurement:
    points = list(zip(values, gold, strict=True))
    return Measurement(correlation(points), "correlation", len(points), *bootstrap(points, correlation, ROUNDS))


def sampled_pairs(
    model, tokenizer, task, split: str, n: int, max_new_tokens: int, first: int = 0, seed: int = 0
) -> list[tuple[str, str, str]]:
    """
    Two different answers to each of n questions, sampled at temperature 1.

    returns  (prompt, answer, other answer), as `bench.preferences` shows them; fewer where a model always says the same
    """
    prompts = [task.sample(split, i).prompt for i in range(first, first + n)]
    asked = [as_prompt(tokenizer, prompt) for prompt in prompts]
    texts = go_on(model, tokenizer, asked, max_new_tokens, samples=SAMPLES, temperature=1.0, seed=seed)
    pairs = []
    for i, prompt in enumerate(prompts):
        different = list(dict.fromkeys(text.strip() for text in texts[i * SAMPLES : (i + 1) * SAMPLES]))
        if len(different) > 1:
            pairs.append((prompt, *different[:2]))
    return pairs


def wins(ours: Sequence[Answer], theirs: Sequence[Answer], liked: Callable[[str, str], float]) -> Measurement:
    """
    The share of questions to which one model's answer is liked better than another's; alike counts half.

    ours, theirs  answers to the same questions
    liked         (prompt, answer) -> how much
    """
    both = zip(ours, theirs, strict=True)
    apart = [liked(one.prompt, one.text) - liked(other.prompt, other.text) for one, other in both]
    return mean([(1 + (more > 0) - (more < 0)) / 2 for more in apart], "share")


def agreement(
    model, tokenizer, pairs: Sequence[tuple[str, str, str]], liked: Callable[[str, str], float]
) -> Measurement:
    """
    The share of pairs of which a reward model likes the same answer better as somebody does.

    pairs  (prompt, answer, other answer); those that are liked alike do not count
    liked  (prompt, answer) -> how much
    """
    texts = [Example(prompt, text) for prompt, *both in pairs for text in both]
    given = _paired(rewards(model, tokenizer, texts))
    wanted = _paired([liked(one.prompt, one.completion) for one in texts])
    decided = [pair for pair in zip(given, wanted, strict=True) if pair[1][0] != pair[1][1]]
    return share([(better > worse) == (more > less) for (better, worse), (more, less) in decided])


def logratios(policy, reference, tokenizer, examples: Sequence) -> list[float]:
    """
    How much likelier a policy makes each completion than its reference does.

    logratio = log policy(completion) - log reference(completion), summed over the completion's tokens

    returns  nats, one an example. Over completions that the policy itself has sampled at temperature 1 their mean is
             an estimate of KL(policy || reference)
    """
    now, before = (completion_logprobs(model, tokenizer, examples) for model in (policy, reference))
    return [sum(one) - sum(other) for one, other in zip(now, before, strict=True)]
