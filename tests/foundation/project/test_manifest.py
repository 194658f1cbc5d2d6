from pathlib import Path

import pytest

from handful.foundation.errors import NewerFormatError, ProjectError
from handful.foundation.project import manifest


def test_a_manifest_says_what_how_who_and_when(tmp_path: Path) -> None:
    manifest.write_manifest(tmp_path, "run", {"labels": "grade"})
    content = manifest.read_manifest(tmp_path, "run")
    assert content["kind"] == "run"
    assert content["format"] == manifest.FORMAT
    assert content["made_by"].startswith("handful ")
    assert content["created"].endswith("+00:00")
    assert content["labels"] == "grade"


def test_a_newer_record_is_refused_by_name(tmp_path: Path) -> None:
    manifest.write_manifest(tmp_path, "run", {"format": 99})
    with pytest.raises(NewerFormatError) as caught:
        manifest.read_manifest(tmp_path, "run")
    assert str(tmp_path / "manifest.json") in caught.value.what
    assert "format 99" in caught.value.what
    assert "upgrade" in caught.value.hint


@pytest.mark.parametrize("found", [None, "2", 0, -1, True, 1.0])
def test_what_is_no_format_is_said_so(tmp_path: Path, found: object) -> None:
    manifest.write_manifest(tmp_path, "run", {"format": found})
    with pytest.raises(ProjectError, match="which format"):
        manifest.read_manifest(tmp_path, "run")


def test_a_missing_damaged_or_other_record_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="holds no run"):
        manifest.read_manifest(tmp_path, "run")
    (tmp_path / "manifest.json").write_bytes(b'{"kind": "ru\xff')
    with pytest.raises(ProjectError, match="is damaged"):
        manifest.read_manifest(tmp_path, "run")
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(ProjectError, match="holds a list"):
        manifest.read_manifest(tmp_path, "run")
    manifest.write_manifest(tmp_path, "release", {})
    with pytest.raises(ProjectError, match="holds a release, and a run was asked for"):
        manifest.read_manifest(tmp_path, "run")
