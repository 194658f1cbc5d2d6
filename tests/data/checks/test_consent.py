"""Consent that has ended is named, on the day that is asked for, and can be set aside."""

import pytest

from handful.data.checks.base import View
from handful.data.checks.mending import mend
from handful.data.checks.running import make_check
from handful.foundation.errors import ConfigError


def test_the_last_day_still_holds_and_the_next_does_not(bench, dice, found):
    bench.item("short", dice, consent_expires="2030-05-01", person="ann")
    bench.item("open", dice)
    assert found("consent", day="2030-05-01") == {}
    assert found("consent", day="2030-05-02") == {"Consent has ended for 1 item": ["short"]}


def test_mending_sets_aside_and_undo_brings_back(bench, dice):
    check = make_check("consent")
    check.plant(bench, dice)
    library = bench.library()
    before = library.digest()
    (finding,) = check.run(View.of(library))
    assert finding.evidence["people"] == ["p1", "p2"]
    assert finding.evidence["with_a_day"] == 3
    mend(library, finding)
    assert check.run(View.of(library)) == []
    library.undo()
    assert library.digest() == before
    assert check.run(View.of(library)) == [finding]


@pytest.mark.parametrize("day", ["tomorrow", "2030-13-01", "20300501"])
def test_a_day_that_is_none_is_refused(day):
    with pytest.raises(ConfigError, match="day"):
        make_check("consent", {"day": day})
