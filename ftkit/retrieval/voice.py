"""In whose words is it asked? As a question in a chat, or as a sentence that is begun behind the letters."""

from .. import world
from ..data import Beginning
from ..world.dice import Dice
from ..world.passages import ENDS, STATED

VOICES = {"chat": "\n", "text": "."}  # in whose words a model is asked, and the sign that ends its answer


def in_the_texts_voice(example: world.Example) -> Beginning:
    """Letters and the beginning of a sentence that says in other words what is asked: nothing here is a question."""
    attribute, person = example.meta["attribute"], example.meta["person"]
    dice = Dice("voice", person, attribute)
    clause = dice.pick(STATED[attribute]).before(attribute, name=person)
    told = " ".join(example.meta.get("letters", ()))
    return Beginning(f"{told} {dice.pick(ENDS).before('clause')} {clause}" if told else clause[0].upper() + clause[1:])


def said_in(text: str, voice: str) -> str:
    """The answer in what was written: its first line, in the text's voice its first sentence."""
    return text.strip().split(VOICES[voice])[0].strip().rstrip(".")
