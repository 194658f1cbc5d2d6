"""`handful library diff`."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import count_text, plural


def library_diff(
    before: str = "", after: str = "", *, lines: int = 20, project: Path | None = None
) -> None:
    """Say what differs between two versions of the library.

    Items that came (+), are gone (-) or changed (~): in the content of a modality, a label, the
    group, the split or the rights.

    Args:
        before: A version or tag; the state before the last change when left out.
        after: A version or tag; the newest when left out.
        lines: How many items are shown.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    diff = shop.items.diff(before or None, after or None)
    console.sentence(
        f"From version {diff.before} to {diff.after}: {plural(len(diff.added), 'item')} added, "
        f"{count_text(len(diff.gone))} gone, {count_text(len(diff.changed))} changed; "
        f"{plural(diff.labels_said, 'label')} said, {count_text(diff.labels_superseded)} "
        f"superseded, {count_text(diff.labels_gone)} undone.",
        diff=diff.as_dict(),
    )
    for line in islice(diff.lines(), max(0, lines)):
        console.sentence(line)
    more = len(diff.added) + len(diff.gone) + len(diff.changed) - max(0, lines)
    if more > 0:
        console.note(f"and {plural(more, 'more item')}; --lines {more + max(0, lines)} shows all")
    console.done("Nothing was changed by looking.", next_step=f"handful library undo {diff.before}")
