"""`handful answers list`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from handful.data.library.answers import Answers, Dispute
from handful.data.library.labels import tasks
from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.doors.python.project import Project
from handful.foundation.console import Column, Console, Table, plural
from handful.foundation.wording import listed

_MOST_SHOWN = 20
_MOST_NAMED = 5


def answers_list(*, task: str = "", every: bool = False, project: Path | None = None) -> None:
    """List the answers to a task, who gave them, and what people do not agree about.

    Where several people answered the same items, each is believed as far as others bear them out.
    An item about which that leaves nothing settled waits, and is not learned from.

    Args:
        task: What was answered, such as `grade`; every task is listed when left out.
        every: List every item in dispute; the first 20 otherwise.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    if not task:
        _every_task(shop, console)
        return
    found = shop.answers(task)
    console.table(_counted(found, task))
    if len(found.annotators) > 1:
        console.table(_people(found))
    if found.disputes:
        console.table(_disputed(found.disputes if every else found.disputes[:_MOST_SHOWN]))
    if not every and len(found.disputes) > _MOST_SHOWN:
        console.note(f"and {len(found.disputes) - _MOST_SHOWN} more; --every lists them")
    waiting = sum(each.is_open for each in found.disputes)
    console.done(
        f"{plural(len(found.counting), 'answer')} to {task} by "
        f"{plural(len(found.annotators), 'annotator')}, {len(found.disputes)} in dispute, "
        f"{waiting} of them open.",
        record=shop.library,
        next_step=f"handful label ITEM ANSWER --task {task}"
        if waiting
        else f"handful train --labels {task}",
        disputes=[{**each._asdict(), "is_open": each.is_open} for each in found.disputes],
    )


def _every_task(shop: Project, console: Console) -> None:
    table = Table("tasks", ["task", Column("items", side="right"), "answers"])
    for name, counts in tasks(shop.items.items(with_quarantined=True)).items():
        said = [f"{answer} {count}" for answer, count in counts.most_common(_MOST_NAMED)]
        more = len(counts) - len(said)
        table.add(name, counts.total(), ", ".join(said) + (f", {more} more" if more else ""))
    if len(table):
        console.table(table)
    console.done(
        f"{plural(len(table), 'task')} with answers.",
        record=shop.library,
        next_step="handful answers --task TASK" if len(table) else "handful label --help",
    )


def _counted(found: Answers, task: str) -> Table:
    table = Table("answers", [task, Column("items", side="right")])
    for answer, count in sorted(
        Counter(found.counting.values()).items(), key=lambda each: (-each[1], each[0])
    ):
        table.add(answer, count)
    return table


def _people(found: Answers) -> Table:
    columns = [
        "annotator",
        Column("answers", side="right"),
        Column("compared", side="right"),
        Column("borne out", side="right"),
    ]
    table = Table("annotators", columns)
    for each in sorted(found.annotators, key=lambda each: (each.trust, each.name)):
        trust = f"{each.trust:.0%}" if each.compared else ""
        table.add(each.name, each.answers, each.compared, trust)
    return table


def _disputed(disputes: Sequence[Dispute]) -> Table:
    table = Table("disputes", ["in dispute", "what was said", "what counts"])
    for each in disputes:
        said = listed(f"{who} says {what}" for who, what in each.said)
        table.add(each.key, said, "nothing yet" if each.is_open else each.answer)
    return table
