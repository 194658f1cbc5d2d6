"""Let an add that is at work wait, from another process: by an empty file beside the lock.

The add looks for the file between two handfuls of files, commits what it has read, and waits until
the file is gone. Who killed the add meanwhile loses nothing: the next one begins by deleting it.
"""

from __future__ import annotations

from pathlib import Path

from handful.data.library.library import LOCK
from handful.foundation.errors import UsageError, storage
from handful.foundation.project.lock import holder

FLAG = ".pause"


class Pause:
    """Whether an add is to wait.

    Args:
        folder: The library's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = folder / LOCK
        self._flag = folder / FLAG

    @property
    def is_asked(self) -> bool:
        """Whether somebody wants it to wait."""
        return self._flag.exists()

    def ask(self) -> None:
        """Let the add at work wait.

        Raises:
            UsageError: When there is none.
            StorageError: When the disk refuses.
        """
        doing = holder(self._lock)
        if doing != "add":
            busy = f'; another process runs "{doing}"' if doing else ""
            raise UsageError(f"No files are being added now{busy}.", "there is nothing to pause")
        with storage("write", self._flag):
            self._flag.touch()

    def forget(self) -> None:
        """Before an add begins: drop what was asked of an earlier one that is no more."""
        if not holder(self._lock):
            self.lift()

    def lift(self) -> bool:
        """Let it go on.

        Returns:
            Whether it was asked to wait.

        Raises:
            StorageError: When the disk refuses.
        """
        was_asked = self.is_asked
        with storage("write", self._flag):
            self._flag.unlink(missing_ok=True)
        return was_asked
