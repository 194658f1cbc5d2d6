"""`handful answers effect`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import Column, Table, percent_text
from handful.foundation.wording import listed

_MOST_SHOWN = 20


def answers_effect(*, task: str, every: bool = False, project: Path | None = None) -> None:
    """List what answers given since the last training change in other items.

    Nothing is trained and nothing is kept: take an answer back, and its effect is gone. What
    changes is a guess until the next training, and is never called sure.

    Args:
        task: What is answered, such as `grade`.
        every: List every change; the 20 most certain otherwise.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    found = shop.effect(task)
    shown = found.changed if every else found.changed[:_MOST_SHOWN]
    if shown:
        columns = ["item", "before", "now", Column("share", side="right"), "because it is like"]
        table = Table("changes", columns)
        for each in shown:
            names = listed(f"{reason.item.key} ({reason.answer})" for reason in each.because)
            table.add(each.item.key, each.before, each.after, percent_text(each.share), names)
        console.table(table)
    if len(shown) < len(found.changed):
        console.note(f"and {len(found.changed) - len(shown)} more; --every lists them")
    for answer in found.unknown:
        console.note(f'"{answer}" was not among the answers when the run was trained: train again.')
    console.done(
        found.sentence,
        record=shop.library,
        next_step=f"handful train --labels {task}"
        if found.answered
        else f"handful ask --labels {task}",
        changes=[each.as_dict() for each in found.changed],
        gain=found.gain,
    )
