"""Sentences with holes: written one way, read back the other."""

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Form:
    """One surface form, such as `{name} lives in {home}.`; `slots` maps each hole to a pattern of what may fill it."""

    text: str

    def fill(self, **slots) -> str:
        return self.text.format(**slots)

    def before(self, slot: str, **slots) -> str:
        """The sentence up to a hole, without the blank before it: what a model is given to go on from."""
        return self.text[: self.text.index("{" + slot + "}")].format(**slots).rstrip()

    @cached_property
    def slots(self) -> tuple[str, ...]:
        return tuple(re.findall(r"{(\w+)}", self.text))

    @cached_property
    def pattern(self) -> re.Pattern:
        seen, parts = set(), []
        for literal, slot in re.findall(r"([^{]*)(?:{(\w+)})?", self.text):
            parts.append(re.escape(literal))
            if slot:
                parts.append(f"(?P={slot})" if slot in seen else f"(?P<{slot}>[^\\n]+?)")
                seen.add(slot)
        return re.compile("".join(parts))

    def match(self, text: str) -> re.Match | None:
        """The holes' contents if the whole text has this form; a hole that occurs twice must hold the same twice."""
        return self.pattern.fullmatch(text)


def forms(block: str) -> tuple[Form, ...]:
    """One form a line."""
    return tuple(Form(line.strip()) for line in block.strip().splitlines())
