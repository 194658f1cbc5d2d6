"""Lock and unlock splits of a library."""

from __future__ import annotations

from handful.data.library.items import Split
from handful.data.library.library import Library
from handful.foundation.errors import UsageError, did_you_mean


def lock(library: Library, split: str) -> int:
    """Let nothing go into or out of a split any more, until it is unlocked or that is undone.

    Args:
        library: At its newest version.
        split: Such as `test`.

    Returns:
        How many items are in it.

    Raises:
        UsageError: For an unknown or empty split, or one that is locked.
        BusyError: When another process is writing.
        StorageError: When the disk refuses; then nothing changed.
    """
    known = _known(split)
    library.refresh()
    if known in library.locked:
        raise UsageError(f"The split {known} is locked already.", f"handful library unlock {known}")
    count = len(library.items(split=known, with_quarantined=True))
    if not count:
        raise UsageError(f"The split {known} has no items to lock.", "handful library split")
    with library.writing("lock", known) as writer:
        writer.commit(locked=(*map(str, library.locked), str(known)))
    return count


def unlock(library: Library, split: str) -> None:
    """Let items go into and out of a split again.

    Args:
        library: At its newest version.
        split: Such as `test`.

    Raises:
        UsageError: For an unknown split, or one that is not locked.
        BusyError: When another process is writing.
        StorageError: When the disk refuses; then nothing changed.
    """
    known = _known(split)
    library.refresh()
    if known not in library.locked:
        locked = ", ".join(library.locked)
        raise UsageError(
            f"The split {known} is not locked.",
            f"locked: {locked}" if locked else "no split is locked",
        )
    with library.writing("unlock", known) as writer:
        writer.commit(locked=tuple(str(each) for each in library.locked if each != known))


def _known(split: str) -> Split:
    names = [str(each) for each in Split]
    if split not in names:
        raise UsageError(f'There is no split "{split}".', did_you_mean(split, names))
    return Split(split)
