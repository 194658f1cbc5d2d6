"""How fast a folder can be written to and read from, through one hidden file.

Writing counts until the disk has the bytes (`fsync`). Before reading, the system is asked to forget
the file, or the speed would be that of memory.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_BLOCK_BYTES, _PIECE_BYTES, _FILE_BYTES = 2**20, 16 * 2**20, 64 * 2**20


class DiskSpeed(NamedTuple):
    """The speed of a disk, in 1e6 bytes per second; None where it could not be measured."""

    write_mb_per_s: float | None = None
    """Writing until the disk has it."""
    read_mb_per_s: float | None = None
    """Reading the same back."""
    is_cached: bool = False
    """Whether the reading came from memory."""


def median(values: Sequence[float]) -> float:
    """The middle of at least one number; `statistics` would take longer to import than to use."""
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def measure_disk(folder: Path, write_s: float, read_s: float) -> DiskSpeed:
    """Write a hidden file and read it back; nothing is left behind.

    Args:
        folder: Where to write.
        write_s: About how long writing may take, in seconds.
        read_s: About how long reading may take, in seconds.

    Returns:
        The speeds; None for both where the folder cannot be written to.
    """
    import tempfile

    try:
        descriptor, name = tempfile.mkstemp(prefix=".handful-probe-", dir=folder)
    except OSError:
        return DiskSpeed()
    try:
        wrote = _write_mb_per_s(descriptor, write_s)
        is_cached = not _forget(descriptor)
        return DiskSpeed(wrote, _read_mb_per_s(descriptor, read_s), is_cached)
    except OSError:
        return DiskSpeed()
    finally:
        os.close(descriptor)
        with suppress(OSError):
            Path(name).unlink()


def _write_mb_per_s(descriptor: int, spare_s: float) -> float:
    """Append pieces, each until the disk has it; they double while they are quickly done.

    Returns:
        The median speed of the pieces of the largest size.
    """
    speeds: list[float] = []
    block = os.urandom(_BLOCK_BYTES)
    size, written, end_s = _BLOCK_BYTES, 0, time.perf_counter() + spare_s
    while not speeds or (time.perf_counter() < end_s and written + size <= _FILE_BYTES):
        start = time.perf_counter()
        for _ in range(size // _BLOCK_BYTES):
            _write_all(descriptor, block)
        os.fsync(descriptor)
        took = time.perf_counter() - start
        written += size
        speeds.append(1e-6 * size / max(took, 1e-9))
        is_quick = took < spare_s / 10 and size < _PIECE_BYTES
        if is_quick and written + 2 * size <= _FILE_BYTES and time.perf_counter() < end_s:
            size, speeds = 2 * size, []
    return median(speeds)


def _write_all(descriptor: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _read_mb_per_s(descriptor: int, spare_s: float) -> float | None:
    """Speed of one pass over the file, cut short when the time is up."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    got, start = 0, time.perf_counter()
    while time.perf_counter() - start < spare_s:
        piece = os.read(descriptor, _BLOCK_BYTES)
        if not piece:
            break
        got += len(piece)
    took = time.perf_counter() - start
    return 1e-6 * got / took if got and took > 0 else None


def _forget(descriptor: int) -> bool:
    """Ask the system to drop the file from memory, so that reading reaches the disk."""
    if not hasattr(os, "posix_fadvise"):
        return False
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    except OSError:
        return False
    return True
