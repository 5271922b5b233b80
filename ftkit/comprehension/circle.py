"""Hermeneutic Circle: answers show what to read again; does reading by them teach more than as much reading without?"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..data import as_prompt, encode_example
from ..evaluation import Measurement, bootstrap, go_on, share
from ..records import known
from ..retrieval import VOICES, in_the_texts_voice
from ..world import Example
from .coding import Cost, Learner, continued, costs, example_costs, holds, minus
from .distance import PER_QUESTION


@dataclass(frozen=True)
class Round:
    """A reader after so many rounds, examined on questions that it is never taught.

    number  0 before the first round
    costs   of each answer: the level of tokens, each given the true ones before it
    right   of each question 1 or 0: the level of answers, as the reader writes them
    picked  examples that the feedback chose for this round
    tokens  answer tokens learned from, all rounds so far
    """

    number: int
    costs: tuple[Cost, ...]
    right: tuple[float, ...]
    picked: int = 0
    tokens: int = 0

    @property
    def answer_level(self) -> Measurement:
        return share(self.right)

    @property
    def token_level(self) -> Measurement:
        """Share of answer tokens that were the likeliest."""

        def rate(drawn):
            return sum(cost.right for cost in drawn) / sum(cost.tokens for cost in drawn)

        return Measurement(rate(self.costs), "share", len(self.costs), *bootstrap(self.costs, rate, rounds=400))


def turn(
    reader,
    rounds: int,
    answer: Callable[[object], Sequence],
    feedback: Callable[[Sequence], Sequence],
    tune: Callable[[object, Sequence, int], tuple[object, int]],
    examine: Callable[[object], tuple[Sequence[Cost], Sequence[float]]],
    fresh: bool = True,
) -> tuple[Round, ...]:
    """
    One loop: the reader answers, the answers are judged, the reader learns from the judgement, and answers again.

    answer    reader -> what it says to the questions of the pool
    feedback  what it said -> what it shall learn from next
    tune      (reader, feedback, round) -> (reader, tokens it learned from); the same steps and tokens each time
    examine   reader -> (costs, marks) of held-out questions
    fresh     True closes the loop: each round has feedback on its own answers. False leaves it open: every round
              learns from the feedback on the first answers
    returns   rounds + 1 Rounds; the first is before any of them
    """
    found = [Round(0, *map(tuple, examine(reader)))]
    chosen = None
    for number in range(1, rounds + 1):
        if fresh or chosen is None:
            chosen = feedback(answer(reader))
        reader, tokens = tune(reader, chosen, number)
        found.append(Round(number, *map(tuple, examine(reader)), len(chosen), found[-1].tokens + tokens))
    return tuple(found)


@dataclass(frozen=True)
class Circle:
    """The same rounds with feedback on every answer (closed) and on the first answers only (open)."""

    closed: tuple[Round, ...]
    open: tuple[Round, ...]

    @property
    def gain(self) -> Measurement:
        """The falsifier: right answers in the end, closed less open. Where 0 is inside, revision is more training."""
        return minus(self.closed[-1].right, self.open[-1].right, "share")

    @property
    def gain_bits(self) -> Measurement:
        """Bits a held-out question, open less closed: what the gain is at the level of tokens."""
        open_bits, closed_bits = ([cost.bits for cost in loop[-1].costs] for loop in (self.open, self.closed))
        return minus(open_bits, closed_bits, PER_QUESTION)

    @property
    def pays_until(self) -> int:
        return pays_until(self.closed)


def pays_until(rounds: Sequence[Round]) -> int:
    """The last round that made more answers right than the one before, its interval above 0; 0 if none did."""
    gains = (minus(after.right, before.right, "share") for before, after in pairwise(rounds))
    return max((i for i, gain in enumerate(gains, 1) if holds(gain)), default=0)


def revise(
    model,
    tokenizer,
    task,
    rounds: int = 3,
    pool: int = 400,
    asked: int = 100,
    opening: int = 50,
    steps: int = 20,
    tokens: int = 40,
    learning_rate: float = 1e-3,
    seed: int = 0,
    first: int = 0,
) -> Circle:
    """
    The simplest circle: a model learns from the questions that it got wrong, by the checker's verdict.

    pool     questions of `train` that it answers and learns from
    asked    questions of `test` that it is examined on
    opening  steps on the whole pool before round 0, so that it can be asked at all
    steps    a round; tokens: answer tokens a step, in both loops
    first    number of the first question, of both splits
    """
    taught = [task.sample("train", i) for i in range(first, first + pool)]
    held_out = [task.sample("test", i) for i in range(first, first + asked)]

    def say(reader, examples):
        return marks_of(reader.model, tokenizer, task, examples)

    def wrong(marks):
        return [example for example, mark in zip(taught, marks, strict=True) if mark < 1] or taught

    def tune(reader, examples, number):
        return reader, reader.learn(examples, steps, tokens)

    def examine(reader):
        return example_costs(reader.model, tokenizer, held_out), say(reader, held_out)

    opened = Learner(model, tokenizer, learning_rate, seed=seed)
    opened.learn(taught, opening, tokens)
    closed, open_ = (
        turn(copy.deepcopy(opened), rounds, lambda reader: say(reader, taught), wrong, tune, examine, fresh)
        for fresh in (True, False)
    )
    return Circle(closed, open_)


def rereading(
    model, tokenizer, examples: Sequence[Example], passage: Callable[[Example], str], voice: str = "chat"
) -> Measurement:
    """
    What reading a passage a second time is worth: bits a question, once less twice.

    passage  question -> text that stands before it, such as `passages(island)`
    voice    "chat": the question follows; "text": a sentence is begun behind the passage, in the words of the texts,
             which a model can finish that was never asked anything
    returns  bits/question; where 0 is inside, the second reading adds nothing
    raises   ValueError if two passages and a question are longer than the model's context, or for an unknown voice
    """
    if voice not in VOICES:
        raise ValueError(known(voice, VOICES, "voice"))
    behind = _begun_behind if voice == "text" else _asked_behind
    once, twice = (
        costs(model, tokenizer, [behind(tokenizer, example, (passage(example),) * times) for example in examples])
        for times in (1, 2)
    )
    return minus([cost.bits for cost in once], [cost.bits for cost in twice], PER_QUESTION)


def _asked_behind(tokenizer, example: Example, told: tuple[str, ...]) -> tuple[list[int], list[int]]:
    return encode_example(tokenizer, replace(example, prompt=" ".join([*told, example.prompt])))


def _begun_behind(tokenizer, example: Example, told: tuple[str, ...]) -> tuple[list[int], list[int]]:
    begun = in_the_texts_voice(replace(example, meta=example.meta | {"letters": told}))
    return continued(tokenizer, begun, example.completion)


def marks_of(model, tokenizer, task, examples: Sequence[Example]) -> list[float]:
    """The checker's value of each greedy answer."""
    prompts = [as_prompt(tokenizer, example.prompt) for example in examples]
    said = go_on(model, tokenizer, prompts, getattr(task, "answer_tokens", 12))
    return [task.check(example, text).value for example, text in zip(examples, said, strict=True)]
