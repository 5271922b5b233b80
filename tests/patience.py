"""How long may it take? A second, as long as it is on a machine whose cores others want, too."""

import time


def seconds(wanted: float) -> float:
    """`wanted`, times wall over processor time of a short loop: 1 on a machine of one's own."""
    wall, own = time.perf_counter(), time.process_time()
    while time.process_time() - own < 0.1:
        pass
    return wanted * max(1.0, (time.perf_counter() - wall) / 0.1)


def until(condition) -> None:
    """Waits for something that happens beside us."""
    end = time.monotonic() + seconds(60)
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)
