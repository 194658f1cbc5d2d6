"""The small forms of pictures and sounds, beside the library and never in it.

    <library>/derived/thumbnails.sqlite    content hash + fingerprint -> bytes and their hash

They are made while files are added and can be made again from them, so the file may be deleted at
any time, is part of no version, and counts in no digest. One entry serves every item with the same
content. SQLite rather than a Lance table, because an entry that is deleted must be gone: a Lance
table keeps old versions, and SQLite overwrites what it deletes (`secure_delete`). It also finds a
single small entry quickest of what is at hand.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from handful.data.operators.thumbnail import FINGERPRINT
from handful.foundation.errors import StorageError

_log = logging.getLogger(__name__)

PLACE = "derived/thumbnails.sqlite"
"""Inside the library's folder."""

_WAIT_S = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS thumbnails (
  content BLOB NOT NULL,
  maker BLOB NOT NULL,
  mark BLOB NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (content, maker)
) WITHOUT ROWID
"""
_PUT = "INSERT OR REPLACE INTO thumbnails VALUES (?, ?, ?, ?)"
_GET = "SELECT mark, data FROM thumbnails WHERE content = ? AND maker = ?"
_DELETE = "DELETE FROM thumbnails WHERE content = ?"
_MAKER = hashlib.sha256(FINGERPRINT.encode()).digest()[:8]


class Verified(NamedTuple):
    """What a look at every entry found.

    Attributes:
        whole: Entries that are what was written.
        damaged: Content hashes of the others.
    """

    whole: int
    damaged: tuple[str, ...]


class Thumbnails:
    """Keeps thumbnails and finds them.

    Whatever is wrong with the file costs speed and nothing else: a thumbnail that cannot be found,
    or is not what was written, is None, and a page reads the original instead.

    Args:
        folder: The library's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / PLACE

    def put(self, made: Mapping[str, bytes]) -> bool:
        """Keep thumbnails.

        Args:
            made: Content hash to thumbnail.

        Returns:
            Whether they are kept; when not, the reason is logged.
        """
        if not made:
            return True
        rows = [(bytes.fromhex(name), _MAKER, _mark(data), data) for name, data in made.items()]
        try:
            with self._open(is_writing=True) as base:
                base.executemany(
                    "INSERT OR REPLACE INTO thumbnails VALUES (?, ?, ?, ?)", sorted(rows)
                )
        except (sqlite3.Error, OSError) as error:
            _log.warning('Thumbnails cannot be kept in "%s": %s.', self.path, error)
            return False
        return True

    def get(self, content_sha256: str) -> bytes | None:
        """Find one.

        Args:
            content_sha256: Of a part.

        Returns:
            None when there is none, it is damaged, or it was made differently.
        """
        return self.get_many([content_sha256]).get(content_sha256)

    def get_many(self, contents: Sequence[str]) -> dict[str, bytes]:
        """Find some; those that there are none of are left out.

        Args:
            contents: Content hashes of parts.
        """
        found: dict[str, bytes] = {}
        with contextlib.suppress(sqlite3.Error, OSError), self._open() as base:
            for name in contents:
                row = base.execute(_GET, [bytes.fromhex(name), _MAKER]).fetchone()
                if row and _mark(row[1]) == row[0]:
                    found[name] = row[1]
        return found

    def delete(self, contents: Iterable[str]) -> int:
        """Delete all that was made of some contents; their bytes are overwritten.

        Args:
            contents: Content hashes of parts.

        Returns:
            How many there were.

        Raises:
            StorageError: When the disk refuses.
        """
        if not self.path.exists():
            return 0
        gone = 0
        try:
            with self._open(is_writing=True) as base:
                for name in contents:
                    done = base.execute(
                        "DELETE FROM thumbnails WHERE content = ?", [bytes.fromhex(name)]
                    )
                    gone += done.rowcount
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f'Thumbnails cannot be deleted from "{self.path}": {error}.',
                "delete the file yourself; thumbnails are made again when they are needed",
            ) from error
        return gone

    def names(self) -> set[str]:
        """The contents that there is any thumbnail of."""
        with contextlib.suppress(sqlite3.Error, OSError), self._open() as base:
            return {name.hex() for (name,) in base.execute("SELECT content FROM thumbnails")}
        return set()

    def verify(self) -> Verified:
        """Compare every entry with its hash."""
        whole, damaged = 0, []
        with contextlib.suppress(sqlite3.Error, OSError), self._open() as base:
            for name, mark, data in base.execute("SELECT content, mark, data FROM thumbnails"):
                if _mark(data) == mark:
                    whole += 1
                else:
                    damaged.append(name.hex())
        return Verified(whole, tuple(damaged))

    @contextmanager
    def _open(self, *, is_writing: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection for one use, so that threads and forks never share one."""
        if is_writing:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            base = self._sound()
        else:
            base = sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", _WAIT_S, uri=True)
        try:
            with base:
                yield base
        finally:
            base.close()

    def _sound(self) -> sqlite3.Connection:
        """Ready to be written; a file that is no database any more is made anew."""
        try:
            return _ready(self.path)
        except sqlite3.OperationalError:  # full, read-only, or in use for too long
            raise
        except sqlite3.DatabaseError:
            self.path.unlink()
            return _ready(self.path)


def _ready(path: Path) -> sqlite3.Connection:
    base = sqlite3.connect(path, _WAIT_S)
    try:
        base.execute("PRAGMA secure_delete = ON")
        base.execute("PRAGMA synchronous = NORMAL")
        base.execute(_SCHEMA)
    except BaseException:
        base.close()
        raise
    return base


def _mark(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:16]
