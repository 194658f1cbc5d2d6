"""A block: one tower's numbers, for the items that have them.

Absent means absent: rows where `present` is false are never read, so they may hold anything,
even not-a-number, and changing them changes no result anywhere in this room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """Numbers of one kind for `N` items, some of which may lack them.

    Args:
        values: `[N, D]` real numbers; rows of absent items are never read.
        present: `[N]` true where the item has this block.

    Raises:
        InputError: When the shapes disagree or a present row holds NaN or infinity.
    """

    values: NDArray[np.floating]
    present: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.present.shape != self.values.shape[:1]:
            raise InputError(
                f"A block has values {self.values.shape} and presence {self.present.shape}; "
                "[N, D] and [N] are needed.",
                "give one row of numbers and one true/false per item",
            )
        if self.present.dtype != np.bool_:
            raise InputError(
                f"Presence has type {self.present.dtype}; true/false is needed.",
                "use `.astype(bool)`",
            )
        broken = int((~np.isfinite(self.rows).all(axis=1)).sum())
        if broken:
            raise InputError(
                f"{broken} of {int(self.present.sum())} present rows of a block hold NaN or "
                "infinity; finite numbers are needed.",
                "encode these items again, or mark them absent",
            )

    @classmethod
    def of(cls, values: NDArray[np.floating], present: NDArray[np.bool_] | None = None) -> Block:
        """A block where every item is present, unless `present` says otherwise."""
        if present is None:
            present = np.ones(len(values), dtype=bool)
        return cls(values=values, present=present)

    @property
    def rows(self) -> NDArray[np.floating]:
        """`[n, D]` the numbers of the present items only (not copied when all are present)."""
        return self.values if self.present.all() else self.values[self.present]

    @property
    def width(self) -> int:
        """How many numbers a row has, D."""
        return self.values.shape[1]

    def __len__(self) -> int:
        return len(self.present)

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Block:
        """The same block for some of the items, in the given order."""
        return Block(values=self.values[rows], present=self.present[rows])

    def scatter(self, rows: NDArray[np.floating]) -> Block:
        """A block of the same items from `[n, E]` numbers of the present ones; the rest hold 0."""
        values = np.zeros((len(self), rows.shape[1]), dtype=rows.dtype)
        values[self.present] = rows
        return Block(values=values, present=self.present)


def count_items(blocks: Mapping[str, Block]) -> int:
    """How many items the blocks describe, N.

    Raises:
        UsageError: When there is no block.
        InputError: When the blocks describe different numbers of items.
    """
    if not blocks:
        raise UsageError("No block was given; at least one is needed.", "encode a modality first")
    counts = {name: len(block) for name, block in blocks.items()}
    if len(set(counts.values())) > 1:
        raise InputError(
            f"The blocks describe different numbers of items: {counts}.",
            "give every block one row per item, and mark the items that lack it as absent",
        )
    return next(iter(counts.values()))


def unit_rows(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Every row scaled to length one; rows of zeros stay zeros.

    Args:
        values: `[N, D]`.

    Returns:
        `[N, D]`, same type.
    """
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(lengths > 0, lengths, 1).astype(values.dtype)
