"""`handful library undo`."""

from __future__ import annotations

from pathlib import Path

from handful.data.library.history import Version
from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import plural


def library_undo(version: str = "", *, project: Path | None = None) -> None:
    """Go back to an earlier state of the library, as a new version.

    Nothing of the history is lost, so an undo can be undone: say it again. Your files stay as they
    are. What was forgotten stays out; `library restore` takes it back.

    Args:
        version: The version or tag to go back to; the state before the last change when left out.
        project: The project; the nearest one when left out.
    """
    shop = open_project(project)
    library = shop.items
    before = library.history()[-1]
    now = library.undo(version or None)
    history = library.history()
    last = history[-1]
    then = next(each for each in history if last.about == f"to version {each.version}")
    out = (then.items or 0) - (last.items or 0)
    if out:
        speaker().note(
            f"{plural(out, 'item')} of that version stay out, because they were forgotten; "
            "`handful library restore` takes them back, as long as nobody trims."
        )
    undone = "" if version else f"Undid `{before.made_by}`. "
    speaker().done(
        f"{undone}The library is {last.about.removeprefix('to ')} again, as version {now}: "
        f"{_moved(last)}.",
        record=shop.library,
        next_step="handful library diff",
        version=now,
        digest=library.digest(),
    )


def _moved(version: Version) -> str:
    labels = abs(version.labels)
    parts = [
        (version.added, f"{plural(version.added, 'item')} came back"),
        (version.gone, f"{plural(version.gone, 'item')} gone"),
        (version.changed, f"{plural(version.changed, 'item')} as before"),
        (labels, f"{plural(labels, 'label')} {'more' if version.labels > 0 else 'fewer'}"),
    ]
    return ", ".join(said for number, said in parts if number) or "nothing in it differs"
