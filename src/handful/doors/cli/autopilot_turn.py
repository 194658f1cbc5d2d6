"""`handful autopilot turn`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker


def autopilot_turn(
    rule: str, to: Literal["on", "off", "away"], *, project: Path | None = None
) -> None:
    """Let a rule act while folders are watched, stop it, or throw it away.

    Args:
        rule: Its name, as in `handful autopilot list`.
        to: `on`, `off`, or `away`; what it did stays, and can be undone still.
        project: The project; the nearest one when left out.
    """
    pilot = open_project(project).autopilot()
    if to == "away":
        pilot.remove(rule)
        speaker().done(f"{rule} is gone.", next_step="handful autopilot list")
        return
    pilot.turn(rule, to == "on")
    after = "handful watch-folder" if to == "on" else "handful autopilot list"
    speaker().done(f"{rule} is {to}.", next_step=after)
