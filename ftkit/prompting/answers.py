"""What does it answer, asked like this? Free answers written greedily, labels weighed and, if wished, calibrated."""

from collections.abc import Sequence
from statistics import fmean

from ..evaluation import BATCH, Answer, Measurement, share
from ..generation import generate
from .prompts import Prompt, Question, question
from .voices import voice_of
from .weighing import weigh

NOTHING = ("", "N/A.", "It rained all day.")  # texts by which no label can be told


def ask(
    model, tokenizer, task, prompt: Prompt, split: str = "test", n: int = 100, first: int = 0, calibrate: bool = False
) -> list[Answer]:
    """
    Answers to n questions of a split: of labels the one whose words are likeliest, else what is written greedily.

    An answer is right if it is what the prompt's examples teach; where labels are flipped, that is the exchanged one.

    first      number of the first question
    calibrate  weighs each label against what it weighs where there is nothing to judge
    raises     ValueError if a task without labels is to be calibrated, or the prompt does not fit the task
    """
    asked = questions(model, tokenizer, task, prompt, split, n, first)
    texts, labels = [one.text for one in asked], asked[0].labels
    if labels:
        logprobs = weigh(model, tokenizer, texts, asked[0].words)
        chances = calibrated(logprobs, prior(model, tokenizer, task, prompt)) if calibrate else logprobs
        said = [labels[place] for place in chances.argmax(1).tolist()]
    elif calibrate:
        raise ValueError(f"{task.name} has no labels to calibrate; choose a task that has, such as sentiment")
    else:
        said = [concluded(task, prompt, text) for text in write(model, tokenizer, task, prompt, texts)]
    scores = [task.check(one.example, text) for one, text in zip(asked, said, strict=True)]
    return [
        Answer(one.text, one.example.completion, text, score.value, score.why)
        for one, text, score in zip(asked, said, scores, strict=True)
    ]


def right(model, tokenizer, task, prompt: Prompt, split: str = "test", n: int = 100, **how) -> Measurement:
    """The share of right answers, with Wilson's interval; `how` as in `ask`."""
    return share([answer.value for answer in ask(model, tokenizer, task, prompt, split, n, **how)])


def guessed(task, prompt: Prompt, split: str = "test", n: int = 100, first: int = 0) -> float:
    """What a guess among the answers of the worked examples would earn: the share of them that are right; 0 if none is
    shown."""
    asked = [question(None, task, prompt, split, i) for i in range(first, first + n)]
    return fmean(one.shown.count(one.example.completion) / max(1, len(one.shown)) for one in asked)


def calibrated(logprobs, content_free):
    """
    What a model thinks of each label, set against what it thought of it before there was anything to judge.

    q(label) = p(label | question) / p(label | nothing), divided by its sum over labels

    logprobs      (N, C)  nats   log p of each label's words after each question
    content_free  (C,)    nats   the same after a text that says nothing
    returns       (N, C)  probabilities; each row adds up to 1
    differs       Zhao et al. take the softmax of the quotient, not its share; the likeliest label is the same
    source        Zhao et al. 2021, arXiv:2102.09690, eq. 1, with W = diag(p(label | nothing))^-1 and b = 0
    """
    quotient = logprobs.softmax(-1) / content_free.softmax(-1)
    return quotient / quotient.sum(-1, keepdim=True)


def prior(model, tokenizer, task, prompt: Prompt, text: str = NOTHING[1]):
    """
    What each label weighs after the prompt's examples and a text that says nothing.

    returns  (C,)  nats
    raises   ValueError for a task without labels
    """
    nothing = blank(model, tokenizer, task, prompt, text)
    return weigh(model, tokenizer, [nothing.text], nothing.words)[0]


def blank(model, tokenizer, task, prompt: Prompt, text: str = NOTHING[1]) -> Question:
    """A question with a text that says nothing.

    raises  ValueError for a task without labels
    """
    if not {"labels", "text"} <= set(task.sample("test", 0).meta):
        raise ValueError(f"{task.name} has no labels to calibrate; choose a task that has, such as sentiment")
    return question(tokenizer, task, prompt, room=_room(model, task, prompt), text=text)


def questions(model, tokenizer, task, prompt: Prompt, split: str, n: int, first: int) -> list[Question]:
    room = _room(model, task, prompt)
    return [question(tokenizer, task, prompt, split, i, room) for i in range(first, first + n)]


def write(model, tokenizer, task, prompt: Prompt, texts: Sequence, samples: int = 1, seed: int = 0, **how) -> list[str]:
    """What is written after each prompt, the samples of one side by side."""
    stop = "\n" if voice_of(task).between.startswith("\n") and prompt.voice == "text" else None
    size, tokens, found = max(1, BATCH // samples), _tokens(task, prompt), []
    for start in range(0, len(texts), size):
        batch = texts[start : start + size]
        made = generate(
            model, tokenizer, batch, samples, max_new_tokens=tokens, seed=seed + start, stop=stop, **how
        )  # a seed for each batch, or all of them would meet the same chance
        found += made.texts
    return found


def concluded(task, prompt: Prompt, text: str) -> str:
    """The answer in what was written."""
    voice = voice_of(task)
    if voice.said:
        return voice.said(text)
    return (text.split(voice.between)[0] if prompt.voice == "text" else text).strip()


def _room(model, task, prompt: Prompt) -> int:
    """Tokens that a prompt may have so that its answer still finds room; 0 for any number."""
    context = getattr(model.config, "max_position_embeddings", None) or 0
    return max(1, context - _tokens(task, prompt)) if context else 0


def _tokens(task, prompt: Prompt) -> int:
    """Tokens of an answer; more of them where the form has holes that come before it."""
    voice = voice_of(task)
    holes = sum("{" + hole + "}" in (prompt.form or voice.form) for hole in voice.told)
    return max(task.answer_tokens, voice.tokens) if holes > 1 else task.answer_tokens
