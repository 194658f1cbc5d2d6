"""The seal: whatever is changed in a release is named."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.foundation.errors import NewerFormatError, ProjectError
from handful.use.release.bundle import make_release, open_release
from handful.use.release.seal import digest_of, hash_of, verify


@pytest.fixture
def release(run: Path, tmp_path: Path) -> Path:
    folder = make_release(run, tmp_path / "releases").folder
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def test_a_whole_release_is_intact(release: Path) -> None:
    assert verify(release).is_intact
    assert verify(release).text == ""


def test_every_single_file_is_guarded(release: Path) -> None:
    for path in sorted(release.rglob("*")):
        if path.is_dir():
            continue
        name = path.relative_to(release).as_posix()
        content = path.read_bytes()
        path.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
        try:
            found = verify(release).altered
        except ProjectError as error:
            found = (path.name,) if path.name in str(error) else ()
        assert found == (name,), name
        path.write_bytes(content)
    assert verify(release).is_intact


def test_missing_and_extra_files_are_named(release: Path) -> None:
    (release / "goal.toml").unlink()
    (release / "about.json").unlink()
    (release / "model" / "run.py").write_text("")
    os.mkfifo(release / "pipe")
    found = verify(release)
    assert found.altered == ()
    assert found.missing == ("about.json", "goal.toml")
    assert found.extra == ("model/run.py", "pipe")
    assert found.text == ('missing: "about.json", "goal.toml"; extra: "model/run.py", "pipe"')
    with pytest.raises(ProjectError, match=r'extra: "model/run.py", "pipe"'):
        open_release(release)


def test_a_link_or_a_pipe_in_place_of_a_file_is_altered(release: Path, tmp_path: Path) -> None:
    copy = tmp_path / "same"
    shutil.move(release / "card.md", copy)
    (release / "card.md").symlink_to(copy)
    (release / "goal.toml").unlink()
    os.mkfifo(release / "goal.toml")
    assert verify(release).altered == ("card.md", "goal.toml")


def _forge(release: Path, change: Callable[[dict], None]) -> None:
    path = release / "manifest.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_a_manifest_that_was_altered_with_its_file_is_told_by_the_folders_name(
    release: Path,
) -> None:
    (release / "card.md").write_text("It is perfect.")

    def follow(content: dict) -> None:
        content["files"]["card.md"] = hash_of(release / "card.md")
        content["digest"] = digest_of(content["files"])

    _forge(release, follow)
    assert verify(release).altered == ("manifest.json",)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.update(created="1999-01-01T00:00:00+00:00"),
        lambda content: content.update(made_by="somebody"),
        lambda content: content.update(more="x"),
        lambda content: content.update(digest="0" * 64),
        lambda content: content.update(files=[]),
        lambda content: content["files"].update({"../../outside": "0" * 64}),
        lambda content: content["files"].update({"/etc/passwd": "0" * 64}),
    ],
)
def test_nothing_in_the_manifest_can_be_altered_unseen(
    release: Path, change: Callable[[dict], None]
) -> None:
    _forge(release, change)
    assert "manifest.json" in verify(release).altered


def test_a_newer_release_is_refused_by_name(release: Path) -> None:
    _forge(release, lambda content: content.update(format=99))
    with pytest.raises(NewerFormatError, match=r"manifest.json.* has format 99"):
        open_release(release)


def test_what_is_no_release_is_said(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="holds a run, and a release was asked for"):
        verify(run)
    with pytest.raises(ProjectError, match="holds no release"):
        open_release(tmp_path / "nowhere")


def test_a_copy_under_another_name_is_still_a_release(release: Path, tmp_path: Path) -> None:
    copy = tmp_path / "for a friend"
    shutil.copytree(release, copy)
    assert open_release(copy).digest == release.name
    (copy / "card.md").write_text("else")
    assert verify(copy).altered == ("card.md",)


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.binary(max_size=8), max_size=5))
def test_the_digest_is_what_sha256sum_prints(contents: dict[str, bytes]) -> None:
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    printed = b"".join(
        hashes[name].encode() + b"  " + name.encode() + b"\n"
        for name in sorted(hashes, key=lambda name: name.encode())
    )
    assert digest_of(hashes) == hashlib.sha256(printed).hexdigest()
    backwards = dict(reversed(list(hashes.items())))
    assert digest_of(backwards) == digest_of(hashes)
