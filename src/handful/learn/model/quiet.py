"""Views without what tells groups apart: which library needs it, and what a model keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from handful.foundation.wording import listed
from handful.numerics.linear.blocks import Block
from handful.numerics.linear.kernels import Blocks
from handful.numerics.linear.nuisance import Config, Nuisance

_MIXED = 0.5
"""Pairs of one group are of two classes at least this share as often as any two items are."""


@dataclass(frozen=True, slots=True, eq=False)
class Quiet:
    """What is turned down in every view.

    Attributes:
        views: Modality to view to directions; views in which groups do not differ are left out.
    """

    views: dict[str, dict[str, Nuisance]]

    @classmethod
    def fit(cls, views: Blocks, groups: NDArray[Any], seed: int) -> Self:
        """Learn from all items, labelled or not.

        Args:
            views: Modality to view to `[N, D]` with presence.
            groups: `[N]` group of each item.
            seed: For the shuffles.
        """
        found: dict[str, dict[str, Nuisance]] = {}
        for modality, named in views.items():
            for name, block in named.items():
                nuisance = Nuisance.fit(block.rows, groups[block.present], Config(), seed)
                if len(nuisance.left):
                    found.setdefault(modality, {})[name] = nuisance
        return cls(found)

    def of(self, views: Blocks) -> dict[str, dict[str, Block]]:
        """The same items, quieter.

        Args:
            views: As in `fit`; modalities and views may be left out.
        """
        return {
            modality: {
                name: block.scatter(self.views[modality][name].quieten(block.rows))
                if name in self.views.get(modality, {})
                else block
                for name, block in named.items()
            }
            for modality, named in views.items()
        }

    def sentences(self) -> list[str]:
        """What was turned down, in words; nothing where nothing was."""
        if not self.views:
            return []
        return [
            f"Groups differ in {listed(self.views)} by more than chance; what tells them apart was "
            "turned down, so that labels of one group serve another."
        ]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, for a release."""
        return {
            f"{modality}/{name}/{part}": array
            for modality, named in self.views.items()
            for name, nuisance in named.items()
            for part, array in nuisance.arrays().items()
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """What `arrays` described."""
        parts: dict[str, dict[str, dict[str, NDArray[Any]]]] = {}
        for path in sorted(arrays):
            modality, name, part = path.split("/")
            parts.setdefault(modality, {}).setdefault(name, {})[part] = arrays[path]
        return cls(
            {
                modality: {name: Nuisance.from_arrays(held) for name, held in named.items()}
                for modality, named in parts.items()
            }
        )


def groups_are_mixed(labels: NDArray[np.intp], groups: NDArray[Any]) -> bool:
    """Whether groups are known to hold things of several classes, as a day's photos do.

    Where every group is one thing (photos of one product, cuts of one recording), what tells
    groups apart is what tells classes apart, and nothing may be turned down.

    Args:
        labels: `[N]` class numbers.
        groups: `[N]` group of each.
    """
    number = np.unique(groups, return_inverse=True)[1]
    together = _pairs(number)
    if not together:
        return False
    same_class = _pairs(labels)
    everyone = len(labels) * (len(labels) - 1) // 2
    expected = 1 - same_class / everyone
    both = _pairs(number * (int(labels.max()) + 1) + labels)
    return 1 - both / together >= _MIXED * expected > 0


def _pairs(number: NDArray[np.intp]) -> int:
    """How many pairs of items have the same number."""
    counts = np.unique(number, return_counts=True)[1]
    return int((counts * (counts - 1) // 2).sum())
