"""Rows of numbers in plain files: many small safetensors files, each written in one step.

A shard holds some rows and the key of each. Rows are kept as float16 (float32 where a number is
too large for it), or as their non-zero numbers only where three quarters are zeros, as in TF-IDF.
Rows are read through the page cache without reading the rest of the file. A file that was cut
short, or belongs to another tower, is seen at once and left out; one whose bytes have changed
since is found by `is_intact`.
"""
# n rows, D numbers, z non-zero numbers

from __future__ import annotations

import hashlib
import json
import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from handful.foundation.project.atomic import replacing

SUFFIX = ".safetensors"
_TYPES = {"F16": "<f2", "F32": "<f4", "U8": "|u1", "U16": "<u2", "I32": "<i4", "I64": "<i8"}
_LARGEST_HALF = 65504.0
_MOSTLY_ZERO = 0.25
_LONGEST_HEADER = 1 << 20
_NUMBERS_AT_ONCE = 1 << 18
"""Numbers converted together: they stay in the processor's cache on the way."""


class DamagedError(Exception):
    """A file is not a whole shard of this tower; its rows must be made again."""


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """One file of rows.

    Attributes:
        path: The file.
        keys: The key of each row, in order.
        width: Numbers per row, D.
        arrays: The file's arrays, mapped into memory.
        digest: SHA-256 of all arrays, as it was when the file was written.
    """

    path: Path
    keys: tuple[str, ...]
    width: int
    arrays: dict[str, NDArray[Any]]
    digest: str

    def __len__(self) -> int:
        return len(self.keys)

    def read_into(
        self, out: NDArray[np.float32], at: NDArray[np.intp], rows: NDArray[np.intp]
    ) -> None:
        """Copy some rows.

        Args:
            out: `[N, D]` float32; rows `at` are zero before and hold the numbers after.
            at: `[n]` places in `out`.
            rows: `[n]` rows of this shard.
        """
        if "rows" in self.arrays:
            halves = self.arrays["rows"]
            step = max(1, _NUMBERS_AT_ONCE // max(self.width, 1))
            for start in range(0, len(rows), step):
                out[at[start : start + step]] = halves[rows[start : start + step]]
            return
        starts = self.arrays["starts"]
        lengths = starts[rows + 1] - starts[rows]
        before = np.cumsum(lengths) - lengths
        places = np.repeat(starts[rows] - before, lengths) + np.arange(lengths.sum())
        columns = self.arrays["columns"][places]
        out[np.repeat(at, lengths), columns] = self.arrays["numbers"][places]

    def is_intact(self) -> bool:
        """Whether the arrays are still the ones that were written; reads the whole file."""
        return _digest(self.arrays) == self.digest


def write_shard(
    folder: Path, fingerprint: str, keys: Sequence[str], rows: NDArray[np.float32]
) -> Path:
    """Write rows to a new file that appears whole or not at all.

    Args:
        folder: Where; it must exist.
        fingerprint: The tower that made the rows.
        keys: The key of each row, without line breaks.
        rows: `[n, D]` float32, finite.

    Returns:
        The new file.

    Raises:
        StorageError: When the disk refuses.
    """
    arrays = {"keys": np.frombuffer("\n".join(keys).encode(), dtype=np.uint8), **_packed(rows)}
    facts = {"fingerprint": fingerprint, "width": str(rows.shape[1]), "sha256": _digest(arrays)}
    path = folder / f"{secrets.token_hex(8)}{SUFFIX}"
    with replacing(path) as temporary:
        save_file(arrays, temporary, metadata=facts)
    return path


def open_shard(path: Path, fingerprint: str) -> Shard:
    """Map a file into memory.

    Args:
        path: The file.
        fingerprint: The tower whose rows are expected.

    Raises:
        DamagedError: When the file is cut short, foreign, or not a shard.
        FileNotFoundError: When another process has merged it away.
    """
    raw = np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size else np.zeros(0, "u1")
    try:
        facts, arrays = _parse(raw)
        if facts["fingerprint"] != fingerprint:
            raise DamagedError(f"it was made by the tower {facts['fingerprint']}")
        keys = tuple(bytes(arrays["keys"]).decode().split("\n"))
        shard = Shard(path, keys, int(facts["width"]), arrays, facts["sha256"])
        _require_shapes(shard)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError(f"it cannot be read: {error}") from None
    return shard


def _packed(rows: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """The smallest of the three forms that keeps the rows."""
    fits = rows.size == 0 or float(np.abs(rows).max()) <= _LARGEST_HALF
    kind = np.float16 if fits else np.float32
    filled = rows != 0
    if np.count_nonzero(filled) >= _MOSTLY_ZERO * rows.size:
        return {"rows": rows.astype(kind)}
    starts = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum(filled.sum(axis=1), out=starts[1:])
    columns = np.nonzero(filled)[1]
    narrow = np.uint16 if rows.shape[1] <= 1 << 16 else np.int32
    return {
        "starts": starts,
        "columns": columns.astype(narrow),
        "numbers": rows[filled].astype(kind),
    }


def _digest(arrays: dict[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _parse(raw: NDArray[np.uint8]) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """Facts and arrays of a safetensors file; the arrays must fill it to the last byte."""
    size = int.from_bytes(bytes(raw[:8]), "little")
    if len(raw) < 8 or not 0 < size <= min(len(raw) - 8, _LONGEST_HEADER):
        raise ValueError("its header is cut short")
    header = json.loads(bytes(raw[8 : 8 + size]))
    facts = header.pop("__metadata__")
    body = raw[8 + size :]
    arrays = {}
    for name, entry in header.items():
        start, stop = entry["data_offsets"]
        shape = tuple(entry["shape"])
        kind = np.dtype(_TYPES[entry["dtype"]])
        if not 0 <= start <= stop <= len(body) or stop - start != kind.itemsize * math.prod(shape):
            raise ValueError("its content is cut short")
        arrays[name] = _aligned(body[start:stop], kind).reshape(shape)
    return facts, arrays


def _aligned(part: NDArray[np.uint8], kind: np.dtype[Any]) -> NDArray[Any]:
    return part.view(kind) if len(part) else np.zeros(0, kind)


def _require_shapes(shard: Shard) -> None:
    """Refuse arrays that do not fit together, so that reading never leaves them."""
    count, arrays = len(shard.keys), shard.arrays
    if "rows" in arrays:
        fits = arrays["rows"].shape == (count, shard.width)
    else:
        starts, columns = arrays["starts"], arrays["columns"]
        rising = (
            starts.shape == (count + 1,) and starts[0] == 0 and bool((np.diff(starts) >= 0).all())
        )
        fits = rising and columns.shape == arrays["numbers"].shape == (int(starts[-1]),)
        fits = fits and (len(columns) == 0 or 0 <= columns.min() <= columns.max() < shard.width)
    if not fits:
        raise ValueError("its arrays do not fit together")
