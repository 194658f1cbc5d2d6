"""`handful autopilot run`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import Console, Table, percent_text, plural
from handful.foundation.errors import UsageError
from handful.use.explore.autopilot.journal import Act
from handful.use.explore.autopilot.planning import Plan

_MOST_SHOWN = 20


def autopilot_run(*, dry_run: bool = False, project: Path | None = None) -> None:
    """Act by all rules on the files that lie there now, only where the answer is sure.

    Each act is written down before it begins, and can be undone; no file is ever written over.

    Args:
        dry_run: Say what would be done, and do nothing.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    pilot = open_project(project).autopilot()
    if not pilot.rules():
        raise UsageError("There is no rule yet.", "handful autopilot add FOLDER ANSWER --task TASK")
    if dry_run:
        found = pilot.plan()
        _tell_plan(console, found)
        console.done(
            f"{plural(len(found.steps), 'act')} would be done; nothing was.",
            next_step="handful autopilot run",
            plan=found.as_dict(),
        )
        return
    acts = pilot.run()
    tell_acts(console, acts)
    console.done(
        f"{plural(len(acts), 'act')} done.",
        record=pilot.journal.path,
        next_step=f"handful autopilot undo --run {acts[0].run} takes them back"
        if acts
        else "handful autopilot list",
        acts=[act.as_dict() for act in acts],
    )


def tell_acts(console: Console, acts: list[Act]) -> None:
    """What was done, one line per act, with what could not be.

    Args:
        console: Where it is told.
        acts: In order.
    """
    for act in acts:
        target = Path(act.files[0].target) if act.files else Path()
        console.sentence(f"{act.item}: {act.answer}, {act.do} to {target} ({act.state})")
        for remark in act.remarks:
            console.warn(remark)


def _tell_plan(console: Console, found: Plan) -> None:
    if found.steps:
        table = Table("would_do", ["item", "answer", "rule", "what", "to"])
        for step in found.steps[:_MOST_SHOWN]:
            target = step.moves[0].target if step.moves else ""
            table.add(step.row.key, step.row.label, step.rule.name, step.rule.do, target)
        console.table(table)
    if found.shown:
        table = Table("left", ["left for you", "best guess", "probability", "why"])
        for row in found.shown[:_MOST_SHOWN]:
            table.add(row.key, row.label, percent_text(row.confidence), row.reason)
        console.table(table)
    for file in found.left[:_MOST_SHOWN]:
        if file.is_bad:
            console.warn(f"{file.name}: {file.why}. It was left where it is.")
