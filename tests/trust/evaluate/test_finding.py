"""Figures, tables and findings, and their way through JSON."""

import json
import math

import pytest

from handful.foundation.console.jsonable import jsonable
from handful.numerics.stats.base import Interval
from handful.trust.evaluate.finding import (
    Figure,
    Finding,
    Sheet,
    SheetColumn,
    ends,
    figure,
)


def interval(estimate: float, low: float, high: float) -> Interval:
    return Interval(
        estimate=estimate, low=low, high=high, n=50, groups=5, level=0.95, method="exact"
    )


def test_a_figure_keeps_what_the_interval_knows() -> None:
    found = figure("cost", interval(0.2, 0.1, 0.4), "cost", times=1000)
    assert (found.value, found.low, found.high) == pytest.approx((200, 100, 400))
    assert (found.n, found.groups, found.level, found.method) == (50, 5, 0.95, "exact")


def test_an_end_that_nothing_bounds_is_none() -> None:
    found = figure("x", interval(1.0, -math.inf, math.inf))
    assert (found.low, found.high) == (None, None)
    assert ends(interval(1.0, 0.5, math.inf), 2.0) == {"low": 1.0, "high": None}


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (Figure(name="a", value=0.5, unit="share", low=0.25, high=1.0),
         "50.0 % (25.0\N{EN DASH}100.0)"),
        (Figure(name="a", value=0.5, unit="share"), "50.0 %"),
        (Figure(name="a", value=None, unit="share"), "unknown"),
        (Figure(name="a", value=2.0, unit="seconds", low=0.01, high=3.0), "2 s (10 ms to 3 s)"),
        (Figure(name="a", value=2048.0, unit="bytes"), "2 KiB"),
        (Figure(name="a", value=0.5, unit="money", note="USD"), "$0.50"),
        (Figure(name="a", value=0.25), "0.250"),
    ],
)  # fmt: skip
def test_a_figure_reads_as_people_read(one: Figure, text: str) -> None:
    assert one.text == text


def test_a_sheet_becomes_a_table() -> None:
    sheet = Sheet(
        name="classes",
        title="Classes",
        columns=(SheetColumn(name="class"), SheetColumn(name="share", unit="share", title="right")),
        rows=({"class": "a", "share": 0.5, "more": 1}, {"class": "b", "share": None, "more": 2}),
    )
    assert sheet.table().rows() == [{"class": "a", "share": 0.5}, {"class": "b", "share": None}]
    assert len(sheet.table(most=1)) == 1
    assert sheet.table().columns[1].title == "right"


def test_a_finding_survives_json() -> None:
    finding = Finding(
        measure="m",
        figures=(figure("a", interval(0.5, 0.4, math.inf), "share"),),
        sheets=(
            Sheet(
                name="s", title="S", columns=(SheetColumn(name="x", unit="cost"),), rows=({"x": 1},)
            ),
        ),
        meaning=("It is so.",),
        data={"list": [1, 2]},
    )
    text = json.dumps(jsonable(finding.as_dict()), allow_nan=False)
    assert Finding.from_dict(json.loads(text)) == finding
