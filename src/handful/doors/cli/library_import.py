"""`handful library import`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import plural


def library_import(folder: Path, *, project: Path | None = None) -> None:
    """Make an empty library the one that was exported, to the byte.

    Items keep their ids, labels, groups, splits, locks, and what was set aside with its reason.
    Every file's hash is compared before anything counts, and the files are copied.

    Args:
        folder: What `handful library export` wrote.
        project: The project, without items; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    with console.progress("Reading", unit="file") as progress:
        done = shop.take_export(folder, on_items=lambda done, total: progress.update(done))
    for each in done.missing:
        console.note(f"missing since the export was written: {each}")
    console.done(
        f"{plural(done.items, 'item')} and {plural(done.files, 'file')}: the library is the one "
        f"that was exported, row digest {done.digest[:12]}.",
        record=shop.library,
        next_step="handful library history",
        items=done.items,
        files=done.files,
        digest=done.digest,
        missing=list(done.missing),
    )
