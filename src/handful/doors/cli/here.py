"""Which project a verb is about."""

from __future__ import annotations

from pathlib import Path

from handful.doors.python import Project


def open_project(folder: Path | None) -> Project:
    """The project that was named, or the nearest one above the working folder.

    Args:
        folder: As given with `--project`.

    Raises:
        ProjectError: When there is none; the message names the command that makes one.
    """
    return Project.open(folder) if folder else Project.find()
