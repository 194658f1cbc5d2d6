"""Signatures: whose they are, what breaks them, and where the private key may be read."""

import json
import os
from pathlib import Path

import pytest

from handful.foundation.errors import ProjectError, UsageError
from handful.use.release.bundle import Release, make_release, open_release
from handful.use.release.seal import SIGNATURE, verify
from handful.use.release.signature import (
    PRIVATE,
    PUBLIC,
    Signed,
    ensure_key,
    public_key,
    require_signed,
    sign,
    signed,
)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def release(run: Path, tmp_path: Path) -> Release:
    return make_release(run, tmp_path / "releases")


def test_a_signed_release_is_whole_and_ours(release: Release, keys: Path) -> None:
    assert signed(release.folder, release.digest, "") == Signed.UNSIGNED
    sign(release.folder, release.digest, keys)
    assert signed(release.folder, release.digest, public_key(keys)) == Signed.OURS
    assert signed(release.folder, release.digest, "0" * 64) == Signed.OTHER
    assert open_release(release.folder) == release
    require_signed(release.folder, release.digest, public_key(keys))


def test_signing_twice_gives_the_same_bytes(release: Release, keys: Path) -> None:
    sign(release.folder, release.digest, keys)
    first = (release.folder / SIGNATURE).read_bytes()
    sign(release.folder, release.digest, keys)
    assert (release.folder / SIGNATURE).read_bytes() == first
    (release.folder / SIGNATURE).unlink()
    sign(release.folder, release.digest, keys)
    assert (release.folder / SIGNATURE).read_bytes() == first


def test_the_private_key_is_for_its_owner_and_stays_out_of_releases(
    release: Release, keys: Path
) -> None:
    sign(release.folder, release.digest, keys)
    assert (keys / PRIVATE).stat().st_mode & 0o777 == 0o600
    secret = (keys / PRIVATE).read_bytes().splitlines()[1]
    assert all(
        secret not in path.read_bytes() for path in release.folder.rglob("*") if path.is_file()
    )


def test_the_key_stays_the_same_and_its_public_half_is_written_again(keys: Path) -> None:
    public = ensure_key(keys)
    assert ensure_key(keys) == public
    (keys / PUBLIC).unlink()
    assert public_key(keys) == ""
    assert ensure_key(keys) == public_key(keys) == public


def test_another_key_is_told_apart_and_does_not_sign_over_it(
    release: Release, keys: Path, tmp_path: Path
) -> None:
    sign(release.folder, release.digest, keys)
    other = tmp_path / "other"
    with pytest.raises(UsageError, match="signed by another key"):
        sign(release.folder, release.digest, other)
    with pytest.raises(ProjectError, match="signed by another key"):
        require_signed(release.folder, release.digest, public_key(other))


def change(**new: object):
    return lambda text: json.dumps({**json.loads(text), **new})


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: text.replace('"algorithm": "ed25519"', '"algorithm": "none"'),
        change(signature="0" * 128),
        change(signature="xyz"),
        change(signature=None),
        change(key="0" * 64),
        change(key=7),
        change(more="words"),
    ],
)
def test_a_spoilt_signature_is_never_ours(release: Release, keys: Path, spoil) -> None:
    sign(release.folder, release.digest, keys)
    path = release.folder / SIGNATURE
    text = path.read_text()
    path.chmod(0o644)
    path.write_text(spoil(text))
    assert signed(release.folder, release.digest, public_key(keys)) == Signed.BROKEN
    with pytest.raises(ProjectError, match="not validly signed"):
        require_signed(release.folder, release.digest, public_key(keys))


def test_a_signature_does_not_fit_another_release(
    release: Release, run: Path, tmp_path: Path, keys: Path
) -> None:
    sign(release.folder, release.digest, keys)
    other = make_release(run, tmp_path / "releases", thresholds={"sure": 0.1})
    (other.folder / SIGNATURE).write_bytes((release.folder / SIGNATURE).read_bytes())
    assert signed(other.folder, other.digest, public_key(keys)) == Signed.BROKEN


def test_a_link_is_no_signature(release: Release, keys: Path, tmp_path: Path) -> None:
    sign(release.folder, release.digest, keys)
    path = release.folder / SIGNATURE
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    assert signed(release.folder, release.digest, public_key(keys)) == Signed.BROKEN


def test_a_signature_does_not_hide_an_altered_file(release: Release, keys: Path) -> None:
    sign(release.folder, release.digest, keys)
    card = release.folder / "card.md"
    card.chmod(0o644)
    card.write_text(card.read_text() + "better\n")
    assert verify(release.folder).altered == ("card.md",)


def test_a_damaged_private_key_is_named(keys: Path) -> None:
    ensure_key(keys)
    (keys / PRIVATE).write_text("-----BEGIN PRIVATE KEY-----\nMC4\n-----END PRIVATE KEY-----\n")
    with pytest.raises(ProjectError, match=r"release\.key.* holds no Ed25519 private key"):
        ensure_key(keys)
    (keys / PUBLIC).write_text("abc")
    with pytest.raises(ProjectError, match="holds no public key"):
        public_key(keys)


def test_a_killed_making_leaves_no_half_key(keys: Path) -> None:
    keys.mkdir()
    (keys / f".unfinished-{os.getpid()}-{PRIVATE}").write_text("half")
    assert ensure_key(keys) == public_key(keys)
