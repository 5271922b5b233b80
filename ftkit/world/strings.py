"""Words taken apart: spelled backwards, sorted, counted, repeated; some of what may be asked is never shown."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from .dice import Dice
from .examples import Example, Score, Task, split_of
from .forms import Form, forms
from .people import FIRST
from .reading import Reading

CONSONANTS, VOWELS = "bdfghklmnprstw", "aeo"
LENGTHS = (3, 4, 5, 6)
OPERATIONS = {
    "reverse": lambda word: word[::-1],
    "sort": lambda word: "".join(sorted(word)),
    "copy": lambda word: word,
    "count": lambda word: str(len(word)),
    "first": lambda word: word[0],
    "last": lambda word: word[-1],
    "capitals": str.upper,
    "twice": lambda word: word * 2,
    "double": lambda word: "".join(letter * 2 for letter in word),
    "reverse capitals": lambda word: word[::-1].upper(),
    "reverse sort": lambda word: "".join(sorted(word, reverse=True)),
    "last twice": lambda word: word[-1] * 2,
}
HELD_OUT = ("reverse capitals", "reverse sort", "last twice")
SHOWN = tuple(operation for operation in OPERATIONS if operation not in HELD_OUT)
PHRASES = {
    "reverse": forms("""
        the word {w} spelled backwards
        the letters of {w} in reverse order
        {w} read from the end to the start
    """),
    "sort": forms("""
        the letters of {w} in the order of the alphabet
        the sorted letters of {w}
        {w} with its letters sorted from a to z
    """),
    "copy": forms("""
        the same word as {w}
        a copy of the word {w}
        {w} without any change
    """),
    "count": forms("""
        the number of letters in {w}
        the length of the word {w}
        the count of all letters of {w}
    """),
    "first": forms("""
        the first letter of {w}
        the letter at the start of {w}
        the letter with which {w} begins
    """),
    "last": forms("""
        the last letter of {w}
        the letter at the end of {w}
        the letter with which {w} stops
    """),
    "capitals": forms("""
        the word {w} in capital letters
        the capitals of {w}
        {w} with every letter made large
    """),
    "twice": forms("""
        the word {w} two times
        {w} followed by itself
        {w} and then {w} again
    """),
    "double": forms("""
        the word {w} with every letter doubled
        each letter of {w} two times
        {w} with two of every letter
    """),
    "reverse capitals": forms("""
        the word {w} spelled backwards in capital letters
        the capitals of {w} in reverse order
        {w} read from the end to the start with every letter made large
    """),
    "reverse sort": forms("""
        the letters of {w} in the reverse order of the alphabet
        the sorted letters of {w} spelled backwards
        {w} with its letters sorted from z to a
    """),
    "last twice": forms("""
        the last letter of {w} two times
        the letter at the end of {w} doubled
        the letter with which {w} stops and then the same again
    """),
}
TOLD = forms("""
    We look for {phrase}. It is {r}.
    Asked for {phrase}, {who} says {r}.
    As for {phrase}, the pupils wrote {r}.
    {who} was to write {phrase} and wrote {r}.
    The task was {phrase}, so {who} put down {r}.
    On the board stands {phrase}: {r}
    If one wants {phrase}, one gets {r}.
    {who} needs {phrase}, which is {r}.
""")
TAGGED = Form("{tag}: {w} -> {r}")
ASKED = forms("""
    Write {phrase}.
    Give {phrase}.
    Please write {phrase}.
    What is {phrase}?
""")
SPELLED = re.compile(r"[a-z](?: [a-z]){2,5}")


def spelled(word: str) -> str:
    """l u m o k"""
    return " ".join(word)


def result(operation: str, word: str) -> str:
    """What an operation makes of a word, letter by letter: `k o m u l`."""
    return spelled(OPERATIONS[operation](word))


def invented(dice: Dice) -> str:
    """A word of three to six letters in which consonants and vowels take turns."""
    first, length = dice.below(2), dice.pick(LENGTHS)
    return "".join(dice.pick((CONSONANTS, VOWELS)[(first + place) % 2]) for place in range(length))


def mirrored(word: str) -> str:
    """A word and its mirror image have one key, so that one of them never gives the other away."""
    return min(word, word[::-1])


@dataclass(frozen=True)
class Strings:
    """
    A document is one of three kinds: one word and several operations, one operation on several words, or bare tags
    (`reverse: l a m o k -> k o m a l`), which a sequence-to-sequence model can take for its text prefix.

    Words are spelled with blanks between the letters, and made of letters that are one token when a blank stands before
    them (so neither i nor u): to a model that reads byte pairs, `nretnal` is a few rare chunks and says nothing
    about letters, whereas spelled words make reversing and sorting a matter of which token comes where, which a
    model of 3 million parameters learns. No list is learned by heart: the syllables make tens of thousands of words.
    Of those, the corpus shows only the ones that the task asks about in training, and of the operations none of
    `HELD_OUT`, each of which puts two shown ones together.

    lengths  numbers of lines, equally likely
    """

    seed: int = 0
    lengths: tuple[int, ...] = (2, 3, 4)
    family: str = "strings"

    def document(self, i: int) -> str:
        dice = Dice(self.family, self.seed, i)
        kind, lines = dice.pick(("word", "operation", "tags")), dice.pick(self.lengths)
        operations = dice.shuffled(SHOWN)[:lines] if kind == "word" else [dice.pick(SHOWN)] * lines
        word = _shown_word(dice)
        told = []
        for operation in operations:
            told.append(_tagged(operation, word) if kind == "tags" else _told(dice, operation, word))
            word = word if kind == "word" else _shown_word(dice)
        return "\n".join(told)

    def parse(self, text: str) -> Reading | None:
        """Well formed if every line has a form of the corpus, whether its result is right or not; no probability."""
        spans, start = [], 0
        for line in text.split("\n"):
            found = _read(line)
            if not found:
                return None
            spans.append((start + found.start("r"), start + found.end("r")))
            start += len(line) + 1
        return Reading(self.family, None, tuple(spans), 0.0)


@dataclass(frozen=True)
class WordTask(Task):
    """One of the operations that corpora show, asked for in plain words about a word that no corpus spells.

    worked example  "Write the letters of l a m o k in reverse order." -> "k o m a l"
    baselines       another example's answer 0.00, echo 0.00, the word as it is 0.10
    fooled by       blanks and their absence: letters run together count as spelled

    operations  which operations it draws
    tags        asks with a bare tag, `reverse: l a m o k`, instead of plain words
    phrases     in how many ways it puts each operation, 1 to 3
    """

    operations: tuple[str, ...] = SHOWN
    tags: bool = False
    phrases: int = 3
    name = "strings"
    random, echo = 0.0, 0.0
    answer_tokens = 16

    def draw(self, dice: Dice) -> Example:
        operation, word = dice.pick(self.operations), invented(dice)
        phrase = dice.pick(PHRASES[operation][: self.phrases]).fill(w=spelled(word))
        prompt = f"{operation}: {spelled(word)}" if self.tags else dice.pick(ASKED).fill(phrase=phrase)
        return Example(prompt, result(operation, word), {"key": mirrored(word), "operation": operation, "word": word})

    def judge(self, example: Example, said: str) -> Score:
        """The letters of the first line must be right, in order; blanks between them do not matter."""
        first = said.split("\n")[0].strip().rstrip(".")
        if "".join(first.split()) == "".join(example.completion.split()):
            return Score(1.0, "right")
        return Score(0.0, f"said {first[:40]!r}, the answer is {example.completion!r}")

    def worse(self, example: Example, i: int) -> str:
        """One letter too few, or one that is wrong."""
        letters = example.completion.split()
        place = i % len(letters)
        if len(letters) > 1 and i % 2:
            return " ".join(letters[:place] + letters[place + 1 :])
        other = chr(ord(letters[place]) + 1) if letters[place] not in "zZ9" else "a"
        return " ".join([*letters[:place], other, *letters[place + 1 :]])


@dataclass(frozen=True)
class NewWordTask(WordTask):
    """Operations that no corpus shows and no example of `strings` asks for: what is left of an instruction never seen.

    worked example  "Give the capitals of l a m o k in reverse order." -> "K O M A L"
    baselines       another example's answer 0.01, echo 0.00, the word in capitals 0.01
    fooled by       blanks and their absence: letters run together count as spelled
    """

    operations: tuple[str, ...] = HELD_OUT
    name = "new strings"
    random, echo = 0.01, 0.0


@dataclass(frozen=True)
class PrefixTask(WordTask):
    """Two operations told apart by a prefix alone, which no corpus shows, about the words of the splits of `strings`.

    worked example  "reverse letters: l a m o k" -> "k o m a l"
    baselines       another example's answer 0.00, echo 0.00, the answer of the other operation 0.03
    fooled by       blanks and their absence: letters run together count as spelled
    """

    operations: tuple[str, ...] = ("reverse", "sort")
    name = "prefixed strings"

    def pick(self, split: str, i: int) -> Example:
        """Splits are those of `strings`, since corpora spell words of its training split."""
        example = WordTask(self.island, self.operations).pick(split, i)
        return replace(example, prompt=_prefixed(example.meta["operation"], example.meta["word"]))

    def swapped(self, example: Example) -> Example:
        """The same word behind the prefix of the other operation."""
        word = example.meta["word"]
        other = next(operation for operation in self.operations if operation != example.meta["operation"])
        return Example(_prefixed(other, word), result(other, word), example.meta | {"operation": other})


def _prefixed(operation: str, word: str) -> str:
    return f"{operation} letters: {spelled(word)}"


def _shown_word(dice: Dice) -> str:
    while split_of(WordTask.name, mirrored(word := invented(dice))) != "train":
        pass
    return word


def _told(dice: Dice, operation: str, word: str) -> str:
    phrase = dice.pick(PHRASES[operation]).fill(w=spelled(word))
    return dice.pick(TOLD).fill(phrase=phrase, who=dice.pick(FIRST), r=result(operation, word))


def _tagged(operation: str, word: str) -> str:
    return TAGGED.fill(tag=operation, w=spelled(word), r=result(operation, word))


def _read(line: str):
    """The match of a line in the corpus's forms: a known tag or phrase, a spelled word, a spelled result."""
    tagged = TAGGED.match(line)
    if tagged and tagged["tag"] in SHOWN and SPELLED.fullmatch(tagged["w"]) and _is_spelled(tagged["r"]):
        return tagged
    told = (form.match(line) for form in TOLD)
    return next((found for found in told if found and _is_spelled(found["r"]) and _is_told(found)), None)


def _is_told(found) -> bool:
    who = found.groupdict().get("who")
    return (who is None or who in FIRST) and _is_phrase(found["phrase"])


@lru_cache(maxsize=4096)
def _is_phrase(text: str) -> bool:
    matches = (form.match(text) for operation in SHOWN for form in PHRASES[operation])
    return any(found and SPELLED.fullmatch(found["w"]) for found in matches)


def _is_spelled(text: str) -> bool:
    return text.isascii() and all(len(letter) == 1 and letter.isalnum() for letter in text.split(" "))
