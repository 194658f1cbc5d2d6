"""`handful library trim`."""

from __future__ import annotations

from pathlib import Path

from handful.data.library.trimming import Trimming
from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import Column, Table, bytes_text, plural


def library_trim(*, keep: int = 1, yes: bool = False, project: Path | None = None) -> None:
    """Show what history costs; with --yes delete old versions for good.

    What the library holds now always stays, and so do versions with a tag and those that a run or
    a release learned from. Only a version that holds items which were forgotten since goes in any
    case. Your files are never touched.

    Args:
        keep: How many of the last changes stay; 1 for what the library holds now alone.
        yes: Delete. Without it nothing is changed.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    library = shop.items
    trimming = library.trim(keep=keep) if yes else library.history_cost(keep)
    table = Table(
        "kept", [Column("version", side="right"), Column("why", "kept because it is")], title="Kept"
    )
    for version, why in trimming.kept.items():
        table.add(version, ", ".join(why))
    console.table(table)
    if trimming.lost:
        _warn(trimming, "went" if yes else "would go")
    console.facts(trimming=trimming.as_dict())
    freed = _freed(trimming)
    if yes:
        console.done(f"Deleted {freed}.", record=shop.library, next_step="handful library history")
    elif trimming.versions or trimming.bytes:
        command = "handful library trim --yes" + f" --keep {keep}" * (keep != 1)
        console.done(
            f"A trim would delete {freed}. Nothing was changed.",
            record=shop.library,
            next_step=command,
        )
    else:
        console.done("History costs nothing that a trim could free.", record=shop.library)


def _warn(trimming: Trimming, went: str) -> None:
    """Say which versions go although somebody named them."""
    for version, why in trimming.lost.items():
        speaker().warn(
            f"Version {version} ({', '.join(why)}) {went} too: it holds items that were forgotten "
            "since."
        )


def _freed(trimming: Trimming) -> str:
    shown = f"{plural(len(trimming.versions), 'old version')} and the "
    shown += f"{bytes_text(trimming.bytes)} that nothing else needs"
    if trimming.media_files:
        copies = plural(trimming.media_files, "copy", "copies")
        shown += f" ({bytes_text(trimming.media_bytes)} of it in {copies} of media)"
    return shown
