"""What a person may do to a run that goes on: stop it, pause it, turn a knob. From any thread."""

import threading

from ..recipe import LIVE
from ..records import known


class Hand:
    """
    One person's hand on one run; given to `run` or `resume`, and used from another thread.

    A run looks at it between two steps. A paused one has saved a checkpoint, keeps its memory, and waits.

    run_id  of the run; "" before it has begun
    """

    def __init__(self):
        self.run_id = ""
        self.stopped, self._moving = threading.Event(), threading.Event()
        self._turned: list[tuple[str, float]] = []
        self._moving.set()

    @property
    def paused(self) -> bool:
        """Whether the run should wait before its next step."""
        return not self._moving.is_set()

    def stop(self) -> None:
        """Ends the run within a second, as stopped, with a checkpoint; also one that is paused."""
        self.stopped.set()
        self._moving.set()

    def pause(self) -> None:
        if not self.stopped.is_set():
            self._moving.clear()

    def resume(self) -> None:
        self._moving.set()

    def turn(self, knob: str, value: float) -> None:
        """
        Turns a knob from the next step on; the change becomes part of the run's recipe. A run whose objective has no
        such knob says so, and goes on.

        raises  ValueError for a knob that cannot be turned on the way, or a value outside its range
        """
        if knob not in LIVE:
            raise ValueError(known(knob, LIVE, "live knob"))
        LIVE[knob](**{knob: value})
        self._turned.append((knob, value))

    def take(self) -> dict[str, float]:
        """What was turned since the last call, the last value of each knob."""
        found = {}
        while self._turned:
            knob, value = self._turned.pop(0)
            found[knob] = value
        return found

    def wait(self) -> None:
        """Returns when the run may go on, or must end."""
        self._moving.wait()
