"""`handful library forget`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.named import require_items, shell_words, tell_locked
from handful.doors.cli.speaker import speaker
from handful.foundation.console import Column, Table, plural
from handful.use.release.withdrawal import Withdrawal

_SHOWN = 20
_NAME = 40
"""Letters of a name that are shown; a digest is told from others by fewer."""


def library_forget(*items: str, yes: bool = False, project: Path | None = None) -> None:
    """Show what forgetting items takes away; with --yes take it out for good.

    Their rows, labels and everything derived from them go. Your own files are never touched. Older
    versions of the library hold the items until `trim`. Adding their folder again leaves them out.

    Args:
        items: Each an id, a name as in the table or folder it came from, a file, a folder that
            files lie in, `group:NAME`, or `person:NAME`.
        yes: Forget. Without it nothing is changed.
        project: The project; the nearest one when left out.
    """
    require_items(items, "library forget")
    console = speaker()
    shop = open_project(project)
    found = shop.forget(*items) if yes else shop.would_forget(*items)
    _show(found)
    console.facts(withdrawal=found.as_dict())
    gone = _gone(found)
    if not found.taken.items:
        console.done(
            "Nothing to do: these items were forgotten before.",
            record=shop.library,
            next_step="handful library trim",
        )
    elif yes:
        console.done(
            f"Forgot {gone}. Your own files are as they were. Older versions of the library hold "
            "the items until a trim.",
            record=shop.library,
            next_step="handful library trim",
        )
    else:
        console.done(
            f"Would forget {gone}. Your own files are never touched. Nothing was changed.",
            record=shop.library,
            next_step=f"handful library forget {shell_words(items)} --yes",
        )


def _show(found: Withdrawal) -> None:
    console = speaker()
    items = found.taken.items
    if items:
        table = Table("items", ["item", "has", Column("labels", side="right"), "from"])
        for item in items[:_SHOWN]:
            table.add(item.key, ", ".join(item.parts), len(item.labels), item.source)
        console.table(table)
        if len(items) > _SHOWN:
            console.note(f"and {plural(len(items) - _SHOWN, 'more item')}")
    measured = "what was measured on it before was measured with what it loses"
    tell_locked(found.taken.locked, measured)
    if found.taken.copies:
        names = ", ".join(item.key for item in found.taken.copies[:5])
        count = plural(len(found.taken.copies), "other item")
        console.warn(f"{count} with the same content stay, such as {names}; name them too.")
    if found.taken.made:
        names = ", ".join(item.key for item in found.taken.made[:5])
        count = plural(len(found.taken.made), "item")
        console.warn(f"{count} that were made from them stay, such as {names}; name them too.")
    if found.saw:
        table = Table(
            "saw", ["what", "name", Column("items", side="right"), "certain"], title="Saw them"
        )
        for each in found.saw:
            certain = "yes" if each.is_certain else "no, it does not say what it learned from"
            table.add(each.kind, each.name[:_NAME], each.items, certain)
        console.table(table)
        console.note(
            "These keep what they learned until you delete their folders; train again to have "
            "others. Records of runs no longer name the items, and their figures stay; releases "
            "are sealed, so what they say of single items stays as well."
        )
    elif items:
        console.note("No run and no release saw them.")


def _gone(found: Withdrawal) -> str:
    return f"{plural(len(found.taken.items), 'item')} and {plural(found.taken.labels, 'label')}"
