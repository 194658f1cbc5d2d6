import pytest

from handful.data.checks.base import Severity, View
from handful.data.checks.notice import notice
from handful.data.checks.running import make_check, run_checks
from handful.foundation.errors import ConfigError


def run(bench, **settings):
    return make_check("licences", settings).run(View.of(bench.library()))


def test_what_forbids_a_use_that_is_wanted_is_a_warning_and_else_a_note(bench, dice):
    bench.item("unpaid", dice, licence="CC-BY-NC-4.0", note="by Ann")
    quiet = next(each for each in run(bench) if "used for money" in each.title)
    loud = next(each for each in run(bench, uses=["sell"]) if "used for money" in each.title)
    assert (quiet.severity, loud.severity) == (Severity.NOTE, Severity.WARNING)
    assert quiet.remedy is None
    assert loud.remedy is not None
    assert "CC-BY-NC-4.0" in loud.evidence["sources"]


def test_unknown_terms_are_a_denial_and_can_be_set_aside(bench, dice):
    bench.item("odd", dice, licence="LicenseRef-somebody")
    bench.item("silent", dice, licence="")
    (finding,) = run(bench)
    assert finding.title.startswith("2 items may not be published")
    assert finding.evidence["licences"] == {"not stated": 1, "LicenseRef-somebody": 1}
    assert finding.remedy is not None
    assert len(finding.remedy.items) == 2


def test_what_missing_licence_says_is_not_said_again(bench, dice):
    bench.item("odd", dice, licence="LicenseRef-somebody")
    bench.item("silent", dice, licence="")
    bench.item("invented", dice, licence="CC-BY-NC-5.0")
    both = run_checks(bench.library(), ["licences", "missing_licence"]).findings
    named = [identity for finding in both for identity in finding.items]
    assert sorted(named) == sorted(item.id for item in bench.library().items())
    assert all(finding.remedy for finding in both)


def test_a_use_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="uses"):
        make_check("licences", {"uses": ["eat"]})


def test_the_notice_names_licences_sources_and_holders(bench, dice):
    bench.item("a", dice, licence="CC-BY-4.0")
    bench.item("b", dice, licence="")
    bench.item("c", dice, licence="CC0-1.0")
    text = notice(bench.library().items(), "Cups")
    assert text.startswith("Cups\n====\n")
    assert "CC-BY-4.0 (1 items)\n  CC-BY-4.0: https://creativecommons.org" in text
    assert "nobody named (1)" in text
    assert "Not known (1 items)\n  Terms unknown: do not publish." in text
    assert notice([], "Cups").endswith("Contains nothing.\n")
