"""Locked splits: a test that was measured on stays the test that was measured on.

While a split is locked, no item goes into it and none leaves it. Labels may still be corrected and
items set aside, because what is known to be wrong must not stay for the sake of a lock; they keep
their place. Items may be forgotten, because a person may ask for that, and go back to their place
when they are restored. Each is said, and in the history. Which splits are locked belongs to a
version like its rows: history shows when that changed, and an undo takes it back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from handful.data.library.card import Card
from handful.data.library.items import Item
from handful.data.library.sources.base import Candidate
from handful.data.library.store import Table, column_lists, is_one_of
from handful.foundation.errors import UsageError

GIVEN = "given by the source"
"""The reason of a split that a table's column named."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Locks:
    """What is locked in one version of a library.

    Attributes:
        splits: The names of the locked splits.
        held: Item id to split, of all items in locked splits.
    """

    splits: tuple[str, ...] = ()
    held: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, items: Table, card: Card) -> Locks:
        """Read what a version locks; a library without locks costs nothing.

        Args:
            items: The table of items.
            card: The version's card.
        """
        if not card.locked:
            return cls()
        where = is_one_of("split", card.locked)
        columns = column_lists(items.read(card.items_version, ["id", "split"], where))
        held = dict(zip(columns["id"], columns["split"], strict=True))
        return cls(splits=card.locked, held=held)

    def after(self, items: Table, card: Card) -> Locks:
        """What is locked after a change that was let through.

        Args:
            items: The table of items.
            card: The new version's card.
        """
        return self if card.locked == self.splits else Locks.read(items, card)

    def refuse(self, added: Iterable[Item], changed: Iterable[Item]) -> None:
        """Raise when a change would touch which items a locked split has.

        Args:
            added: New items.
            changed: Items as they are to be.

        Raises:
            UsageError: Naming the item and the command that unlocks.
        """
        if not self.splits:
            return
        for item in added:
            if item.split in self.splits:
                self._refuse(item, str(item.split), f"cannot come into the split {item.split}")
        for item in changed:
            was = self.held.get(item.id)
            if was is not None and item.split != was:
                self._refuse(item, was, f"cannot leave the split {was}")
            if was is None and item.split in self.splits:
                self._refuse(item, str(item.split), f"cannot come into the split {item.split}")

    def _refuse(self, item: Item, split: str, what: str) -> None:
        raise UsageError(
            f'"{item.key}" {what}: it is locked, so that what was measured on it stays true.',
            f"if it must be, first: handful library unlock {split}",
        )


def is_refused(candidate: Candidate, known: Item | None, locked: Collection[str]) -> bool:
    """Whether a source puts something new into a locked split.

    Args:
        candidate: Of a source.
        known: The item that it is already; None when it is new.
        locked: The names of the locked splits.
    """
    return known is None and candidate.split in locked


def in_place(candidate: Candidate, known: Item | None, locked: Collection[str]) -> Candidate:
    """A candidate; with the split its item has, when its source would move that in spite of a lock.

    Args:
        candidate: Of a source.
        known: The item that it is already; None when it is new.
        locked: The names of the locked splits.
    """
    if known is None or candidate.split in (None, known.split):
        return candidate
    if {candidate.split, known.split}.isdisjoint(locked):
        return candidate
    return replace(candidate, split=known.split if known.split_reason == GIVEN else None)
