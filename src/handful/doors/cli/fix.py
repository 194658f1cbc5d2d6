"""`handful fix`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import plural


def fix(finding: str, *, yes: bool = False, most: int = 10, project: Path | None = None) -> None:
    """Mend what a check found: show what would change, and change it once you say yes.

    The library gets a new version and your files stay as they are. `handful library undo` takes it
    back to the byte.

    Args:
        finding: Its name, as `handful check` prints it in brackets.
        yes: Change it.
        most: How many changes are shown.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    found = shop.finding(finding)
    changes = shop.would_fix(found)
    for change in changes[: max(most, 0)]:
        console.sentence(f"{change.key}: {change.before} -> {change.after}")
    hidden = len(changes) - max(most, 0)
    if hidden > 0:
        console.sentence(f"and {hidden} more; `--most {len(changes)}` shows all")
    told = {"finding": found.as_dict(), "changes": [change._asdict() for change in changes]}
    if not yes:
        console.done(
            f"{plural(len(changes), 'item')} would change. Nothing is changed yet.",
            next_step=f"handful fix {finding} --yes",
            **told,
        )
        return
    version = shop.fix(found)
    console.done(
        f"Changed {plural(len(changes), 'item')}; the library is at version {version}.",
        record=shop.library,
        next_step="handful check, or handful library undo to take it back",
        version=version,
        **told,
    )
