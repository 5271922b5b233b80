"""The exercises of the labs, by name."""

from . import asking, preferring, reading, tuning, understanding
from .exercise import Exercise

EXERCISES: dict[str, Exercise] = {
    one.name: one for part in (reading, asking, tuning, understanding, preferring) for one in part.EXERCISES
}
