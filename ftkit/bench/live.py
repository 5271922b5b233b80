"""Work that goes on beside the notebook: one at a time, with a hand on it, looked at five times a second.

The worker never prints, displays or enters an output widget: across kernels only assigning to widgets arrives.
"""

import gc
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .. import machine
from ..training import Hand

RATE = 5  # looks a second; a server drops messages above a thousand
LOOK = 0.02  # seconds between two looks whether the work has ended
ONE_PRESS = 1.0  # seconds in which interrupts count as one
MODES = ("thread", "cell", "headless")
BUSY = ("running", "stopping")


def mode() -> str:
    """
    How this notebook can follow a run.

    thread    a background thread updates widgets: JupyterLab, Notebook, Hub, Binder, Voila
    cell      only the cell that waits can update them: Colab, and kernels in which such a thread dies
    headless  nobody looks: papermill, nbval, scripts; no widget is made
    raises    ValueError if FTKIT_MODE names no mode
    """
    forced = os.environ.get("FTKIT_MODE", "").strip().lower()
    if forced:
        if forced not in MODES:
            raise ValueError(f"FTKIT_MODE is {forced!r}; choose one of {', '.join(MODES)}, or unset it")
        return forced
    if "google.colab" in sys.modules:
        return "cell"
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or getattr(shell, "kernel", None) is None:
        return "headless"
    watched = (
        "JPY_SESSION_NAME" in os.environ  # set by JupyterLab's server and not by papermill
        or os.environ.get("SERVER_SOFTWARE", "").startswith("voila")
        or "__vsc_ipynb_file__" in shell.user_ns
    )
    if not watched:
        return "headless"
    return "cell" if _threads_die() else "thread"


def own_widgets(how: str) -> bool:
    """Whether the page can load widgets of our own: a Jupyter that has anywidget beside it serves them; Colab and
    VS Code would fetch them from afar.

    how  a mode
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    elsewhere = "__vsc_ipynb_file__" in getattr(shell, "user_ns", {})
    return how == "thread" and "JPY_SESSION_NAME" in os.environ and not elsewhere


class Live:
    """One piece of work after another; `state` is idle, running, stopping, done, stopped or failed.

    how        a mode
    on_change  () -> None, draws the present state; called by the thread that may do so
    """

    _lock = threading.RLock()
    current: "Live | None" = None  # the one that works now, whichever panel it belongs to

    def __init__(self, how: str, on_change: Callable[[], None]):
        self.how, self.on_change = how, on_change
        self.state, self.value, self.error = "idle", None, None
        self.hand, self._ended, self._next = Hand(), threading.Event(), 0.0

    @property
    def busy(self) -> bool:
        return self.state in BUSY

    def start(self, work: Callable[[Hand], Any]) -> bool:
        """Begins unless this or another one works already; returns whether it did.

        work  (hand) -> result; a result with a `status` says by it how it ended
        """
        with Live._lock:
            if Live.current is not None:
                return False
            Live.current = self
            self.state, self.value, self.error = "running", None, None
            self.hand, self._ended = Hand(), threading.Event()
        machine.release_helpers()
        if self.how != "thread":
            self.on_change()
        if self.how == "headless":
            self._work(work, self._ended)
        else:
            threading.Thread(target=self._work, args=(work, self._ended), name="ftkit-run", daemon=True).start()
        return True

    def stop(self) -> None:
        """Asks for the end; a request that comes too late does nothing."""
        with Live._lock:
            if self.state != "running":
                return
            self.hand.stop()  # before the state says so: whoever is interrupted in between can say it again
            self.state = "stopping"
        self.on_change()

    def tick(self, urgent: bool = False) -> None:
        """The worker has news; urgent ones are drawn at once."""
        if self.how == "thread" and (urgent or time.monotonic() >= self._next):
            self._next = time.monotonic() + 1 / RATE
            self.on_change()

    def join(self, timeout: float | None = None) -> bool:
        """Waits for the end, and until the page says so; True if there is nothing to wait for any more. It looks again
        and again, for an interrupt within Event.wait may leave its lock taken, and one within Thread.join marks a
        running thread as ended on Python 3.11 and 3.12."""
        end = time.monotonic() + (math.inf if timeout is None else timeout)
        while not (over := self.state == "idle" or self._ended.is_set()) and time.monotonic() < end:
            time.sleep(LOOK)
        return over

    @classmethod
    def others(cls, timeout: float) -> None:
        """Waits a while for whatever works now."""
        now = cls.current
        if now is not None:
            now.join(timeout)

    def wait(self, on_wait: Callable[[], None] = lambda: None) -> Any:
        """
        The work's result, once it has ended; an interrupt of the waiting cell is Stop, and one that comes again later
        ends the cell at once.

        on_wait  called five times a second meanwhile, in the waiting thread
        raises   whatever the work raised; KeyboardInterrupt
        """
        if self.busy:
            machine.release_helpers()  # cells may have computed since the start
        with _presses() as presses:
            while not self.join(1 / RATE):
                if presses:
                    self.stop()
                if self.how == "cell":
                    self.on_change()
                on_wait()
        if self.how == "cell":
            self.on_change()
        if self.error is not None:
            raise self.error
        return self.value

    def _work(self, work, ended: threading.Event) -> None:
        if self.how == "thread":
            self.on_change()
        try:
            self.value = work(self.hand)
            end = getattr(self.value, "status", "done")
        except BaseException as error:  # whatever it is, the cell that waits raises it
            self.error, end = error, "failed"
            _forget(error)
        with Live._lock:
            self.state, Live.current = end, None
        try:
            if self.how != "cell":
                self.on_change()  # the last state always reaches the screen
        finally:
            ended.set()


@contextmanager
def _presses() -> Iterator[list[float]]:
    """The moments in seconds at which the stop square was pressed. Meanwhile an interrupt raises nothing, wherever it
    strikes: an exception could fall between the lines that answer the one before. A press after ONE_PRESS raises."""
    presses = []

    def press(*_):
        presses.append(time.monotonic())
        if presses[-1] - presses[0] > ONE_PRESS:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield presses  # it is never interrupted
        return
    before = signal.signal(signal.SIGINT, press)
    try:
        yield presses
    finally:
        signal.signal(signal.SIGINT, before)


def _forget(error: BaseException) -> None:
    """Lets go of what the failed frames held, a model in a full card above all; the lines of the traceback stay."""
    traceback.clear_frames(error.__traceback__)
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _threads_die() -> bool:
    """In ipykernel 7.0 a background thread that touches a widget ends with a LookupError."""
    return getattr(sys.modules.get("ipykernel"), "version_info", (0, 0))[:2] == (7, 0)
