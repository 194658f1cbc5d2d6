"""`handful autopilot add`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.use.explore.autopilot.rules import Rule


def autopilot_add(
    folder: Path,
    answer: str,
    *,
    task: str,
    do: Literal["copy", "move", "rename", "row"] = "copy",
    to: str = "",
    named: str = "",
    project: Path | None = None,
) -> None:
    """Keep a rule for new files in a folder; nothing is done yet.

    Args:
        folder: Where new files appear.
        answer: What a file must surely be for the rule to act; all others are left.
        task: Whose answer it is, such as `kind`.
        do: Copy or move it, rename it in place, or write a row into a CSV table.
        to: Folder for `copy` and `move`, table for `row`; relative ones lie beside the folder.
        named: What it is called then, such as `mugs-001`; its own name when left out.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    rule = Rule(folder=str(folder), topic=task, answer=answer, do=do, to=to, named=named)
    kept = shop.autopilot().add(rule)
    console.sentence(kept.sentence, rule=kept.as_dict())
    console.done(
        f"{kept.name} is kept.",
        record=shop.folder / "autopilot" / "rules.json",
        next_step="handful autopilot run --dry-run",
    )
