"""The part of a project that checks its library, and mends what was found as a new version."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from handful.data.checks import mending
from handful.data.checks.base import Finding
from handful.data.checks.mending import Change
from handful.data.checks.running import CheckReport, run_checks
from handful.data.library.library import Library
from handful.foundation.errors import UsageError
from handful.foundation.project import Project
from handful.learn.routes.senses import Senses


class Mending(Project):
    """A project that can be checked, and whose findings can be mended."""

    def check(
        self,
        names: Sequence[str] | None = None,
        *,
        on_progress: Callable[[str, int, int], None] | None = None,
    ) -> CheckReport:
        """Look for what is wrong with the library.

        Checks that want vectors or a classifier get those of the newest run, or of quick towers.

        Args:
            names: Which checks; all when left out.
            on_progress: Told each check's name, how many are done and how many there are.

        Returns:
            Findings, the most serious first, each with what it means and what to do.

        Raises:
            UsageError: When there is no check of a given name.
        """
        library = Library.open_or_create(self.library)
        senses = Senses(library, self.runs, self.cache)
        return run_checks(
            library,
            names,
            on_progress=on_progress,
            cache=self.cache,
            embed=senses.embed,
            fit=senses.fit,
        )

    def finding(self, name: str) -> Finding:
        """Look again for what a check found.

        Args:
            name: The finding's id, as `check` prints it.

        Raises:
            UsageError: When there is no such check, or it no longer finds this.
        """
        check = name.rpartition("-")[0]
        if not check:
            raise UsageError(
                f'"{name}" is no finding.',
                "`handful check` prints the names of findings in brackets, as quality-1a2b3c4d",
            )
        # What a check leaves to another depends on which run, so all of them are the second try.
        for names in ([check], None):
            for each in self.check(names).findings:
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
