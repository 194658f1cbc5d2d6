"""From decoded values to views: what a tower says of single values, without a library or a cache.

Serving needs this much and no more, so it lies apart from `encode`, which opens the library.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.learn.towers.base import Tower, Views
from handful.numerics.linear.blocks import Block


def encode_values(
    tower: Tower[Any], values: Sequence[Any], only: Collection[str] | None = None
) -> dict[str, Block]:
    """Views of single values, absent where None; nothing is cached.

    Args:
        tower: Fitted.
        values: `M` decoded values or None.
        only: The views to compute; all when None.

    Returns:
        View to `[M, D]` with presence; empty when every value is None.
    """
    rows = np.array([row for row, value in enumerate(values) if value is not None], dtype=np.intp)
    if not len(rows):
        return {}
    return blocks_of(tower.encode([values[row] for row in rows], only=only), rows, len(values))


def blocks_of(views: Views, rows: NDArray[np.intp], items: int) -> dict[str, Block]:
    """Rows of some items as blocks of all, absent where there is no row.

    Args:
        views: View to `[R, D]`.
        rows: `[R]` places of the items they belong to.
        items: `M`.

    Returns:
        View to `[M, D]` with presence.
    """
    present = np.zeros(items, dtype=bool)
    present[rows] = True
    blocks = {}
    for name, values in views.items():
        if len(rows) == items:
            blocks[name] = Block.of(values)
            continue
        spread = np.zeros((items, values.shape[1]), dtype=np.float32)
        spread[rows] = values
        blocks[name] = Block(values=spread, present=present)
    return blocks
