"""`handful library history`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from handful.data.library.history import Version, by_change
from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import Column, Table, bytes_text, count_text, plural


def library_history(*, lines: int = 20, every: bool = False, project: Path | None = None) -> None:
    """List the versions of the library: when, by what, and what changed.

    A long change makes a version every few seconds, so that a kill costs little; they are shown as
    one line. Of trimmed versions only this line is left.

    Args:
        lines: How many of the last are shown.
        every: Show every version, also those inside a long change.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    versions = shop.items.history()
    changes = by_change(versions)
    shown = versions if every else changes
    console.table(_table(shown[-lines:] if lines > 0 else [], every))
    if len(shown) > lines:
        console.note(f"and {plural(len(shown) - lines, 'older line')}; --lines {len(shown)}")
    console.facts(versions=versions)
    console.done(
        f"{plural(len(versions), 'version')} in {plural(len(changes), 'change')}.",
        record=shop.library,
        next_step="handful library diff",
    )


def _table(shown: Sequence[Version], every: bool) -> Table:
    columns = [
        Column("versions" if not every else "version", side="right"),
        "time",
        Column("made_by", "made by"),
        Column("items", side="right"),
        Column("labels", side="right"),
        Column("holds", side="right"),
        Column("bytes", show=bytes_text),
        "tags",
    ]
    table = Table("history", columns)
    for each in shown:
        first = each.version if every else each.began + 1
        table.add(
            str(each.version) if first == each.version else f"{first} to {each.version}",
            each.time[:16].replace("T", " "),
            each.made_by,
            _moved(each) or None,
            f"{each.labels:+}" if each.labels else None,
            None if each.items is None else count_text(each.items),
            each.bytes,
            ", ".join([*each.tags, *["(trimmed)"] * each.is_trimmed]) or None,
        )
    return table


def _moved(version: Version) -> str:
    """`+10 −2 ~3`: came, gone, changed."""
    signs = {"+": version.added, "-": version.gone, "~": version.changed}
    return " ".join(f"{sign}{count_text(number)}" for sign, number in signs.items() if number)
