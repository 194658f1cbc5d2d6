"""`handful library unlock`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker


def library_unlock(split: str = "test", *, project: Path | None = None) -> None:
    """Unlock a split of the library.

    What was measured before and what is measured after may then be about different items; the
    history says when that was.

    Args:
        split: Such as `test`.
        project: The project; the nearest one when left out.
    """
    shop = open_project(project)
    shop.unlock(split)
    speaker().done(
        f"The split {split} is no longer locked.",
        record=shop.library,
        next_step=f"handful library lock {split}",
    )
