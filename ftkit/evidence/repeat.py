"""Runs a claim's arms over seeds, keeps what is finished, stores the result, and says when it is stale."""

import json
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .. import machine
from ..recipe import Recipe
from ..records import known
from ..runs import Store, write_json
from ..runs import store as run_store
from .arms import Arm, world_digest
from .claims import BY_ID, CLAIMS
from .verdicts import Claim, interval, verdict

SEEDS = range(5)
TUNING_SEEDS = (100, 101)  # not those of any claim


@dataclass(frozen=True)
class Band:
    """Where repeated runs of one arm came to lie: smallest, mean and largest of `n` seeds."""

    low: float
    mean: float
    high: float
    n: int


def claims() -> tuple[Claim, ...]:
    """All claims, in the order of the labs."""
    return CLAIMS


def recipe(claim_id: str, arm: str) -> Recipe:
    """The recipe behind an arm, of seed 0: what a lab must run if its result is to be compared with the arm's band.

    raises  ValueError for an unknown claim or arm, or an arm that trains nothing
    """
    found = {one.name: one.recipe for one in _claim(claim_id).arms}
    if found.get(arm) is None:
        raise ValueError(known(arm, [name for name, one in found.items() if one], f"trained arm of {claim_id}"))
    return found[arm]


def stored(claim_id: str, folder: Path | None = None) -> dict:
    """The stored result of a claim.

    raises  ValueError if there is no such claim, or it was never run
    """
    path = _path(_claim(claim_id), folder)
    if not path.is_file():
        raise ValueError(f"{path.name} is not stored yet; run `ftkit evidence {claim_id}`")
    return json.loads(path.read_text(encoding="utf-8"))


def standing(claim_id: str, folder: Path | None = None) -> str:
    """How a claim stands: its stored verdict, with a word if that is stale, or "not measured"."""
    if not _path(_claim(claim_id), folder).is_file():
        return "not measured"
    return stored(claim_id, folder)["verdict"] + (" (stale)" if stale(claim_id, folder) else "")


def band(claim_id: str, arm: str, folder: Path | None = None) -> Band:
    """Where the stored runs of an arm lie.

    raises  ValueError for an unknown claim or arm
    """
    result = stored(claim_id, folder)
    values = result["arms"] | result["also"]
    if arm not in values:
        raise ValueError(known(arm, values, f"arm of {claim_id}"))
    return Band(min(values[arm]), statistics.fmean(values[arm]), max(values[arm]), len(values[arm]))


def stale(claim_id: str, folder: Path | None = None) -> list[str]:
    """What has changed since a claim was measured, one sentence each; empty if nothing has."""
    claim, then = _claim(claim_id), stored(claim_id, folder)["digests"]
    now = _digests(claim)
    changed = [
        f"{kind[:-1]} {name} has changed since {claim_id} was measured; run `ftkit evidence {claim_id}`"
        for kind in now
        for name in sorted(now[kind].keys() | then.get(kind, {}).keys())
        if now[kind].get(name) != then.get(kind, {}).get(name)
    ]
    return changed


def rerun(
    claim_id: str,
    seeds: Iterable[int] = SEEDS,
    store: Store | None = None,
    folder: Path | None = None,
    on_event: Callable[[dict], None] | None = None,
) -> dict:
    """
    Runs every arm of a claim with every seed, judges, and stores the result.

    A pair of arm and seed that was finished before in the same run store, with the same models, recipe and world, is
    not run again; so an interrupted call goes on where it was, and claims share their arms. Delete `.evidence` in the
    run store to begin anew.

    seeds     at least 2; a stored verdict of ours has 5
    store     where finished pairs are kept; None means $FTKIT_RUNS or ./runs
    folder    where the result goes; None means data/evidence
    on_event  called after each pair with {"claim", "arm", "seed", "seconds", "values"}
    returns   {"id", "claim", "rule", "unit", "command", "seeds", "arms", "effect", "low", "high", "verdict", ...}
    raises    ValueError for an unknown claim, fewer than 2 seeds or a seed twice
    """
    claim, seeds = _claim(claim_id), tuple(seeds)
    if len(seeds) < 2 or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds are {seeds}; choose at least 2, all different")
    machine.settle()
    kept = _Kept(store or run_store(), claim.id, on_event)
    tuning = {arm.name: kept.values(arm, TUNING_SEEDS) for arm in claim.tuning}
    measured = {arm.name: kept.values(arm, seeds) for arm in claim.arms}
    result = _result(claim, seeds, measured, tuning)
    path = _path(claim, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, result)
    return result


def tell(result: dict) -> str:
    """A stored result as a few lines for a person."""
    arms = [
        f"  {name:<12} " + " ".join(f"{value:.3f}" for value in values) + f"   mean {statistics.fmean(values):.3f}"
        for name, values in result["arms"].items()
    ]
    interval = f"95 % interval {result['low']:.3f} to {result['high']:.3f} {result['unit']}"
    effect = f"effect {result['effect']:.3f}, {interval} ({result['rule']})"
    return "\n".join([f"{result['id']}: {result['claim']}", *arms, effect, result["verdict"]])


class _Kept:
    """Finished pairs of arm and seed in a run store, one file an arm; an arm that has changed begins anew."""

    def __init__(self, store: Store, claim_id: str, on_event):
        self.store, self.claim_id, self.on_event = store, claim_id, on_event
        self.folder = store.root / ".evidence"

    def values(self, arm: Arm, seeds: tuple[int, ...]) -> list[dict]:
        path = self.folder / f"{arm.name.replace(' ', '-')}-{arm.digest}.json"
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        for seed in seeds:
            if str(seed) not in found:
                began = time.monotonic()
                found[str(seed)] = arm.measure(arm, seed)
                self.folder.mkdir(parents=True, exist_ok=True)
                write_json(path, found)
                self._tell(arm, seed, time.monotonic() - began, found[str(seed)])
        return [found[str(seed)] for seed in seeds]

    def _tell(self, arm: Arm, seed: int, seconds: float, values: dict) -> None:
        if self.on_event:
            event = {"claim": self.claim_id, "arm": arm.name, "seed": seed, "seconds": round(seconds, 1)}
            self.on_event(event | {"values": values})


def _result(claim: Claim, seeds: tuple[int, ...], measured: dict, tuning: dict) -> dict:
    judged = claim.judge(measured)
    low, high = interval(judged.effects)
    return {
        "id": claim.id,
        "claim": claim.statement,
        "rule": claim.rule,
        "unit": claim.unit,
        "command": f"ftkit evidence {claim.id}",
        "seeds": list(seeds),
        "arms": judged.arms,
        "also": judged.also,
        "effect": statistics.fmean(judged.effects),
        "low": low,
        "high": high,
        "verdict": verdict(low, high, claim.least),
        "tuning": {name: [values["validation"] for values in runs] for name, runs in tuning.items()},
        "digests": _digests(claim),
        "machine": machine.fingerprint(),
    }


def _digests(claim: Claim) -> dict[str, dict[str, str]]:
    arms = (*claim.arms, *claim.tuning)
    return {
        "models": {name: digest for arm in arms for name, digest in arm.model_digests.items()},
        "recipes": {arm.name: arm.what for arm in arms if arm.recipe or arm.options},
        "worlds": {"hermea": world_digest()},
    }


def _claim(claim_id: str) -> Claim:
    if claim_id not in BY_ID:
        raise ValueError(known(claim_id, BY_ID, "claim"))
    return BY_ID[claim_id]


def _path(claim: Claim, folder: Path | None) -> Path:
    return (folder or machine.data_folder() / "evidence") / f"{claim.id}.json"
