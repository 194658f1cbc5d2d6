"""One table of the library on disk: Lance, opened late, read at a given version.

Every change of a table makes a new version of it and leaves the old ones readable. Which version of
each table belongs to the library is written in the library's manifest, in one step, so two tables
never disagree and a killed process leaves nothing half done.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import pyarrow as pa

from handful.foundation.errors import ProjectError, UsageError, storage

if TYPE_CHECKING:
    import lance

FILE_FORMAT = "2.0"
"""Newer ones spend half the write rate on compressing media again, and read filtered rows slower
(lance-format/lance #7860, #4374)."""


class _Fork:
    """Whether this process was forked from one whose Lance was at work: its threads are gone here.

    Whoever waits for them waits for ever (lance-format/lance #3640), so opening is refused.
    """

    was_used = False
    is_orphan = False

    @classmethod
    def happened(cls) -> None:
        """Called in the child of a fork."""
        cls.is_orphan = cls.is_orphan or cls.was_used


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Fork.happened)


class Freed(NamedTuple):
    """What deleting old versions gives back.

    Attributes:
        versions: How many versions of the table go.
        bytes: How much smaller its folder becomes.
    """

    versions: int
    bytes: int


class _Cleanup(TypedDict):
    versions: list[int]
    delete_unverified: bool
    error_if_tagged_old_versions: bool


class Table:
    """One Lance table.

    The data set is opened at each use: an open one must not be inherited by a forked worker.

    Args:
        folder: Where it lies, such as `library/items.lance`.
        schema: Its columns.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self.folder = folder
        self.schema = schema

    def create(self) -> int:
        """Make it, empty, in place of whatever is there.

        Returns:
            Its version.

        Raises:
            StorageError: When the disk refuses.
        """
        lance = _lance()
        with _disk("write", self.folder):
            if self.folder.exists():  # left by a killed process; no manifest ever named it
                shutil.rmtree(self.folder)
            made = lance.write_dataset(
                self.schema.empty_table(), str(self.folder), data_storage_version=FILE_FORMAT
            )
        return made.version

    def rewind(self, version: int) -> int:
        """Make an older version the newest again, dropping what a killed writer left.

        Args:
            version: The one that counts.

        Returns:
            The version to write upon: `version` itself when it is the newest.

        Raises:
            ProjectError: When that version is not there.
            StorageError: When the disk refuses.
        """
        data = self._open(version)
        if data.latest_version == version:
            return version
        with _disk("write", self.folder):
            data.restore()
        return data.version

    def sizes(self) -> dict[int, int]:
        """Every version that is there, with the bytes of the data files it reads.

        Raises:
            ProjectError: When the table cannot be read, also for a moment while it is trimmed.
        """
        data = self._open(None)
        with self._reading():
            return {
                each["version"]: int(each["metadata"].get("total_files_size", 0))
                for each in data.versions()
            }

    def cost_without(self, keep: Collection[int]) -> Freed:
        """What `forget` would free, to the byte; nothing is changed.

        A newest version that a killed writer left is not counted; the next writer rewinds it.

        Args:
            keep: The versions that stay.

        Raises:
            ProjectError: When the table cannot be read, also for a moment while it is trimmed.
        """
        data = self._open(None)
        with self._reading():
            told = data.explain_cleanup_old_versions(**_all_but(data, keep))
        return Freed(told.stats.old_versions, told.stats.bytes_removed)

    def forget(self, keep: Collection[int]) -> Freed:
        """Delete versions, what only they read, and what killed writers left.

        Nobody may be writing. What the newest version or a kept one reads is never touched, so a
        kill in the midst of it costs only the work, and the next call goes on.

        Args:
            keep: The versions that stay, beside the newest.

        Raises:
            ProjectError: When the table cannot be opened.
            StorageError: When the disk refuses; what is kept can still be read.
        """
        data = self._open(None)
        with _disk("write", self.folder):
            done = data.cleanup_old_versions(**_all_but(data, keep))
        return Freed(done.old_versions, done.bytes_removed)

    def append(self, rows: pa.Table) -> int:
        """Add rows to the newest version.

        Args:
            rows: With this table's schema.

        Returns:
            The new version.

        Raises:
            StorageError: When the disk refuses; the table is then unchanged.
        """
        lance = _lance()
        data = self._open(None)
        there = set(data.schema.names)
        new = [field for field in self.schema if field.name not in there]
        with _disk("write", self.folder):
            if new:  # the table is older than these columns; what is there holds null in them
                data.add_columns(new)
            rows = rows.select(data.schema.names)
            return lance.write_dataset(rows, str(self.folder), mode="append").version

    def delete(self, column: str, values: Iterable[str]) -> int:
        """Take rows out of the newest version.

        Args:
            column: A column of text.
            values: Rows holding one of these go.

        Returns:
            The new version.

        Raises:
            StorageError: When the disk refuses; the table is then unchanged.
        """
        data = self._open(None)
        with _disk("write", self.folder):
            data.delete(is_one_of(column, values))
        return data.version

    def erase(self, column: str, values: Iterable[str]) -> int:
        """Take rows out of the newest version and out of every file that it reads.

        Older versions still hold them until `forget` deletes those.

        Args:
            column: A column of text.
            values: Rows holding one of these go.

        Returns:
            The new version.

        Raises:
            StorageError: When the disk refuses; what counts is then as it was.
        """
        data = self._open(None)
        with _disk("write", self.folder):
            data.delete(is_one_of(column, values))
            # Every file of which a row was deleted is written anew, however little is missing.
            data.optimize.compact_files(
                materialize_deletions=True,
                materialize_deletions_threshold=0.0,
                data_storage_version=FILE_FORMAT,
            )
        return data.version

    def read(
        self,
        version: int,
        columns: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
    ) -> pa.Table:
        """Read rows of one version.

        Args:
            version: Which.
            columns: Which columns; all when left out.
            where: An SQL condition.
            limit: At most so many rows.

        Raises:
            ProjectError: When that version is not there or cannot be read.
        """
        data = self._open(version)
        with self._reading(f" at version {version}"):
            return data.to_table(
                columns=list(columns) if columns is not None else None, filter=where, limit=limit
            )

    def count(self, version: int, where: str) -> int:
        """How many rows of one version fulfil a condition.

        Args:
            version: Which.
            where: An SQL condition.

        Raises:
            ProjectError: When that version is not there or cannot be read.
        """
        data = self._open(version)
        with self._reading(f" at version {version}"):
            return data.count_rows(filter=where)

    def take(self, version: int, places: Sequence[int]) -> pa.Table:
        """Read rows by their place, in the order asked for.

        Args:
            version: Which.
            places: From 0, as `scan` counts rows.

        Raises:
            ProjectError: When that version is not there or cannot be read.
        """
        data = self._open(version)
        with self._reading(f" at version {version}"):
            return data.take(list(places))

    def scan(self, version: int, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Read all rows of one version, some thousands at a time.

        Args:
            version: Which.
            columns: Which columns.

        Raises:
            ProjectError: When that version is not there or cannot be read.
        """
        data = self._open(version)
        with self._reading(f" at version {version}"):
            for batch in data.to_batches(
                columns=list(columns),
                batch_size=4096,
                batch_readahead=2,
                fragment_readahead=1,
                io_buffer_size=4_000_000,  # whole tables pass by here, and memory stays flat
            ):
                yield pa.Table.from_batches([batch])

    @contextmanager
    def _reading(self, what: str = "") -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            raise ProjectError(
                f'Cannot read "{self.folder}"{what}: {_first_part(error)}.',
                "restore the folder from a copy",
            ) from error

    def _open(self, version: int | None) -> lance.LanceDataset:
        lance = _lance()
        try:
            # Opened anew at each use, so caches would hold memory and nothing else.
            return lance.dataset(
                str(self.folder),
                version=version,
                index_cache_size_bytes=1 << 20,
                metadata_cache_size_bytes=1 << 20,
            )
        except (OSError, ValueError) as error:
            raise ProjectError(
                f'Cannot open "{self.folder}" at version {version}: {_first_part(error)}.',
                "restore the folder from a copy",
            ) from error


def _lance() -> ModuleType:
    if _Fork.is_orphan:
        raise UsageError(
            "This process was forked from one that had used the library, and cannot use it too.",
            'start workers with the method "spawn", or fork before the library is first opened',
        )
    import lance

    _Fork.was_used = True
    return lance


def _all_but(data: lance.LanceDataset, keep: Collection[int]) -> _Cleanup:
    newest = data.latest_version
    gone = [each["version"] for each in data.version_refs()]
    return {
        # Lance wants at least one; 0 is none, and files that no version reads go all the same.
        "versions": [each for each in gone if each != newest and each not in keep] or [0],
        "delete_unverified": True,
        "error_if_tagged_old_versions": False,
    }


def is_one_of(column: str, values: Iterable[str]) -> str:
    """An SQL condition: the column holds one of the values.

    Args:
        column: A column of text.
        values: Any text; quotes are doubled.
    """
    quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"{column} IN ({quoted})" if quoted else "false"


@contextmanager
def _disk(doing: str, path: Path) -> Iterator[None]:
    """Lance reports the disk's refusals in words; give them their number back."""
    with storage(doing, path):
        try:
            yield
        except (OSError, RuntimeError, ValueError) as error:
            number = re.search(r"os error (\d+)", str(error))
            if number is None:
                raise
            raise OSError(int(number[1]), _first_part(error), str(path)) from error


def _first_part(error: Exception) -> str:
    """Lance appends the line of its source where it happened."""
    return re.split(r", /|\n", str(error).removeprefix("LanceError(IO): "))[0].rstrip(".")


def column_lists(table: pa.Table) -> dict[str, list[Any]]:
    """A table as plain lists by column name.

    Args:
        table: Any.
    """
    return {name: table.column(name).to_pylist() for name in table.column_names}
