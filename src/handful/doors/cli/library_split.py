"""`handful library split`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from handful.data.library.items import Item, Split
from handful.data.library.splitting import sentences
from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import Column, Table, plural

_MOST_SHOWN = 20


def library_split(
    *,
    test: float = 0.2,
    validation: float = 0.0,
    seed: int = 0,
    by: str = "",
    project: Path | None = None,
) -> None:
    """Hold items back for a test: whole groups, all copies, every answer alike.

    What has a split keeps it, whatever is added later, and new items are placed by the same rule.
    Copies are found however they were changed: re-encoded, resized, mirrored, made louder, cut at
    the start, some words replaced.

    Args:
        test: Share of items that is held back to measure on.
        validation: Share that is kept for choosing; training makes its own folds without it.
        seed: Another seed draws anew.
        by: The task whose answers every split gets alike; the one with the most answers when left
            out.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    with console.progress("Looking for copies", unit="file") as progress:
        found = shop.split(
            test=test,
            validation=validation,
            seed=seed,
            by=by,
            on_items=lambda done, total: progress.update(done),
        )
    library = shop.items
    items = library.items(with_quarantined=True)
    without = sum(item.split is None for item in items)
    console.table(_table([item for item in items if item.split], found.by))
    for sentence in sentences(found):
        console.note(sentence)
    if without:
        wait, they = ("waits", "it is") if without == 1 else ("wait", "they are")
        console.note(
            f"{plural(without, 'item')} {wait} for a split, because {they} set aside, damaged or "
            "gone; a place comes with the item"
        )
    has_test = library.items(split=Split.TEST, limit=1)
    console.done(
        f"{plural(len(found.placed), 'item')} got a split; "
        f"{len(items) - without - len(found.placed)} had "
        "one and kept it.",
        record=shop.library,
        next_step="handful library lock test" if has_test else "handful check",
        counts={str(split): count for split, count in found.counts.items()},
        torn_groups=found.torn_groups,
        torn_copies=found.torn_copies,
    )


def _table(items: Sequence[Item], by: str) -> Table:
    """How many items of each answer lie in each split."""
    splits = [split for split in Split if any(item.split == split for item in items)]
    columns = [Column(by or "answer"), *(Column(str(split), side="right") for split in splits)]
    table = Table("splits", columns)
    answers = [(item.label(by) if by else None) or "(none)" for item in items]
    names = sorted(set(answers), key=lambda name: (-answers.count(name), name))
    for name in names[:_MOST_SHOWN]:
        inside = [item for item, answer in zip(items, answers, strict=True) if answer == name]
        table.add(name, *(sum(item.split == split for item in inside) for split in splits))
    if len(names) > 1:
        every = (sum(item.split == split for item in items) for split in splits)
        table.add(f"all {len(names)}", *every)
    return table
