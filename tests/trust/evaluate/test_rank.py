"""Ranking: by cost first, and where accuracy would say otherwise."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from handful.foundation.errors import UsageError
from handful.foundation.goal import Goal, Mistake
from handful.trust.evaluate.rank import rank
from handful.trust.evaluate.report import Report


def test_accuracy_and_cost_rank_the_planted_pair_differently(
    report_of: Callable[..., Report],
) -> None:
    truths = ["yes"] * 20 + ["no"] * 80
    reports = [
        report_of(truths, ["no"] * 2 + ["yes"] * 18 + ["no"] * 80, name="careless"),
        report_of(truths, ["yes"] * 30 + ["no"] * 70, name="careful"),
        report_of(truths, ["no"] * 100, name="blind"),
    ]
    goal = Goal(mistakes=(Mistake(truth="yes", said="no", cost=10),))
    rows = rank(reports, goal).rows
    assert [row["predictor"] for row in rows] == ["careful", "careless", "blind"]
    assert [row["cost"] for row in rows] == pytest.approx([100, 200, 2000])
    assert [row["rank_by_cost"] for row in rows] == [1, 2, 3]
    assert [row["rank_by_accuracy"] for row in rows] == [2, 1, 3]
    by_accuracy = rank(reports, Goal()).rows
    assert [row["rank_by_accuracy"] for row in by_accuracy] == [1, 2, 3]


def test_reports_on_other_cases_are_refused(report_of: Callable[..., Report]) -> None:
    one = report_of(["yes"], ["yes"])
    with pytest.raises(UsageError, match="same cases"):
        rank([one, replace(one, cases="1" * 64)], Goal())
