"""`handful library quarantine`."""

from __future__ import annotations

from pathlib import Path

from handful.data.library.withdrawing import in_locked
from handful.doors.cli.here import open_project
from handful.doors.cli.named import require_items, shell_words, tell_locked
from handful.doors.cli.speaker import speaker
from handful.foundation.console import plural


def library_quarantine(
    *items: str, because: str, by: str = "me", project: Path | None = None
) -> None:
    """Set items aside: out of training, finding and sorting, with a reason.

    They stay in the library with their labels and their place in a split, and come back with
    `restore` or `undo`.

    Args:
        items: Each an id, a name as in the table or folder it came from, a file, a folder that
            files lie in, or `group:NAME`.
        because: Why; kept with each item, beside who and when.
        by: Who says so.
        project: The project; the nearest one when left out.
    """
    require_items(items, "library quarantine")
    shop = open_project(project)
    held = shop.quarantine(*items, because=because, by=by)
    measured = "it measures without what is set aside"
    tell_locked(in_locked(shop.items, held), measured)
    speaker().done(
        f"Set aside {plural(len(held), 'item')}: {because}"
        if held
        else "Nothing to do: these items were set aside before.",
        record=shop.library,
        next_step=f"handful library restore {shell_words(items)}",
        items=[{"id": item.id, "key": item.key} for item in held],
    )
