"""What does it answer with the book open? All letters at once, or each alone and their answers added up."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from time import perf_counter

from .. import world
from ..data import as_prompt
from ..evaluation import Answer, Measurement, share
from ..generation import Rollout, generate
from ..records import known
from .books import OpenBook, beside
from .voice import VOICES, in_the_texts_voice, said_in

BATCH = 25  # prompts read at a time; letters are long, and what is kept of each token takes memory


@dataclass(frozen=True)
class Asked:
    """What a model said to some questions, and what they cost.

    tokens   that it read for a question, on average; every one is paid for again with the next question
    seconds  for a question: searching, reading and answering, many questions side by side
    """

    answers: list[Answer]
    tokens: float
    seconds: float

    @property
    def right(self) -> Measurement:
        return share([one.value for one in self.answers])

    def saying(self, values: Sequence[str]) -> Measurement:
        """The share of answers that are exactly these values, one a question: an old home, or a lie."""
        return share([one.text == value for one, value in zip(self.answers, values, strict=True)])


def ask(model, tokenizer, task, split: str, n: int = 200, voice: str = "chat", first: int = 0) -> Asked:
    """
    Greedy answers to n questions of a split, all letters of a question in one prompt.

    task   `facts`, or an `OpenBook` of it
    voice  "chat": as tuned models are asked; "text": the letters are gone on with (`in_the_texts_voice`), which
           a model can do that was never asked anything
    first  number of the first question
    """
    began = perf_counter()
    examples = [task.sample(split, i) for i in range(first, first + n)]
    rollout = _written(model, tokenizer, [_prompt(tokenizer, example, voice) for example in examples], voice)
    return _judged(task, examples, rollout, [said_in(text, voice) for text in rollout.texts], perf_counter() - began)


def ask_each(model, tokenizer, task: OpenBook, split: str, n: int = 200, voice: str = "chat", first: int = 0) -> Asked:
    """
    Every letter is read alone and answered from; the answer with the largest sum of p(letter) p(answer | letter) wins.

    This is RAG-Sequence with the paper's fast decoding: an answer counts as impossible under a letter from which it
    was not written. p(letter) is the softmax of the search's scores.

    source  Lewis et al. 2020, arXiv:2005.11401, sections 2.1 and 2.5
    """
    import torch

    began = perf_counter()
    examples = [task.sample(split, i) for i in range(first, first + n)]
    alone = [
        replace(one, prompt=beside((text,), one.meta["question"]), meta=one.meta | {"letters": (text,)})
        for one in examples
        for text in one.meta["letters"]
    ]
    rollout = _written(model, tokenizer, [_prompt(tokenizer, example, voice) for example in alone], voice)
    said, row = [], 0
    for example in examples:
        scores = torch.tensor(example.meta["scores"]).log_softmax(0)
        rows = range(row, row := row + len(scores))
        found = {}
        for score, i in zip(scores, rows, strict=True):
            found.setdefault(said_in(rollout.texts[i], voice), []).append((score, sum(rollout.token_logprobs[i])))
        said.append(max(found, key=lambda text: rag_sequence(*_columns(found[text])).item()))
    return _judged(task, examples, rollout, said, perf_counter() - began)


def rag_sequence(document_logprobs, token_logprobs):
    """
    How likely an answer is if one document was read, nobody knows which, and the same one for the whole answer.

    log p(y | x) = log sum over z of p(z | x) * product over t of p(y_t | x, z, y_<t)

    document_logprobs  (K,)    nats  log p(z | x) of each document found for the question
    token_logprobs     (K, T)  nats  log p of each token of the answer, once for each document
    returns            ()      nats
    source             Lewis et al. 2020, arXiv:2005.11401, section 2.1, RAG-Sequence
    """
    return (document_logprobs + token_logprobs.sum(1)).logsumexp(0)


def _prompt(tokenizer, example: world.Example, voice: str) -> str | list:
    if voice not in VOICES:
        raise ValueError(known(voice, VOICES, "voice"))
    return in_the_texts_voice(example) if voice == "text" else as_prompt(tokenizer, example.prompt)


def _written(model, tokenizer, prompts: list, voice: str) -> Rollout:
    """`generate` for any number of prompts."""
    parts = [
        generate(model, tokenizer, prompts[start : start + BATCH], max_new_tokens=12, stop=VOICES[voice])
        for start in range(0, len(prompts), BATCH)
    ]
    return Rollout(*([row for part in parts for row in getattr(part, one.name)] for one in fields(Rollout)))


def _judged(task, examples: list, rollout: Rollout, said: list[str], seconds: float) -> Asked:
    scores = [task.check(example, text) for example, text in zip(examples, said, strict=True)]
    answers = [
        Answer(example.prompt, example.completion, text, score.value, score.why)
        for example, text, score in zip(examples, said, scores, strict=True)
    ]
    read = sum(map(len, rollout.prompt_ids)) / len(examples)
    return Asked(answers, read, seconds / len(examples))


def _columns(pairs: list[tuple]):
    """((K,), (K, 1)) tensors of documents' log-probabilities and of whole answers'."""
    import torch

    return torch.stack([score for score, _ in pairs]), torch.tensor([[logprob] for _, logprob in pairs])
