"""The side table of prints: each content is looked at once, and compared once with every other.

    <cache>/twins/<format>/<random>.parquet    some contents, their prints, and their twins

Rows are found by the hash of the content, so copies and renamed files are known, and going back in
history costs nothing. A file appears whole or not at all, one that is damaged is left out and made
again, and the folder may be deleted at any time.
"""

from __future__ import annotations

import logging
import secrets
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from handful.data.library.twins import pictures, sounds, words
from handful.foundation.errors import storage
from handful.foundation.project.atomic import replacing
from handful.foundation.project.lock import locked

FORMAT = 1
"""Goes up when a print changes; prints of another format are not read."""

LOCK = ".twins.lock"
"""In the cache; held by whoever writes prints."""

_FOLDER = "twins"
_MOST_FILES = 16
_SCHEMA = pa.schema(
    [
        ("content_sha256", pa.string()),
        ("modality", pa.string()),
        ("print", pa.binary()),
        ("twins", pa.list_(pa.string())),
    ]
)
_log = logging.getLogger(__name__)


class Row(NamedTuple):
    """One content.

    Attributes:
        content_sha256: Its hash.
        modality: `text`, `image` or `audio`.
        print: What is compared; empty when it shows too little.
        twins: Contents that are the same and were looked at before it.
    """

    content_sha256: str
    modality: str
    print: bytes
    twins: tuple[str, ...] = ()


class Kept:
    """All prints there are.

    Args:
        folder: The project's `cache`; None keeps them in memory only.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder / _FOLDER / str(FORMAT) if folder else None
        self.rows: dict[str, Row] = {}
        self._has_unread = False
        self._files = self._load()

    def add(self, new: Sequence[Row]) -> None:
        """Compare new contents with all others and with each other, and keep what comes out.

        Args:
            new: Without their twins; contents that are known already are left out.

        Raises:
            StorageError: When the disk refuses; then they are looked at again next time.
        """
        unknown = {row.content_sha256: row for row in new if row.content_sha256 not in self.rows}
        compared = list(_compared(self.rows.values(), list(unknown.values())))
        if not compared:
            return
        self.rows |= {row.content_sha256: row for row in compared}
        if self.folder:
            is_full = len(self._files) >= _MOST_FILES
            self._write(list(self.rows.values()) if is_full else compared, drop_others=is_full)

    def drop(self, contents: Collection[str]) -> int:
        """Delete prints, and every file in which one of them may be; needs a folder.

        Args:
            contents: Hashes of contents.

        Returns:
            How many there were.

        Raises:
            StorageError: When the disk refuses.
        """
        assert self.folder
        gone = self.rows.keys() & contents
        with storage("delete", self.folder):
            for other in self.folder.parent.iterdir():
                if other != self.folder:
                    shutil.rmtree(other)  # of another format; nobody reads them
            if not self.folder.is_dir():
                return 0
            before = list(self.folder.iterdir())  # damaged and unfinished ones too
        self.rows = {
            name: row._replace(twins=tuple(each for each in row.twins if each not in gone))
            for name, row in self.rows.items()
            if name not in gone
        }
        if gone or self._has_unread:
            self._write(list(self.rows.values()), drop_others=False)
            self._files = self._files[-1:]
            with storage("delete", self.folder):
                for path in before:
                    path.unlink(missing_ok=True)
        return len(gone)

    def _load(self) -> list[Path]:
        if not self.folder or not self.folder.is_dir():
            return []
        files = sorted(self.folder.glob("[!.]*.parquet"))
        self._has_unread = len(files) < len(list(self.folder.iterdir()))  # unfinished ones
        for path in files:
            try:
                table = pq.read_table(path, schema=_SCHEMA)
            except (OSError, pa.ArrowException) as error:
                _log.warning("%s is damaged and will be made again: %s", path, error)
                self._has_unread = True
                continue
            for row in map(_row, table.to_pylist()):
                self.rows.setdefault(row.content_sha256, row)
        return files

    def _write(self, rows: Sequence[Row], *, drop_others: bool) -> None:
        assert self.folder
        with storage("make", self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{secrets.token_hex(8)}.parquet"
        with replacing(path) as temporary:
            pq.write_table(
                pa.Table.from_pylist([row._asdict() for row in rows], _SCHEMA), temporary
            )
        if drop_others:
            for old in self._files:
                old.unlink(missing_ok=True)
            self._files = []
        self._files.append(path)


def forget_prints(cache: Path, contents: Collection[str]) -> int:
    """Delete the prints of some contents, so that no file holds them any more.

    Args:
        cache: The project's `cache`.
        contents: Hashes of contents.

    Returns:
        How many there were.

    Raises:
        BusyError: When another process is looking for copies.
        StorageError: When the disk refuses.
    """
    if not (cache / _FOLDER).is_dir():
        return 0
    with locked(cache / LOCK, "forget"):
        return Kept(cache).drop(contents)


def _row(plain: dict[str, Any]) -> Row:
    return Row(
        content_sha256=plain["content_sha256"],
        modality=plain["modality"],
        print=plain["print"],
        twins=tuple(plain["twins"]),
    )


_Twins = Callable[[Sequence[bytes], int], Iterator[tuple[int, int]]]
_TWINS: dict[str, _Twins] = {"text": words.twins, "image": pictures.twins, "audio": sounds.twins}


def _compared(known: Iterable[Row], new: Sequence[Row]) -> Iterator[Row]:
    known = list(known)
    for modality, twins in _TWINS.items():
        old = [row for row in known if row.modality == modality and row.print]
        fresh = [row for row in new if row.modality == modality and row.print]
        every = [*old, *fresh]
        found: dict[int, list[str]] = {}
        for earlier, later in twins([row.print for row in every], len(old)):
            found.setdefault(later, []).append(every[earlier].content_sha256)
        for place, row in enumerate(fresh, start=len(old)):
            yield row._replace(twins=tuple(sorted(found.get(place, ()))))
        yield from (row for row in new if row.modality == modality and not row.print)
