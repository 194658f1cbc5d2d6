"""Which rows of a library are wanted and how long they are, in some bytes per item.

What is read in batches over and over, and in another order every time, is looked up by its row,
not by its id: that takes as long in a large library as in a small one.
"""
# N wanted items

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handful.data.library.choosing import conditions
from handful.data.library.items import Status
from handful.data.library.library import Library
from handful.data.library.store import column_lists

_USABLE = (str(Status.OK), str(Status.REPAIRED))
_LENGTHS = {"text": ("characters",), "image": ("width", "height"), "audio": ("frames",)}
"""Facts about a part whose product is its length."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """The wanted items of one version, in the order in which they came.

    Attributes:
        rows: `[N]` where they lie in the table.
        lengths: `[N]` letters, pixels or samples, 0 where an item lacks them; empty when not asked.
    """

    rows: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)


def outline(
    library: Library,
    *,
    modalities: Sequence[str],
    complete: bool = False,
    split: str | None = None,
    length_of: str = "",
) -> Outline:
    """Look through a library.

    Args:
        library: At the version that counts.
        modalities: Items without any of these are left out.
        complete: Leave out items that lack one of them.
        split: Only items of this split; all when None.
        length_of: The modality whose length counts; none when empty.

    Raises:
        UsageError: For an unknown modality or split.
        ProjectError: When the tables cannot be read.
    """
    conditions(None, modalities, split, None, False)
    columns = ["id", "split", *(f"{name}_status" for name in modalities)]
    columns += [f"{length_of}_meta"] if length_of else []
    ids: list[str] = []
    rows: list[int] = []
    lengths: list[int] = []
    first = 0
    for part in library.scan(columns):
        held = column_lists(part)
        has = np.array(
            [[each in _USABLE for each in held[f"{name}_status"]] for name in modalities]
        ).reshape(len(modalities), -1)
        wanted = has.all(axis=0) if complete else has.any(axis=0)
        if split is not None:
            wanted &= np.array([each == split for each in held["split"]], dtype=bool)
        for place in np.flatnonzero(wanted):
            ids.append(held["id"][place])
            rows.append(first + int(place))
            if length_of:
                lengths.append(_length(held[f"{length_of}_meta"][place], length_of))
        first += part.num_rows
    order = sorted(range(len(ids)), key=ids.__getitem__)
    return Outline(
        rows=np.array(rows, dtype=np.int64)[order],
        lengths=np.array(lengths, dtype=np.int64)[order if lengths else []],
    )


def _length(meta: str | None, modality: str) -> int:
    facts = json.loads(meta) if meta else {}
    found = 1
    for name in _LENGTHS[modality]:
        found *= int(facts.get(name, 0))
    return found
