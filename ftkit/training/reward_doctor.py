"""What do rewards tell? Where they are the end, a loss says nothing, and these numbers do."""

from collections import defaultdict, deque

from .doctor import WINDOW, Doctor

SILENT = 0.9  # share of groups in which all earn the same, from which hardly anything is left to learn from
CUT = 0.5  # share of completions without an end
FAR = 30.0  # nats between a completion's probability and what the reference gives it
WORSE, LEAST = 10.0, 0.05  # times the critic's loss at the start, or times this one if it was less
FAILED = 0.1  # share of completions that could not be graded
RISE, FALL = 0.1, 0.05  # of reward and of gold score, which is from 0 to 1


class RewardDoctor(Doctor):
    """Watches what completions earn, and how they go; see `Doctor`."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seen = defaultdict(lambda: deque(maxlen=WINDOW))
        self.first: dict[str, float] = {}

    def _weigh(self, step: int, loss: float) -> None:
        """A policy's loss is large or small with its rewards; no size of it is too large."""

    def look(self, loss: float, told: dict[str, float]) -> list[str]:
        for name, value in told.items():
            self.seen[name].append(value)
        if len(self.seen["reward"]) < WINDOW:
            return []
        now = {name: sum(values) / WINDOW for name, values in self.seen.items()}
        self.first = self.first or now
        signs, sentences = self._signs(now), self._sentences(now)
        return self._new({name: sentences[name] for name, sign in signs.items() if sign})

    def _signs(self, now: dict[str, float]) -> dict[str, bool]:
        """What may be wrong, by the means of some steps."""
        first = self.first
        return {
            "failed": now["failed"] > FAILED,
            "silent": now["silent_groups"] >= SILENT,
            "cut": now["cut"] > CUT,
            "far": now.get("kl", 0) > FAR,
            "critic": now.get("critic_loss", 0) > WORSE * max(first.get("critic_loss", 0), LEAST),
            "gamed": now["reward"] > first["reward"] + RISE and now["gold"] < first["gold"] - FALL,
        }

    def _sentences(self, now: dict[str, float]) -> dict[str, str]:
        first, rate = self.first, f"learning_rate (it is {self.learning_rate:g})"
        hard = now["gold"] < 0.5
        return {
            "failed": f"{now['failed']:.0%} of the completions could not be graded and count 0. Grade a few of them by"
            " hand: their scores say why.",
            "silent": f"In {now['silent_groups']:.0%} of the groups all completions earn the same"
            f" ({now['reward']:.2f} on average), and these teach nothing. The questions are too"
            f" {'hard: teach the form first, or take easier ones' if hard else 'easy: take harder ones'}; a larger"
            " group or a higher temperature tells more apart.",
            "cut": f"{now['cut']:.0%} of the completions were cut before they ended, at {now['length']:.0f} tokens on"
            " average. Raise longest; if they never end, teach first by SFT where an answer ends.",
            "far": f"The policy is {now.get('kl', 0):.0f} nats a completion from the model that it was. Raise beta, or"
            f" lower {rate}.",
            "critic": f"The critic's loss has risen from {first.get('critic_loss', 0):.2f} to"
            f" {now.get('critic_loss', 0):.2f}: it no longer foretells what is earned. Lower the weight of its loss"
            f" (critic), or {rate}.",
            "gamed": f"The reward has risen from {first['reward']:.2f} to {now['reward']:.2f} while the gold score has"
            f" fallen from {first['gold']:.2f} to {now['gold']:.2f}: the policy has found what the grader gets wrong."
            " Raise beta, or stop earlier.",
        }
