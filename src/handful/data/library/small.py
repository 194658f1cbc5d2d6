"""Small copies of media, kept inside the library in one file.

    <library>/media/small.sqlite    hash of the bytes -> the bytes

A hundred thousand clips of some kilobytes are a burden as files of their own. SQLite rather than a
media column of the Lance table, because a copy that is deleted must be gone: a Lance table keeps
old versions, and SQLite overwrites what it deletes (`secure_delete`). It also finds one small entry
by its name quickest of what is at hand. Which copies count is written in the items, as with files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from handful.foundation.errors import StorageError

PLACE = "media/small.sqlite"
"""Inside the library's folder."""

MOST_BYTES = 64 * 1024
"""Larger copies are files of their own; up to here SQLite reads quicker than the file system
(sqlite.org/intern-v-extern-blob.html)."""

_WAIT_S = 10.0
_SCHEMA = "CREATE TABLE IF NOT EXISTS copies (sha256 BLOB PRIMARY KEY, data BLOB NOT NULL)"


class Small:
    """Keeps small copies, and finds them.

    Args:
        folder: The library's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / PLACE

    def put(self, copies: Mapping[str, bytes]) -> None:
        """Keep copies; when this returns, they are on disk.

        Args:
            copies: Hash of the bytes to the bytes.

        Raises:
            StorageError: When the disk refuses; then none is kept.
        """
        if not copies:
            return
        rows = [(bytes.fromhex(name), copies[name]) for name in sorted(copies)]
        with self._refused("kept in"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._open("rwc") as base:
                base.execute(_SCHEMA)
                base.executemany("INSERT OR IGNORE INTO copies VALUES (?, ?)", rows)

    def get(self, sha256: str) -> bytes | None:
        """Find one; None when there is none.

        Args:
            sha256: Hash of its bytes.

        Raises:
            StorageError: When the file cannot be read.
        """
        if not self.path.exists():
            return None
        with self._refused("read from"), self._open("ro") as base:
            asked = "SELECT data FROM copies WHERE sha256 = ?"
            row = base.execute(asked, [bytes.fromhex(sha256)]).fetchone()
        return row[0] if row else None

    def sizes(self) -> dict[str, int]:
        """Every copy that is there: hash to bytes.

        Raises:
            StorageError: When the file cannot be read.
        """
        if not self.path.exists():
            return {}
        with self._refused("read from"), self._open("ro") as base:
            rows = base.execute("SELECT sha256, length(data) FROM copies").fetchall()
        return {name.hex(): size for name, size in rows}

    def delete(self, names: Collection[str]) -> None:
        """Delete copies; their bytes are overwritten, and the file shrinks.

        Args:
            names: Hashes of their bytes.

        Raises:
            StorageError: When the disk refuses.
        """
        if not names or not self.path.exists():
            return
        with self._refused("deleted from"), self._open("rw") as base:
            gone = [(bytes.fromhex(name),) for name in sorted(names)]
            base.executemany("DELETE FROM copies WHERE sha256 = ?", gone)
            base.commit()
            base.execute("VACUUM")

    @contextmanager
    def _open(self, mode: str) -> Iterator[sqlite3.Connection]:
        """A connection for one use, so that threads and forks never share one."""
        address = f"{self.path.absolute().as_uri()}?mode={mode}"
        base = sqlite3.connect(address, _WAIT_S, uri=True)
        try:
            base.execute("PRAGMA secure_delete = ON")
            base.execute("PRAGMA synchronous = FULL")
            with base:
                yield base
        finally:
            base.close()

    @contextmanager
    def _refused(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f'Copies of media cannot be {doing} "{self.path}": {error}.',
                "free some space, or restore the file from a copy; where the originals still lie, "
                "`handful add FOLDER --copy` makes them again",
            ) from error
