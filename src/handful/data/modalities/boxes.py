"""Walk the boxes of an ISO media file: MP4, M4A, MOV, AVIF and HEIC are all made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Box(NamedTuple):
    """One box: four letters, and where its content lies."""

    kind: bytes
    start: int
    end: int


class BrokenBox(ValueError):
    """What stands where a box should begin is none."""


class CutBox(BrokenBox):
    """A box reaches beyond the end of what holds it."""


def walk(data: bytes, start: int, end: int) -> Iterator[Box]:
    """List the boxes that lie side by side in a stretch.

    Args:
        data: The whole file.
        start: Where the first one begins.
        end: Where the stretch ends.

    Yields:
        The boxes, without those inside them.

    Raises:
        CutBox: When one reaches beyond the end.
        BrokenBox: When one is shorter than its own head.

    Source: ISO/IEC 14496-12, section 4.2.
    """
    place = start
    while place + 8 <= end:
        length, head = int.from_bytes(data[place : place + 4], "big"), 8
        if length == 1:
            length, head = int.from_bytes(data[place + 8 : place + 16], "big"), 16
        elif length == 0:  # to the end
            length = end - place
        if length < head:
            raise BrokenBox(f"byte {place} should begin a box")
        if place + length > end:
            raise CutBox(f"the box at byte {place} ends early")
        yield Box(data[place + 4 : place + 8], place + head, place + length)
        place += length
    if place < end:
        raise CutBox(f"byte {place} should begin a box")
