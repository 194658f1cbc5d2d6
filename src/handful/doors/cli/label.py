"""`handful label`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker


def label(
    item: str, answer: str, *, task: str, annotator: str = "me", project: Path | None = None
) -> None:
    """Say what an item is, or that an earlier answer was wrong.

    What was said before is kept, with who said it and when; the latest answer counts.

    Args:
        item: Its key, as in the table or folder it came from, or its id.
        answer: What it is, such as `cracked`.
        task: What is answered, such as `grade`.
        annotator: Who says so.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    before = shop.label(item, answer, task=task, annotator=annotator)
    was = f", and was {before}" if before and before != answer else ""
    console.done(
        f"{item} is {answer}{was}.", record=shop.library, next_step=f"handful train --labels {task}"
    )
