"""The part of a project that mends what a check found, as a version that can be undone."""

from __future__ import annotations

from handful.data.checks import mending
from handful.data.checks.base import Finding
from handful.data.checks.mending import Change
from handful.data.checks.running import run_checks
from handful.data.library.library import Library
from handful.foundation.errors import UsageError
from handful.foundation.project import Project


class Mending(Project):
    """A project whose findings can be mended."""

    def finding(self, name: str) -> Finding:
        """Look again for what a check found.

        Args:
            name: The finding's id, as `check` prints it.

        Raises:
            UsageError: When there is no such check, or it no longer finds this.
        """
        library = Library.open_or_create(self.library)
        check = name.rpartition("-")[0]
        if not check:
            raise UsageError(
                f'"{name}" is no finding.',
                "`handful check` prints the names of findings in brackets, as quality-1a2b3c4d",
            )
        # What a check leaves to another depends on which run, so all of them are the second try.
        for names in ([check], None):
            for each in run_checks(library, names, cache=self.cache).findings:
                if each.id == name:
                    return each
        raise UsageError(
            f'There is no finding "{name}" in the library as it is now.',
            "it may be mended already; `handful check` says what there is",
        )

    def would_fix(self, finding: Finding) -> list[Change]:
        """Say what mending would change; nothing is changed.

        Args:
            finding: Of this library as it is now.

        Raises:
            UsageError: When a person has to think.
        """
        return mending.preview(Library.open_or_create(self.library), finding)

    def fix(self, finding: Finding) -> int:
        """Mend what a check found, as a new version of the library.

        Args:
            finding: Of this library as it is now.

        Returns:
            The library's version afterwards; `undo` goes back to the one before.

        Raises:
            UsageError: When a person has to think.
            BusyError: When another process is changing the library.
            StorageError: When the disk refuses; then nothing changed.
        """
        return mending.mend(Library.open_or_create(self.library), finding)
