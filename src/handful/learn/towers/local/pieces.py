"""Long recordings are heard in pieces: the mean of a value's pieces is the value's row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.learn.towers.local.encoder import Rows
from handful.learn.towers.local.taps import Tap

_AT_ONCE = 16
"""Pieces that are held before they are heard; ten seconds at 48,000 samples take 2 MB each."""


def by_pieces(
    values: Sequence[Any],
    cut: Callable[[Any], Sequence[Any]],
    make: Callable[[Sequence[Any]], Rows],
) -> Rows:
    """Encode values in pieces, few at a time.

    Args:
        values: `N` of them.
        cut: From one value to its pieces, one or more.
        make: From `P` pieces to `[P, D]` per tap.

    Returns:
        Tap to `[N, D]`: the mean over each value's pieces.
    """
    parts: dict[Tap, list[NDArray[np.float32]]] = {}
    held: list[Any] = []
    counts: list[int] = []

    def hear() -> None:
        starts = np.cumsum([0, *counts[:-1]])
        for tap, rows in make(held).items():
            means = np.add.reduceat(rows, starts, axis=0) / np.array(counts)[:, None]
            parts.setdefault(tap, []).append(means.astype(np.float32))
        held.clear()
        counts.clear()

    for value in values:
        pieces = cut(value)
        held += pieces
        counts.append(len(pieces))
        if len(held) >= _AT_ONCE:
            hear()
    if held:
        hear()
    return {tap: np.concatenate(rows) for tap, rows in parts.items()}
