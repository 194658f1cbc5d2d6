"""`handful watch-folder`."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from handful.doors.cli.autopilot_run import tell_acts
from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import plural
from handful.foundation.errors import UsageError
from handful.use.explore.autopilot.journal import Act


def watch_folder(*, every_s: float = 1.0, project: Path | None = None) -> None:
    """Watch the folders of all rules that are on, and act on new files until Ctrl-C.

    A file is acted on once it was the same at two looks, so that one that is still being written
    is not taken for whole.

    Args:
        every_s: Seconds between two looks.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    pilot = open_project(project).autopilot()
    watched = [rule for rule in pilot.rules() if rule.is_on]
    if not watched:
        raise UsageError("No rule is on.", "handful autopilot turn RULE on")
    if every_s <= 0:
        raise UsageError(f"--every-s is {every_s:g}, and must be above 0.", "try --every-s 1")
    for rule in watched:
        console.note(rule.sentence)
    stop, count = threading.Event(), 0

    def told(acts: list[Act]) -> None:
        nonlocal count
        count += len(acts)
        tell_acts(console, acts)

    with suppress(KeyboardInterrupt):
        pilot.watch(stop, poll_s=every_s, on_acts=told)
    console.done(
        f"{plural(count, 'act')} done while watching.",
        record=pilot.journal.path,
        next_step="handful autopilot list",
    )
