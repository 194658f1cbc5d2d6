import socket

import numpy as np
import pytest

from handful.data.checks.base import Severity, View
from handful.data.checks.running import make_check
from handful.data.checks.selftest import prove
from handful.data.checks.workbench import Workbench


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a check asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def findings(tmp_path, no_network):
    bench = Workbench(tmp_path / "bench")
    make_check("personal_data").plant(bench, np.random.default_rng(0))
    return {each.title: each for each in make_check("personal_data").run(View.of(bench.library()))}


def test_it_proves_itself_without_a_network(no_network):
    assert prove(make_check("personal_data"), 3).passed


def test_texts_places_serials_and_owners_are_told_apart(findings):
    assert list(findings) == [
        "2 texts with personal data: e-mail 1, IBAN 1",
        "1 file with the place of the making",
        "1 file with the serial number of a device",
        "1 file with the name of an owner or author",
    ]
    assert [each.severity for each in findings.values()] == [Severity.WARNING] * 3 + [Severity.NOTE]


def test_no_value_is_shown_whole(findings):
    for finding in findings.values():
        said = str(finding.as_dict())
        for value in ("pottery.org", "DE89 3704 0044 0532 0130 00", "Ann Lee", "52.0"):
            assert value not in said


def test_only_texts_can_be_mended_by_themselves(findings):
    texts, *others = findings.values()
    assert texts.remedy is not None
    assert texts.remedy.action == "redact"
    assert len(texts.remedy.items) == 2
    assert all(each.remedy is None for each in others)


def test_owners_can_be_left_out(bench, dice, found):
    make_check("personal_data").plant(bench, dice)
    assert not any("owner" in title for title in found("personal_data", owners=False))
