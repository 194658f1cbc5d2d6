"""The table of a run: every way to learn, side by side, on items none of them had seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.foundation.goal import Goal
from handful.learn.routes.arms import OURS, Arm
from handful.numerics.stats.paired import compare
from handful.numerics.stats.proportions import share_interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One row of the table.

    Attributes:
        name: The way to learn.
        accuracy: Share of held-out items that were answered rightly.
        low: Lower end of its 95 % interval over groups.
        high: Upper end.
        cost: What 100 held-out items cost by the goal, leaving unsure ones to a person.
        cpu_s: Processor seconds of learning and answering, all folds together.
        memory_mib: How far memory rose above what all ways share while it learned.
        p50_ms: Half of single answers came within this many milliseconds, from the files on;
            None where none was timed.
        p90_ms: Nine of ten did.
        note: What was chosen on the way.
    """

    name: str
    accuracy: float
    low: float
    high: float
    cost: float
    cpu_s: float
    memory_mib: float
    p50_ms: float | None
    p90_ms: float | None
    note: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def lines(
    arms: Sequence[Arm],
    labels: NDArray[np.intp],
    classes: Sequence[str],
    groups: NDArray[Any] | None,
    goal: Goal,
    times: Mapping[str, Sequence[float]] | None = None,
) -> list[Line]:
    """Measure every arm on the same held-out items.

    Args:
        arms: What each said.
        labels: `[N]` the truth.
        classes: K names.
        groups: `[N]` groups, for honest intervals.
        goal: What mistakes cost.
        times: Name of the arm to seconds of whole answers.
    """
    found = []
    for arm in arms:
        right = arm.held_out.argmax(axis=1) == labels
        interval = share_interval(right, groups)
        took = sorted((times or {}).get(arm.name, ()))
        cost = goal.cost(labels, goal.decide(arm.held_out, classes), classes)
        found.append(
            Line(
                name=arm.name,
                accuracy=float(right.mean()),
                low=interval.low,
                high=interval.high,
                cost=100 * float(cost.mean()),
                cpu_s=arm.cpu_s,
                memory_mib=arm.peak_bytes / 2**20,
                p50_ms=_quantile_ms(took, 0.5),
                p90_ms=_quantile_ms(took, 0.9),
                note=arm.note,
            )
        )
    return found


def _quantile_ms(seconds: Sequence[float], share: float) -> float | None:
    return 1000 * float(np.quantile(seconds, share)) if seconds else None


def sentences(
    arms: Sequence[Arm], labels: NDArray[np.intp], groups: NDArray[Any] | None
) -> list[str]:
    """What the table means, in plain sentences.

    Args:
        arms: What each said, ours among them.
        labels: `[N]` the truth.
        groups: `[N]` groups.
    """
    right = {arm.name: arm.held_out.argmax(axis=1) == labels for arm in arms}
    if OURS not in right:
        return []
    share = {name: float(found.mean()) for name, found in right.items()}
    said = []
    singles = [name for name in right if name.endswith(" alone")]
    if len(singles) > 1:
        best = max(singles, key=lambda name: share[name])
        said.append(_fusion_sentence(best, share, right, groups))
    if "majority" in share and share[OURS] <= share["majority"]:
        said.append("It does not beat always saying the commonest class: it learned nothing yet.")
    others = [name for name in share if name not in (OURS, *singles)]
    ahead = [name for name in others if share[name] > share[OURS]]
    if ahead:
        names = " and ".join(ahead)
        said.append(f"On these items {names} did better than what was chosen.")
    return said


def _fusion_sentence(
    best: str,
    share: dict[str, float],
    right: dict[str, NDArray[np.bool_]],
    groups: NDArray[Any] | None,
) -> str:
    gain = share[OURS] - share[best]
    verdict = compare(right[best], right[OURS], groups, margin=0.0)
    points = f"{abs(gain) * 100:.1f} points"
    if verdict.difference.low > 0:
        return f"Joining the modalities gains {points} over {best}, more than chance explains."
    if gain > 0:
        return f"Joining the modalities gains {points} over {best}, which may still be chance."
    return f"Joining the modalities does not help here: {best} is {points} ahead or equal."
