"""Run several weight-free blocks of one modality as one tower, sharing their common work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from handful.foundation.components import make
from handful.foundation.errors import InputError, UsageError, did_you_mean, require
from handful.foundation.hardware import together
from handful.learn.towers.base import Kernel, Tower, Views
from handful.learn.towers.classical.base import Block

V = TypeVar("V")

_FEW = 8
"""Fewer texts or sounds than this are done before other threads have begun."""


class ClassicalTower(Tower[V], Generic[V]):
    """Blocks of one modality that read the same prepared batch.

    Args:
        blocks: The blocks to run, of one modality, each at most once; side by side on several
            cores.
        prepare: Does once per batch what all blocks need and returns a sequence of the same
            values that remembers it (such as pictures resized, with their gradients). The
            blocks' fingerprints must cover it.
        batch: Values per batch; 16 to 64 keep the shared work in the processor's cache.
    """

    def __init__(
        self,
        blocks: Sequence[Block[V]],
        *,
        prepare: Callable[[Sequence[V]], Sequence[V]] | None = None,
        batch: int = 32,
    ) -> None:
        names = [block.name for block in blocks]
        require(len(blocks) > 0, "blocks", names, "at least one block")
        require(len(set(names)) == len(names), "blocks", names, "different from each other")
        kinds = sorted({block.modality for block in blocks})
        require(len(kinds) == 1, "blocks", kinds, "of one modality")
        require(batch >= 1, "batch", batch, "at least 1")
        self.modality = kinds[0]
        self.blocks = dict(zip(names, blocks, strict=True))
        self._prepare = prepare or (lambda values: values)
        self._batch = batch

    def fit(self, values: Sequence[V], *, seed: int) -> None:
        """Fit every block on the same values, without labels.

        Args:
            values: The modality's values, at least one; blocks sample from them.
            seed: Everything random in the fits follows from it.

        Raises:
            InputError: When there are no values, or too few for a block.
        """
        if not len(values):
            raise InputError(
                f"There is no {self.modality} to learn the tower from.",
                "add items that have this modality, or leave its tower out",
            )
        slow_first = reversed(list(self.blocks.values()))
        together([partial(block.fit, values, seed=seed) for block in slow_first])

    def encode(self, values: Sequence[V], *, only: Collection[str] | None = None) -> Views:
        """Turn every value into one vector per block.

        Args:
            values: The modality's values, `N` of them, at least one.
            only: The blocks to run; all when None.

        Returns:
            Block name to `[N, D]` float32.

        Raises:
            UsageError: When a block is unknown or not fitted, or there are no values.
        """
        chosen = self._chosen(only)[::-1]  # the slow ones are named last
        if not len(values):
            raise UsageError(f"There is no {self.modality} to encode.", "pass at least one")
        parts: dict[str, list[NDArray[np.float32]]] = {block.name: [] for block in chosen}
        for start in range(0, len(values), self._batch):
            prepared = self._prepare(values[start : start + self._batch])
            tasks = [partial(block.encode, prepared) for block in chosen]
            pays = self.modality == "image" or len(prepared) >= _FEW
            made = together(tasks) if pays else [task() for task in tasks]
            for block, rows in zip(chosen, made, strict=True):
                parts[block.name].append(rows)
        return {block.name: np.concatenate(parts[block.name]) for block in reversed(chosen)}

    def fingerprints(self) -> dict[str, str]:
        """Block name to its fingerprint."""
        return {name: block.fingerprint() for name, block in self.blocks.items()}

    def kernels(self) -> dict[str, Kernel]:
        """Block name to the kernel it is made for."""
        return {name: block.prefers for name, block in self.blocks.items()}

    def state(self) -> dict[str, NDArray[Any]]:
        """What the blocks learned, as `block.array`."""
        return {
            f"{name}.{key}": array
            for name, block in self.blocks.items()
            for key, array in block.state().items()
        }

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take over what a tower of the same blocks learned.

        Args:
            state: What `state` returned there.

        Raises:
            InputError: When an array is missing, unknown, or of the wrong shape.
        """
        parts: dict[str, dict[str, NDArray[Any]]] = {name: {} for name in self.blocks}
        for key, array in state.items():
            name, _, rest = key.partition(".")
            if name not in parts:
                raise InputError(
                    f"The state of a tower holds the block `{name}`, "
                    f"and this tower runs {', '.join(parts)}.",
                    "make the tower with the blocks that were saved",
                )
            parts[name][rest] = array
        for name, block in self.blocks.items():
            block.load(parts[name])

    def _chosen(self, only: Collection[str] | None) -> list[Block[V]]:
        for name in only or ():
            if name not in self.blocks:
                raise UsageError(
                    f"This tower has no block `{name}`.", did_you_mean(name, self.blocks)
                )
        return [block for name, block in self.blocks.items() if only is None or name in only]


def make_block(modality: str, name: str, settings: Mapping[str, Any] | None = None) -> Block[Any]:
    """Make one block by its name.

    Args:
        modality: One of `text`, `image`, `audio`.
        name: The file name of the block, such as `hog`.
        settings: Plain data for its `Config`; defaults when left out.

    Raises:
        UsageError: When there is no such block.
        ConfigError: When the settings are wrong.
    """
    room = f"handful.learn.towers.classical.{modality}"
    block: Block[Any] = make(room, name, Block, settings)
    return block
