"""Split a library: find what hangs together, place what is new, keep the rule for what comes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from handful.data.library import splits
from handful.data.library.holding import as_used
from handful.data.library.items import Item, Split
from handful.data.library.library import Library
from handful.data.library.splits import Config, Placement
from handful.data.library.twins.look import OnItems, Twins, find_twins
from handful.data.library.units import copies_of
from handful.data.library.writer import Writer
from handful.foundation.errors import UsageError, did_you_mean


def assign_splits(
    library: Library, config: Config | None = None, twins: Twins | None = None
) -> Placement:
    """Give every item in use that has no split one, by the rules of `splits.py`.

    The rule is kept: items that are added later are placed by it at once.

    Args:
        library: At its newest version.
        config: Shares and seed; those of the last time when left out.
        twins: Contents that are the same thing, from `find_twins`.

    Raises:
        UsageError: When the rule names a task that nobody answered.
        BusyError: When another process is writing.
        StorageError: When the disk refuses; then nothing changed.
    """
    library.refresh()
    config = config or Config(**library.card.rule)
    with library.writing("split", f"by group, seed {config.seed}") as writer:
        items = library.items(with_quarantined=True)
        _require_task(config.by, items)
        return _place(library, writer, config, items, twins)


def split_library(
    library: Library,
    config: Config | None = None,
    cache: Path | None = None,
    on_items: OnItems = lambda done, total: None,
) -> Placement:
    """Find copies in the library, then give every item in use that has no split one.

    Args:
        library: At its newest version.
        config: Shares and seed; those of the last time when left out.
        cache: The project's `cache`, where what tells copies is kept.
        on_items: Told how many files were looked at.

    Raises:
        UsageError: When the rule names a task that nobody answered.
        BusyError: When another process is writing.
        StorageError: When the disk refuses; then nothing changed.
    """
    library.refresh()
    items = map(as_used, library.items(with_quarantined=True))
    twins = find_twins(library.media, items, cache, on_items=on_items)
    return assign_splits(library, config, twins)


def place_new(library: Library, writer: Writer, cache: Path | None) -> list[str]:
    """Place what just came into a library that was split; part of the change that brought it.

    Args:
        library: The one that is being written.
        writer: Its writer.
        cache: The project's `cache`.

    Returns:
        Sentences about where the items went; none when there was nothing to do.

    Raises:
        StorageError: When the disk refuses; then nothing was placed, and the next change does it.
    """
    if not library.card.rule:
        return []
    items = library.items(with_quarantined=True)
    if all(item.split or not item.usable for item in items):
        return []
    twins = find_twins(library.media, map(as_used, items), cache)
    return sentences(_place(library, writer, Config(**library.card.rule), items, twins))


def placed(library: Library, coming: Sequence[Item], cache: Path | None) -> list[Item]:
    """Items that are about to come back, with their places where the library was split.

    Args:
        library: The one that is being written.
        coming: As they are to be.
        cache: The project's `cache`.

    Raises:
        StorageError: When the disk refuses.
    """
    if not library.card.rule or all(item.split or not item.usable for item in coming):
        return list(coming)
    every = {item.id: item for item in library.items(with_quarantined=True)}
    items = list((every | {item.id: item for item in coming}).values())
    twins = find_twins(library.media, map(as_used, items), cache)
    found = _assigned(library, Config(**library.card.rule), items, twins)
    moved = {item.id: item for item in _moved(coming, found)}
    return [moved.get(item.id, item) for item in coming]


def sentences(found: Placement) -> list[str]:
    """What became of a placement, for a person.

    Args:
        found: As it was made.
    """
    said = []
    if found.placed:
        counts = ", ".join(f"{count} {split}" for split, count in sorted(found.counts.items()))
        balanced = f", balanced by `{found.by}`" if found.by else ""
        said.append(f"{len(found.placed)} items got a split{balanced}: {counts}")
    if found.counts[Split.OUT]:
        said.append(
            f"{found.counts[Split.OUT]} of them take no part (`out`): a copy of them lies in "
            "another split, or their group in one that is locked"
        )
    if found.torn_groups:
        groups = [unit.removeprefix("group ") for unit in found.torn_groups]
        said.append(
            f"{len(groups)} groups lie in training and in a test, as they were given: "
            f"{', '.join(groups[:5])}{' and others' if len(groups) > 5 else ''}; a model may know "
            "them before it is tested on them"
        )
    if found.torn_copies:
        count = sum(map(len, found.torn_copies.values()))
        said.append(
            f"{count} items outside the test are copies of items in it; they stay where they are, "
            "and training leaves them out"
        )
    return said


def _place(
    library: Library, writer: Writer, config: Config, items: list[Item], twins: Twins | None
) -> Placement:
    found = _assigned(library, config, items, twins)
    writer.commit(changed=_moved(items, found), rule=asdict(config))
    return found


def _assigned(
    library: Library, config: Config, items: Sequence[Item], twins: Twins | None
) -> Placement:
    waiting = {item.id for item in items if not item.usable}
    used = [as_used(item) for item in items]
    return splits.assign(used, config, copies_of(used, twins), library.locked, waiting)


def _moved(items: Iterable[Item], found: Placement) -> list[Item]:
    return [
        replace(item, split=new.split, split_reason=new.reason)
        for item in items
        if (new := found.placed.get(item.id))
    ]


def _require_task(by: str, items: list[Item]) -> None:
    known = {label.task for item in items for label in item.labels}
    if by and by not in known:
        raise UsageError(
            f'No item has an answer to "{by}".',
            did_you_mean(by, known) if known else "no item has a label yet",
        )
