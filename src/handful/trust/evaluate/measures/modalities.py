"""What each modality brings: every subset of them, and whether one does harm.

Use when: items carry more than one modality, and some lack one.
Needs: answers with modalities taken away. Cost: one answer per case and subset, 2^k - 1 subsets.
Source: Shapley, "A value for n-person games" (1953), with accuracy as the worth of a subset.
"""
# N cases, C complete cases, S subsets, k modalities

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from math import factorial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.foundation.console.units import percent_text, plural
from handful.foundation.errors import require
from handful.numerics.stats.base import Interval, group_codes
from handful.numerics.stats.means import mean_interval
from handful.numerics.stats.paired_tests import mcnemar, sign_flip
from handful.numerics.stats.proportions import share_interval
from handful.numerics.stats.simultaneous import holm
from handful.trust.evaluate.finding import Finding, Sheet, SheetColumn, ends, figure
from handful.trust.evaluate.marks import Marks
from handful.trust.evaluate.measures.base import LEVEL, Measure
from handful.trust.evaluate.sitting import Sitting

Subset = tuple[str, ...]
_ALPHA = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Settings of this measure."""

    most_cases: int = 2000
    """Cases asked for each subset, at most; more are drawn at random."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.most_cases >= 1, "most_cases", self.most_cases, "1 or more")


class Harm(NamedTuple):
    """A subset that answers worse than a part of it."""

    part: Subset
    whole: Subset
    loss: float
    p_value: float


class Modalities(Measure):
    """Takes modalities away and looks at what is left.

    Subsets are held against each other on the cases that hold every modality; what a subset does
    for all cases that hold it stands beside.
    """

    config: Config

    def measure(self, sitting: Sitting) -> Finding:
        """See `Measure.measure`."""
        names = sitting.predictor.modalities
        if len(names) < 2:
            return self.cannot("It reads one modality only, so none can be taken away.")
        rows = self._drawn(sitting)
        full = tuple(names)
        complete = np.array([row for row in rows if sitting.present[row] == full], dtype=np.intp)
        marks = _asked(sitting, rows)
        kept = _groups(sitting, complete)
        paired = {subset: _of(marks[subset], complete) for subset in marks} if complete.size else {}
        right = {subset: found.right for subset, found in paired.items()}
        sheets = [_table(sitting, marks, paired, kept)]
        harms: list[Harm] = []
        figures: tuple[Any, ...] = ()
        if len(right) == 2 ** len(full) - 1:
            harms = _harms(right, kept, sitting.seed)
            parts = _shapley(right, _commonest(paired[full]), full, kept)
            figures = tuple(figure(f"part_{name}", parts[name], "share") for name in full)
            sheets.append(_parts(parts, sitting, full))
        return Finding(
            measure=self.name,
            figures=figures,
            sheets=tuple(sheets),
            meaning=tuple(_meaning(figures, harms, complete.size, full)),
            data={"harms": [harm._asdict() for harm in harms], "complete": complete.size},
        )

    def _drawn(self, sitting: Sitting) -> NDArray[np.intp]:
        order = np.random.default_rng(sitting.seed).permutation(len(sitting.cases))
        return np.sort(order[: self.config.most_cases])


class _Subset(NamedTuple):
    """Marks of the cases that hold a subset."""

    rows: NDArray[np.intp]
    marks: Marks


def subsets(names: Subset) -> list[Subset]:
    """Every non-empty subset, the small ones first.

    Args:
        names: Such as `("image", "text")`.
    """
    sizes = range(1, len(names) + 1)
    return [subset for size in sizes for subset in combinations(names, size)]


def _asked(sitting: Sitting, rows: NDArray[np.intp]) -> dict[Subset, _Subset]:
    """For each subset that occurs, the answers of all cases that hold it."""
    found = {}
    for subset in subsets(tuple(sitting.predictor.modalities)):
        holds = [row for row in rows if set(subset) <= set(sitting.present[row])]
        if holds:
            kept = np.array(holds, dtype=np.intp)
            found[subset] = _Subset(kept, sitting.only(kept, subset))
    return found


class _Paired(NamedTuple):
    """What became of the complete cases with one subset."""

    right: NDArray[np.bool_]
    answered: NDArray[np.bool_]
    truth: NDArray[np.intp]


def _of(found: _Subset, complete: NDArray[np.intp]) -> _Paired:
    places = np.searchsorted(found.rows, complete)
    marks = found.marks
    return _Paired(marks.right[places], marks.answered[places], marks.truth[places])


def _groups(sitting: Sitting, rows: NDArray[np.intp]) -> list[str] | None:
    return None if sitting.groups is None else [sitting.groups[row] for row in rows]


def _harms(
    right: dict[Subset, NDArray[np.bool_]], groups: list[str] | None, seed: int
) -> list[Harm]:
    """Every subset that answers worse than a part of it, the worst first."""
    pairs = [(part, whole) for part, whole in combinations(right, 2) if set(part) < set(whole)]
    losses = [right[part].mean() - right[whole].mean() for part, whole in pairs]
    p_values = [_p_worse(right[part], right[whole], groups, seed) for part, whole in pairs]
    found = [
        Harm(part, whole, float(loss), float(p_value))
        for (part, whole), loss, p_value in zip(pairs, losses, holm(p_values), strict=True)
        if loss > 0
    ]
    return sorted(found, key=lambda harm: (harm.p_value, -harm.loss))


def _p_worse(
    part: NDArray[np.bool_], whole: NDArray[np.bool_], groups: list[str] | None, seed: int
) -> float:
    """How likely such a loss is by luck, if the whole is no worse than the part."""
    if groups is None:
        return mcnemar(int((whole & ~part).sum()), int((part & ~whole).sum()))[0]
    change = whole.astype(np.float64) - part
    return sign_flip(change, group_codes(groups, change.size), seed=seed)[0]


def _commonest(paired: _Paired) -> NDArray[np.bool_]:
    """Whether saying the commonest class every time is right: what answers without any modality."""
    return paired.truth == np.bincount(paired.truth).argmax()


def _shapley(
    right: dict[Subset, NDArray[np.bool_]],
    without: NDArray[np.bool_],
    names: Subset,
    groups: list[str] | None,
) -> dict[str, Interval]:
    """The part of each modality in the accuracy above that of the commonest class."""
    worth = {frozenset(subset): row.astype(np.float64) for subset, row in right.items()}
    worth[frozenset()] = without.astype(np.float64)
    k = len(names)
    parts = {}
    for name in names:
        others = [other for other in names if other != name]
        gain = np.zeros(len(without))
        for subset in [(), *subsets(tuple(others))]:
            weight = factorial(len(subset)) * factorial(k - len(subset) - 1) / factorial(k)
            gain += weight * (worth[frozenset((*subset, name))] - worth[frozenset(subset)])
        found = mean_interval(gain, groups, level=LEVEL)
        # One case gains or loses one right answer at most.
        parts[name] = replace(found, low=max(-1.0, found.low), high=min(1.0, found.high))
    return parts


def _table(
    sitting: Sitting,
    marks: dict[Subset, _Subset],
    paired: dict[Subset, _Paired],
    groups: list[str] | None,
) -> Sheet:
    rows = []
    for subset, found in marks.items():
        cells: dict[str, Any] = {"right": None, "low": None, "high": None, "answered": None}
        if subset in paired:
            share = share_interval(paired[subset].right, groups, level=LEVEL)
            answered = float(paired[subset].answered.mean())
            cells = {"right": share.estimate, **ends(share), "answered": answered}
        everyone = share_interval(found.marks.right, _groups(sitting, found.rows), level=LEVEL)
        rows.append(
            {
                "modalities": " + ".join(subset),
                **cells,
                "n_holding": everyone.n,
                "right_holding": everyone.estimate,
            }
        )
    return Sheet(
        name="subsets",
        title="What it knows from which modalities",
        columns=(
            SheetColumn(name="modalities"),
            SheetColumn(name="right", unit="share", title="right, complete cases"),
            SheetColumn(name="low", unit="share", title="at least"),
            SheetColumn(name="high", unit="share", title="at most"),
            SheetColumn(name="answered", unit="share"),
            SheetColumn(name="n_holding", title="cases that hold these"),
            SheetColumn(name="right_holding", unit="share", title="right of these"),
        ),
        rows=tuple(rows),
    )


def _parts(parts: dict[str, Interval], sitting: Sitting, names: Subset) -> Sheet:
    """Measured parts beside those the answers themselves name."""
    said = sitting.asked.answers
    named = [answer.shares for answer in said if set(answer.shares) == set(names)]
    rows = [
        {
            "modality": name,
            "part": parts[name].estimate,
            **ends(parts[name]),
            "named": float(np.mean([shares[name] for shares in named])) if named else None,
        }
        for name in names
    ]
    return Sheet(
        name="parts",
        title="What each modality adds to saying the commonest class",
        columns=(
            SheetColumn(name="modality"),
            SheetColumn(name="part", unit="share", title="adds"),
            SheetColumn(name="low", unit="share", title="at least"),
            SheetColumn(name="high", unit="share", title="at most"),
            SheetColumn(name="named", unit="share", title="its answers name it"),
        ),
        rows=tuple(rows),
    )


def _meaning(figures: tuple[Any, ...], harms: list[Harm], complete: int, full: Subset) -> list[str]:
    if not figures:
        return ["No case holds every modality, so subsets cannot be held against each other."]
    parts = ", ".join(f"{name} {each.text}" for name, each in zip(full, figures, strict=True))
    said = [
        f"On {plural(complete, 'case')} with every modality, these add to saying the commonest "
        f"class: {parts}."
    ]
    proven = [harm for harm in harms if harm.p_value <= _ALPHA]
    said += [_harm(harm) for harm in proven]
    doubtful = [harm for harm in harms if harm.p_value > _ALPHA and harm.whole == full]
    if doubtful:
        worst = max(doubtful, key=lambda harm: harm.loss)
        said.append(f"{_harm(worst)[:-1]}; that may be chance.")
    if not harms:
        said.append("No modality does harm: every subset is at least as often right as its parts.")
    return said


def _harm(harm: Harm) -> str:
    more = " and ".join(name for name in harm.whole if name not in harm.part)
    return (
        f"With {more} added to {' and '.join(harm.part)} it is right less often, by "
        f"{percent_text(harm.loss)} (p = {harm.p_value:.2g}, all comparisons counted)."
    )
