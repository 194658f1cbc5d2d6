"""`handful autopilot list`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import Table, plural

_MOST_SHOWN = 20


def autopilot_list(*, project: Path | None = None) -> None:
    """List the rules for new files, and what they did last.

    Args:
        project: The project; the nearest one when left out.
    """
    console = speaker()
    pilot = open_project(project).autopilot()
    rules, acts = pilot.rules(), pilot.journal.acts()
    if rules:
        table = Table("rules", ["rule", "watched", "what it does"])
        for rule in rules:
            table.add(rule.name, "on" if rule.is_on else "off", rule.sentence)
        console.table(table)
    if acts:
        done = Table("acts", ["act", "when", "rule", "item", "answer", "state"])
        for act in acts[-_MOST_SHOWN:]:
            done.add(act.id, act.time, act.rule, act.item, act.answer, act.state)
        console.table(done)
    console.done(
        f"{plural(len(rules), 'rule')}, {plural(len(acts), 'act')} in the journal.",
        next_step="handful autopilot run --dry-run" if rules else "handful autopilot add --help",
    )
