"""Which items held a content in a file of their own, in 12 bytes for each.

Contents are kept as hashes of 64 bits, because a library may hold more files than fit into memory
as objects; items are read whole where one is asked for, and compared by whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Lock

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from handful.data.library.items import Item
from handful.data.library.known import short_hash
from handful.data.library.library import Library
from handful.data.library.media import original_of
from handful.data.library.store import column_lists
from handful.data.modalities.base import MODALITIES

_FACTS = ("content_sha256", "sha256", "path", "origin", "stamp")
_ROW = np.dtype([("content", "<u8"), ("row", "<u4")])


class Holders:
    """Finds items by their contents; the library is read when first asked.

    Args:
        library: At the version that counts now; later changes of it are not seen.
    """

    def __init__(self, library: Library) -> None:
        self._library = Library(library.folder, library.card)
        self._lock = Lock()
        self._rows: NDArray[np.void] | None = None

    def of(self, asked: Sequence[Sequence[str]]) -> list[list[Item]]:
        """The items that hold any of some contents in a file of their own.

        Args:
            asked: Several times some hashes, of contents or of bytes.

        Returns:
            For each, its items.
        """
        rows = self._all()
        if not len(rows):
            return [[] for _ in asked]
        found = [sorted({row for mark in marks for row in _rows_of(rows, mark)}) for marks in asked]
        wanted = sorted({row for each in found for row in each})
        items = dict(zip(wanted, self._library.take(wanted), strict=True)) if wanted else {}
        return [[items[row] for row in each] for each in found]

    def _all(self) -> NDArray[np.void]:
        with self._lock:
            if self._rows is None:
                rows, start = bytearray(), 0
                columns = [f"{modality}_{name}" for modality in MODALITIES for name in _FACTS]
                for table in self._library.scan(columns):
                    rows += np.array(list(_contents(table, start)), _ROW).tobytes()
                    start += table.num_rows
                self._rows = np.frombuffer(rows, _ROW)
                self._rows.sort(order=["content", "row"])
            return self._rows


def _rows_of(rows: NDArray[np.void], mark: str) -> list[int]:
    asked = np.uint64(short_hash(mark))
    start, end = (np.searchsorted(rows["content"], asked, side) for side in ("left", "right"))
    return rows["row"][start:end].tolist()


def _contents(table: pa.Table, start: int) -> Iterator[tuple[int, int]]:
    columns = column_lists(table)
    for modality in MODALITIES:
        facts = (columns[f"{modality}_{name}"] for name in _FACTS)
        for row, (content, data, *place) in enumerate(zip(*facts, strict=True), start):
            if place[0] and original_of(*place):
                yield short_hash(content or data), row
