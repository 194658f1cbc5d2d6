"""Which items a run learned from, so that it can be told who saw an item that is withdrawn.

`seen.txt` holds one hash for each item's id, sorted: enough to ask for an item, too little to learn
anything else. A release carries the same file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from handful.data.library.forgotten import hash_of
from handful.foundation.errors import storage
from handful.foundation.project.atomic import write_text

SEEN = "seen.txt"


def write_seen(folder: Path, ids: Iterable[str]) -> None:
    """Keep what a run learns from.

    Args:
        folder: The run's.
        ids: Of every item, labelled or not.

    Raises:
        StorageError: When the disk refuses.
    """
    write_text(folder / SEEN, "".join(f"{each}\n" for each in sorted(map(hash_of, ids))))


def read_seen(folder: Path) -> frozenset[str] | None:
    """What a run or a release learned from; None for one that was made before this was kept.

    Args:
        folder: The run's or the release's.

    Raises:
        StorageError: When it may not be read.
    """
    path = folder / SEEN
    if not path.is_file():
        return None
    with storage("read", path):
        return frozenset(path.read_text(encoding="utf-8").split())
