"""`handful release`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import bytes_text


def release(run: str = "", *, why: str = "", project: Path | None = None) -> None:
    """Bundle a run so that it never changes again.

    Weights, thresholds, goal, card and evidence go under one digest; a file that is altered later
    is named. The same run gives the same release.

    Args:
        run: Its id or the start of it; the newest when left out.
        why: The reason, kept in the log.
        project: The project; the nearest one when left out.
    """
    shop = open_project(project)
    made = shop.release(shop.run(run), why)
    for each in shop.saw_forgotten():
        if each.name == made.digest:
            speaker().warn(f"This release {each.sentence}.")
    size = sum(path.stat().st_size for path in made.folder.rglob("*") if path.is_file())
    speaker().done(
        f"Release {made.digest[:12]}, {bytes_text(size)}, is on the shelf.",
        record=made.folder,
        next_step="handful predict FILES",
        digest=made.digest,
    )
