"""Small turns of phrase that several rooms need."""

from __future__ import annotations

from collections.abc import Iterable


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`; empty for none.

    Args:
        names: In the order in which they are said.
    """
    *first, last = [*names] or [""]
    return f"{', '.join(first)} and {last}" if first else last
