"""What do these numbers mean? Bad ones become a plain sentence that names the cause and the knob."""

from collections import deque

WINDOW = 10  # steps that are averaged before a judgement
RISING = 1.3  # times the loss at the start
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

    def look(self, step: int, loss: float) -> list[str]:
        """After a step: sentences about the losses so far, each said once a run."""
        if len(self.first) < WINDOW:
            self.first.append(loss)
        self.recent.append(loss)
        found = []
        if len(self.recent) < WINDOW or len(self.first) < WINDOW:
            return found
        start, now = sum(self.first) / WINDOW, sum(self.recent) / WINDOW
        if now > RISING * start and now > 0.1:
            found.append(
                f"The loss has risen from {start:.2f} to {now:.2f}: the steps overshoot. Lower learning_rate"
                f" (it is {self.learning_rate:g}), or raise warmup."
            )
        if now == 0:
            found.append(
                "The loss is exactly 0: no token is being learned from. Check that completions are not empty and that the"
                " mask leaves some tokens; if rows are right, they were learned by heart: use more examples."
            )
        return self.once(found)

    def once(self, sentences: list[str]) -> list[str]:
        """Those whose first words were not said before."""
        new = [one for one in sentences if one[:24] not in self.said]
        self.said |= {one[:24] for one in new}
        return new

    def _lost(self, step: int, what: str) -> str:
        return (
            f"{what[0].upper()}{what[1:]} at step {step}, so training was stopped before that step changed the weights; the"
            f" last good checkpoint is kept. Lower learning_rate (it is {self.learning_rate:g}) or raise warmup."
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
            f"{looping} of {len(texts)} answers repeat themselves: the model has not learned where an answer ends. Check that"
            " completions end with the end token, train for more steps, or lower learning_rate."
        ]
    return []
