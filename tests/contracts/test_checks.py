"""What holds for every check: it finds its own fault, is silent on its control, and never lies."""

import inspect
import json
import re

import numpy as np
import pytest

from handful.data.checks.base import Check, Severity, View
from handful.data.checks.running import ROOM, make_check, run_checks
from handful.data.checks.selftest import prove
from handful.data.checks.workbench import Workbench
from handful.data.library.ingest import ingest
from handful.data.library.library import Library
from handful.foundation import components

NAMES = list(components.find(ROOM))


def test_the_checks_are_found():
    assert {"damaged_media", "exact_duplicates", "label_balance", "missing_licence"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_finds_its_fault_and_is_silent_on_its_control(name):
    proof = prove(make_check(name))
    assert proof.error == ""
    assert proof.planted > 0
    assert proof.missed == ()
    assert proof.false_alarms == ()
    assert proof.passed


@pytest.mark.parametrize("name", NAMES)
def test_its_findings_are_complete_and_said_again_and_nothing_is_changed(name, tmp_path):
    bench = Workbench(tmp_path / "fault")
    keys = make_check(name).plant(bench, np.random.default_rng(1))
    view = View.of(bench.library())
    before = view.library.version, Library.open(view.library.folder).digest()
    findings = make_check(name).run(view)
    require_plain(findings, name, {item.id for item in view.items})
    named = {identity for finding in findings for identity in finding.items}
    assert set(keys) <= {item.key for item in view.items if item.id in named}
    again = make_check(name).run(View.of(view.library))
    assert [finding.as_dict() for finding in findings] == [finding.as_dict() for finding in again]
    assert (view.library.version, Library.open(view.library.folder).digest()) == before


def require_plain(findings, name, known):
    assert findings
    for finding in findings:
        assert finding.check == name
        assert finding.severity in Severity
        assert set(finding.items) <= known
        assert list(finding.items) == sorted(set(finding.items))
        for sentence in (finding.meaning, finding.fix, finding.not_covered):
            assert re.fullmatch(r"\S.*[.)]", sentence, re.DOTALL), sentence
        assert finding.title
        assert not finding.title.endswith(".")
        assert finding.evidence
        json.dumps(finding.as_dict(), allow_nan=False)
    assert len({finding.id for finding in findings}) == len(findings)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_library_has_nothing_wrong(name, tmp_path):
    library = Library.create(tmp_path / "library")
    assert make_check(name).run(View.of(library)) == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("names", [["a.txt"], ["bad.png"], ["a.txt", "b.txt", "bad.png"]])
def test_little_or_damaged_data_does_not_stop_it(name, names, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for each in names:
        (source / each).write_bytes(b"a few words" if each.endswith(".txt") else b"no picture")
    library = Library.create(tmp_path / "library")
    ingest(library, source)
    assert run_checks(library, [name]).failures == ()


@pytest.mark.parametrize("name", NAMES)
def test_it_is_documented(name):
    module = components.load(ROOM, name)
    check = components.the_class(module, Check)
    assert components.find(ROOM)[name].summary.endswith(".")
    assert check.not_covered.endswith(".")
    for method in (check.run, check.plant, check.control):
        assert inspect.getdoc(method) != inspect.getdoc(getattr(Check, method.__name__))
