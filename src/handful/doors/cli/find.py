"""`handful find`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.doors.python import Project
from handful.foundation.console import Column, Progress, Table
from handful.foundation.project.atomic import write_text
from handful.use.explore.find import Found
from handful.use.explore.found_page import found_page, summary

_PAGE = "find.html"


def find(*query: str, top: int = 12, run: str = "", project: Path | None = None) -> None:
    """Find items by words, a photo, a sound, or several of them.

    Words are looked for in what items say, in names and in labels, misspelt or not; words that
    name what a run can answer find items that nobody labelled; photos and sounds find what is like
    them. Give several, and each counts.

    Args:
        query: Words, or files with a picture, a sound or a text.
        top: How many items to show.
        run: Which run compares; the newest when left out. One without labels serves too.
        project: The project; the nearest one when left out.
    """
    shop = open_project(project)
    tell(shop, search(shop, query, top=top, run=run))


def search(shop: Project, query: tuple[str, ...], *, top: int = 12, run: str = "") -> Found:
    """Search, and tell how far it is.

    Args:
        shop: The project.
        query: Words and paths.
        top: How many items are wanted.
        run: Which run compares.
    """
    console = speaker()
    shown: dict[str, Progress] = {}

    def told(modality: str, done: int, total: int) -> None:
        if modality not in shown:
            label = f"Encoding {modality}"
            shown[modality] = console.progress(label, total, unit="item").__enter__()
        shown[modality].update(done)

    try:
        return shop.search(*query, top=top, run=run, on_items=told)
    finally:
        for progress in shown.values():
            progress.__exit__(None, None, None)


def tell(shop: Project, found: Found) -> None:
    """Show what was found, and write its page.

    Args:
        shop: The project.
        found: What came of the search.
    """
    console = speaker()
    if found.hits:
        console.table(_table(found))
    page = shop.cache / _PAGE
    write_text(page, found_page(shop.items, found))
    for note in found.notes:
        console.note(note)
    console.sentence(summary(found), found=found.as_dict())
    best = "handful predict FILES" if found.hits else "handful check"
    console.done(
        f"Looked through {found.searched} items with the run {found.run}.",
        record=page,
        next_step=best,
    )


def _table(found: Found) -> Table:
    columns = [Column("rank", "", side="right"), "item", "fit", "why", "labels"]
    table = Table("hits", columns, title=found.title)
    for hit in found.hits:
        labels = ", ".join(f"{task}: {value}" for task, value in sorted(hit.labels.items()))
        table.add(hit.rank, hit.item.key, hit.level, hit.why, labels or None)
    return table
