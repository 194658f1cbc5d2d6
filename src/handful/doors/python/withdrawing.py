"""The part of a project that takes items out of use: set aside, taken back, forgotten."""

from __future__ import annotations

from handful.data.library import withdrawing
from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.foundation.project import Project
from handful.use.release import withdrawal
from handful.use.release.withdrawal import Saw, Withdrawal


class Withdrawing(Project):
    """A project whose items can be withdrawn.

    Items are named by their id, by their name in the table or folder they came from, by a file, by
    a folder their files lie in, or as `group:NAME`.
    """

    def quarantine(self, *items: str, because: str, by: str = "me") -> list[Item]:
        """Set items aside: out of training, finding and sorting, until they are taken back.

        Items of a locked split may be set aside too, and keep their place in it.

        Args:
            items: Which.
            because: Why; kept with each item, beside who and when.
            by: Who says so.

        Returns:
            Those that were set aside now, each with its reason.

        Raises:
            UsageError: When there is no such item, or the reason is empty.
            BusyError: When another process is changing the library.
            StorageError: When the disk refuses; then nothing changed.
        """
        library = Library.open_or_create(self.library)
        return withdrawing.quarantine(library, items, because=because, by=by)

    def restore(self, *items: str) -> list[Item]:
        """Take back items that were set aside, or forgotten and not yet trimmed, with their labels.

        Each gets its place in a split back, or one by the rule of the last split.

        Args:
            items: Which; forgotten ones by their id, name or file.

        Returns:
            Those that came back.

        Raises:
            UsageError: When there is no such item, or the history no longer holds it.
            BusyError: When another process is changing the library.
            StorageError: When the disk refuses; then nothing changed.
        """
        return withdrawing.restore(Library.open_or_create(self.library), items, self.cache)

    def would_forget(self, *items: str) -> Withdrawal:
        """Say what forgetting would take away, and which runs and releases saw it.

        Args:
            items: Which.

        Raises:
            UsageError: When there is no such item.
        """
        return withdrawal.would_withdraw(self, items)

    def forget(self, *items: str) -> Withdrawal:
        """Take items out for good, with their labels and all that was derived from them.

        Your own files are never touched. Older versions of the library hold the items until
        `items.trim`; a tombstone of hashes keeps them from coming back with the next `add`. A lock
        of their split does not hold them; `taken.locked` says what it loses.

        Args:
            items: Which.

        Returns:
            What went, and which runs and releases saw it.

        Raises:
            UsageError: When there is no such item.
            BusyError: When another process is changing the project.
            StorageError: When the disk refuses; then the items are still there.
        """
        with self.changing("forget"):
            return withdrawal.withdraw(self, items)

    def saw_forgotten(self) -> list[Saw]:
        """The runs and releases that learned from items which were forgotten since."""
        return withdrawal.marks(self)
