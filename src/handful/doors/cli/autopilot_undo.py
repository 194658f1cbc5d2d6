"""`handful autopilot undo`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.autopilot_run import tell_acts
from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import plural
from handful.foundation.errors import UsageError


def autopilot_undo(act: str = "", *, run: str = "", project: Path | None = None) -> None:
    """Make it as it was before one act, or before a whole run.

    Args:
        act: Which, as in `handful autopilot list`.
        run: Take back a whole run instead.
        project: The project; the nearest one when left out.
    """
    if bool(act) == bool(run):
        raise UsageError("One act or one run is needed.", "handful autopilot list names them")
    console = speaker()
    pilot = open_project(project).autopilot()
    undone = pilot.undo(act, run=run)
    tell_acts(console, undone)
    console.done(
        f"{plural(len(undone), 'act')} taken back.",
        record=pilot.journal.path,
        next_step="handful autopilot list",
        acts=[each.as_dict() for each in undone],
    )
