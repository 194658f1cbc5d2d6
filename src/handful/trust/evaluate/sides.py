"""Two reports on the same cases, laid side by side."""
# N shared cases

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import UsageError
from handful.foundation.goal import NOT_SURE, Goal
from handful.foundation.predictor import Level
from handful.trust.evaluate.cases import group_labels, listed
from handful.trust.evaluate.report import Outcome, Report


class Side(NamedTuple):
    """What one predictor did with the shared cases.

    Attributes:
        right: `[N]` whether the best guess was the truth.
        costs: `[N]` what each answer cost by the goal.
        truths: `[N]` what each case really was.
        groups: N group labels; None when no groups are known.
    """

    right: NDArray[np.bool_]
    costs: NDArray[np.float64]
    truths: NDArray[np.str_]
    groups: list[str] | None

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], classes: tuple[str, ...], goal: Goal) -> Side:
        """Price the answers of one predictor.

        Args:
            outcomes: N answers.
            classes: All classes, those of the truth included.
            goal: What answers are worth.
        """
        place = {name: index for index, name in enumerate(classes)}
        truth = np.array([place[one.truth] for one in outcomes], dtype=np.intp)
        silent = [one.level == Level.NOT_SURE for one in outcomes]
        said = np.where(silent, NOT_SURE, [place[one.label] for one in outcomes])
        return cls(
            right=np.array([is_right(one) for one in outcomes]),
            costs=goal.cost(truth, said, classes),
            truths=np.array([one.truth for one in outcomes]),
            groups=group_labels([one.id for one in outcomes], [one.group for one in outcomes]),
        )


def is_right(one: Outcome) -> bool:
    """Whether the best guess was the truth."""
    return one.label == one.truth


def pairs_of(old: Report, new: Report) -> list[tuple[Outcome, Outcome]]:
    """The cases that both reports hold.

    Args:
        old: One report.
        new: The other.

    Returns:
        The old and the new answer to each shared case, in the order of the old report.

    Raises:
        UsageError: When they share none, lack single answers, or disagree on a truth.
    """
    for report in (old, new):
        if not report.outcomes:
            raise UsageError(
                f'The report on "{report.predictor}" holds no single answers, so nothing can be '
                "paired.",
                "evaluate it again, or keep report.jsonl beside report.json",
            )
    theirs = {one.id: one for one in new.outcomes}
    pairs = [(one, theirs[one.id]) for one in old.outcomes if one.id in theirs]
    if not pairs:
        raise UsageError(
            "The two reports share no case, so they cannot be compared.",
            "evaluate both on the same cases",
        )
    changed = [one.id for one, two in pairs if one.truth != two.truth]
    if changed:
        raise UsageError(
            f"The truth of {len(changed)} cases changed between the reports: {listed(changed)}.",
            "evaluate the old one again, with the labels of today",
        )
    return pairs
