"""`handful sort`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import Table, percent_text, plural
from handful.foundation.errors import UsageError
from handful.foundation.predictor import Level
from handful.use.explore.sort import PILES, Row, Sorted

_SHOWN = 12
"""Items of one pile that are shown; the table on disk and `--json` hold them all."""


def sort(
    folder: Path,
    *,
    into: Path | None = None,
    dry_run: bool = False,
    level: Literal["sure", "fairly sure"] = "sure",
    run: str = "",
    project: Path | None = None,
) -> None:
    """Sort a folder: copy what is sure to one folder per answer.

    Files are paired to items as `add` would. Your originals are never moved or changed, and
    nothing that is there already is replaced.

    Args:
        folder: The files to look at.
        into: Where copies go, one folder per answer, with a table of what was said and done.
        dry_run: Only look; nothing is written.
        level: The lowest level that is copied: `sure`, or `fairly sure` as well.
        run: Which run answers; the newest when left out.
        project: The project; the nearest one when left out.
    """
    if into is None and not dry_run:
        raise UsageError(
            "Nobody said where the copies should go, so nothing was done.",
            f"handful sort {folder} --dry-run to only look, or --into DEST to copy there",
        )
    console = speaker()
    shop = open_project(project)
    chosen = shop.run(run)
    with console.progress("Looking at items", unit="item") as progress:
        done = shop.sort(
            folder,
            into=None if dry_run else into,
            level=level,
            run=chosen,
            on_items=lambda now, total: progress.update(now),
        )
    _tell(done)
    again = f"handful sort {folder} --into DEST"
    looked = f"Looked at {plural(done.seen, 'file')} with the run {done.run}; nothing was written."
    if done.into is None:
        console.done(looked, next_step=again)
        return
    assert done.table
    said = ", ".join(f"{count} {what}" for what, count in sorted(done.done().items()))
    console.done(
        f"{plural(len(done.rows), 'item')}: {said}. Your originals are where they were.",
        record=done.table,
        next_step="handful add FOLDER, once you have looked through them",
    )


def _tell(done: Sorted) -> None:
    console = speaker()
    for choice in done.choices:
        console.note(choice)
    for level in PILES:
        _tell_pile(level, [row for row in done.rows if row.level == level])
    console.table(_counts(done))
    for promise in done.promises:
        console.sentence(promise)
    bad = [file for file in done.left if file.is_bad]
    for file in [*bad[:_SHOWN]]:
        console.warn(f"{file.name}: {file.why}. It was left where it is.")
    others = [file for file in done.left if not file.is_bad]
    for file in others[:_SHOWN]:
        console.note(f"{file.name} was left out: {file.why}")
    judged = sum(len(row.files) for row in done.rows)
    console.sentence(
        f"{plural(done.seen, 'file')}: {judged} in {plural(len(done.rows), 'item')} that were "
        f"answered, {len(bad)} unreadable, {len(others)} left out.",
        sorted=done.as_dict(),
    )


def _tell_pile(level: Level, rows: list[Row]) -> None:
    console = speaker()
    name = str(level).capitalize()
    if not rows:
        console.sentence(f"{name}: no item.")
        return
    table = Table(
        str(level).replace(" ", "_"),
        ["item", "answer" if level != Level.NOT_SURE else "best guess", "probability", "why"],
        title=f"{name}: {plural(len(rows), 'item')}",
    )
    for row in sorted(rows, key=lambda each: (each.label, -each.confidence))[:_SHOWN]:
        table.add(row.key, row.label, percent_text(row.confidence), row.reason)
    console.table(table)
    if len(rows) > _SHOWN:
        console.sentence(f"and {len(rows) - _SHOWN} more")


def _counts(done: Sorted) -> Table:
    table = Table("counts", [done.task, *(str(level) for level in PILES)], title="All of them")
    for name, counted in done.counts().items():
        table.add(name, *(counted[level] for level in PILES))
    return table
