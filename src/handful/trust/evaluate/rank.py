"""Several predictors in order: by cost and by accuracy, which need not agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handful.foundation.errors import UsageError
from handful.foundation.goal import Goal
from handful.trust.evaluate.finding import Sheet, SheetColumn
from handful.trust.evaluate.judgement import PER
from handful.trust.evaluate.report import Report
from handful.trust.evaluate.sides import Side


def rank(reports: Sequence[Report], goal: Goal) -> Sheet:
    """Order predictors by cost and by accuracy, so that it shows where the two disagree.

    Args:
        reports: One or more, over the same cases.
        goal: What answers are worth.

    Returns:
        One row per predictor, the cheapest first.

    Raises:
        UsageError: When the reports are not over the same cases.
    """
    if len({report.cases for report in reports}) != 1:
        raise UsageError(
            "Only reports over the same cases can be ranked, and these differ.",
            "evaluate all predictors on the same cases",
        )
    rows: list[dict[str, Any]] = []
    for report in reports:
        truths = [one.truth for one in report.outcomes]
        classes = tuple(dict.fromkeys([*report.classes, *truths]))
        side = Side.of(report.outcomes, classes, goal)
        cost, right = float(side.costs.mean()) * PER, float(side.right.mean())
        rows.append({"predictor": report.predictor, "cost": cost, "accuracy": right})
    rows.sort(key=lambda row: row["cost"])
    by_right = sorted(rows, key=lambda row: -row["accuracy"])
    table = [
        {**row, "rank_by_cost": place, "rank_by_accuracy": by_right.index(row) + 1}
        for place, row in enumerate(rows, 1)
    ]
    return Sheet(
        name="rank",
        title="Predictors by their cost per 1000 items, the cheapest first",
        columns=(
            SheetColumn(name="predictor"),
            SheetColumn(name="cost", unit="cost"),
            SheetColumn(name="accuracy", unit="share"),
            SheetColumn(name="rank_by_cost"),
            SheetColumn(name="rank_by_accuracy"),
        ),
        rows=tuple(table),
    )
