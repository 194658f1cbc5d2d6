"""Long recordings are heard in pieces: the mean of a value's pieces is the value's row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from handful.learn.towers.local.encoder import Rows


def by_pieces(cut: Sequence[Sequence[Any]], make: Callable[[Sequence[Any]], Rows]) -> Rows:
    """Encode values that were cut into pieces.

    Args:
        cut: `N` values, each as one piece or more.
        make: From `P` pieces to `[P, D]` per tap.

    Returns:
        Tap to `[N, D]`: the mean over each value's pieces.
    """
    counts = np.array([len(pieces) for pieces in cut])
    rows = make([piece for pieces in cut for piece in pieces])
    if (counts == 1).all():
        return rows
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return {
        tap: (np.add.reduceat(found, starts, axis=0) / counts[:, None]).astype(np.float32)
        for tap, found in rows.items()
    }
