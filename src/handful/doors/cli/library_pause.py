"""`handful library pause`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker


def library_pause(*, project: Path | None = None) -> None:
    """Let the add that is at work in another window wait.

    It commits what it has read first. The library stays locked meanwhile; reading works.

    Args:
        project: The project; the nearest one when left out.
    """
    shop = open_project(project)
    shop.pause_adding()
    speaker().done(
        "The `add` at work waits.", record=shop.library, next_step="handful library resume"
    )
