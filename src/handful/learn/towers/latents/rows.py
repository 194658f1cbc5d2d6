"""All rows of one encoder: a folder of shards and an index of their keys in memory."""
# N keys, D numbers

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import BusyError, InputError, NewerFormatError, ProjectError, storage
from handful.foundation.project.atomic import UNFINISHED
from handful.foundation.project.lock import locked
from handful.foundation.project.manifest import MANIFEST, read_manifest, write_manifest
from handful.learn.towers.latents.shard import (
    SUFFIX,
    DamagedError,
    Shard,
    open_shard,
    write_shard,
)

KIND = "latents"
"""What a folder of rows is called in its manifest."""

_LOCK = ".lock"
_MERGE_FROM = 32
"""Shards that are not full and lie about before they are merged."""
_FULL = 4096
"""Rows of a full shard."""
_ABANDONED_S = 60.0
"""Age of a half-written file that nobody can still be writing: a shard takes well under 1 s."""

_log = logging.getLogger(__name__)


class Rows:
    """The rows of one encoder, found by key.

    Several processes may read and add at the same time; merging and forgetting take turns.

    Args:
        folder: Where the rows lie; it has a manifest.
        name: What people call the encoder.
        fingerprint: What decides its rows.
    """

    def __init__(self, folder: Path, name: str, fingerprint: str) -> None:
        self.folder = folder
        self.name = name
        self.fingerprint = fingerprint
        self._shards: dict[str, Shard] = {}
        self._refused: set[str] = set()
        self._places: dict[str, tuple[Shard, int]] = {}

    @classmethod
    def open(cls, folder: Path) -> Rows:
        """Open a folder of rows.

        Args:
            folder: It must have a manifest.

        Raises:
            ProjectError: When the manifest is damaged, newer, or tells of another folder.
        """
        content = read_manifest(folder, KIND)
        fingerprint = str(content.get("fingerprint"))
        if fingerprint != folder.name:
            raise ProjectError(
                f'"{folder}" holds the latents of the tower {fingerprint}, not of {folder.name}.',
                f'delete it: `rm -r "{folder}"`; the latents are made again when needed',
            )
        rows = cls(folder, str(content.get("encoder")), fingerprint)
        rows.refresh()
        return rows

    @classmethod
    def make(cls, folder: Path, name: str, fingerprint: str) -> Rows:
        """Open a folder of rows, made when missing.

        Args:
            folder: Named after the fingerprint.
            name: What people call the encoder.
            fingerprint: What decides its rows.

        Raises:
            ProjectError: When there is a folder, and it holds rows of another encoder.
            StorageError: When the disk refuses.
        """
        if not (folder / MANIFEST).is_file():
            with storage("write", folder):
                folder.mkdir(parents=True, exist_ok=True)
            write_manifest(folder, KIND, {"encoder": name, "fingerprint": fingerprint})
        try:
            return cls.open(folder)
        except NewerFormatError:
            raise
        except ProjectError as error:
            hint = f'delete it: `rm -r "{folder}"`; the latents are made again when needed'
            raise ProjectError(error.what, hint) from None

    def __len__(self) -> int:
        return len(self._places)

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self._files())

    def refresh(self) -> None:
        """Notice what other processes have added, merged or deleted."""
        files = {path.name: path for path in self._files()}
        if self._shards.keys() - files.keys():
            self._close()
        for name in sorted(files.keys() - self._shards.keys() - self._refused):
            self._open(files[name])

    def missing(self, keys: Sequence[str]) -> list[int]:
        """Places of keys that have no row yet; of equal keys only the first."""
        first: dict[str, int] = {}
        for place, key in enumerate(keys):
            if key not in self._places:
                first.setdefault(key, place)
        return list(first.values())

    def add(self, keys: Sequence[str], rows: NDArray[np.floating]) -> None:
        """Put rows on disk; they are safe when this returns.

        Args:
            keys: `n` different keys without line breaks.
            rows: `[n, D]`, finite.

        Raises:
            InputError: When rows are not finite, or their number or width is wrong.
            StorageError: When the disk refuses.
        """
        rows = np.asarray(rows, dtype=np.float32)
        self._check(keys, rows)
        self._remove_refused()
        if not self._open(write_shard(self.folder, self.fingerprint, keys, rows)):
            self.refresh()  # another process has merged the new file already

    def read(self, keys: Sequence[str]) -> NDArray[np.float32]:
        """Rows in the order of the keys, all of which must be there.

        Args:
            keys: `N` keys, equal ones allowed.

        Returns:
            `[N, D]` float32; `[0, 0]` when there are no keys and no rows.
        """
        found = [self._places[key] for key in keys]
        out = np.zeros((len(keys), self.width or 0), dtype=np.float32)
        numbers = {id(shard): number for number, shard in enumerate(self._shards.values())}
        which = np.fromiter((numbers[id(shard)] for shard, _ in found), np.intp, len(found))
        rows = np.fromiter((row for _, row in found), np.intp, len(found))
        order = np.argsort(which, kind="stable")
        bounds = np.searchsorted(which[order], np.arange(len(self._shards) + 1))
        for shard, (start, stop) in zip(
            self._shards.values(), itertools.pairwise(bounds), strict=True
        ):
            if start < stop:
                shard.read_into(out, order[start:stop], rows[order[start:stop]])
        return out

    @property
    def width(self) -> int | None:
        """Numbers per row; None before the first row."""
        return next((shard.width for shard in self._shards.values()), None)

    def tidy(self) -> None:
        """Merge shards when many small ones lie about; skipped while another process does it."""
        if len(self._small()) < _MERGE_FROM:
            return
        try:
            with locked(self.folder / _LOCK, "merge latents"):
                self.refresh()
                self._merge()
                self._sweep()
        except BusyError:
            return

    def forget(self, contents: Collection[str]) -> int:
        """Delete the rows of some contents, in every variant.

        Args:
            contents: Content hashes.

        Returns:
            How many rows were deleted.

        Raises:
            BusyError: When another process is merging or forgetting; nothing was changed then.
            StorageError: When the disk refuses.
        """
        deleted = 0
        with locked(self.folder / _LOCK, "forget latents"):
            self.refresh()
            for shard in list(self._shards.values()):
                kept = [r for r, key in enumerate(shard.keys) if content_of(key) not in contents]
                if len(kept) < len(shard):
                    deleted += len(shard) - len(kept)
                    self._replace([shard], kept)
            self._sweep()
        self._close()
        self.refresh()
        return deleted

    def damaged(self, *, repair: bool) -> list[Path]:
        """Files that are cut short, foreign, or whose bytes are not those that were written.

        Args:
            repair: Delete them as well.
        """
        found = [self.folder / name for name in self._refused]
        found += [shard.path for shard in self._shards.values() if not shard.is_intact()]
        if repair:
            self._unlink(found)
            self._close()
            self.refresh()
        return sorted(found)

    def _close(self) -> None:
        """Know nothing, so that `refresh` opens every file anew."""
        self._shards.clear()
        self._places.clear()
        self._refused.clear()

    def _open(self, path: Path) -> bool:
        try:
            shard = open_shard(path, self.fingerprint)
            if self.width not in (None, shard.width):
                raise DamagedError(f"its rows have {shard.width} numbers instead of {self.width}")
        except FileNotFoundError:
            return False
        except DamagedError as error:
            self._refused.add(path.name)
            _log.warning('Latents in "%s" are left out and made again: %s.', path, error)
            return False
        self._shards[path.name] = shard
        for row, key in enumerate(shard.keys):
            self._places[key] = (shard, row)
        return True

    def _check(self, keys: Sequence[str], rows: NDArray[np.float32]) -> None:
        right = rows.ndim == 2 and len(rows) == len(keys) and self.width in (None, rows.shape[1])
        if not right:
            raise InputError(
                f"`{self.name}` gave latents of shape {rows.shape} for {len(keys)} items; "
                f"({len(keys)}, {self.width or 'D'}) is needed.",
                "the encoder is at fault: one row of the same width per item",
            )
        broken = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        if len(broken):
            raise InputError(
                f"`{self.name}` gave latents that are not finite for {len(broken)} of "
                f"{len(keys)} items, such as the one with content {keys[broken[0]]}.",
                "look at that item with `handful check`, or take it out of the library",
            )

    def _small(self) -> list[Shard]:
        return [shard for shard in self._shards.values() if len(shard) < _FULL]

    def _merge(self) -> None:
        waiting: list[Shard] = []
        for shard in self._small():
            waiting.append(shard)
            if sum(map(len, waiting)) >= _FULL:
                self._replace(waiting)
                waiting = []
        if len(waiting) > 1:
            self._replace(waiting)

    def _replace(self, shards: list[Shard], kept: list[int] | None = None) -> None:
        """Write the rows of some shards to one new file, and only then delete the old ones.

        A crash in between leaves rows twice, which does no harm.
        """
        keys = [key for shard in shards for key in shard.keys]
        rows = np.zeros((len(keys), shards[0].width), dtype=np.float32)
        start = 0
        for shard in shards:
            places = np.arange(len(shard))
            shard.read_into(rows, start + places, places)
            start += len(shard)
        if kept is not None:
            keys, rows = [keys[row] for row in kept], rows[kept]
        if keys:
            self._open(write_shard(self.folder, self.fingerprint, keys, rows))
        self._unlink([shard.path for shard in shards])
        for shard in shards:
            del self._shards[shard.path.name]

    def _remove_refused(self) -> None:
        if self._refused:
            self._unlink([self.folder / name for name in self._refused])
            self._refused.clear()

    def _unlink(self, paths: Iterable[Path]) -> None:
        for path in paths:
            with storage("delete", path):
                path.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Delete what killed processes left half written."""
        newest = time.time() - _ABANDONED_S
        old = [p for p in self.folder.glob(f"{UNFINISHED}*") if _written(p) <= newest]
        self._unlink(old)

    def _files(self) -> list[Path]:
        with storage("read", self.folder):
            paths = list(self.folder.iterdir()) if self.folder.is_dir() else []
        return [p for p in paths if p.suffix == SUFFIX and not p.name.startswith(UNFINISHED)]


def content_of(key: str) -> str:
    """The content hash in a key, without the name of a variant."""
    return key.partition("@")[0]


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
