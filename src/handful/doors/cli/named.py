"""Items as they are named on the command line."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

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


def shell_words(words: Sequence[str]) -> str:
    """The words as they would be typed again.

    Args:
        words: As they came.
    """
    return shlex.join(words)
