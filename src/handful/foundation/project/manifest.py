"""Manifests: the readable head of every record, with the version of its format.

Four records carry the flow of a project: library, run, release, events. Each is a folder with a
`manifest.json` that says what it is (`kind`), how it is laid out (`format`), who wrote it and when.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from handful import __version__
from handful.foundation.errors import NewerFormatError, ProjectError, storage
from handful.foundation.project.atomic import write_json

FORMAT = 1
"""The newest layout of the project folder and its records that this version understands."""

MANIFEST = "manifest.json"


def stamp(kind: str) -> dict[str, Any]:
    """The first lines of a new record's manifest.

    Args:
        kind: What the record is, such as `run`.
    """
    return {
        "kind": kind,
        "format": FORMAT,
        "made_by": f"handful {__version__}",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def write_manifest(folder: Path, kind: str, content: Mapping[str, Any]) -> None:
    """Write a record's manifest in one step; a record exists once its manifest does.

    Args:
        folder: The record's folder; it must exist.
        kind: What the record is.
        content: Plain data to stand below the stamp; its own keys win over the stamp's.

    Raises:
        StorageError: When the disk refuses.
    """
    write_json(folder / MANIFEST, {**stamp(kind), **content})


def read_manifest(folder: Path, kind: str) -> dict[str, Any]:
    """Read a record's manifest.

    Args:
        folder: The record's folder.
        kind: What the record should be.

    Raises:
        ProjectError: When it is missing, damaged, or of another kind.
        NewerFormatError: When a newer Handful wrote it.
        StorageError: When it may not be read.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ProjectError(
            f'"{folder}" holds no {kind}: it has no {MANIFEST}.',
            "an interrupted command leaves such a folder; run the command again or delete it",
        )
    with storage("read", path):
        text = path.read_text(encoding="utf-8", errors="replace")
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ProjectError(
            f'Cannot read "{path}": it is damaged ({error}).', "restore it from a copy"
        ) from None
    if not isinstance(content, dict) or content.get("kind") != kind:
        found = content.get("kind") if isinstance(content, dict) else type(content).__name__
        raise ProjectError(f'"{folder}" holds a {found}, and a {kind} was asked for.')
    refuse_newer(content.get("format"), path)
    return content


def refuse_newer(found: object, path: Path) -> None:
    """Raise when a record's format is not one this version understands.

    Args:
        found: The record's `format`.
        path: The file that says so.

    Raises:
        NewerFormatError: When it is newer.
        ProjectError: When it is not a format number at all.
    """
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise ProjectError(
            f'"{path}" does not say which format it has (`format` is {found!r}).',
            "restore the file from a copy",
        )
    if found > FORMAT:
        raise NewerFormatError(
            f'"{path}" has format {found}, and handful {__version__} understands formats up to '
            f"{FORMAT}.",
            "pip install --upgrade handful",
        )
