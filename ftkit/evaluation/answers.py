"""What does it answer? Answers to a task, greedy or sampled, judged by the task's own checker."""

from dataclasses import dataclass

from ..data import as_prompt
from ..generation import generate
from .intervals import Measurement, share

BATCH = 100  # rows decoded at a time


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
    examples = [task.sample(split, i) for i in range(first, first + n)]
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


def go_on(model, tokenizer, prompts, max_new_tokens: int, **how) -> list[str]:
    """What a model writes after each prompt, greedily unless `how` says otherwise."""
    texts = []
    for start in range(0, len(prompts), BATCH):
        batch = prompts[start : start + BATCH]
        texts += generate(model, tokenizer, batch, max_new_tokens=max_new_tokens, **how).texts
    return texts
