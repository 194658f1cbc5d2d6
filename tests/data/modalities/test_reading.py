import re

import pytest

from handful.data.modalities.reading import Reading, Unreadable, reason_of, reasons
from handful.foundation.errors import InputError


@pytest.mark.parametrize("code", sorted(reasons()))
def test_every_reason_is_complete(code):
    reason = reason_of(code)
    assert re.fullmatch(r"[a-z]+/[a-z0-9_]+", code)
    assert reason.verdict in ("quarantine", "repaired", "skipped", "note")
    assert reason.what
    assert not reason.what.endswith(".")


@pytest.mark.parametrize("code", [c for c, r in reasons().items() if r.verdict == "quarantine"])
def test_every_quarantine_says_what_to_do(code):
    assert reason_of(code).hint or code == "text/empty"


def test_an_unreadable_fills_its_sentence_in():
    error = Unreadable("file/too_large", size=12, cap=10)
    assert error.reason == "file/too_large"
    assert error.what == "it has 12 bytes, and at most 10 are read"


def test_a_forgotten_number_does_not_hide_the_reason():
    assert Unreadable("file/too_large", size=12).what.endswith("at most ? are read")


def test_a_named_error_names_file_and_code():
    error = Unreadable("image/truncated").about("cats/07.jpg")
    assert isinstance(error, InputError)
    assert '"cats/07.jpg"' in str(error)
    assert "image/truncated" in str(error)


def test_a_reason_from_a_newer_version_can_be_shown():
    assert reason_of("image/from_the_future").what == "image/from_the_future"


def test_only_repairs_make_a_reading_repaired():
    plain = Reading(value=0, mime="text/plain", hasher=str, notes=("image/gps",))
    mended = Reading(value=0, mime="text/plain", hasher=str, notes=("image/gps", "text/latin1"))
    assert plain.repair == ""
    assert mended.repair == "text/latin1"
