"""`handful new`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.speaker import speaker
from handful.foundation.project import Project


def new(folder: Path, *, name: str = "") -> None:
    """Make a project: one folder for everything Handful keeps.

    Files that are in the folder already stay as they are, and your originals are never copied
    into it unless you ask.

    Args:
        folder: Where to make it, such as `shop`.
        name: What to call it; the folder's name when left out.
    """
    project = Project.create(folder, name)
    speaker().done(
        f'Made the project "{project.name}".',
        record=project.folder,
        next_step=f"cd {folder} && handful add FOLDER_WITH_FILES",
        project=str(project.folder),
    )
