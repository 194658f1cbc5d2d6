"""Whether it serves all groups alike: speakers, authors, batches, sources.

Use when: cases come in groups, and none of them may be served badly unseen.
Needs: answers to cases with groups. Cost: none beyond the answers.
Source: exact intervals that hold together (Sidak), as in `handful.numerics.stats.simultaneous`.
"""
# N cases, G groups

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.foundation.console.units import percent_text, plural
from handful.foundation.errors import require
from handful.numerics.stats.base import Interval, Verdict
from handful.numerics.stats.simultaneous import exact_shares, largest_gap
from handful.trust.evaluate.cases import listed
from handful.trust.evaluate.finding import Figure, Finding, Sheet, SheetColumn, ends, figure
from handful.trust.evaluate.measures.base import LEVEL, Measure
from handful.trust.evaluate.sitting import Sitting

WORSE, BETTER, ALIKE = "worse", "better", "no difference seen"

_EVERY_PAIR = 12  # groups up to which every two are held against each other


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Settings of this measure."""

    least: int = 30
    """Cases a group needs before anything is said about it; fewer read as CANNOT TELL."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.least >= 2, "least", self.least, "2 or more")


class Groups(Measure):
    """Counts right answers group by group."""

    config: Config

    def measure(self, sitting: Sitting) -> Finding:
        """See `Measure.measure`."""
        rows = [row for row, case in enumerate(sitting.cases) if case.group is not None]
        names = [str(sitting.cases[row].group) for row in rows]
        counts = Counter(names)
        if len(counts) < 2:
            what = "no groups are known" if not counts else "all cases are of one group"
            return self.cannot(f"Whether groups are served alike cannot be told: {what}.")
        if max(counts.values()) < self.config.least:
            return self.cannot(
                f"Whether groups are served alike cannot be told: the largest of {len(counts)} "
                f"groups has {max(counts.values())} cases, and {self.config.least} are needed."
            )
        right = sitting.marks.right[rows]
        answered = sitting.marks.answered[rows]
        labels = np.array(names)
        large = [name for name, count in counts.items() if count >= self.config.least]
        hits = [int(right[labels == name].sum()) for name in large]
        together = exact_shares(hits, [counts[name] for name in large], level=LEVEL)
        found = dict(zip(large, together, strict=True))
        table = [
            {
                "group": name,
                "n": count,
                "accuracy": float(right[labels == name].mean()),
                **(ends(found[name]) if name in found else {"low": None, "high": None}),
                "answered": float(answered[labels == name].mean()),
                "verdict": _verdict(found.get(name), float(right.mean())),
            }
            for name, count in counts.items()
        ]
        table.sort(key=lambda row: (row["group"] not in found, row["accuracy"], row["group"]))
        gap = _gap(right, labels, found, sitting.seed)
        figures = (figure("gap", gap, "share"), _worst(table[0]))
        return Finding(
            measure=self.name,
            figures=figures,
            sheets=(_sheet(table),),
            meaning=tuple(_meaning(table, figures[0], float(right.mean()))),
        )


def _verdict(one: Interval | None, overall: float) -> str:
    if one is None:
        return str(Verdict.CANNOT_TELL)
    if one.high < overall:
        return WORSE
    return BETTER if one.low > overall else ALIKE


def _gap(
    right: NDArray[np.bool_], labels: NDArray[np.str_], found: dict[str, Interval], seed: int
) -> Interval:
    """How far the best group lies above the worst, corrected for having looked for them."""
    kept = np.isin(labels, list(found))
    if len(found) <= _EVERY_PAIR:
        return largest_gap(right[kept], labels[kept], level=LEVEL, least_rows=1, seed=seed)
    each = list(found.values())
    shares = [one.estimate for one in each]
    return Interval(
        estimate=max(shares) - min(shares),
        low=max(0.0, max(one.low for one in each) - min(one.high for one in each)),
        high=max(one.high for one in each) - min(one.low for one in each),
        n=int(kept.sum()),
        groups=len(each),
        level=LEVEL,
        method="from intervals that hold together",
    )


def _worst(row: dict[str, Any]) -> Figure:
    return Figure(
        name="worst",
        value=row["accuracy"],
        unit="share",
        low=row["low"],
        high=row["high"],
        n=row["n"],
        groups=1,
        method="holds together with all other groups",
        note=row["group"],
    )


def _sheet(table: list[dict[str, Any]]) -> Sheet:
    return Sheet(
        name="groups",
        title="Right answers, group by group, the worst first (the intervals hold together)",
        columns=(
            SheetColumn(name="group"),
            SheetColumn(name="n", title="cases"),
            SheetColumn(name="accuracy", unit="share", title="right"),
            SheetColumn(name="low", unit="share", title="at least"),
            SheetColumn(name="high", unit="share", title="at most"),
            SheetColumn(name="answered", unit="share"),
            SheetColumn(name="verdict", title="against all"),
        ),
        rows=tuple(table),
    )


def _meaning(table: list[dict[str, Any]], gap: Figure, overall: float) -> list[str]:
    said = []
    if gap.value is not None:
        apart = f"Best and worst group lie {percent_text(gap.value)} apart"
        if gap.low and gap.low > 0:
            said.append(f"{apart}, of which at least {percent_text(gap.low)} are not chance.")
        else:
            said.append(f"{apart}; chance alone may explain that.")
    worse = [row["group"] for row in table if row["verdict"] == WORSE]
    if worse:
        said.append(
            f"It serves {plural(len(worse), 'group')} worse than all together "
            f"({percent_text(overall)}): {listed(worse)}."
        )
    small = [row["group"] for row in table if row["verdict"] == Verdict.CANNOT_TELL]
    if small:
        said.append(f"Nothing can be said of {plural(len(small), 'small group')}: {listed(small)}.")
    return said or ["Only one group is large enough, and there is nothing to hold it against."]
