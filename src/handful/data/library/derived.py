"""What was made of contents and is kept beside the rows: thumbnails, and what tells copies.

Both are found by the hash of the content, belong to no version, and are made again when they are
needed; so they go with what was forgotten, at once and again with every trim.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from handful.data.library.thumbnails import Thumbnails
from handful.data.library.twins.kept import forget_prints
from handful.foundation.project.folder import CACHE, SETTINGS


def delete_derived(library: Path, contents: Collection[str]) -> int:
    """Delete all that is kept of some contents.

    Args:
        library: The library's folder.
        contents: Hashes of contents.

    Returns:
        How many thumbnails and prints there were.

    Raises:
        BusyError: When another process is looking for copies.
        StorageError: When the disk refuses.
    """
    if not contents:
        return 0
    gone = Thumbnails(library).delete(contents)
    if (library.parent / SETTINGS).is_file():
        gone += forget_prints(library.parent / CACHE, contents)
    return gone
