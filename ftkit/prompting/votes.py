"""Several ways to one answer: sampled, and put to the vote."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from .answers import concluded, questions, write
from .prompts import Prompt


@dataclass(frozen=True)
class Votes:
    """Several sampled answers to one question.

    said    what each of them comes to; "" where it comes to nothing
    values  the score of each
    """

    prompt: str | list[dict]
    expected: str
    said: tuple[str, ...]
    values: tuple[float, ...]

    def value(self, first: int | None = None) -> float:
        """Score of the majority of the first samples; of all of them if None."""
        chosen = majority(self.said[:first])
        return self.values[self.said.index(chosen)] if chosen else 0.0


def majority(said: Iterable[str]) -> str:
    """
    The answer that most samples come to, by whatever way.

    argmax over answers a of  sum over samples i of  [a_i = a]

    said     what each sample comes to; "" has no vote
    returns  of several answers with equally many votes the one that came first; "" if there is no vote
    source   Wang et al. 2022, arXiv:2203.11171, section 2
    """
    votes = Counter(answer for answer in said if answer)
    return max(votes, key=votes.get, default="")


def self_consistency(
    model, tokenizer, task, prompt: Prompt, split: str = "test", n: int = 50, samples: int = 8,
    temperature: float = 0.7, seed: int = 0, first: int = 0,
) -> list[Votes]:  # fmt: skip
    """
    Samples several answers to each of n questions, for a vote.

    temperature  above 0; the higher, the more the ways differ, and the worse each of them is
    first        number of the first question
    raises       ValueError for fewer than 1 sample, a temperature of 0 or below, or a task whose labels are weighed
    """
    if samples < 1 or temperature <= 0:
        raise ValueError(f"{samples} samples at temperature {temperature:g}: choose at least 1, at more than 0")
    asked = questions(model, tokenizer, task, prompt, split, n, first)
    if asked[0].labels:
        raise ValueError(f"labels of {task.name} are weighed, not written; vote on a task with free answers")
    texts = [one.text for one in asked]
    told = write(model, tokenizer, task, prompt, texts, samples, seed, temperature=temperature)
    found = []
    for place, one in enumerate(asked):
        said = tuple(concluded(task, prompt, text) for text in told[place * samples : (place + 1) * samples])
        values = tuple(task.check(one.example, text).value for text in said)
        found.append(Votes(one.text, one.example.completion, said, values))
    return found
