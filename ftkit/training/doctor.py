"""What do these numbers mean? Bad ones become a plain sentence that names the cause and the knob."""

from collections import deque

WINDOW = 10  # steps that are averaged before a judgement
RISING = 1.3  # times the loss at the start
NOTHING = 0.1  # nats; below it no rise is worth a word
EXPLODED = 3.0  # times the larger of the loss at the start and that of a model that knows nothing
PATIENCE = 3  # exploded steps in a row before a run is ended


class Diverged(RuntimeError):
    """Training was stopped because its numbers are lost; the text names the knob. `run_id` is the run that failed."""

    run_id: str = ""


class Doctor:
    """Watches one run's losses.

    ignorant_loss  nats of a model to which every token is equally likely: log V
    knob           the setting to turn when losses explode, with its value
    """

    def __init__(self, ignorant_loss: float, learning_rate: float):
        self.limit_base, self.learning_rate = ignorant_loss, learning_rate
        self.first: list[float] = []
        self.recent: deque[float] = deque(maxlen=WINDOW)
        self.exploded_steps = 0
        self.said: set[str] = set()

    def check(self, step: int, loss: float, gradient: float) -> None:
        """Before a step is taken: are its numbers fit to change weights?

        raises  Diverged if not
        """
        if loss != loss or loss in (float("inf"), float("-inf")):
            raise Diverged(self._lost(step, f"the loss is {loss}"))
        if gradient != gradient:
            raise Diverged(self._lost(step, "the gradient is not a number"))
        base = max(self.limit_base, self.first[0] if self.first else loss)
        self.exploded_steps = self.exploded_steps + 1 if loss > EXPLODED * base else 0
        if self.exploded_steps >= PATIENCE:
            raise Diverged(self._lost(step, f"the loss has exploded to {loss:.1f}"))

    @property
    def healthy(self) -> bool:
        """Whether the weights are worth keeping."""
        return self.exploded_steps == 0

    def look(self, loss: float) -> list[str]:
        """After a step: sentences about the losses so far, each said once a run."""
        if len(self.first) < WINDOW:
            self.first.append(loss)
        self.recent.append(loss)
        if len(self.recent) < WINDOW:
            return []
        start, now = sum(self.first) / WINDOW, sum(self.recent) / WINDOW
        signs = {"rising": now > RISING * start and now > NOTHING, "zero": now == 0}
        sentences = {
            "rising": f"The loss has risen from {start:.2f} to {now:.2f}: the steps overshoot. Lower learning_rate"
            f" (it is {self.learning_rate:g}), or raise warmup.",
            "zero": "The loss is exactly 0, so nothing is being learned. Either the mask leaves no token (check that"
            " completions are not empty), or the few examples are known by heart: use more examples.",
        }
        new = [name for name, sign in signs.items() if sign and name not in self.said]
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
