"""`handful rollback`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker


def rollback(*, why: str = "", project: Path | None = None) -> None:
    """Go back to the release that was in use before this one.

    Said again, it goes one further back, never to a release that was rolled back.

    Args:
        why: The reason, kept in the log.
        project: The project; the nearest one when left out.
    """
    shop = open_project(project)
    entry = shop.rollback(why)
    speaker().done(
        f"Release {entry.digest[:12]} is the champion again, in place of {entry.previous[:12]}.",
        record=shop.shelf,
        next_step="handful shelf",
        digest=entry.digest,
        before=entry.previous,
    )
