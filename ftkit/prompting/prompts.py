"""What is put before the model? Instruction, worked examples in some order, and the question."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..data import encode
from ..records import check_knobs, knob
from ..world import Example
from .voices import Voice, voice_of


@dataclass(frozen=True)
class Prompt:
    """The text around a question: all that changes an answer without changing a weight.

    The worked examples are drawn from the training split, as many of each label as can be, and are the same for every
    question; those of `episodes` follow the question's own rule. Where the context has no room for all of them, the
    first ones are left out.

    instruction  stands before everything
    form         one example with holes, as in the task's `Voice`; the voice's own if empty
    words        what is written for each label, in the order of the task's labels; the voice's own if empty
    """

    instruction: str = ""
    shots: int = knob(0, 0, 16, unit="examples", help="worked examples before the question")
    order: int = knob(0, 0, help="which of their orders; 0: as they were drawn")
    draw: int = knob(0, 0, help="which examples are drawn; another number draws others")
    flipped: bool = knob(False, help="exchanges the labels of the examples; right is then what the examples teach")
    shuffled: bool = knob(False, help="gives each example the answer of its neighbour: the form is shown, and no rule")
    voice: str = knob("text", scale="choice", choices=("text", "chat"), help="a text to go on with, or a conversation")
    form: str = ""
    words: tuple[str, ...] = ()

    def __post_init__(self):
        check_knobs(self)


@dataclass(frozen=True)
class Question:
    """One prompt as a model reads it.

    text     a text to go on with, or chat messages
    example  the question for the task's checker; its completion is what the worked examples teach
    labels   the answers to choose from; none where the answer is free text
    words    what is written for each of them
    shown    the answers of the worked examples, first to last
    """

    text: str | list[dict]
    example: Example
    labels: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()

    @property
    def answer(self) -> str:
        """The right answer in the words of the prompt."""
        return dict(zip(self.labels, self.words, strict=True)).get(self.example.completion, self.example.completion)


def written(instruction: str, form: str, between: str, told: Sequence[str], shots: Sequence[Mapping], asked: Mapping):
    """
    The text of a prompt: the instruction, every worked example, and the question up to its answer.

    form     one example with holes, such as "In: {x} Out: {y}"
    told     the holes of the answer, here ("y",)
    shots    what fills the holes of each worked example
    asked    what fills those of the question
    raises   ValueError for a hole that nothing fills, or a form without a hole for the answer
    """
    places = [form.find("{" + hole + "}") for hole in told]
    if max(places) < 0:
        raise ValueError(f"the form {form!r} has no place for the answer; put {{{told[-1]}}} where it belongs")
    question = form[: min(place for place in places if place >= 0)].rstrip()
    lines = [_filled(form, one) for one in shots]
    return between.join([*([instruction] if instruction else []), *lines, _filled(question, asked)])


def permutation(items: Sequence, number: int) -> list:
    """One of the orders of some items, told by its number; 0 is the order in which they came, and numbers wrap around.

    source  the factorial number system: each digit picks one of the items that are left
    """
    left, made = list(items), []
    number %= math.factorial(len(left))
    while left:
        place, number = divmod(number, math.factorial(len(left) - 1))
        made.append(left.pop(place))
    return made


def exchanged(label: str, labels: Sequence[str]) -> str:
    """What stands for a label when labels are exchanged: the next one, round and round; of two labels the other."""
    return labels[(labels.index(label) + 1) % len(labels)]


def question(
    tokenizer, task, prompt: Prompt, split: str = "test", i: int = 0, room: int = 0, text: str | None = None
) -> Question:
    """
    Question i of a split as a model reads it.

    room    tokens that it may have; 0 for any number
    text    stands in the place of the example's own `meta["text"]`
    raises  ValueError if the form does not fit the task, or it has no labels where some are exchanged or worded
    """
    voice = voice_of(task)
    shots, asked = voice.pages(task, split, i, prompt.shots, prompt.draw)
    if text is not None:
        meta = asked.meta | {"text": text}
        asked = replace(asked, prompt=asked.prompt.replace(asked.meta["text"], text), meta=meta)
    if prompt.flipped:
        labels = _exchangeable(task, shots, asked)
        *shots, asked = (replace(one, completion=exchanged(one.completion, labels)) for one in (*shots, asked))
    if prompt.shuffled:
        shots = [replace(one, completion=shots[place - 1].completion) for place, one in enumerate(shots)]
    labels, shots = tuple(asked.meta.get("labels", ())), permutation(shots, prompt.order)
    words = _words(prompt, voice, labels, task.name)
    made = _put(prompt, voice, shots, asked, dict(zip(labels, words, strict=True)))
    while room and shots and len(encode(tokenizer, made)) > room:
        shots = shots[1:]
        made = _put(prompt, voice, shots, asked, dict(zip(labels, words, strict=True)))
    return Question(made, asked, labels, words, tuple(one.completion for one in shots))


def _put(prompt: Prompt, voice: Voice, shots, asked: Example, word_of: dict[str, str]) -> str | list[dict]:
    if prompt.voice == "chat":
        return _chat(prompt.instruction, shots, asked, word_of)
    filled = [
        {hole: word_of.get(text, text) if hole in voice.told else text for hole, text in voice.holes(one).items()}
        for one in (*shots, asked)
    ]
    form = prompt.form or voice.form
    return written(prompt.instruction, form, voice.between, voice.told, filled[:-1], filled[-1])


def _chat(instruction: str, shots, asked: Example, word_of: dict[str, str]) -> list[dict]:
    """Worked examples as earlier turns; the instruction begins the first of them."""
    messages = []
    for one in shots:
        said = word_of.get(one.completion, one.completion)
        messages += [*_turns(one.prompt), {"role": "assistant", "content": said}]
    messages += _turns(asked.prompt)
    if instruction:
        messages[0] = {**messages[0], "content": f"{instruction}\n{messages[0]['content']}"}
    return messages


def _turns(prompt: str | list[dict]) -> list[dict]:
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)


def _filled(form: str, holes: Mapping[str, str]) -> str:
    try:
        return form.format(**holes)
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        known = ", ".join("{" + hole + "}" for hole in holes)
        raise ValueError(f"the form {form!r} cannot be filled; the holes of this task are {known}") from error


def _exchangeable(task, shots: Sequence[Example], asked: Example) -> tuple[str, ...]:
    """The labels of a task; of a rule, the answers that its examples show."""
    labels = asked.meta.get("labels", ())
    if not labels and "kind" in asked.meta:
        labels = sorted({one.completion for one in (*shots, asked)})
    if not labels:
        raise ValueError(f"{task.name} has no labels to exchange; leave `flipped` off, or choose sentiment or episodes")
    return tuple(labels)


def _words(prompt: Prompt, voice: Voice, labels: tuple[str, ...], name: str) -> tuple[str, ...]:
    if prompt.words and not labels:
        raise ValueError(f"{name} has no labels, so no words can stand for them; leave `words` empty")
    own = voice.words if prompt.voice == "text" and len(voice.words) == len(labels) else labels
    words = prompt.words or own
    if len(words) != len(labels) or len(set(words)) < len(words):
        raise ValueError(f"words are {words}, the labels {labels}; give a different word for each label")
    return words
