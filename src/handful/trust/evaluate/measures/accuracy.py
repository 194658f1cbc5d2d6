"""How often it is right: over all cases, class by class, and what it takes for what.

Use when: always. Intervals count groups where cases come in groups.
Needs: answers. Cost: none beyond the answers.
Source: intervals of `handful.numerics.stats`; balanced accuracy is the mean recall of the classes.
"""
# N cases, K classes

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.foundation.console.units import percent_text, plural
from handful.foundation.errors import require
from handful.numerics.stats.base import Interval
from handful.numerics.stats.proportions import share_interval
from handful.numerics.stats.resampling import interval_of_sums
from handful.numerics.stats.simultaneous import slice_shares
from handful.trust.evaluate.cases import listed
from handful.trust.evaluate.finding import Figure, Finding, Sheet, SheetColumn, ends, figure
from handful.trust.evaluate.marks import Marks
from handful.trust.evaluate.measures.base import LEVEL, Measure
from handful.trust.evaluate.sitting import Sitting

_UNEQUAL = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Settings of this measure."""

    whole_matrix: int = 12
    """Classes up to which the table of confusions shows every pair; above, the commonest pairs."""
    commonest: int = 20
    """Pairs shown when there are more classes than that."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.whole_matrix >= 2, "whole_matrix", self.whole_matrix, "2 or more")
        require(self.commonest >= 1, "commonest", self.commonest, "1 or more")


class Accuracy(Measure):
    """Counts right answers; "not sure" still has a best guess, and that is what counts here."""

    config: Config

    def measure(self, sitting: Sitting) -> Finding:
        """See `Measure.measure`."""
        marks, groups = sitting.marks, sitting.groups
        overall = share_interval(marks.right, groups, level=LEVEL)
        figures = [
            figure("accuracy", overall, "share"),
            figure("balanced", _balanced(marks, groups), "share"),
            figure("answered", share_interval(marks.answered, groups, level=LEVEL), "share"),
            _among_answered(marks, groups),
            _commonest(marks),
        ]
        confusion = _confusion(marks)
        return Finding(
            measure=self.name,
            figures=tuple(figures),
            sheets=(_classes(marks, groups, sitting.seed), self._mixed_up(marks, confusion)),
            meaning=tuple(_meaning(figures, marks, overall)),
            data={"classes": list(marks.classes), "confusion": confusion.tolist()},
        )

    def _mixed_up(self, marks: Marks, confusion: NDArray[np.intp]) -> Sheet:
        if len(marks.classes) <= self.config.whole_matrix:
            return _matrix(marks.classes, confusion)
        return _pairs(marks.classes, confusion, self.config.commonest)


def _balanced(marks: Marks, groups: list[str] | None) -> Interval:
    seen = np.unique(marks.truth)
    truth_NK = (marks.truth[:, None] == seen).astype(np.float64)
    columns = np.hstack([truth_NK * marks.right[:, None], truth_NK])
    count = len(seen)

    def mean_recall(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        totals = sums[..., count:]
        recall = np.divide(sums[..., :count], totals, out=np.zeros_like(totals), where=totals > 0.5)
        # A class that a draw leaves out has no recall in that draw; the others stand for it.
        return recall.sum(axis=-1) / np.maximum((totals > 0.5).sum(axis=-1), 1)

    return interval_of_sums(columns, mean_recall, groups, level=LEVEL, is_share=True)


def _among_answered(marks: Marks, groups: list[str] | None) -> Figure:
    rows = np.flatnonzero(marks.answered)
    if rows.size == 0:
        return Figure(name="among_answered", value=None, unit="share", note="nothing was answered")
    kept = None if groups is None else [groups[row] for row in rows]
    return figure("among_answered", share_interval(marks.right[rows], kept, level=LEVEL), "share")


def _commonest(marks: Marks) -> Figure:
    counts = np.bincount(marks.truth, minlength=len(marks.classes))
    return Figure(
        name="commonest_class",
        value=float(counts.max() / counts.sum()),
        unit="share",
        n=int(counts.sum()),
        note=marks.classes[int(counts.argmax())],
    )


def _classes(marks: Marks, groups: list[str] | None, seed: int) -> Sheet:
    """Recall of each class, with intervals that hold together."""
    seen = np.unique(marks.truth)
    masks = {marks.classes[index]: marks.truth == index for index in seen}
    recalls = slice_shares(marks.right, masks, groups, level=LEVEL, seed=seed)
    rows = []
    for name, found in recalls.items():
        said = marks.guess == marks.classes.index(name)
        rows.append(
            {
                "class": name,
                "n": found.n,
                "recall": found.estimate,
                **ends(found),
                "precision": float(marks.right[said].mean()) if said.any() else None,
                "answered": float(marks.answered[masks[name]].mean()),
            }
        )
    return Sheet(
        name="classes",
        title="Right answers, class by class (the intervals hold together)",
        columns=(
            SheetColumn(name="class"),
            SheetColumn(name="n", title="cases"),
            SheetColumn(name="recall", unit="share", title="found"),
            SheetColumn(name="low", unit="share", title="at least"),
            SheetColumn(name="high", unit="share", title="at most"),
            SheetColumn(name="precision", unit="share", title="right when said"),
            SheetColumn(name="answered", unit="share"),
        ),
        rows=tuple(rows),
    )


def _confusion(marks: Marks) -> NDArray[np.intp]:
    """`[K, K]` counts: row the truth, column the best guess."""
    count = len(marks.classes)
    cells = np.bincount(marks.truth * count + marks.guess, minlength=count * count)
    return cells.reshape(count, count)


def _matrix(classes: tuple[str, ...], confusion: NDArray[np.intp]) -> Sheet:
    # Keys are numbered, as a class may be called "truth".
    keys = [f"said_{index}" for index in range(len(classes))]
    rows: list[dict[str, Any]] = [
        {"truth": name, **dict(zip(keys, confusion[index].tolist(), strict=True))}
        for index, name in enumerate(classes)
        if confusion[index].any()
    ]
    said = [SheetColumn(name=key, title=name) for key, name in zip(keys, classes, strict=True)]
    return Sheet(
        name="confusion",
        title="What it took for what: a row for the truth, a column for the best guess",
        columns=(SheetColumn(name="truth"), *said),
        rows=tuple(rows),
    )


def _pairs(classes: tuple[str, ...], confusion: NDArray[np.intp], most: int) -> Sheet:
    wrong = confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    rows = []
    for truth, said in zip(*np.unravel_index(order, wrong.shape), strict=True):
        if wrong[truth, said]:
            count = int(wrong[truth, said])
            share = count / int(confusion[truth].sum())
            rows.append(
                {"truth": classes[truth], "said": classes[said], "n": count, "share": share}
            )
    return Sheet(
        name="confusion",
        title="What it most often took for what",
        columns=(
            SheetColumn(name="truth"),
            SheetColumn(name="said"),
            SheetColumn(name="n", title="times"),
            SheetColumn(name="share", unit="share", title="of that class"),
        ),
        rows=tuple(rows),
    )


def _meaning(figures: list[Figure], marks: Marks, overall: Interval) -> list[str]:
    accuracy, balanced, answered, among, commonest = figures
    where = plural(overall.n, "case")
    if overall.groups != overall.n:
        where += f" from {plural(overall.groups, 'group')}"
    best = percent_text(commonest.value)
    said = [
        f"It is right for {accuracy.text} of {where}; saying "
        f'"{commonest.note}" every time would be right for {best}.'
    ]
    if overall.high < (commonest.value or 0.0):
        said.append("That is worse than no model at all.")
    elif overall.low <= (commonest.value or 0.0):
        said.append("These cases do not prove it better than that.")
    if not marks.answered.all():
        said.append(
            f"It gives an answer in {percent_text(answered.value)} of cases, and those are right "
            f"for {among.text}; for the rest it says not sure."
        )
    if (accuracy.value or 0.0) - (balanced.value or 0.0) > _UNEQUAL:
        said.append(
            f"The classes fare unequally: their mean is {balanced.text}, so rare classes are "
            "found less often."
        )
    strange = marks.classes[marks.known :]
    if strange:
        said.append(f"It cannot find what it never learned: {listed(strange)}.")
    return said
