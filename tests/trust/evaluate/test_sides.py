"""Two reports side by side."""

from collections.abc import Callable

import pytest

from handful.foundation.goal import Goal
from handful.trust.evaluate.report import Report
from handful.trust.evaluate.sides import Side, pairs_of


def test_a_side_is_priced_by_what_was_spoken(report_of: Callable[..., Report]) -> None:
    report = report_of(["yes", "yes", "no"], ["yes", "no", "yes"], silent=[2])
    side = Side.of(report.outcomes, ("no", "yes"), Goal(mistake=3, not_sure=0.5))
    assert side.right.tolist() == [True, False, False]
    assert side.costs == pytest.approx([0, 3, 0.5])
    assert side.truths.tolist() == ["yes", "yes", "no"]
    assert side.groups is None


def test_pairs_follow_the_old_report(report_of: Callable[..., Report]) -> None:
    old = report_of(["yes"] * 4, ["yes"] * 4, groups=["a", None, "a", "b"])
    new = report_of(["yes"] * 4, ["no"] * 4, first=2)
    pairs = pairs_of(old, new)
    assert [(one.id, one.label, two.label) for one, two in pairs] == [
        ("c2", "yes", "no"),
        ("c3", "yes", "no"),
    ]
    side = Side.of(old.outcomes, ("no", "yes"), Goal())
    assert side.groups is not None
    assert len(set(side.groups)) == 3
