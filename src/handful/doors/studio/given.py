"""What pages send, taken with care."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handful.foundation.errors import UsageError

Given = Mapping[str, Any]


def text_of(given: Given, name: str) -> str:
    """A text that a page must give.

    Args:
        given: What it gave.
        name: Of the text.

    Raises:
        UsageError: When it is missing or empty.
    """
    value = given.get(name)
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f'"{name}" is missing.', "choose or type one")
    return value.strip()


def texts_of(given: Given, name: str) -> list[str]:
    """Several texts, at least one.

    Args:
        given: What it gave.
        name: Of the list.

    Raises:
        UsageError: When it is missing, empty, or holds something else.
    """
    value = given.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise UsageError(f'"{name}" is missing.', "choose at least one item")
    return list(value)
