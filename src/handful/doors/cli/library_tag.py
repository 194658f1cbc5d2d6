"""`handful library tag`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import Column, Table, plural
from handful.foundation.errors import UsageError


def library_tag(
    name: str = "", version: str = "", *, remove: bool = False, project: Path | None = None
) -> None:
    """Give a version of the library a name, take one away, or list them.

    A version with a name is never trimmed, and every command that takes a version takes its name.

    Args:
        name: Letters, digits, `_`, `.` and `-`, a letter first; leave it out to list the tags.
        version: A version, or another tag; the newest when left out.
        remove: Take the name away; the version stays until it is trimmed.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    library = shop.items
    if not name and remove:
        raise UsageError("Nobody said which tag to remove.", "handful library tag NAME --remove")
    if remove and version:
        raise UsageError(
            f'A tag is removed by its name alone; got "{version}" as well.',
            f"handful library tag {name} --remove",
        )
    if not name:
        table = Table("tags", ["tag", Column("version", side="right")])
        for tag, at in library.tags().items():
            table.add(tag, at)
        if len(table):
            console.table(table)
        console.done(f"{plural(len(table), 'tag')}.", next_step="handful library tag NAME")
        return
    if remove:
        at = library.untag(name)
        console.done(f'Version {at} is no longer called "{name}".', record=shop.library)
        return
    at = library.tag(name, version or None)
    console.done(
        f'Version {at} is called "{name}" and will not be trimmed.',
        record=shop.library,
        next_step="handful library history",
        version=at,
    )
