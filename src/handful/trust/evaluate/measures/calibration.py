"""Whether it is as sure as it should be: calibration error, and what "sure" was worth.

Use when: answers carry probabilities or promises that somebody acts on.
Needs: answers. Cost: none beyond the answers.
Source: equal-mass bins and the removal of bias after Kumar, Liang and Ma, arXiv 1909.10155,
    with pairs of cases taken from different groups only; Brier, Monthly Weather Review 78 (1950).
"""
# N cases, K classes, B bins, G groups

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.foundation.console.units import percent_text, plural
from handful.foundation.errors import require
from handful.foundation.goal import Goal
from handful.foundation.predictor import Level
from handful.numerics.stats.base import Interval, Verdict, group_codes
from handful.numerics.stats.means import mean_interval, t_quantile
from handful.numerics.stats.promises import trials_needed
from handful.numerics.stats.proportions import share_interval
from handful.trust.evaluate.finding import Figure, Finding, Sheet, SheetColumn, ends, figure
from handful.trust.evaluate.marks import Marks
from handful.trust.evaluate.measures.base import LEVEL, Measure
from handful.trust.evaluate.sitting import Sitting


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Settings of this measure."""

    bins: int = 15
    """Bins of equal numbers of cases, at most; 10 to 20 is usual."""
    least: int = 20
    """Cases in a bin, at least; fewer bins are made where there are few cases."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.bins >= 1, "bins", self.bins, "1 or more")
        require(self.least >= 2, "least", self.least, "2 or more")


class Calibration(Measure):
    """Compares how sure the answers are with how often they are right."""

    config: Config

    def measure(self, sitting: Sitting) -> Finding:
        """See `Measure.measure`."""
        marks, groups = sitting.marks, sitting.groups
        count = max(1, min(self.config.bins, len(marks.truth) // self.config.least))
        bins = equal_mass_bins(marks.confidence, count)
        excess = marks.confidence - marks.right
        error = calibration_error(excess, bins, groups)
        levels = _levels(marks, groups, sitting.goal)
        figures = (
            figure("calibration_error", error, "share"),
            _plain(excess, bins),
            figure("overconfidence", mean_interval(excess, groups, level=LEVEL), "share"),
            figure("brier", mean_interval(_brier(marks), groups, level=LEVEL)),
        )
        return Finding(
            measure=self.name,
            figures=figures,
            sheets=(_levels_sheet(levels), _bins_sheet(marks, bins)),
            meaning=tuple(_meaning(figures, levels)),
        )


def equal_mass_bins(confidence: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Deal cases into bins of equal size by how sure they are.

    Cases that are equally sure share a bin, so sizes may differ and there may be fewer bins.

    Args:
        confidence: `[N]`.
        count: Bins, 1 or more.

    Returns:
        `[N]` bin of each case, 0 for the least sure; every bin up to the last holds a case.
    """
    _, place, sizes = np.unique(confidence, return_inverse=True, return_counts=True)
    middle = (np.cumsum(sizes) - sizes / 2)[place]
    bins = (middle * count / len(confidence)).astype(np.intp)
    return np.unique(bins, return_inverse=True)[1].astype(np.intp, copy=False)


def calibration_error(
    excess: NDArray[np.float64], bins: NDArray[np.intp], groups: list[str] | None
) -> Interval:
    """Root mean square distance between how sure and how often right, without its usual bias.

    The plain figure is above 0 even for a perfect model, because each bin is off by luck. Here
    the squared distance of a bin is the mean product of the excess of two cases from different
    groups, whose luck has nothing in common. The interval leaves out one group at a time.

    Args:
        excess: `[N]` confidence minus 1 where right, minus 0 where wrong.
        bins: `[N]` bin of each case.
        groups: N group labels; None for independent cases.

    Returns:
        The error, 0 where chance explains all of it. Not a number with fewer than two groups, and
        unbounded above with so few that leaving one out leaves nothing to compare.
    """
    codes = group_codes(groups, len(excess))
    shape = (int(codes.max()) + 1, int(bins.max()) + 1)
    sum_GB, count_GB = np.zeros(shape), np.zeros(shape)
    np.add.at(sum_GB, (codes, bins), excess)
    np.add.at(count_GB, (codes, bins), 1.0)
    square = float(
        _squared(sum_GB.sum(0), (sum_GB**2).sum(0), count_GB.sum(0), (count_GB**2).sum(0))
    )
    n, count = len(excess), shape[0]
    without = _squared(
        sum_GB.sum(0) - sum_GB,
        (sum_GB**2).sum(0) - sum_GB**2,
        count_GB.sum(0) - count_GB,
        (count_GB**2).sum(0) - count_GB**2,
    )
    low, high = 0.0, math.inf
    if not np.isnan(without).any():
        spread = float(((without - without.mean()) ** 2).sum()) * (count - 1) / count
        reach = t_quantile(LEVEL, count - 1) * math.sqrt(spread)
        low, high = (math.sqrt(max(0.0, end)) for end in (square - reach, square + reach))
    return Interval(
        estimate=math.nan if math.isnan(square) else math.sqrt(max(0.0, square)),
        low=low,
        high=high,
        n=n,
        groups=count,
        level=LEVEL,
        method="leaving out one group at a time",
    )


def _squared(
    total: NDArray[np.float64],
    own: NDArray[np.float64],
    count: NDArray[np.float64],
    own_pairs: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Mean squared excess over bins `[..., B]`, from pairs of cases of different groups.

    Bins without such a pair are left out; without any, it is not a number.
    """
    pairs = count**2 - own_pairs
    each = np.divide(total**2 - own, pairs, out=np.zeros_like(pairs), where=pairs > 0.5)
    weight = np.where(pairs > 0.5, count, 0.0)
    total_weight = weight.sum(axis=-1)
    known = np.where(total_weight > 0, total_weight, np.nan)
    return (each * weight).sum(axis=-1) / known


def _plain(excess: NDArray[np.float64], bins: NDArray[np.intp]) -> Figure:
    """The expected calibration error as papers print it."""
    sums = np.abs(np.bincount(bins, weights=excess))
    return Figure(
        name="ece_plain",
        value=float(sums.sum() / len(excess)),
        unit="share",
        n=len(excess),
        note="as papers print it: above 0 even for a perfect model",
    )


def _brier(marks: Marks) -> NDArray[np.float64]:
    """`[N]` squared distance between the probabilities and the truth, 0 to 2."""
    truth_NK = np.eye(len(marks.classes))[marks.truth]
    return ((marks.probabilities - truth_NK) ** 2).sum(axis=1)


def _levels(marks: Marks, groups: list[str] | None, goal: Goal) -> list[dict[str, Any]]:
    """For each level of sureness: how many, what was promised, what came of it."""
    allowed = {Level.SURE: goal.sure_error, Level.FAIRLY_SURE: goal.fairly_sure_error}
    rows = []
    for level in Level:
        chosen = np.flatnonzero(marks.levels == str(level))
        row: dict[str, Any] = {
            "level": str(level),
            "n": len(chosen),
            "share": len(chosen) / len(marks.truth),
            "stated": None,
            "allowed": allowed.get(level),
            "error": None,
            "low": None,
            "high": None,
            "promise": "",
        }
        if chosen.size:
            kept = None if groups is None else [groups[place] for place in chosen]
            found = share_interval(~marks.right[chosen], kept, level=LEVEL)
            row |= {"error": found.estimate, **ends(found)}
            stated = marks.stated[chosen]
            if level != Level.NOT_SURE and not np.isnan(stated).all():
                row["stated"] = float(np.nanmean(stated))
                row["promise"] = str(_promise(row["stated"], found))
        rows.append(row)
    return rows


def _promise(stated: float, found: Interval) -> Verdict:
    if found.low > stated:
        return Verdict.FAIL
    return Verdict.PASS if found.high <= stated else Verdict.CANNOT_TELL


def _levels_sheet(rows: list[dict[str, Any]]) -> Sheet:
    return Sheet(
        name="levels",
        title="How sure it said it was, and how often it was wrong",
        columns=(
            SheetColumn(name="level"),
            SheetColumn(name="n", title="cases"),
            SheetColumn(name="share", unit="share"),
            SheetColumn(name="allowed", unit="share", title="allowed by the goal"),
            SheetColumn(name="stated", unit="share", title="stated error"),
            SheetColumn(name="error", unit="share", title="actual error"),
            SheetColumn(name="low", unit="share", title="at least"),
            SheetColumn(name="high", unit="share", title="at most"),
            SheetColumn(name="promise"),
        ),
        rows=tuple(rows),
    )


def _bins_sheet(marks: Marks, bins: NDArray[np.intp]) -> Sheet:
    rows = []
    for place in range(int(bins.max()) + 1):
        chosen = bins == place
        confidence = marks.confidence[chosen]
        rows.append(
            {
                "from": float(confidence.min()),
                "to": float(confidence.max()),
                "n": int(chosen.sum()),
                "confidence": float(confidence.mean()),
                "right": float(marks.right[chosen].mean()),
            }
        )
    return Sheet(
        name="bins",
        title="From least to most sure, in bins of equal size",
        columns=(
            SheetColumn(name="from", unit="share"),
            SheetColumn(name="to", unit="share"),
            SheetColumn(name="n", title="cases"),
            SheetColumn(name="confidence", unit="share", title="how sure"),
            SheetColumn(name="right", unit="share", title="how often right"),
        ),
        rows=tuple(rows),
    )


def _meaning(figures: tuple[Figure, ...], levels: list[dict[str, Any]]) -> list[str]:
    error, _, lean, _ = figures
    said = []
    if error.value is None or error.high is None:
        said.append("Whether its probabilities are right cannot be told from so few groups.")
    elif (error.low or 0.0) > 0:
        said.append(f"Its probabilities are off by {error.text}, which is more than chance.")
    else:
        said.append(
            f"Its probabilities may be right; they are off by at most {percent_text(error.high)}."
        )
    if lean.low is not None and lean.low > 0:
        said.append(f"It is too sure of itself by {lean.text}.")
    elif lean.high is not None and lean.high < 0 and lean.value is not None:
        said.append(f"It is surer than it says by {percent_text(-lean.value)}.")
    for row in levels:
        said += _kept(row)
    return said


def _kept(row: dict[str, Any]) -> list[str]:
    """What became of the promise of one level."""
    if not row["promise"]:
        return []
    error = percent_text(row["error"], row["low"], row["high"])
    stated, start = percent_text(row["stated"]), f'"{row["level"].capitalize()}" promises'
    if row["promise"] == Verdict.PASS:
        return [f"{start} at most {stated} errors and keeps it: {error} of {row['n']}."]
    if row["promise"] == Verdict.FAIL:
        return [f"{start} at most {stated} errors and breaks it: {error} of {row['n']}."]
    wanted = ""
    if 0 < row["stated"] < 1:
        # Two-sided 95 % leaves 2.5 % above, which is what the upper end is read at.
        needed = trials_needed(1 - row["stated"], (1 + LEVEL) / 2)
        if needed > row["n"]:
            wanted = f" Even without a mistake it takes {plural(needed, 'such answer')} to tell."
    return [f"{start} at most {stated} errors; {row['n']} cases cannot tell ({error}).{wanted}"]
