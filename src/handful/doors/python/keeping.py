"""What a project does with its library as a whole: split it, lock it, take it elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from handful.data.library.export.reading import Import, read_export
from handful.data.library.export.writing import Export, export
from handful.data.library.library import Library
from handful.data.library.locking import lock, unlock
from handful.data.library.splits import Config as SplitConfig
from handful.data.library.splits import Placement
from handful.data.library.splitting import split_library
from handful.foundation.project import Project as Folder


class Keeping(Folder):
    """A project with its library; `Project` adds the verbs that learn and use."""

    @property
    def items(self) -> Library:
        """The library of items; an empty one is made when there is none yet.

        Its versions are reached by `history`, `undo`, `tag`, `untag`, `tags`, `diff`,
        `history_cost` and `trim`.
        """
        return Library.open_or_create(self.library)

    def split(
        self,
        *,
        test: float = 0.2,
        validation: float = 0.0,
        seed: int = 0,
        by: str = "",
        on_items: Callable[[int, int], None] = lambda done, total: None,
    ) -> Placement:
        """Hold items back for a test: whole groups and all copies together, every answer alike.

        What has a split keeps it, now and when the library grows; items that are added later are
        placed by the same rule.

        Args:
            test: Share of items that is held back to measure on.
            validation: Share that is kept for choosing; training makes its own folds without it.
            seed: Another seed draws anew.
            by: The task whose answers every split gets alike; the one with the most answers when
                left out.
            on_items: Told how many files were looked at for copies.

        Returns:
            Where each item went and why, and what lies in several splits.

        Raises:
            UsageError: When no item has an answer to the task.
            BusyError: When another process is changing the library.
            StorageError: When the disk refuses; then nothing changed.
        """
        config = SplitConfig(test=test, validation=validation, seed=seed, by=by)
        return split_library(self.items, config, self.cache, on_items)

    def lock(self, split: str = "test") -> int:
        """Lock a split, so that nothing goes into it or out of it by mistake.

        Args:
            split: Such as `test`.

        Returns:
            How many items are in it.

        Raises:
            UsageError: For an unknown or empty split, or one that is locked.
            BusyError: When another process is changing the library.
            StorageError: When the disk refuses; then nothing changed.
        """
        return lock(self.items, split)

    def unlock(self, split: str = "test") -> None:
        """Unlock a split.

        Args:
            split: Such as `test`.

        Raises:
            UsageError: For an unknown split, or one that is not locked.
            BusyError: When another process is changing the library.
            StorageError: When the disk refuses; then nothing changed.
        """
        unlock(self.items, split)

    def export(
        self,
        folder: Path | str,
        *,
        version: int | str | None = None,
        on_items: Callable[[int, int], None] = lambda done, total: None,
    ) -> Export:
        """Write the library to a folder that any program can read: a table, and every file.

        Args:
            folder: Where; it must not exist, or be empty.
            version: An older version by its number or a tag; the newest when left out.
            on_items: Told how many items were written, and how many there are.

        Returns:
            What was written, and which files were missing.

        Raises:
            UsageError: When something is there already, or it lies inside the project.
            StorageError: When the disk refuses; then nothing is there.
        """
        library = Library.open(self.items.folder, version)
        return export(library, Path(folder), on_items=on_items)

    def take_export(
        self,
        folder: Path | str,
        *,
        on_items: Callable[[int, int], None] = lambda done, total: None,
    ) -> Import:
        """Make this project's empty library the one that was exported, to the byte.

        Args:
            folder: The export.
            on_items: Told how many files were checked, and how many there are.

        Raises:
            UsageError: When the library has items.
            InputError: When files of the export are missing or were altered; they are named.
            ProjectError: When there is no export, or it is damaged.
            BusyError: When another process is changing the library.
            StorageError: When the disk refuses; then nothing was taken in.
        """
        return read_export(self.items, Path(folder), on_items=on_items)
