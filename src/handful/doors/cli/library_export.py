"""`handful library export`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import bytes_text, plural

_MOST_SHOWN = 20


def library_export(folder: Path, version: str = "", *, project: Path | None = None) -> None:
    """Write the library to a folder that any program can read.

    One Parquet table with a row per item, labels and reasons included; the exact bytes of every
    file, named by their hash; a page that explains every column; and the hash of everything.
    `handful library import` makes the same library of it.

    Args:
        folder: Where; it must not exist, or be empty.
        version: An older version by its number or a tag; the newest when left out.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    with console.progress("Writing", unit="item") as progress:
        done = shop.export(
            folder,
            version=version or None,
            on_items=lambda done, total: progress.update(done),
        )
    for each in done.missing[:_MOST_SHOWN]:
        console.warn(
            f'Not taken along: {each.modality} of "{each.key}", {each.origin}: {each.what}'
        )
    if len(done.missing) > _MOST_SHOWN:
        more = plural(len(done.missing) - _MOST_SHOWN, "more file")
        console.note(f"and {more}; README.md in the folder lists them")
    if done.forgotten:
        stay, they = ("stays", "it was") if done.forgotten == 1 else ("stay", "they were")
        console.note(
            f"{plural(done.forgotten, 'item')} of that version {stay} behind, because {they} "
            "forgotten since"
        )
    console.done(
        f"{plural(done.items, 'item')} and {plural(done.files, 'file')} "
        f"({bytes_text(done.bytes)}), version {done.version}.",
        record=done.folder,
        next_step=f"handful new OTHER && handful library import {folder} --project OTHER",
        export=done.as_dict(),
    )
