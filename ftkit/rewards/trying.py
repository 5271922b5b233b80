"""What does a model try? Its sampled answers, graded and criticised, kept for those that learn from attempts."""

from pathlib import Path

from ..data import Attempt, as_prompt, stated, write_attempts
from ..generation import generate
from ..world.dice import Dice
from ..world.slips import criticism
from .graders import grader

BATCH = 100  # questions that are answered side by side


def sample_attempts(
    path: str | Path, model, tokenizer, task, split: str = "train", n: int = 50, samples: int = 1,
    temperature: float = 1.0, reward: str = "rule", least: float = 1.0, seed: int = 0, longest: int | None = None,
) -> list[Attempt]:  # fmt: skip
    """
    Lets a model answer n questions, and writes a file of attempts that `Attempts(path=...)` reads.

    A wrong attempt is criticised by its first wrong column, where it has one, and else by what its grader says. Those
    that are empty, or that do not come to an end, are left out.

    task     with .sample, .check and .answer_tokens
    reward   a grader's name, as `grader` reads it
    least    the mark from which an attempt is right; a judge's yes is likelier than its no from 0.5
    longest  tokens written at most; what the task's longest answer needs if None
    returns  the attempts, in the order of the questions; their meta has the "due" completion
    raises   ValueError in one sentence if none is left
    """
    examples = [task.sample(split, i) for i in range(n)]
    longest, found = longest or task.answer_tokens, []
    judge = grader(reward, task, (model, tokenizer))
    for start in range(0, n, BATCH):
        prompts = [as_prompt(tokenizer, example.prompt) for example in examples[start : start + BATCH]]
        rollout = generate(model, tokenizer, prompts, samples, temperature, longest, seed + start)
        asked = [example for example in examples[start : start + BATCH] for _ in range(samples)]
        scores = judge.grade(asked, rollout.texts)
        for example, text, score, finished in zip(asked, rollout.texts, scores, rollout.finished, strict=True):
            if finished and text.strip():
                found.append(_attempt(example, text.strip(), score, least))
    if not found:
        raise ValueError(
            f"none of {n * samples} attempts came to an end within {longest} tokens; teach the form of answers first,"
            " or raise longest"
        )
    write_attempts(path, found)
    return found


def _attempt(example, text: str, score, least: float) -> Attempt:
    right = score.value >= least
    said = "" if right else criticism(text, Dice("criticism", text)) or score.why
    meta = example.meta | {"due": example.completion}
    return Attempt(example.prompt, text, meta, right, stated(example.completion), said)
