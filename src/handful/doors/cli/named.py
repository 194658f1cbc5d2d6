"""Items as they are named on the command line."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from handful.doors.cli.speaker import speaker
from handful.foundation.console import plural
from handful.foundation.errors import UsageError


def require_items(words: Sequence[str], verb: str) -> None:
    """Refuse a verb that was given no item.

    Args:
        words: As they were typed.
        verb: Without `handful`.

    Raises:
        UsageError: When there are none.
    """
    if not words:
        raise UsageError(
            f"`handful {verb}` needs ITEMS.",
            "name them by id, by name, by file or folder, or as group:NAME",
        )


def tell_locked(counts: Mapping[str, int], what: str) -> None:
    """Say that items of locked splits are concerned.

    Args:
        counts: Name of the locked split to how many of its items.
        what: What becomes of the split, such as `it loses them`.
    """
    for split, count in counts.items():
        are = "is" if count == 1 else "are"
        speaker().warn(
            f"{plural(count, 'item')} {are} in the split {split}, which is locked: {what}."
        )


def shell_words(words: Sequence[str]) -> str:
    """The words as they would be typed again.

    Args:
        words: As they came.
    """
    return shlex.join(words)
