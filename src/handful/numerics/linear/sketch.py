"""Short stand-ins for long rows that keep the distances between them, learned from nothing.

Use when: rows are long and many are kept to compare with. Each column is added, with a sign, to one
of a few places; columns that meet in one place add noise that cancels on average. Nothing is
fitted, so what lies outside all that was ever seen keeps its distance, where a projection onto
leading directions would lose it: that is what tells the unlike.
Source: count sketch, Charikar, Chen & Farach-Colton, ICALP 2002; for features Weinberger et al.,
ICML 2009. A distance squared is off by about its own times the root of two over the width.
"""
# M rows, D columns, W places

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from handful.foundation.errors import require

_MIX = np.uint64(0x9E3779B97F4A7C15)
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
_TIMES = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def sketch(rows: NDArray[np.floating], width: int) -> NDArray[np.float32]:
    """Shorten rows; the same columns always go to the same places, on any machine.

    Args:
        rows: `[M, D]`.
        width: W; 256 to 1,024 is usual.

    Returns:
        `[M, W]` float32. Products and distances between rows are those of `rows` on average.
    """
    require(width >= 1, "width", width, "1 or more")
    return np.asarray((_spread(rows.shape[1], width) @ rows.T).T, dtype=np.float32)


@lru_cache(maxsize=16)
def _spread(count: int, width: int) -> sparse.csr_matrix:
    """`[W, D]`: where each column goes, and with which sign."""
    mixed = _mixed(count)
    place = (mixed % np.uint64(width)).astype(np.intp)
    sign = np.where(mixed >> np.uint64(63), 1.0, -1.0).astype(np.float32)
    return sparse.csr_matrix((sign, (place, np.arange(count))), shape=(width, count))


def _mixed(count: int) -> NDArray[np.uint64]:
    """A number for each column that looks drawn by chance (SplitMix64)."""
    with np.errstate(over="ignore"):
        value = np.arange(1, count + 1, dtype=np.uint64) * _MIX
        value = (value ^ (value >> _SHIFTS[0])) * _TIMES[0]
        value = (value ^ (value >> _SHIFTS[1])) * _TIMES[1]
    return value ^ (value >> _SHIFTS[2])
