"""A replay: what a run told, told again and faster. Nothing is trained, and the page says so."""

import itertools
from collections.abc import Callable, Sequence

SECONDS = 15.0  # as long as an audience looks at a curve


def replay(events: Sequence[dict], tell: Callable[[dict], None], hand, seconds: float = SECONDS) -> None:
    """
    Tells events at the pace at which they came, all of them within so many seconds; Stop ends it, Pause holds it.

    tell  (event) -> None
    """
    spans = [max(0.0, now["seconds"] - before["seconds"]) for before, now in itertools.pairwise(events)]
    pace = min(1.0, seconds / sum(spans)) if sum(spans) else 0.0
    for event, span in zip(events, [0.0, *spans], strict=True):
        if hand.stopped.wait(span * pace):
            return
        hand.wait()
        tell(event)
