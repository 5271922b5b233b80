"""What does it answer? Answers to a task, greedy or sampled, judged by the task's own checker."""

from dataclasses import dataclass

from ..data import as_prompt
from ..generation import generate
from .intervals import Measurement, share

BATCH = 100  # answers written at a time


@dataclass(frozen=True)
class Answer:
    """What a model said to one example, and what the checker says of it."""

    prompt: str
    expected: str
    text: str
    value: float
    why: str


def answers(
    model, tokenizer, task, split: str, n: int, max_new_tokens: int = 12, first: int = 0, **how
) -> list[Answer]:
    """Answers to n examples of a split, each with its score; greedy ones unless `how` says otherwise."""
    asked = [task.sample(split, i) for i in range(first, first + n)]
    return answers_to(model, tokenizer, task, asked, max_new_tokens, **how)


def answers_to(model, tokenizer, task, examples, max_new_tokens: int = 12, **how) -> list[Answer]:
    """Answers to these examples of a task, whatever stands beside their questions, each with its score."""
    prompts = [as_prompt(tokenizer, example.prompt) for example in examples]
    texts = go_on(model, tokenizer, prompts, max_new_tokens, **how)
    scores = [task.check(example, text) for example, text in zip(examples, texts, strict=True)]
    return [
        Answer(example.prompt, example.completion, text.strip(), score.value, score.why)
        for example, text, score in zip(examples, texts, scores, strict=True)
    ]


def exact_match(model, tokenizer, task, split: str, n: int = 200) -> Measurement:
    """Share of right greedy answers on a split, with Wilson's interval."""
    return share([answer.value for answer in answers(model, tokenizer, task, split, n)])


def go_on(model, tokenizer, prompts, max_new_tokens: int, samples: int = 1, seed: int = 0, **how) -> list[str]:
    """What a model writes after each prompt, greedily unless `how` says otherwise; a prompt's samples side by side."""
    texts, step = [], max(1, BATCH // samples)
    for start in range(0, len(prompts), step):
        some = prompts[start : start + step]
        texts += generate(
            model, tokenizer, some, samples, max_new_tokens=max_new_tokens, seed=seed + start, **how
        ).texts
    return texts
