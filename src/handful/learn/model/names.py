"""How near an item is to what a class is called, in the space that pairs teach.

A class name is read as an item that has words only. What modalities predict of each other puts it
into one space with photos and sounds (`numerics/linear/cross_ridge.py`), so a photo can be near
the word `bowl` though nobody labelled a bowl. The space of words that finding uses
(`wording.py`) was tried as well and told less: kinds of stamps .10 against .28 without a label.
"""
# M items, K classes, S numbers of the space

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from handful.data.modalities.base import Words
from handful.numerics.linear.blocks import Block, unit_rows

_BREAKS = str.maketrans("-_/.|:+", " " * 7)
_TELLS = 1.0
"""Standard errors by which names must beat chance on labelled items before they are believed."""


def spoken(classes: Sequence[str]) -> list[Words]:
    """Class names as texts: `sports-cars` is two words.

    Args:
        classes: K names.
    """
    return [{"und": name.translate(_BREAKS).strip() or name} for name in classes]


class Names(NamedTuple):
    """Where class names stand, to measure items against.

    Attributes:
        rows: `[K, S]` float32 of length one, 0 for a name that says nothing.
        known: `[K]` true for names of which something is known.
        spread: Standard deviation of an item's likeness to the names.
    """

    rows: NDArray[np.float32]
    known: NDArray[np.bool_]
    spread: float

    @classmethod
    def of(cls, names: Block | None, items: Block | None) -> Self | None:
        """Prepare to compare.

        Args:
            names: `[K, S]` places of the class names, absent where a name says nothing.
            items: `[M, S]` places of items that tell how alike items and names usually are.

        Returns:
            None where fewer than two names are known, or no item has a place.
        """
        if names is None or items is None or names.width != items.width:
            return None
        known = names.present & (names.values != 0).any(axis=1)
        if known.sum() < 2 or not items.present.any():
            return None
        rows = np.where(known[:, None], unit_rows(names.values), 0.0).astype(np.float32)
        found = cls(rows, known, 1.0)
        spread = float(found.likeness(items)[items.present][:, known].std())
        return found._replace(spread=spread or 1.0)

    def likeness(self, items: Block) -> NDArray[np.float64]:
        """`[M, K]` how like each name an item is, in spreads; 0 is as like as to other names.

        What is usual for each name among the labelled items was taken off as well, and cost more
        than it gave: emoji with two labels per class lost three points.

        Args:
            items: `[M, S]` places of items; those without one are like no name.
        """
        alike = unit_rows(items.values).astype(np.float64) @ self.rows.T
        alike -= alike[:, self.known].mean(axis=1, keepdims=True)
        alike[:, ~self.known] = 0.0
        alike[~items.present] = 0.0
        return alike / self.spread

    def tell(self, items: Block | None, labels: NDArray[np.intp]) -> bool:
        """Whether names point to the labels of items more than chance would.

        Nothing was learned from the labels, so even one label per class is a fair test: an item
        is by chance as like its own name as the others, which is 0.

        Args:
            items: `[N, S]` places of labelled items.
            labels: `[N]` class numbers.
        """
        if items is None:
            return False
        asked = np.flatnonzero(items.present & self.known[labels])
        if len(asked) < 2:
            return False
        gain = self.likeness(items.take(asked))[np.arange(len(asked)), labels[asked]]
        return bool(gain.mean() > _TELLS * gain.std(ddof=1) / len(asked) ** 0.5)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, for a release."""
        return {name: np.asarray(value) for name, value in self._asdict().items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The names that `arrays` described."""
        return cls(arrays["rows"], arrays["known"], arrays["spread"].item())
