"""Labels that look wrong: what the chosen way says of items while they are held out disagrees.

Wrong labels cost twice: they teach the wrong thing, and they count as mistakes against every
promise. On the workshop's `grade`, where 10 of 463 labels are wrong on purpose, 21 were doubted
and 7 of these were wrong; the others are pieces that are hard to tell.

Source: confident learning, Northcutt et al., JAIR 2021, with fixed thresholds, because calibrated
held-out answers are at hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.data.library.items import Item

_FIRM = 0.8
"""How probable another answer must be."""
_FAINT = 0.1
"""How improbable the label must be."""


class Doubt(NamedTuple):
    """One label that looks wrong.

    Attributes:
        item: The item's id.
        key: What it is called where it came from.
        label: What was said of it.
        said: What the chosen way says while the item is held out.
        share: How probable that is.
    """

    item: str
    key: str
    label: str
    said: str
    share: float

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return self._asdict()


def doubts(
    held_out: NDArray[np.float64],
    labels: NDArray[np.intp],
    classes: Sequence[str],
    items: Sequence[Item],
) -> list[Doubt]:
    """The labels that look wrong, the most doubtful first.

    Args:
        held_out: `[N, K]` what was said of each labelled item while it was held out.
        labels: `[N]` class numbers.
        classes: K names.
        items: `[N]` the items.
    """
    rows = np.arange(len(labels))
    own, said = held_out[rows, labels], held_out.argmax(axis=1)
    firm = (held_out[rows, said] >= _FIRM) & (own <= _FAINT)
    order = sorted(np.flatnonzero(firm).tolist(), key=lambda row: (own[row], row))
    return [
        Doubt(
            items[row].id,
            items[row].key,
            classes[labels[row]],
            classes[said[row]],
            round(float(held_out[row, said[row]]), 4),
        )
        for row in order
    ]


def sentence(found: Sequence[Doubt], task: str) -> str:
    """What to do about them, in words; empty when there are none.

    Args:
        found: The most doubtful first.
        task: What the labels answer.
    """
    if not found:
        return ""
    first = found[0]
    count = "One label looks" if len(found) == 1 else f"{len(found)} labels look"
    return (
        f'{count} wrong, "{first.key}" above all: it is labelled {first.label} and comes out as '
        f"{first.said}. Look again, then `handful label {first.key} ANSWER --task {task}`."
    )
