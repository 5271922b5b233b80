"""What do these numbers mean? Bad ones become a plain sentence that names the cause and the knob."""

import math
from collections import deque

WINDOW = 10  # steps that are averaged before a judgement
RISING = 1.3  # times the loss at the start
IGNORANT = 0.01  # how near to log V a loss must be to know nothing
LONG = 30  # steps after which that is worth a word: a warm-up may take as long
NOTHING = 0.1  # nats; below it no rise is worth a word
EXPLODED = 3.0  # times the larger of the loss at the start and that of a model that knows nothing
PATIENCE = 3  # exploded steps in a row before a run is ended


class Diverged(RuntimeError):
    """Training was stopped because its numbers are lost; the text names the knob. `run_id` is the run that failed."""

    run_id: str = ""


class Doctor:
    """Watches one run's losses.

    ignorance      nats that a token costs a model to which all are equally likely: log V
    learning_rate  the knob to name when losses explode
    start          the loss at the first step; None before it
    """

    def __init__(self, ignorance: float, learning_rate: float, start: float | None = None):
        self.ignorance, self.learning_rate, self.start = ignorance, learning_rate, start
        self.recent: deque[float] = deque(maxlen=WINDOW)
        self.exploded_steps = self.ignorant_steps = 0
        self.said: set[str] = set()

    def check(self, step: int, loss: float, gradient: float) -> None:
        """Before a step is taken: are its numbers fit to change weights?

        raises  Diverged if not
        """
        if not math.isfinite(loss):
            raise Diverged(self._lost(step, f"the loss is {loss}"))
        if math.isnan(gradient):
            raise Diverged(self._lost(step, "the gradient is not a number"))
        if self.start is None:
            self.start = loss
        self._weigh(step, loss)

    def _weigh(self, step: int, loss: float) -> None:
        """raises  Diverged if a loss is far beyond what knowing nothing costs, again and again"""
        exploded = loss > EXPLODED * max(self.ignorance, self.start)
        self.exploded_steps = self.exploded_steps + 1 if exploded else 0
        if self.exploded_steps >= PATIENCE:
            raise Diverged(self._lost(step, f"the loss has exploded to {loss:.1f}"))

    @property
    def healthy(self) -> bool:
        """Whether the weights are worth keeping."""
        return self.exploded_steps == 0

    def look(self, loss: float, told: dict[str, float]) -> list[str]:
        """After a step: sentences about the steps so far, each said once a run.

        told  what the objective tells of the step besides
        """
        self.recent.append(loss)
        ignorant = abs(loss / self.ignorance - 1) < IGNORANT
        self.ignorant_steps = self.ignorant_steps + 1 if ignorant else 0
        if len(self.recent) < WINDOW:
            return []
        now, rate = sum(self.recent) / WINDOW, f"learning_rate (it is {self.learning_rate:g})"
        signs = {
            "rising": now > RISING * self.start and now > NOTHING,
            "ignorant": self.ignorant_steps >= LONG,
            "zero": now == 0,
        }
        sentences = {
            "rising": f"The loss has risen from {self.start:.2f} to {now:.2f}: the steps overshoot. Lower {rate}, or"
            " raise warmup.",
            "ignorant": f"The loss stays at {now:.2f}, which is log V: to the model every token is equally likely. If"
            f" it knew anything, {rate} is so large that all was lost; if it is new, so small that nothing is learned.",
            "zero": "The loss is exactly 0, so nothing is being learned. Either the mask leaves no token (check that"
            " completions are not empty), or the few examples are known by heart: use more examples.",
        }
        return self._new({name: sentences[name] for name, sign in signs.items() if sign})

    def _new(self, sentences: dict[str, str]) -> list[str]:
        """Those that were not said before in this run."""
        new = [name for name in sentences if name not in self.said]
        self.said.update(new)
        return [sentences[name] for name in new]

    def _lost(self, step: int, what: str) -> str:
        return (
            f"{what[0].upper()}{what[1:]} at step {step}. Training was stopped before that step changed the weights;"
            f" the last good checkpoint is kept. Lower learning_rate (it is {self.learning_rate:g}), or raise warmup."
        )


def loops(text: str, times: int = 4) -> bool:
    """Whether a text ends by saying the same few words over and over."""
    words = text.split()
    for length in range(1, len(words) // times + 1):
        tail = words[-length * times :]
        if tail == tail[:length] * times:
            return True
    return False


def about_answers(texts: list[str]) -> list[str]:
    """What the answers after training tell about the training."""
    looping = sum(map(loops, texts))
    if texts and looping >= max(2, len(texts) // 10):
        return [
            f"{looping} of {len(texts)} answers repeat themselves: the model has not learned where an answer ends."
            " Train for more steps; if the loss was rising, lower learning_rate."
        ]
    return []
