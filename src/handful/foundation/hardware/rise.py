"""How far memory rises while some work goes on: arrays to the byte, the rest as process growth."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from handful.foundation.hardware.memory import resident_bytes


@dataclass(slots=True, eq=False)
class Rise:
    """One measurement.

    Attributes:
        bytes: Above what was held before; filled in at the end.
    """

    bytes: int = 0
    _highest: int = 0


_open: list[Rise] = []


@contextmanager
def rise(*, only_inside: bool = False) -> Iterator[Rise]:
    """Measure the work inside; measurements may lie inside each other.

    Python and NumPy tell of every byte they take. What other libraries take for themselves shows
    as growth of the process, and only where it is not given back before the end. Work that makes
    very many small objects runs up to twice as long meanwhile.

    Args:
        only_inside: Measure only when another measurement is open.

    Yields:
        The measurement, filled in when the block ends.
    """
    found = Rise()
    if only_inside and not _open:
        yield found
        return
    is_ours = not tracemalloc.is_tracing()
    if is_ours:
        tracemalloc.start()
    _look()
    _open.append(found)
    held, resident = tracemalloc.get_traced_memory()[0], resident_bytes() or 0
    try:
        yield found
    finally:
        _look()
        _open.remove(found)
        grown = (resident_bytes() or 0) - resident
        found.bytes = max(found._highest - held, grown, 0)
        if is_ours:
            tracemalloc.stop()


def _look() -> None:
    """Note the highest point since the last look in every measurement that is open."""
    highest = tracemalloc.get_traced_memory()[1]
    for each in _open:
        each._highest = max(each._highest, highest)
    tracemalloc.reset_peak()
