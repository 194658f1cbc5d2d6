"""What past runs took beside what was predicted, and what that says about the next prediction.

Ratios are kept per part of a training. Few runs say little, so a ratio is drawn towards 1 as if
half a run had come out exactly as the cost model says; with many runs it becomes the truth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from handful.learn.train.counts import Profile

PARTS = ("encode", "align", "ladder", "baselines", "save")
"""Parts of a training, in order."""

_PRIOR_RUNS = 0.5
_OTHER_PROFILE = 0.5
"""How much a run with other towers counts beside one with the same."""
_RECENT = 20
_LEAST_S = 0.05
"""Shorter parts are mostly chance."""
_LARGEST = 8.0
_UNKNOWN_SPREAD = 0.3
_LEAST_SPREAD = 0.08


class Pair(NamedTuple):
    """One figure of one run.

    Attributes:
        predicted: Before it began.
        actual: Afterwards.
    """

    predicted: float
    actual: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """One finished run that had been predicted.

    Attributes:
        profile: Of its towers.
        parts: Part to core seconds of the bare cost model, beside what it took.
        wall: Seconds on the wall, as predicted and as they were.
        cpu: Core seconds.
        memory: Bytes at the peak.
        bare_memory: The same before it was corrected.
        joules_per_cpu_s: Energy of one core second, where the hardware measures it.
    """

    profile: Profile
    parts: Mapping[str, Pair]
    wall: Pair
    cpu: Pair
    memory: Pair | None = None
    bare_memory: Pair | None = None
    joules_per_cpu_s: float | None = None


def past_of(manifest: Mapping[str, Any]) -> Past | None:
    """What the record of a run says.

    Args:
        manifest: Of the run.

    Returns:
        None when it is not finished, or was not predicted.
    """
    predicted, cost = manifest.get("predicted"), manifest.get("cost")
    took = manifest.get("stages_cpu_s")
    if manifest.get("state") != "done" or not (predicted and cost and took):
        return None
    try:
        bare = predicted["bare"]
        parts = {
            part: Pair(bare[part], actual)
            for part, actual in _actual(took, manifest, predicted["baselines"]).items()
            if bare.get(part)
        }
        peak = cost["peak_memory_bytes"]
        measured = cost["energy_mode"] == "measured" and cost["cpu_s"] > 0
        return Past(
            profile="fast" if manifest.get("profile") == "fast" else "default",
            parts=parts,
            wall=Pair(predicted["wall_s"], cost["wall_s"]),
            cpu=Pair(predicted["cpu_s"], cost["cpu_s"]),
            memory=Pair(predicted["peak_memory_bytes"], peak) if peak else None,
            bare_memory=Pair(bare["memory"], peak) if peak and bare.get("memory") else None,
            joules_per_cpu_s=cost["energy_j"] / cost["cpu_s"] if measured else None,
        )
    except (KeyError, TypeError):
        return None


def _actual(
    took: Mapping[str, float], manifest: Mapping[str, Any], baselines: Sequence[str]
) -> dict[str, float]:
    """Core seconds per part: what baselines took is told apart by the table."""
    beaten = sum(line["cpu_s"] for line in manifest.get("table", []) if line["name"] in baselines)
    ladder = took.get("adapt", 0.0) + took.get("decide", 0.0) - beaten
    return {
        "encode": took.get("encode", 0.0),
        "align": took.get("align", 0.0),
        "ladder": max(ladder, 0.0),
        "baselines": beaten,
        "save": took.get("save", 0.0),
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Lessons:
    """What past runs teach about the next one.

    Attributes:
        ratios: Part, or `memory`, to the factor on the bare cost model.
        spread: How far a prediction usually is from what happens, as a standard deviation of
            logarithms; 0.3 before three runs are known.
        runs: How many runs it is from.
        sentence: How good earlier predictions were, in words; empty when there are none.
        joules_per_cpu_s: Energy of one core second; None where it was not measured.
    """

    ratios: Mapping[str, float] = field(default_factory=dict)
    spread: float = _UNKNOWN_SPREAD
    runs: int = 0
    sentence: str = ""
    joules_per_cpu_s: float | None = None

    def corrected(self, part: str, bare: float) -> float:
        """What the cost model says of a part, corrected by the past."""
        return bare * self.ratios.get(part, 1.0)


def learn(past: Sequence[Past], profile: Profile) -> Lessons:
    """Draw lessons.

    Args:
        past: Runs of this project, oldest first.
        profile: Of the towers to come; runs with others count half.
    """
    recent = list(past)[-_RECENT:]
    if not recent:
        return Lessons()
    weights = [1.0 if run.profile == profile else _OTHER_PROFILE for run in recent]
    ratios = {part: _ratio([run.parts.get(part) for run in recent], weights) for part in PARTS}
    ratios["memory"] = _ratio([run.bare_memory for run in recent], weights, least=1.0)
    energy = [run.joules_per_cpu_s for run in recent if run.joules_per_cpu_s]
    return Lessons(
        ratios=ratios,
        spread=_spread([run.cpu for run in recent]),
        runs=len(recent),
        sentence=_sentence(recent),
        joules_per_cpu_s=energy[-1] if energy else None,
    )


def _ratio(
    pairs: Sequence[Pair | None], weights: Sequence[float], least: float = _LEAST_S
) -> float:
    """Weighted geometric mean of actual by predicted, drawn towards 1."""
    total, weight = 0.0, _PRIOR_RUNS
    for pair, counts in zip(pairs, weights, strict=True):
        if pair and pair.predicted > 0 and pair.actual > 0 and max(pair) >= least:
            total += counts * math.log(pair.actual / pair.predicted)
            weight += counts
    return min(max(math.exp(total / weight), 1 / _LARGEST), _LARGEST)


def _spread(pairs: Sequence[Pair]) -> float:
    """Root mean square of the logarithmic errors, drawn towards what is usual at first."""
    errors = _errors(pairs)
    if len(errors) < 3:
        return _UNKNOWN_SPREAD
    total = sum(error**2 for error in errors) + _UNKNOWN_SPREAD**2
    return max(_LEAST_SPREAD, math.sqrt(total / (len(errors) + 1)))


def _errors(pairs: Sequence[Pair | None]) -> list[float]:
    return [
        math.log(pair.actual / pair.predicted)
        for pair in pairs
        if pair and pair.predicted > 0 and pair.actual > 0
    ]


def _sentence(past: Sequence[Past]) -> str:
    """How good earlier predictions were."""
    parts = []
    figures = {
        "time": [run.wall for run in past],
        "core time": [run.cpu for run in past],
        "memory": [run.memory for run in past],
    }
    for name, pairs in figures.items():
        errors = sorted(abs(math.expm1(error)) for error in _errors(pairs))
        if errors:
            parts.append(f"{name} by {errors[len(errors) // 2]:.0%}")
    count = "The last prediction" if len(past) == 1 else f"The last {len(past)} predictions"
    usual = "was" if len(past) == 1 else "were"
    return f"{count} here {usual} off by (the middle one): {', '.join(parts)}." if parts else ""
