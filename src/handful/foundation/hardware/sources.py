"""Where facts about the machine are read: files of the system and small system tools.

Nothing here raises: a file that is missing, unreadable or odd reads as None, because a machine
without `/proc` is a machine too.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path("/")
"""The top of the file system; tests put a made-up one in its place."""

Tool = Callable[[Sequence[str]], str | None]
"""Runs a command and returns what it printed, or None where that is not possible."""


def run_tool(command: Sequence[str], wait_s: float = 5.0) -> str | None:
    """Run a small system tool such as `nvidia-smi`.

    Args:
        command: The program, to be found on the search path, and its arguments.
        wait_s: How long it may take, in seconds.

    Returns:
        Its output; None when it is missing, fails or takes too long.
    """
    program = shutil.which(command[0])
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - every caller passes a fixed command
            [program, *command[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=wait_s,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")


def read_text(path: Path) -> str | None:
    """The text of a small system file; None when it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8", "replace").strip()
    except (OSError, ValueError):
        return None


def read_int(path: Path) -> int | None:
    """The one whole number in a system file; None when there is none."""
    return to_int(read_text(path))


def to_int(text: str | None) -> int | None:
    """A whole number from text; None when it is none."""
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def to_float(text: str | None) -> float | None:
    """A finite number from text; None when it is none."""
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is not None and abs(value) < float("inf") else None


def fields(text: str | None, separator: str = ":") -> dict[str, str]:
    """The `name: value` lines of a text; the first of equal names counts."""
    found: dict[str, str] = {}
    for line in (text or "").splitlines():
        name, mark, value = line.partition(separator)
        if mark:
            found.setdefault(name.strip(), value.strip())
    return found
