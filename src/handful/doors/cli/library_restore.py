"""`handful library restore`."""

from __future__ import annotations

from pathlib import Path

from handful.data.library.items import Split
from handful.doors.cli.here import open_project
from handful.doors.cli.named import require_items
from handful.doors.cli.speaker import speaker
from handful.foundation.console import plural


def library_restore(*items: str, project: Path | None = None) -> None:
    """Take back items that were set aside, or forgotten and not trimmed yet.

    They come back with their labels and their place in a split, as they were.

    Args:
        items: Each an id, a name as in the table or folder it came from, a file, a folder that
            files lie in, or `group:NAME`. Forgotten ones by their id, name or file.
        project: The project; the nearest one when left out.
    """
    require_items(items, "library restore")
    shop = open_project(project)
    back = shop.restore(*items)
    out = [item for item in back if item.split == Split.OUT]
    if out:
        are = "takes" if len(out) == 1 else "take"
        speaker().note(
            f"{plural(len(out), 'item')} {are} no part (`out`), such as {out[0].key}: "
            f"{out[0].split_reason}"
        )
    speaker().done(
        f"Took back {plural(len(back), 'item')}."
        if back
        else "Nothing to do: these items are in use.",
        record=shop.library,
        next_step="handful library diff",
        items=[{"id": item.id, "key": item.key} for item in back],
    )
