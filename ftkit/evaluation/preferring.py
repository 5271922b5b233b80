"""What has a preference moved? Pairs of sampled answers, and how far a policy has gone from its reference."""

from collections.abc import Sequence

from ..data import as_prompt
from ..rewards import completion_logprobs
from .answers import go_on

SAMPLES = 4  # answers among which two that differ are looked for


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


def logratios(policy, reference, tokenizer, examples: Sequence) -> list[float]:
    """
    How much likelier a policy makes each completion than its reference does.

    logratio = log policy(completion) - log reference(completion), summed over the completion's tokens

    returns  nats, one an example. Over completions that the policy itself has sampled at temperature 1 their mean is
             an estimate of KL(policy || reference)
    """
    now, before = (completion_logprobs(model, tokenizer, examples) for model in (policy, reference))
    return [sum(one) - sum(other) for one, other in zip(now, before, strict=True)]
