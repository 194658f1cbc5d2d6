"""The seal of a release: every file with its hash, one digest over all, and the look at every byte.

Nothing in the manifest is free: it follows from the files, so no part of a release can be altered
unseen as long as its digest is known from elsewhere, such as from its folder's name or the shelf.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from handful.foundation.errors import ProjectError, storage
from handful.foundation.project.manifest import FORMAT, MANIFEST, read_manifest

KIND, ABOUT = "release", "about.json"
SIGNATURE = "signature.json"
"""Lies beside the manifest; it signs the digest, so it cannot be part of it."""
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """What a look at every byte of a bundle found."""

    altered: tuple[str, ...]
    """Files whose content is not what the digest stands for."""
    missing: tuple[str, ...]
    """Files that are gone."""
    extra: tuple[str, ...]
    """Files that do not belong to it."""

    @property
    def is_intact(self) -> bool:
        """Whether nothing was found."""
        return not (self.altered or self.missing or self.extra)

    @property
    def text(self) -> str:
        """Every finding in one line; empty when there is none."""
        kinds = (("altered", self.altered), ("missing", self.missing), ("extra", self.extra))
        return "; ".join(
            f"{kind}: " + ", ".join(f'"{name}"' for name in names) for kind, names in kinds if names
        )


def verify(folder: Path) -> Verified:
    """Compare every file of a release with what its digest stands for.

    Args:
        folder: Its folder. When its name is a digest, that is the one it must have.

    Returns:
        Every altered, missing or extra file.

    Raises:
        ProjectError: When it is no release, or its manifest cannot be read.
        NewerFormatError: When a newer Handful made it.
        StorageError: When it may not be read.
    """
    content = read_manifest(folder, KIND)
    wanted = _files_of(content)
    with storage("read", folder):
        there = {
            path.relative_to(folder).as_posix(): path
            for path in folder.rglob("*")
            if path.is_symlink() or not path.is_dir()
        }
        manifest = there.pop(MANIFEST)
        there.pop(SIGNATURE, None)
        altered = [
            name
            for name, path in there.items()
            if name in wanted and (_is_odd(path) or hash_of(path) != wanted[name])
        ]
        about_is_whole = ABOUT in there and ABOUT not in altered
        if _is_odd(manifest) or not _is_own(folder, content, wanted, about_is_whole):
            altered.append(MANIFEST)
    return Verified(
        altered=tuple(sorted(altered)),
        missing=tuple(sorted(set(wanted) - set(there))),
        extra=tuple(sorted(set(there) - set(wanted))),
    )


def require_intact(folder: Path) -> None:
    """Refuse a release in which a single byte is not what it was.

    Args:
        folder: Its folder.

    Raises:
        ProjectError: When any file is altered, missing or extra; all are named.
        NewerFormatError: When a newer Handful made it.
        StorageError: When it may not be read.
    """
    found = verify(folder)
    if not found.is_intact:
        raise ProjectError(
            f'The release "{folder.name[:12]}" is not what it was: {found.text}.',
            "delete its folder and release the run again, or restore it from a copy",
        )


def digest_of(hashes: Mapping[str, str]) -> str:
    """The name of a bundle with these files.

    Args:
        hashes: Path below the folder, with `/`, to SHA-256 in hexadecimal.

    Returns:
        64 hexadecimal digits: the SHA-256 of what `sha256sum` prints for the sorted files.
    """
    ordered = sorted(hashes.items(), key=lambda entry: entry[0].encode())
    text = "".join(f"{each}  {name}\n" for name, each in ordered)
    return hashlib.sha256(text.encode()).hexdigest()


def manifest_of(hashes: Mapping[str, str], about: Mapping[str, Any]) -> dict[str, Any]:
    """The one manifest that belongs to these files.

    Args:
        hashes: Path below the folder to SHA-256.
        about: The content of `about.json`.
    """
    return {
        "kind": KIND,
        "format": FORMAT,
        "made_by": about["made_by"],
        "created": about["created"],
        "digest": digest_of(hashes),
        "files": dict(sorted(hashes.items())),
    }


def hash_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_odd(path: Path) -> bool:
    """Whether something other than a plain file stands there; reading it might never end."""
    return path.is_symlink() or not path.is_file()


def _is_own(
    folder: Path, content: Mapping[str, Any], hashes: Mapping[str, str], about_is_whole: bool
) -> bool:
    """Whether the manifest is the one that belongs to the files it lists."""
    about: Mapping[str, Any] = content
    if about_is_whole:
        try:
            about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        except ValueError:
            return False
        if not isinstance(about, dict):
            return False
    stamp = {key: about.get(key) for key in ("made_by", "created")}
    name = folder.name if DIGEST.fullmatch(folder.name) else content.get("digest")
    wanted = manifest_of(hashes, stamp)
    return wanted["digest"] == name and dict(content) == wanted


def _files_of(content: Mapping[str, Any]) -> dict[str, str]:
    """The files a manifest lists; those whose path leads out of the folder are not looked at."""
    files = content.get("files")
    if not isinstance(files, dict):
        return {}
    return {
        name: str(each)
        for name, each in files.items()
        if not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts
    }
