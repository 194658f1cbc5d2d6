"""Hostile archives and folders go through `add`: each member has its verdict, nothing gets out."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handful.data.checks.running import run_checks
from handful.data.library.ingest import Config, ingest
from handful.data.library.library import Library
from handful.data.library.report import AddReport
from handful.data.modalities import apart
from handful.data.modalities.reading import reason_of
from handful.foundation.errors import InputError
from handful.foundation.hardware.extras import find_module
from hostile import archives
from hostile.cases import OK, QUARANTINE, Case, picture
from hostile.images import images
from hostile.sounds import sounds
from hostile.texts import texts

OFF = Config(pairing="off")


def codes(report: AddReport) -> dict[str, str]:
    return {remark.name: remark.reason for remark in report.remarks if remark.verdict != "note"}


def look_at(report: AddReport, expected: dict[str, str]) -> None:
    assert codes(report) == {name: code for name, code in expected.items() if code}
    verdicts = Counter(reason_of(code).verdict if code else OK for code in expected.values())
    assert report.seen == report.ok + report.repaired + report.quarantined + report.skipped
    assert (report.seen, report.ok) == (len(expected), verdicts[OK])
    assert (report.quarantined, report.skipped) == (verdicts[QUARANTINE], verdicts["skipped"])


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "folder"])
def test_a_hostile_place_gives_each_member_its_verdict(tmp_path: Path, kind: str) -> None:
    source = tmp_path / f"source.{kind}"
    if kind == "zip":
        expected = archives.write_zip(source)
    elif kind == "folder":
        expected = archives.write_folder(source, tmp_path / "outside")
    else:
        expected = archives.write_tar(source, "w:gz" if kind == "tar.gz" else "w")
    library = Library.create(tmp_path / "library")
    report = ingest(library, source, config=OFF)
    look_at(report, expected)
    strays = {path.name for path in tmp_path.rglob("*outside.png*")} - {
        path.name for path in source.rglob("*")
    }
    assert not strays
    again = ingest(library, source, config=OFF)
    assert again.items_added == again.items_changed == 0


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04" + bytes(60), b"\x1f\x8b\x08\x00" + bytes(60), b"\x00" * 512]
)
@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_an_archive_that_is_none_is_said_and_nothing_is_added(
    tmp_path: Path, name: str, data: bytes
) -> None:
    (tmp_path / name).write_bytes(data)
    library = Library.create(tmp_path / "library")
    with pytest.raises(InputError):
        ingest(library, tmp_path / name)
    assert not library.items(with_quarantined=True)


def test_equal_content_with_unequal_labels_is_taken_and_the_check_names_it(tmp_path: Path) -> None:
    for label in ("cup", "bowl"):
        (tmp_path / "source" / label).mkdir(parents=True)
        (tmp_path / "source" / label / f"{label}.png").write_bytes(picture("PNG"))
    library = Library.create(tmp_path / "library")
    report = ingest(library, tmp_path / "source", labels_from_folders="kind", licence="CC0-1.0")
    assert (report.seen, report.ok, report.items_added) == (2, 2, 2)
    findings = run_checks(library, ["exact_duplicates"]).findings
    assert any("conflicting labels" in finding.title for finding in findings)


def test_a_decoder_that_crashes_ends_one_file_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    apart.close()
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", "import os; os.abort()"))
    source = tmp_path / "source"
    source.mkdir()
    for ending, kind in (("tif", "TIFF"), ("png", "PNG"), ("jpg", "JPEG")):
        (source / f"{ending}.{ending}").write_bytes(picture(kind))
    report = ingest(Library.create(tmp_path / "library"), source)
    assert codes(report) == {"tif.tif": "file/reader_crashed"}
    assert (report.seen, report.ok, report.quarantined) == (3, 2, 1)


SMALL = [case for case in (*images(), *sounds(), *texts()) if len(case.data) < 50_000]
SMALL = [case for case in SMALL if not case.needs or find_module(case.needs).is_installed]


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(SMALL), min_size=1, max_size=15, unique=True), st.booleans())
def test_the_counts_of_any_mixture_add_up(
    tmp_path_factory: pytest.TempPathFactory, cases: list[Case], in_archive: bool
) -> None:
    folder = tmp_path_factory.mktemp("mixture")
    source = folder / "source.zip"
    if in_archive:
        with zipfile.ZipFile(source, "w") as archive:
            for case in cases:
                archive.writestr(case.name, case.data)
    else:
        source = folder / "source"
        source.mkdir()
        for case in cases:
            (source / case.name).write_bytes(case.data)
    library = Library.create(folder / "library")
    report = ingest(library, source, config=OFF)
    counts = Counter(case.verdict for case in cases)
    assert report.seen == len(cases)
    assert report.seen == report.ok + report.repaired + report.quarantined + report.skipped
    assert (report.ok, report.repaired, report.quarantined, report.skipped) == (
        counts[OK],
        counts["repaired"],
        counts[QUARANTINE],
        counts["skipped"],
    )
    assert len(library.quarantined()) == report.quarantined
