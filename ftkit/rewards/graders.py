"""Graders by rule, by learned reward, by a judge; each says why, and none ever breaks a batch."""

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from .. import models, world
from ..data import encode_example, matched
from ..records import known
from ..world import Example, Score
from .reading import completion_logprobs, rewards, room

KINDS = ("rule", "match", "python:NAME", "run:ID", "self", "judge:MODEL", "likelihood", "likelihood:MODEL")
JUDGED = "Question: {prompt}\nAnswer: {text}\nIs this a good answer? Say yes or no."
FUNCTIONS: dict[str, Callable] = {}  # (example, text) -> number, or Score


def register(name: str):
    """Puts a function (example, text) -> number or Score on the list, where a recipe finds it as "python:NAME"."""

    def keep(function: Callable) -> Callable:
        FUNCTIONS[name] = function
        return function

    return keep


def grader(spec: str, task: world.Task | None = None, model=None) -> "Grader":
    """
    A grader from a recipe's text.

    spec    "rule": the task's own checker
            "match": the completion, letter by letter, whatever blanks stand around it
            "python:NAME": a function that was registered under that name
            "run:ID": the reward model that a run left, or a folder with one; any finite number
            "self", "judge:MODEL": how probable yes is after the question whether the answer is good; 0 to 1
            "likelihood", "likelihood:MODEL": mean log-probability of the answer's tokens, in nats; 0 or less
            "sum: 0.5 rule + 0.5 run:ID": a weighted sum
    task    whose checker "rule" is
    model   (model, tokenizer) that "self" and "likelihood" ask
    raises  ValueError in one sentence for a text that is none of these, or what it needs and was not given
    """
    spec = spec.strip() if isinstance(spec, str) else spec
    if not isinstance(spec, str) or not spec:
        raise ValueError(f"the grader is {spec!r}; write one of {', '.join(KINDS)}, or a sum of them")
    if spec.startswith("sum:"):
        return Sum(spec, [(weight, grader(part, task, model)) for weight, part in _parts(spec)])
    kind, _, name = spec.partition(":")
    if spec == "rule":
        return Each(spec, _given(task, spec, "task").check)
    if spec == "match":
        return Each(spec, matched)
    if kind == "python" and name:
        return Each(spec, _registered(name))
    if kind == "run" and name:
        return Learned(spec, name if Path(name).is_dir() else spec)
    if spec in ("self", "likelihood"):
        return (Judge if spec == "self" else Likelihood)(spec, _given(model, spec, "model"))
    if kind in ("judge", "likelihood") and name:
        return (Judge if kind == "judge" else Likelihood)(spec, name)
    raise ValueError(known(spec, KINDS, "the grader") + ', or a sum such as "sum: 0.5 rule + 0.5 match"')


class Grader:
    """
    Judges texts; a subclass says how, in `judge`.

    spec    as a recipe has it
    failed  how many texts could not be judged so far: each of them got 0, with the reason
    """

    def __init__(self, spec: str):
        self.spec, self.failed = spec, 0

    def grade(self, examples: Sequence[Example], texts: Sequence[str]) -> list[Score]:
        """
        A score for each text, as the answer to the example beside it.

        raises  ValueError if there are more of the one than of the other
        """
        if len(examples) != len(texts):
            raise ValueError(f"there are {len(examples)} examples and {len(texts)} texts; give a text for each example")
        found = [self._checked(one) for one in self.judge(examples, texts)]
        self.failed += sum(failed for _, failed in found)
        return [score for score, _ in found]

    def judge(self, examples, texts) -> list:
        """A Score, a number, or the Exception that came of it, for each text."""
        raise NotImplementedError

    def _checked(self, found) -> tuple[Score, bool]:
        """(score, whether it stands for a failure)"""
        if isinstance(found, Exception):
            return Score(0.0, f"{self.spec} failed: {type(found).__name__}: {found}"), True
        value, why = (found.value, found.why) if isinstance(found, Score) else (found, "")
        if isinstance(value, bool) or not isinstance(value, int | float):
            return Score(0.0, f"{self.spec} failed: it gave {value!r:.40}, which is no number"), True
        if not math.isfinite(value):
            return Score(0.0, f"{self.spec} failed: it gave {value}"), True
        return Score(float(value), why or f"{self.spec} says {value:g}"), False


class Each(Grader):
    """Judges text by text, with a function (example, text) -> Score or number."""

    def __init__(self, spec: str, function: Callable):
        super().__init__(spec)
        self.function = function

    def judge(self, examples, texts) -> list:
        return [_tried(self.function, *one) for one in zip(examples, texts, strict=True)]


class Sum(Grader):
    """A weighted sum of graders; what one of them could not judge counts 0 in it."""

    def __init__(self, spec: str, parts: Sequence[tuple[float, Grader]]):
        super().__init__(spec)
        self.parts = parts

    def judge(self, examples, texts) -> list[Score]:
        columns = [grader.grade(examples, texts) for _, grader in self.parts]
        return [self._summed(scores) for scores in zip(*columns, strict=True)]

    def grade(self, examples, texts) -> list[Score]:
        before = sum(part.failed for _, part in self.parts)
        found = super().grade(examples, texts)
        self.failed += sum(part.failed for _, part in self.parts) - before
        return found

    def _summed(self, scores: Sequence[Score]) -> Score:
        parts = [(weight, part.spec, score) for (weight, part), score in zip(self.parts, scores, strict=True)]
        why = "; ".join(f"{weight:g} x {score.value:.2f} ({spec}: {score.why})" for weight, spec, score in parts)
        return Score(math.fsum(weight * score.value for weight, _, score in parts), why)


class Asked(Grader):
    """Asks a model; texts that it cannot read are failures.

    model  its name, or (model, tokenizer)
    """

    def __init__(self, spec: str, model):
        super().__init__(spec)
        self.given = model

    @cached_property
    def model(self) -> tuple:
        """(model, tokenizer); loaded when the first text is graded"""
        return models.load(self.given) if isinstance(self.given, str) else self.given

    def judge(self, examples, texts) -> list:
        model, tokenizer = self.model  # a model that is not there is an error, and no bad answer
        found: list = [_tried(self._readable, model, tokenizer, *one) for one in zip(examples, texts, strict=True)]
        asked = [i for i, one in enumerate(found) if not isinstance(one, Exception)]
        for i, score in zip(asked, self.scores([found[i] for i in asked]), strict=True):
            found[i] = score
        return found

    def scores(self, examples: list[Example]) -> list[Score]:
        raise NotImplementedError

    def asked(self, example: Example) -> Example:
        """What the model reads: the question with the answer."""
        return example

    def _readable(self, model, tokenizer, example: Example, text) -> Example:
        if not isinstance(text, str):
            raise TypeError(f"the answer is {type(text).__name__}, not text")
        shown = Example(example.prompt, text)
        tokens = len(encode_example(tokenizer, self.asked(shown))[0])
        if tokens > room(model):
            raise ValueError(f"question and answer have {tokens} tokens, and the model reads {room(model)}")
        return shown


class Learned(Asked):
    """What a reward model gives."""

    def scores(self, examples):
        return [Score(value, f"reward {value:.2f}") for value in rewards(*self.model, examples)]


class Likelihood(Asked):
    """How probable the answer's tokens are to a model, on average; they end with the end token."""

    def scores(self, examples):
        means = [sum(row) / len(row) for row in completion_logprobs(*self.model, examples)]
        return [Score(mean, f"{mean:.2f} nats a token") for mean in means]


class Judge(Asked):
    """Asks a model whether the answer is good: p(yes) / (p(yes) + p(no))."""

    def asked(self, example, said: str = "yes"):
        return Example(JUDGED.format(prompt=_words(example.prompt), text=example.completion), said)

    def scores(self, examples):
        asked = [self.asked(example, said) for example in examples for said in ("yes", "no")]
        logprobs = [math.fsum(row) for row in completion_logprobs(*self.model, asked)]
        odds = [yes - no for yes, no in zip(logprobs[::2], logprobs[1::2], strict=True)]
        return [Score(_sigmoid(one), f"yes with {_sigmoid(one):.0%}") for one in odds]


def _tried(function: Callable, *given):
    """What a function returns, or the exception that it raises."""
    try:
        return function(*given)
    except Exception as error:
        return error


def _registered(name: str) -> Callable:
    if name not in FUNCTIONS:
        raise ValueError(known(name, FUNCTIONS, "function") + "; put it on the list with @rewards.register(NAME)")
    return FUNCTIONS[name]


def _given(value, spec: str, what: str):
    if value is None:
        raise ValueError(f"the grader {spec!r} needs a {what}; give grader({spec!r}, {what}=...)")
    return value


def _parts(spec: str) -> list[tuple[float, str]]:
    """(weight, spec) of each part of a sum"""
    parts = []
    for text in spec.removeprefix("sum:").split(" + "):
        weight, _, part = text.strip().partition(" ")
        try:
            number = float(weight)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or not part.strip() or part.strip().startswith("sum:"):
            raise ValueError(f'{text.strip()!r} is no part of a sum; write it like "sum: 0.5 rule + 0.5 match"')
        parts.append((number, part.strip()))
    return parts


def _words(prompt) -> str:
    return prompt if isinstance(prompt, str) else "\n".join(message["content"] for message in prompt)


def _sigmoid(x: float) -> float:
    return (1 + math.tanh(x / 2)) / 2
