"""The one who changes a library: all of a change counts, or nothing of it.

Tables are written first, and the manifest that names their new versions is replaced last. A writer
that is killed in between leaves rows that no manifest names; the next one rewinds the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
        about: To what it is done, kept there too.
        on_commit: Told each new version's card.

    Attributes:
        card: The version that counts now.
    """

    def __init__(
        self,
        folder: Path,
        card: Card,
        doing: str,
        on_commit: Callable[[Card], None],
        about: str = "",
    ) -> None:
        self.card = card
        self._folder = folder
        self._tables = tables_in(folder)
        self._doing, self._about, self._began = doing, about, card.version
        self._on_commit = on_commit
        self._ids: set[str] | None = None
        self._greatest = self._greatest_id()
        self._identities = rows.Identities(self._greatest)
        self._items_version, self._labels_version = self._rewind()

    @property
    def ids(self) -> set[str]:
        """Every item's id; read when first asked for, since a library may have millions."""
        if self._ids is None:
            self._ids = {
                identity
                for piece in self._tables.items.scan(self.card.items_version, ["id"])
                for identity in column_lists(piece)["id"]
            }
        return self._ids

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
        old = [item.id for item in added if item.id <= self._greatest]  # a new id sorts last
        twice = next((identity for identity in old if identity in self.ids), None)
        if twice:
            raise UsageError(f'There is an item "{twice}" already.', "leave its id empty")
        said = [rows.LabelRow(item.id, label) for item in added for label in item.labels]
        said += labels
        if added or changed or said:
            self._do(lambda: self._write(added, changed, said))
            fresh = {item.id for item in added}
            self._greatest = max(self._greatest, *fresh, "")
            if self._ids is not None:
                self._ids |= fresh
        return self.card

    def restore(self, past: Card) -> Card:
        """Make the items and labels of an earlier version those of one new version.

        No row is written: the tables' own older versions become their newest ones.

        Args:
            past: The card of a version whose tables are still there.

        Returns:
            The card of the new version.

        Raises:
            ProjectError: When its tables are not there.
            StorageError: When the disk refuses; then nothing changed.
        """
        now, then = map(self._rows_by_id, (self.card.items_version, past.items_version))
        moved = {
            "added": len(then.keys() - now.keys()),
            "changed": sum(now[each] != then[each] for each in now.keys() & then.keys()),
            "gone": len(now.keys() - then.keys()),
        }
        self._do(lambda: self._go_back(past, moved))
        self._ids = set(then)
        return self.card

    def _do(self, step: Callable[[], None]) -> None:
        try:
            step()
        except BaseException:
            self._forget_unfinished()
            raise

    def _go_back(self, past: Card, moved: Mapping[str, int]) -> None:
        if past.items_version != self.card.items_version:
            self._items_version = self._tables.items.rewind(past.items_version)
        if past.labels_version != self.card.labels_version:
            self._labels_version = self._tables.labels.rewind(past.labels_version)
        self._count_as_next(past.labels, moved)

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
        moved = {"added": len(added), "changed": len(changed), "gone": 0}
        self._count_as_next(self.card.labels + len(said), moved)

    def _count_as_next(self, labels: int, moved: Mapping[str, int]) -> None:
        """Let what is written count, as the next version."""
        following = self.card.next(
            doing=self._doing,
            items_version=self._items_version,
            labels_version=self._labels_version,
            labels=labels,
            about=self._about,
            began=self._began,
            moved=moved,
        )
        note_version(self._folder, following)
        write_card(self._folder, following)
        self.card = following
        self._on_commit(following)

    def _rows_by_id(self, version: int) -> dict[str, str]:
        columns = column_lists(self._tables.items.read(version, ["id", "row_sha256"]))
        return dict(zip(columns["id"], columns["row_sha256"], strict=True))

    def _greatest_id(self) -> str:
        pieces = self._tables.items.scan(self.card.items_version, ["id"])
        return max((max(column_lists(piece)["id"], default="") for piece in pieces), default="")

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
