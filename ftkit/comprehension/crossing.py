"""What comes over a bridge, and at what price? Answers and what asking cost; bits of form and bits of content."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from .. import world
from ..data import as_prompt, encode
from ..evaluation import Answer, Measurement, go_on, mean
from ..prompting import weigh
from ..retrieval import BM25, VOICES, Asked, Shelf, in_the_texts_voice, letters
from .distance import BARE, PER_QUESTION, Bridge, Fact, passages, with_examples, with_passage


def bridges(island: int = 0, shown: int = 4) -> list[Bridge]:
    """
    The ways to ask that move no weight, as lab 34 compares them.

    question alone  as the reader asks it
    examples        other people's questions and answers go before it
    passage         what a perfect librarian finds goes before it
    letter          what a search by words finds goes before it, right or wrong
    text's voice    not asked at all: a sentence is begun in the words of the texts, and the model goes on

    shown  how many examples
    """
    task = world.task("facts", island)
    shelf = BM25(letters(task, ("test",)))
    return [
        BARE,
        with_examples([task.sample("train", i) for i in range(shown)]),
        with_passage(passages(island)),
        with_passage(found_on(shelf), name="letter"),
        Bridge("text's voice", in_the_texts_voice, chat=False),
    ]


def found_on(shelf: Shelf) -> Callable[[world.Example], str]:
    """What a search finds first for a question: a passage to lay before it."""
    return lambda example: shelf.search(example.prompt)[0][0].text


def answered(model, tokenizer, task, bridge: Bridge = BARE, split: str = "test", n: int = 100, first: int = 0) -> Asked:
    """Greedy answers to n questions of a split over a bridge, judged by the task's checker, and what they cost.

    first  number of the first question
    """
    began = perf_counter()
    examples = [task.sample(split, i) for i in range(first, first + n)]
    prompts = [_put(tokenizer, bridge, example) for example in examples]
    stop = VOICES["chat" if bridge.chat else "text"]
    written = go_on(bridge.reader(model), tokenizer, prompts, task.answer_tokens, stop=stop)
    seconds, answers = perf_counter() - began, []
    for example, text in zip(examples, written, strict=True):
        said = text.strip().split(stop)[0].strip()
        score = task.check(example, said)
        answers.append(Answer(example.prompt, example.completion, said, score.value, score.why))
    tokens = sum(len(encode(tokenizer, prompt)) for prompt in prompts)
    return Asked(answers, tokens / n, seconds / n)


@dataclass(frozen=True)
class Parts:
    """Of what the bits of some answers are; the two parts of an answer add up to what it costs.

    form     until it is an answer of the kind that was asked for, whichever
    content  until it is the right one of that kind
    """

    form: tuple[float, ...]
    content: tuple[float, ...]

    @property
    def means(self) -> tuple[Measurement, Measurement]:
        return mean(self.form, PER_QUESTION), mean(self.content, PER_QUESTION)


def parts(model, tokenizer, stated: Sequence[Fact], bridge: Bridge = BARE) -> Parts:
    """
    Form and content of what answers cost over a bridge, of those kinds of fact whose every value is known.

    stated  facts, such as `facts()`; those about friends are passed over, as anybody could be one
    """
    form, content = [], []
    for attribute, values in world.VALUES.items():
        asked = [fact.asked for fact in stated if fact.asked.meta["attribute"] == attribute]
        if not asked:
            continue
        prompts = [_put(tokenizer, bridge, example) for example in asked]
        value_logprobs = weigh(bridge.reader(model), tokenizer, prompts, values)  # (N, C)
        of_any = form_bits(value_logprobs).tolist()
        for example, any_bits, logprobs in zip(asked, of_any, value_logprobs.tolist(), strict=True):
            form.append(any_bits)
            content.append(-logprobs[values.index(example.completion)] / math.log(2) - any_bits)
    return Parts(tuple(form), tuple(content))


def form_bits(value_logprobs):
    """
    Bits until an answer is of the right kind: some town, where a town was asked for.

    form = -log2 sum over values of p(value | question)

    value_logprobs  (N, C)  nats  log p of each of the C values of the kind, after each of N questions
    returns         (N,)    bits  0 where nothing but values of the kind is possible
    """
    return -value_logprobs.logsumexp(-1) / math.log(2)


def _put(tokenizer, bridge: Bridge, example: world.Example) -> str | list:
    """A question over a bridge, as the model is to go on from it."""
    prompt = bridge.prompt(example)
    return as_prompt(tokenizer, prompt) if bridge.chat else prompt
