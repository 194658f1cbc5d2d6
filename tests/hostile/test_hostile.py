"""Every hostile file goes through `add` and gets the verdict that stands beside it."""

from __future__ import annotations

from collections import Counter

import pytest

from handful.data.library.ingest import Config, ingest
from handful.data.library.items import Part
from handful.data.library.library import Library
from handful.data.library.report import AddReport
from handful.data.modalities.reading import reason_of
from handful.foundation.hardware.extras import find_module
from hostile.cases import OK, Case
from hostile.images import images
from hostile.sounds import sounds
from hostile.texts import texts

CASES = [*images(), *sounds(), *texts()]


@pytest.fixture(scope="module")
def taken_in(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[AddReport, dict[str, Part]]:
    """All of them in one folder, in one run, which must end."""
    folder = tmp_path_factory.mktemp("hostile")
    source = folder / "source"
    source.mkdir()
    for case in CASES:
        (source / case.name).write_bytes(case.data)
    library = Library.create(folder / "library")
    report = ingest(library, source, config=Config(pairing="off"))
    items = library.items(with_quarantined=True)
    return report, {item.key: part for item in items for part in item.parts.values()}


def test_names_are_given_once() -> None:
    assert not [name for name, count in Counter(case.name for case in CASES).items() if count > 1]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_hostile_file_gets_its_verdict(
    case: Case, taken_in: tuple[AddReport, dict[str, Part]]
) -> None:
    if case.needs and not find_module(case.needs).is_installed:
        pytest.skip(f"{case.needs} is not installed")
    part = taken_in[1][case.name]
    found = str(part.status).replace("quarantined", "quarantine")
    assert (found, part.reason) in [(case.verdict, reason) for reason in case.reasons], part.detail
    assert set(case.notes) <= set(part.notes)
    assert case.verdict != OK or part.content_sha256
    assert not part.reason or reason_of(part.reason).verdict == case.verdict
    assert "{" not in part.detail
    assert "?" not in part.detail


def test_the_counts_add_up(taken_in: tuple[AddReport, dict[str, Part]]) -> None:
    report, parts = taken_in
    assert report.seen == len(CASES) == len(parts)
    assert report.seen == report.ok + report.repaired + report.quarantined + report.skipped
    codes = Counter(part.reason for part in parts.values() if part.reason)
    assert {code: report.reasons[code] for code in codes} == dict(codes)
