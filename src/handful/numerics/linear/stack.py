"""Scaled blocks side by side: the linear kernel sum in feature form, for many items.

Use when: there are more than about 5,000 labelled items, or a rung wants features rather than a
kernel. Each block is centred and brought to unit mean norm on the items that have it, so that
products between rows equal the linear kernel sum; where a block is absent its columns hold 0,
which is that block's mean and adds nothing to any product. Never join raw columns: the widest
block then owns the distance, and the result loses to the best single modality.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, UsageError, did_you_mean
from handful.numerics.linear.blocks import Block, count_items


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Where each block's columns lie, its mean and its scale.

    Attributes:
        origins: Block to `[D]` float32 mean of the training items that have it.
        scales: Block to the factor on its columns.
    """

    origins: dict[str, NDArray[np.float32]]
    scales: dict[str, float]

    @classmethod
    def fit(cls, blocks: Mapping[str, Block], weights: Mapping[str, float] | None = None) -> Self:
        """Learn the mean and scale of every block.

        Args:
            blocks: Name to block.
            weights: Length that a mean row of each block gets, 1 where not named; 1.5 on
                predicted or shared latents beside plain ones measured best on emoji.

        Raises:
            InputError: When sizes disagree or no item has a block.
            UsageError: When a weight names no block.
        """
        count_items(blocks)
        weights = weights or {}
        for name in weights:
            if name not in blocks:
                raise UsageError(f"There is no block `{name}`.", did_you_mean(name, blocks))
        origins, scales = {}, {}
        for name, block in blocks.items():
            if not block.present.any():
                raise InputError(f"No item has block `{name}`.", "leave this block out")
            origin = block.rows.mean(axis=0, dtype=np.float64)
            norm = float(np.mean(((block.rows - origin) ** 2).sum(axis=1)))
            origins[name] = origin.astype(np.float32)
            scales[name] = weights.get(name, 1.0) / norm**0.5 if norm > 0 else 0.0
        return cls(origins, scales)

    def features(self, blocks: Mapping[str, Block]) -> NDArray[np.float32]:
        """Rows for a linear rung.

        Args:
            blocks: As in `fit`; blocks that no item has may be left out.

        Returns:
            `[M, sum of D]` float32.

        Raises:
            UsageError: When a block was not there in training.
            InputError: When sizes disagree.
        """
        items = count_items(blocks)
        for name in blocks:
            if name not in self.origins:
                raise UsageError(
                    f"Block `{name}` was not there in training.", did_you_mean(name, self.origins)
                )
        result = np.zeros((items, sum(map(len, self.origins.values()))), dtype=np.float32)
        start = 0
        for name, origin in self.origins.items():
            stop = start + len(origin)
            if name in blocks:
                block = blocks[name]
                if block.width != len(origin):
                    raise InputError(
                        f"Block `{name}` has {block.width} numbers per item; {len(origin)} were "
                        "there in training.",
                        "encode with the tower that the model was trained with",
                    )
                result[block.present, start:stop] = (block.rows - origin) * self.scales[name]
            start = stop
        return result

    def arrays(self) -> dict[str, NDArray]:
        """Plain arrays named `field/block`, for a release; the order of blocks is kept."""
        found: dict[str, NDArray] = {}
        for name, origin in self.origins.items():
            found[f"origin/{name}"] = origin
            found[f"scale/{name}"] = np.asarray(self.scales[name])
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> Self:
        """The stack that `arrays()` described."""
        names = [path.removeprefix("origin/") for path in arrays if path.startswith("origin/")]
        return cls(
            {name: arrays[f"origin/{name}"] for name in names},
            {name: float(arrays[f"scale/{name}"]) for name in names},
        )
