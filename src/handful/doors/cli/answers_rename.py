"""`handful answers rename`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import plural


def answers_rename(old: str, new: str, *, task: str, project: Path | None = None) -> None:
    """Give an answer another name, or make two answers one.

    Nobody has to answer anything again; who said what stays in the history.

    Args:
        old: What was answered.
        new: What it means from now on; one that exists already takes the other one in.
        task: What is answered, such as `grade`.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    made = shop.rename_answer(old, new, task=task)
    into = f", as {plural(made.joined, 'item')} were before" if made.joined else ""
    console.done(
        f'"{old}" is "{new}" now: {plural(made.items, "item")}{into}.',
        record=shop.library,
        next_step=f"handful train --labels {task}, or handful library undo",
        version=made.version,
    )
