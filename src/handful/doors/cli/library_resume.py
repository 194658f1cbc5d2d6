"""`handful library resume`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker


def library_resume(*, project: Path | None = None) -> None:
    """Let an add that was asked to wait go on.

    Args:
        project: The project; the nearest one when left out.
    """
    shop = open_project(project)
    was_waiting = shop.resume_adding()
    said = "The `add` goes on." if was_waiting else "No `add` was waiting."
    speaker().done(said, record=shop.library)
