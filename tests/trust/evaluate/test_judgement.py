"""The judgement as a table, as JSON, and by name."""

import json
from collections.abc import Callable

import pytest

from handful.foundation.errors import UsageError
from handful.foundation.goal import Goal
from handful.trust.evaluate.compare import compare
from handful.trust.evaluate.judgement import COST, Judgement
from handful.trust.evaluate.report import Report


@pytest.fixture
def judgement(report_of: Callable[..., Report]) -> Judgement:
    truths = ["yes", "no"] * 100
    worse = ["no"] * 40 + truths[40:]
    return compare(report_of(truths, truths, name="A"), report_of(truths, worse, name="B"), Goal())


def test_it_survives_json(judgement: Judgement) -> None:
    found = json.loads(json.dumps(judgement.as_dict(), allow_nan=False))
    assert found["verdict"] == "FAIL"
    assert found["lines"][0]["what"] == COST
    assert found["lines"][0]["change"] == pytest.approx(100)
    assert len(found["lost"]) == 20


def test_it_reads_as_a_table(judgement: Judgement) -> None:
    rows = judgement.sheet().table().rows()
    assert rows[0]["verdict"] == "FAIL"
    assert rows[0]["change"] == "+100"
    assert rows[1]["change"] == "-10.00 %"
    assert rows[1]["old"] == "100.0 %"
    assert judgement.meaning[0] == "FAIL: may B replace A?"
    assert "a loss is proven" in judgement.meaning[1]


def test_a_line_that_is_not_there_is_said(judgement: Judgement) -> None:
    with pytest.raises(UsageError, match='"weather" was not compared'):
        judgement.line("weather")
