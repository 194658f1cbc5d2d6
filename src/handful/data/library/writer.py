"""The one who changes a library: all of a change counts, or nothing of it.

Tables are written first, and the manifest that names their new versions is replaced last. A writer
that is killed in between leaves rows that no manifest names; the next one rewinds the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from handful.data.library import rows
from handful.data.library.card import Card, note_version, write_card
from handful.data.library.forgotten import read_forgotten
from handful.data.library.items import Item
from handful.data.library.locks import Locks
from handful.data.library.store import Table, column_lists, is_one_of
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
        self._locks = Locks.read(self._tables.items, card)
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
        gone: Collection[str] = (),
        back: Sequence[Item] = (),
        rule: Mapping[str, Any] | None = None,
        locked: tuple[str, ...] | None = None,
    ) -> Card:
        """Make one new version of the library: all of this, or nothing.

        Args:
            added: New items, with the labels they should have.
            changed: Items that take the place of those with the same id; their labels are kept as
                they are in the library.
            labels: Statements to add.
            gone: Ids of items to take out, with every statement about them; no file that the new
                version reads holds them any more.
            back: Items that were there before; they take their place again, in a locked split too.
            rule: How new items are split from now on.
            locked: The splits that are locked from now on.

        Returns:
            The card of the new version; the one before when there was nothing to do.

        Raises:
            UsageError: When an added id is in use, or something goes into or out of a locked split.
            StorageError: When the disk refuses; then nothing changed.
        """
        self._locks.refuse(added, changed)
        added = [*added, *back]
        old = [item.id for item in added if item.id <= self._greatest]  # a new id sorts last
        twice = next((identity for identity in old if identity in self.ids), None)
        if twice:
            raise UsageError(f'There is an item "{twice}" already.', "leave its id empty")
        said = [rows.LabelRow(item.id, label) for item in added for label in item.labels]
        said += labels
        gone = [identity for identity in gone if identity in self.ids]
        told = {
            name: new
            for name, new in (("rule", rule), ("locked", locked))
            if new is not None and new != getattr(self.card, name)
        }
        if added or changed or said or gone or told:
            self._do(lambda: self._write(added, changed, said, gone, told))
            self._locks = self._locks.after(self._tables.items, self.card)
            fresh = {item.id for item in added}
            self._greatest = max(self._greatest, *fresh, "")
            if self._ids is not None:
                self._ids |= fresh
                self._ids.difference_update(gone)
        return self.card

    def restore(self, past: Card) -> Card:
        """Make the items and labels of an earlier version those of one new version.

        No row is written: the tables' own older versions become their newest ones. Only where the
        earlier version holds items that were forgotten since, these are taken out again.

        Args:
            past: The card of a version whose tables are still there.

        Returns:
            The card of the new version.

        Raises:
            ProjectError: When its tables are not there.
            StorageError: When the disk refuses; then nothing changed.
        """
        now, then = map(self._rows_by_id, (self.card.items_version, past.items_version))
        buried = read_forgotten(self._folder)
        gone = buried.without(self.ids).among(then) if buried else []
        for identity in gone:
            del then[identity]
        moved = {
            "added": len(then.keys() - now.keys()),
            "changed": sum(now[each] != then[each] for each in now.keys() & then.keys()),
            "gone": len(now.keys() - then.keys()),
        }
        self._do(lambda: self._go_back(past, moved, gone))
        self._locks = Locks.read(self._tables.items, self.card)
        self._ids = set(then)
        return self.card

    def _do(self, step: Callable[[], None]) -> None:
        try:
            step()
        except BaseException:
            self._forget_unfinished()
            raise

    def _go_back(self, past: Card, moved: Mapping[str, int], gone: Collection[str]) -> None:
        if past.items_version != self.card.items_version:
            self._items_version = self._tables.items.rewind(past.items_version)
        if past.labels_version != self.card.labels_version:
            self._labels_version = self._tables.labels.rewind(past.labels_version)
        unsaid = self._erase(gone) if gone else 0
        told = {"rule": past.rule, "locked": past.locked}
        self._count_as_next(past.labels - unsaid, past.places, moved, told)

    def _erase(self, gone: Collection[str]) -> int:
        """Take items and what was said of them out of the tables; returns how many statements."""
        items, labels = self._tables
        unsaid = labels.count(self._labels_version, is_one_of("item_id", gone))
        if unsaid:
            self._labels_version = labels.erase("item_id", gone)
        self._items_version = items.erase("id", gone)
        return unsaid

    def _write(
        self,
        added: Sequence[Item],
        changed: Sequence[Item],
        said: Sequence[rows.LabelRow],
        gone: Collection[str],
        told: Mapping[str, Any],
    ) -> None:
        items, labels = self._tables
        unsaid = self._erase(gone) if gone else 0
        if said:
            self._labels_version = labels.append(rows.labels_to_rows(said, self.card.places))
        if changed:
            self._items_version = items.delete("id", [item.id for item in changed])
        if added or changed:
            self._items_version = items.append(rows.items_to_rows([*added, *changed]))
        moved = {"added": len(added), "changed": len(changed), "gone": len(gone)}
        statements = self.card.labels + len(said) - unsaid
        self._count_as_next(statements, self.card.places + len(said), moved, told)

    def _count_as_next(
        self, labels: int, places: int, moved: Mapping[str, int], told: Mapping[str, Any]
    ) -> None:
        """Let what is written count, as the next version."""
        following = self.card.next(
            doing=self._doing,
            items_version=self._items_version,
            labels_version=self._labels_version,
            labels=labels,
            places=places,
            about=self._about,
            began=self._began,
            moved=moved,
        )
        following = replace(following, **told)
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
