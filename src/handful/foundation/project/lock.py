"""One writer at a time: a lock that the operating system frees when its holder dies."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from handful.foundation.errors import BusyError, storage


@contextmanager
def locked(path: Path, doing: str) -> Iterator[None]:
    """Hold a folder's lock while the block runs.

    The lock belongs to the open file, so a killed process never leaves it behind.

    Args:
        path: The lock file; made when missing, never deleted.
        doing: What the holder does, shown to whoever comes second, such as "add".

    Raises:
        BusyError: When another process holds it; the message names that process.
        StorageError: When the lock file cannot be written.
    """
    with storage("write", path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(path) from None
        with storage("write", path):
            _sign(descriptor, doing)
        yield
    finally:
        os.close(descriptor)


def holder(path: Path) -> str:
    """What the process does that holds a lock.

    Args:
        path: The lock file.

    Returns:
        As it was told to `locked`; empty when nobody holds it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            return str(json.loads(path.read_text(encoding="utf-8"))["doing"])
        except (OSError, ValueError, KeyError, TypeError):
            return "something"
    finally:
        os.close(descriptor)
    return ""


def _sign(descriptor: int, doing: str) -> None:
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    note = json.dumps({"process": os.getpid(), "doing": doing, "since": now}).encode()
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, note, 0)


def _busy(path: Path) -> BusyError:
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        holder = f"process {note['process']} runs `{note['doing']}` since {note['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        holder = "another process is changing it"
    return BusyError(
        f'"{path.parent}" is busy: {holder}.',
        "wait until it is done, or stop it; reading commands work meanwhile",
    )
