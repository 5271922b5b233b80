"""The exercises of the labs, by name."""

from . import asking, preferring, reading, rewarding, tuning, tutoring, understanding
from .exercise import Exercise

PARTS = (reading, asking, tuning, understanding, preferring, rewarding, tutoring)
EXERCISES: dict[str, Exercise] = {one.name: one for part in PARTS for one in part.EXERCISES}
