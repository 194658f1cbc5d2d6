"""The one who changes a library: all of a change counts, or nothing of it.

Tables are written first, and the manifest that names their new versions is replaced last. A writer
that is killed in between leaves rows that no manifest names; the next one rewinds the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from handful.data.library import rows
from handful.data.library.card import Card, note_version, write_card
from handful.data.library.items import Item
from handful.data.library.store import Table, column_lists
from handful.foundation.errors import HandfulError, UsageError


class Tables(NamedTuple):
    """The two tables of a library."""

    items: Table
    labels: Table


def tables_in(folder: Path) -> Tables:
    """The tables of the library in a folder; nothing is opened yet.

    Args:
        folder: The library's folder.
    """
    return Tables(
        Table(folder / "items.lance", rows.ITEMS), Table(folder / "labels.lance", rows.LABELS)
    )


class Writer:
    """Puts changes into a library whose lock is held; made by `Library.writing`.

    Args:
        folder: The library's folder.
        card: The version that counts.
        doing: The verb, kept in the history.
        on_commit: Told each new version's card.

    Attributes:
        card: The version that counts now.
        ids: Every item's id, those that were just added included.
    """

    def __init__(
        self, folder: Path, card: Card, doing: str, on_commit: Callable[[Card], None]
    ) -> None:
        self.card = card
        self._folder = folder
        self._tables = tables_in(folder)
        self._doing = doing
        self._on_commit = on_commit
        table = self._tables.items.read(card.items_version, ["id"])
        self.ids: set[str] = set(column_lists(table)["id"])
        self._identities = rows.Identities(max(self.ids, default=""))
        self._items_version, self._labels_version = self._rewind()

    def fresh_id(self) -> str:
        """An id for a new item."""
        return self._identities.fresh()

    def commit(
        self,
        added: Sequence[Item] = (),
        *,
        changed: Sequence[Item] = (),
        labels: Sequence[rows.LabelRow] = (),
    ) -> Card:
        """Make one new version of the library: all of this, or nothing.

        Args:
            added: New items, with the labels they should have.
            changed: Items that take the place of those with the same id; their labels are kept as
                they are in the library.
            labels: Statements to add.

        Returns:
            The card of the new version; the one before when there was nothing to do.

        Raises:
            UsageError: When an added id is in use.
            StorageError: When the disk refuses; then nothing changed.
        """
        twice = next((item.id for item in added if item.id in self.ids), None)
        if twice:
            raise UsageError(f'There is an item "{twice}" already.', "leave its id empty")
        said = [rows.LabelRow(item.id, label) for item in added for label in item.labels]
        said += labels
        if not (added or changed or said):
            return self.card
        try:
            self._write(added, changed, said)
        except BaseException:
            self._forget_unfinished()
            raise
        self.ids.update(item.id for item in added)
        return self.card

    def _write(
        self, added: Sequence[Item], changed: Sequence[Item], said: Sequence[rows.LabelRow]
    ) -> None:
        items, labels = self._tables
        if said:
            self._labels_version = labels.append(rows.labels_to_rows(said, self.card.labels))
        if changed:
            self._items_version = items.delete("id", [item.id for item in changed])
        if added or changed:
            self._items_version = items.append(rows.items_to_rows([*added, *changed]))
        following = self.card.next(
            doing=self._doing,
            items_version=self._items_version,
            labels_version=self._labels_version,
            labels=self.card.labels + len(said),
        )
        note_version(self._folder, following)
        write_card(self._folder, following)
        self.card = following
        self._on_commit(following)

    def _rewind(self) -> tuple[int, int]:
        """Drop what a killed writer left in the tables."""
        items, labels = self._tables
        return items.rewind(self.card.items_version), labels.rewind(self.card.labels_version)

    def _forget_unfinished(self) -> None:
        """Go back to what counts; a disk in trouble may refuse, then the next writer does it."""
        try:
            self._items_version, self._labels_version = self._rewind()
        except (HandfulError, OSError):
            return
