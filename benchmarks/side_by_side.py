"""Ours and its peers in turn, in one process: are the results equal, how often does one go into the other?"""

import gc
import json
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

PROBE_SIZE = 1024  # rows and columns of the probe's matrices
PROBE_SECONDS = 0.15  # for each number format, before every round
PROBE_MOVES = 0.15  # a machine whose probe moves by more than this share was not ours alone
ROUNDS = 3  # at least


@dataclass(frozen=True)
class Block:
    """What an arm did in one round.

    tokens   read or written in the seconds that count
    seconds  of them; start-up and warm-up lie outside
    made     what must be equal to the other arms': losses, or tokens
    """

    tokens: int
    seconds: float
    made: Any


@dataclass(frozen=True)
class Arm:
    """One way to do the same work.

    run       () -> Block; begins anew each time
    differs   (made, the reference's made) -> "" where they are equal, else a sentence
    optional  whether it may fail, as a compiler may
    """

    name: str
    run: Callable[[], Block]
    differs: Callable[[Any, Any], str]
    optional: bool = False


@dataclass
class Outcome:
    """What is known about an arm after the rounds.

    rates          tokens/s, one a round
    ratios         the arm's rate over the reference's of the same round
    first_seconds  the whole first round, start-up, warm-up and compiling included; rates leave it out
    unequal        why there is no ratio; "" where the results are equal
    left_out       why an optional arm could not run
    """

    name: str
    rates: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    first_seconds: float = 0.0
    unequal: str = ""
    left_out: str = ""

    @property
    def rate(self) -> float:
        return median(self.rates) if self.rates else 0.0

    @property
    def ratio(self) -> float | None:
        return median(self.ratios) if self.ratios and not self.unequal else None


@dataclass(frozen=True)
class Goal:
    """An arm shall be so many times as fast as another."""

    arm: str
    ratio: float
    over: str


@dataclass
class Comparison:
    """One table.

    flop_a_token  useful operations: 6 N for a token that is learned from, 2 N for a written one, 0 for what is no token
    goals         what the project has set itself
    probes        what a matrix product reached before each round, GFLOP/s by number format
    note          what else was measured, in a sentence
    unit          of the rates
    """

    id: str
    title: str
    reference: str
    flop_a_token: float
    goals: tuple[Goal, ...]
    outcomes: list[Outcome]
    probes: list[dict[str, float]]
    note: str = ""
    unit: str = "tokens/s"

    @property
    def equal(self) -> bool:
        return not any(one.unequal for one in self.outcomes)

    def peak(self, dtype: str) -> float:
        return median(probe[dtype] for probe in self.probes)

    def share_of_peak(self, one: Outcome, dtype: str) -> float:
        """Useful operations over what the probe reached in the same minutes."""
        return one.rate * self.flop_a_token / 1e9 / self.peak(dtype)

    @property
    def restless(self) -> bool:
        """Whether the probe moved too much for the shares of the peak to be trusted; ratios are paired by round."""
        rates = [probe["float32"] for probe in self.probes]
        return max(rates) > (1 + PROBE_MOVES) * min(rates)

    def to_json(self) -> dict:
        arms = [
            asdict(one)
            | {
                "rate": round(one.rate, 1),
                "ratio": one.ratio,
                "share_of_peak": {dtype: round(self.share_of_peak(one, dtype), 4) for dtype in self.probes[0]},
            }
            for one in self.outcomes
        ]
        goals = [asdict(goal) | {"measured": self.ratio(goal.arm, goal.over)} for goal in self.goals]
        about = {"id": self.id, "title": self.title, "reference": self.reference, "goals": goals, "equal": self.equal}
        about |= {"note": self.note, "unit": self.unit}
        return about | {
            "flop_a_token": self.flop_a_token,
            "restless": self.restless,
            "probes": self.probes,
            "arms": arms,
        }

    def table(self) -> str:
        """As Markdown; an arm whose results are unequal has no ratio."""
        lines = [
            f"### {self.id}: {self.title}",
            "",
            f"| arm | {self.unit} | times {self.reference} (lowest to highest) | of fp32 peak | of bf16 peak | equal |",
            "|---|---:|---:|---:|---:|---|",
        ]
        for one in self.outcomes:
            if one.left_out:
                lines.append(f"| {one.name} | | | | | left out: {one.left_out[:80]} |")
                continue
            ratio = (
                "none" if one.ratio is None else f"**{one.ratio:.2f}** ({min(one.ratios):.2f} to {max(one.ratios):.2f})"
            )
            of = [self.share_of_peak(one, dtype) for dtype in ("float32", "bfloat16")]
            shares = " | ".join(f"{share:.1%}" if self.flop_a_token else "" for share in of)
            lines.append(f"| {one.name} | {one.rate:,.0f} | {ratio} | {shares} | {one.unequal or 'yes'} |")
        peaks = ", ".join(f"{dtype} {self.peak(dtype):,.0f} GFLOP/s" for dtype in self.probes[0])
        slow = [
            f"{one.name} {one.first_seconds:.0f} s" for one in self.outcomes if "compiled" in one.name and one.rates
        ]
        if slow:
            lines += ["", f"First round with its compiling: {', '.join(slow)}."]
        lines += ["", f"Matrix product of {PROBE_SIZE}: {peaks}; {len(self.probes)} rounds."]
        if self.restless:
            lines.append(
                f"The probe moved by more than {PROBE_MOVES:.0%}: the machine was shared; trust no share of the peak."
            )
        return "\n".join([*lines, *filter(None, [self.note]), *map(self._told, self.goals)])

    def ratio(self, arm: str, over: str) -> float | None:
        """The middle of an arm's rates over another's of the same round; None where results are unequal."""
        found = {one.name: one for one in self.outcomes}
        pairs = list(zip(found[arm].ratios, found[over].ratios, strict=True))
        unequal = found[arm].unequal or found[over].unequal
        return median(ours / theirs for ours, theirs in pairs) if pairs and not unequal else None

    def _told(self, goal: Goal) -> str:
        ratio = self.ratio(goal.arm, goal.over)
        said = "not measured" if ratio is None else f"{ratio:.3f}, {'' if ratio >= goal.ratio else 'not '}reached"
        return f"Goal: {goal.arm} at least {goal.ratio:g} times {goal.over}: {said}."


def probe() -> dict[str, float]:
    """The best GFLOP/s of a square matrix product, by number format."""
    import torch

    from ftkit import machine

    found = {}
    for name in ("float32", "bfloat16"):
        a = torch.randn(PROBE_SIZE, PROBE_SIZE, device=machine.device()).to(getattr(torch, name))
        best, end = float("inf"), time.perf_counter() + PROBE_SECONDS
        while time.perf_counter() < end or best == float("inf"):
            begin = now()
            a @ a
            best = min(best, now() - begin)
        found[name] = round(2 * PROBE_SIZE**3 / best / 1e9, 1)
    return found


def now() -> float:
    """Seconds; on a card after everything that was asked of it is done."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


@contextmanager
def as_it_comes():
    """Inside, a library of others may use its own outdated names and draw its bars unheard."""
    from ftkit import models

    with models.quiet(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*gradient_checkpointing.* is deprecated", FutureWarning)
        yield


def size_of(model: str) -> int:
    """The number of a model's weights."""
    from ftkit import models

    return sum(weight.numel() for weight in models.outline(model)[0].parameters())


def compare(arms: Iterable[Arm], seconds: float, tell: Callable[[str], None] = lambda text: None) -> tuple:
    """
    A round in which results are compared and nothing is timed; then timed rounds A B C A B C ..., each compared, too.

    arms     the first is the reference
    seconds  that the timed rounds may take; at least ROUNDS are made
    returns  (outcomes, probes)
    """
    arms = list(arms)
    outcomes = {arm.name: Outcome(arm.name) for arm in arms}
    _round(arms, outcomes, tell, timed=False)
    probes, begin, done = [], time.perf_counter(), 0
    while done < ROUNDS or time.perf_counter() - begin < seconds:
        probes.append(probe())
        _round([arm for arm in arms if not outcomes[arm.name].left_out], outcomes, tell, timed=True)
        done += 1
    return list(outcomes.values()), probes


def _round(arms: list[Arm], outcomes: dict[str, Outcome], tell, timed: bool) -> None:
    reference = None
    gc.collect()
    for arm in arms:
        outcome, begin = outcomes[arm.name], time.perf_counter()
        tell(arm.name)
        try:
            block = arm.run()
        except Exception as error:
            if not arm.optional:
                raise
            outcome.left_out = f"{type(error).__name__}: {error}".splitlines()[0]
            continue
        reference = reference or block
        outcome.unequal = outcome.unequal or arm.differs(block.made, reference.made)
        if timed:
            outcome.rates.append(block.tokens / block.seconds)
            outcome.ratios.append(outcome.rates[-1] / (reference.tokens / reference.seconds))
        else:
            outcome.first_seconds = round(time.perf_counter() - begin, 1)


def write(path, machine: dict, comparisons: list) -> None:
    """The JSON report."""
    report = {"machine": machine, "equal": all(one.equal for one in comparisons)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report | {"benchmarks": [one.to_json() for one in comparisons]}, indent=1) + "\n")
