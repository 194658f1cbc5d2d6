"""`handful library lock`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import plural


def library_lock(split: str = "test", *, project: Path | None = None) -> None:
    """Lock a split: nothing goes into it or out of it by mistake.

    New items that belong to it, because the same thing or their group is in it, take no part in
    anything. An undo takes the lock back like any other change.

    Args:
        split: Such as `test`.
        project: The project; the nearest one when left out.
    """
    shop = open_project(project)
    count = shop.lock(split)
    speaker().done(
        f"The split {split} is locked, with {plural(count, 'item')}.",
        record=shop.library,
        next_step="handful train --labels TASK --budget 5min",
        items=count,
    )
