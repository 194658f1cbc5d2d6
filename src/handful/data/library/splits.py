"""Which items may be trained on, and which are kept for measuring: by group, and for ever.

Where an item lands depends on its group and the seed alone, so a split stays as it is while the
library grows, and what belongs together is never torn apart. An item without a group is placed by
its content, so that exact copies stay together.

Stratified folds for choosing settings live with training; this is about what is never trained on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from handful.data.library.items import Item, Split
from handful.foundation.errors import require


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How large the kept parts are."""

    test: float = 0.2
    """Expected share of groups kept for the final measure."""
    validation: float = 0.0
    """Expected share of groups kept for choosing; training makes its own folds where it is 0."""
    seed: int = 0
    """Another seed places the groups anew."""

    def __post_init__(self) -> None:
        """Check the rules."""
        for name in ("test", "validation"):
            require(0 <= getattr(self, name) < 1, name, getattr(self, name), "in [0, 1)")
        whole = self.test + self.validation
        require(whole < 1, "test + validation", whole, "below 1, so that something is left")


def unit_of(item: Item) -> str:
    """The name of what must stay in one piece: the item's group, else its content.

    Args:
        item: Any.
    """
    return f"group {item.group}" if item.group else f"content {item.content_sha256}"


def split_of(unit: str, config: Config) -> Split:
    """Where a unit belongs.

    Args:
        unit: What must stay in one piece.
        config: Shares and seed.
    """
    digest = hashlib.sha256(f"{config.seed}\x00{unit}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < config.test:
        return Split.TEST
    return Split.VALIDATION if place < config.test + config.validation else Split.TRAIN


def assign(items: Iterable[Item], config: Config) -> dict[str, Split]:
    """Place all items that nobody placed yet.

    An item whose group already has a place (given by a table, say) goes there as well.

    Args:
        items: All items of the library.
        config: Shares and seed.

    Returns:
        Item id to its split, for those that had none.
    """
    items = list(items)
    placed: dict[str, Split] = {}
    for item in items:
        if item.split:
            placed.setdefault(unit_of(item), item.split)
    return {
        item.id: placed.get(unit_of(item)) or split_of(unit_of(item), config)
        for item in items
        if item.split is None
    }
