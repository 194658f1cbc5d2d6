"""What a library holds of one source: enough to see what changed, in 21 bytes for each item.

Names and what was seen of files are kept as hashes, because a source may have more files than fit
into memory as objects. An item that did change is read whole, at the version this was made at.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.data.library.sources.base import Candidate
from handful.data.library.store import column_lists
from handful.data.modalities.base import MODALITIES
from handful.data.modalities.reading import Status, Unreadable, reason_of

_LOOK = ("status", "origin", "size", "stamp", "reason")
_COLUMNS = [
    "key",
    "source",
    "declared_sha256",
    *(f"{modality}_{name}" for modality in MODALITIES for name in _LOOK),
]
_PATHS = [f"{modality}_path" for modality in MODALITIES]
_ROW = np.dtype([("key", "<u8"), ("row", "<u4"), ("look", "<u8")])
_SPARE = 1 << 31
"""Added to the row of an item that cannot be used: of one name, what is in use comes first."""
_AT_ONCE = 1024
_NEVER = 0
"""The look of an item that is always read again, such as one whose reader was not installed."""


class Found(NamedTuple):
    """What is known of one candidate.

    Attributes:
        row: Of the item of its name, as `Library.scan` counts; -1 when there is none.
        is_same: Whether nothing about it changed.
    """

    row: int
    is_same: bool


class Known:
    """Compares candidates with the items that came from the same source before.

    Args:
        library: At the version that counts now; later changes of it are not seen.
        source: The folder, table or archive, as items name it.
        copy: Whether copies are kept of everything, so that what has none is read again.
    """

    def __init__(self, library: Library, source: str, *, copy: bool = False) -> None:
        self._library = Library(library.folder, library.card)
        rows = bytearray()
        columns = [*_COLUMNS, *(_PATHS if copy else ())]
        for start, table in _numbered(self._library.scan(columns)):
            rows += np.array(list(_rows(table, source, start)), _ROW).tobytes()
        self._rows = np.frombuffer(rows, _ROW)
        self._rows.sort(order=["key", "row"])
        self._seen = np.zeros(len(self._rows), bool)

    def find(self, candidates: Sequence[Candidate]) -> list[Found]:
        """Look at the files of candidates, without opening them, and compare; notes their names.

        Args:
            candidates: Some of the source.
        """
        if not len(self._rows):
            return [Found(-1, is_same=False)] * len(candidates)
        keys = np.array([short_hash(candidate.key) for candidate in candidates], "<u8")
        places = np.searchsorted(self._rows["key"], keys)
        ends = np.searchsorted(self._rows["key"], keys, side="right")
        for start, end in zip(places.tolist(), ends.tolist(), strict=True):
            self._seen[start:end] = True
        rows = self._rows[np.minimum(places, len(self._rows) - 1)]
        found = zip(candidates, keys.tolist(), rows.tolist(), strict=True)
        return [
            Found(row % _SPARE, is_same=look != _NEVER and look == _look_at(candidate))
            if key == known
            else Found(-1, is_same=False)
            for candidate, key, (known, row, look) in found
        ]

    def items(self, rows: Sequence[int]) -> dict[int, Item]:
        """Read items whole.

        Args:
            rows: As found.
        """
        return dict(zip(rows, self._library.take(rows), strict=True)) if rows else {}

    def unseen(self) -> Iterator[Item]:
        """The items whose names no candidate had, as they were before."""
        rows = sorted((self._rows["row"][~self._seen] % _SPARE).tolist())
        for start in range(0, len(rows), _AT_ONCE):
            yield from self._library.take(rows[start : start + _AT_ONCE])


def _numbered(tables: Iterable[pa.Table]) -> Iterator[tuple[int, pa.Table]]:
    start = 0
    for table in tables:
        yield start, table
        start += table.num_rows


def _rows(table: pa.Table, source: str, start: int) -> Iterator[tuple[int, int, int]]:
    names = table.column("source").to_pylist()
    chosen = [place for place, name in enumerate(names) if name == source]
    columns = column_lists(table.take(pa.array(chosen, pa.int64())))
    parts = [
        list(zip(*(columns[f"{m}_{name}"] for name in _LOOK), strict=True)) for m in MODALITIES
    ]
    copied = [name for name in _PATHS if name in columns]
    for place, row in enumerate(chosen):
        looks = [
            (modality, *each[place])
            for modality, each in zip(MODALITIES, parts, strict=True)
            if each[place][0] is not None
        ]
        spare = all(status == Status.QUARANTINED for _, status, *_ in looks) * _SPARE
        again = any(reason and reason_of(reason).again for *_, reason in looks)
        again |= any(os.path.isabs(columns[name][place] or "") for name in copied)  # noqa: PTH117
        seen = [(modality, origin, size, stamp) for modality, _, origin, size, stamp, _ in looks]
        look = _NEVER if again else _look(columns["declared_sha256"][place], seen)
        yield short_hash(columns["key"][place]), spare + start + row, look


def _look_at(candidate: Candidate) -> int:
    """What can be seen of a candidate without opening a file; `_NEVER` when that is refused."""
    seen = []
    for piece in candidate.pieces:
        try:
            size, stamp = piece.place.look() if piece.place else (0, "")
        except Unreadable:
            return _NEVER
        origin = piece.place.origin if piece.place else piece.name
        seen.append((piece.modality, origin, size, stamp))
    return _look(candidate.declared_sha256, seen)


def _look(declared_sha256: str, seen: list[tuple[str, str, int, str]]) -> int:
    return short_hash(f"{declared_sha256}{sorted(seen)}")


def short_hash(text: str) -> int:
    """Of 64 bits: among 10 million names two share one with a chance of 3 in a million.

    Args:
        text: Such as a name.
    """
    digest = hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
