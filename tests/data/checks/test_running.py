import json

import pytest

from handful.data.checks.base import Severity
from handful.data.checks.exact_duplicates import ExactDuplicates
from handful.data.checks.running import make_check, run_checks
from handful.foundation.errors import ConfigError, UsageError


def test_all_checks_run_and_the_worst_comes_first(bench, dice):
    bench.item("a", dice, kind="cup", split="train", licence="")
    bench.item("b", dice, kind="cup", split="test", image="a.png", audio="a.wav")
    told = []
    report = run_checks(bench.library(), on_progress=lambda *words: told.append(words))
    order = [list(Severity).index(finding.severity) for finding in report.findings]
    assert order == sorted(order)
    assert {finding.check for finding in report.findings} == {
        "exact_duplicates",
        "label_balance",
        "missing_licence",
    }
    assert not report.is_clean
    assert [done for _, done, _ in told] == list(range(len(told)))
    assert set(report.seconds) == {name for name, _, _ in told}
    assert report.digest == bench.library().digest()
    json.dumps(report.as_dict(), allow_nan=False)


def test_a_check_that_fails_does_not_stop_the_others(bench, dice, monkeypatch):
    def stumble(self, view):
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(ExactDuplicates, "run", stumble)
    bench.item("a", dice, licence="")
    report = run_checks(bench.library())
    assert [tuple(failure) for failure in report.failures] == [
        ("exact_duplicates", "ZeroDivisionError: by nothing")
    ]
    assert any(finding.check == "missing_licence" for finding in report.findings)
    assert not report.is_clean


def test_a_library_with_notes_alone_is_clean(bench, dice):
    bench.item("a", dice)
    report = run_checks(bench.library())
    assert {finding.severity for finding in report.findings} == {Severity.NOTE}
    assert report.is_clean


def test_checks_are_chosen_and_set_by_name(bench, dice):
    bench.item("a", dice, licence="ask me")
    names = ["missing_licence"]
    assert len(run_checks(bench.library(), names).findings) == 1
    settings = {"missing_licence": {"accept": ["ask me"]}}
    assert run_checks(bench.library(), names, settings).findings == ()


def test_wrong_names_and_settings_are_said(bench):
    with pytest.raises(UsageError, match="did you mean `exact_duplicates`"):
        run_checks(bench.library(), ["exact_duplicate"])
    with pytest.raises(ConfigError, match="most_shown"):
        make_check("exact_duplicates", {"most_shown": 0})
