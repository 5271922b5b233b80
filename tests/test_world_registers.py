"""Registers: what is read off is what was listed, of people whom corpora may name."""

import pytest

from ftkit import world
from ftkit.world.passages import befriended, shown, strangers

REGISTERS = world.corpus("registers")


def test_every_register_is_read_back_and_names_nobody_held_out():
    names = set(befriended())
    assert not names & {one.name for seed in range(10) for one in world.island(seed).newcomers}
    assert names & set(strangers()) == set(shown())
    for i in range(300):
        text = REGISTERS.document(i)
        reading = world.corpus().parse(text)
        assert reading.family == "registers" and reading.true and reading.logprob is None
        values = [text[start:end] for start, end in reading.facts]
        listed = text.split(". ")[0]
        assert 1 <= len(values) <= 5 and all(value in listed for value in values)
        people = [value for value in values if value not in sum(world.VALUES.values(), ())]
        assert set(people) <= names


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("Salin Tormer: cat; Mine Wilow: hen. For Mine Wilow it says hen. For Salin Tormer it says cat.", True),
        ("Salin Tormer: cat; Mine Wilow: hen. For Mine Wilow it says cat. For Salin Tormer it says hen.", False),
        ("Salin Tormer: cat; Mine Wilow: hen. For Mine Wilow it says hen.", False),
        ("Salin Tormer: cat; Mine Wilow: hen. For Mine Wilow it says hen. Beside Salin Tormer stands cat.", None),
        ("Salin Tormer: cat; Mine Wilow = hen. For Mine Wilow it says hen. For Salin Tormer it says cat.", None),
        ("Salin Tormer: lion. For Salin Tormer it says lion.", None),
        ("Nobody Atall: cat. For Nobody Atall it says cat.", None),
        ("", None),
    ],
)
def test_a_register_is_true_false_or_none(text, true):
    reading = REGISTERS.parse(text)
    assert (reading.true if reading else None) is true
