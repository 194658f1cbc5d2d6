"""Write files so that a reader, a crash or a full disk never meets half of one.

Content goes to a temporary file beside the target, is forced to disk, and then takes the target's
name in one step of the file system.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from handful.foundation.errors import storage

UNFINISHED = ".unfinished-"
"""What the name of a temporary file begins with; such a file is never read and may be deleted."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path whose content takes `path`'s name when the block ends well.

    When the block raises, `path` stays as it was and the temporary file is removed.

    Args:
        path: The file to write or replace; its folder must exist.

    Yields:
        The temporary path to write to, in the same folder.

    Raises:
        StorageError: When the disk is full, read-only, or permission is missing.
    """
    temporary = path.with_name(f"{UNFINISHED}{secrets.token_hex(4)}-{path.name}")
    with storage("write", path):
        try:
            yield temporary
            _force(temporary)
            temporary.replace(path)
            _force(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_text(path: Path, text: str) -> None:
    """Replace a file's whole content by UTF-8 text, in one step.

    Args:
        path: The file.
        text: Its new content.

    Raises:
        StorageError: When the disk refuses; the old content is then still there.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Replace a file's whole content by readable JSON, in one step.

    Args:
        path: The file.
        data: Plain data without NaN or infinity.

    Raises:
        StorageError: When the disk refuses; the old content is then still there.
    """
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def append_line(path: Path, data: Mapping[str, Any]) -> None:
    """Add one JSON line to a log; it is on disk when this returns.

    A line cut short by a crash is ended first, so it spoils no later line; `read_lines` skips it.

    Args:
        path: The log; made when missing.
        data: Plain data without NaN or infinity.

    Raises:
        StorageError: When the disk refuses; earlier lines are untouched.
    """
    line = json.dumps(data, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    with storage("write", path), path.open("ab+") as log:
        if _ends_inside_a_line(log):
            line = b"\n" + line
        log.write(line)
        log.flush()
        os.fsync(log.fileno())


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read a log of JSON lines; lines that a crash cut short are left out.

    Args:
        path: The log; a missing one is empty.

    Raises:
        StorageError: When it may not be read.
    """
    if not path.exists():
        return []
    with storage("read", path):
        lines = path.read_bytes().splitlines()
    return [entry for entry in map(_whole, lines) if entry is not None]


def _whole(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _ends_inside_a_line(log: Any) -> bool:
    if log.seek(0, os.SEEK_END) == 0:
        return False
    log.seek(-1, os.SEEK_END)
    return log.read(1) != b"\n"


def _force(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
