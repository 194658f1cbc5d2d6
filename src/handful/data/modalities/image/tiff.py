"""Does a TIFF hold all the strips or tiles that it points to?"""

from __future__ import annotations

import struct
from typing import NamedTuple

from handful.data.modalities.reading import Unreadable

_WIDTHS = {1: 1, 3: 2, 4: 4}
"""Bytes of the number types that places and sizes are written in."""
_LETTERS = {1: "B", 2: "H", 4: "I"}
_WIDTH, _HEIGHT = 256, 257
_STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES = 273, 279, 324, 325


class Size(NamedTuple):
    """Width and height as stored."""

    width: int
    height: int


def size(data: bytes) -> Size:
    """Check that the first picture is whole, and read its size.

    Args:
        data: The whole file.

    Raises:
        Unreadable: When its directory or one of its pieces lies beyond the end.

    Source: TIFF 6.0, section 2.
    """
    order = "<" if data[:2] == b"II" else ">"
    if len(data) < 8:
        raise Unreadable("image/truncated")
    tags = _directory(data, order)
    if not tags.get(_WIDTH) or not tags.get(_HEIGHT):
        raise Unreadable("image/damaged", error="its size is missing")
    places, sizes = (_STRIPS, _STRIP_SIZES) if _STRIPS in tags else (_TILES, _TILE_SIZES)
    for place, count in zip(tags.get(places, ()), tags.get(sizes, ()), strict=False):
        if place + count > len(data):
            raise Unreadable("image/truncated")
    return Size(tags[_WIDTH][0], tags[_HEIGHT][0])


def _directory(data: bytes, order: str) -> dict[int, tuple[int, ...]]:
    """Tag to numbers; values that do not fit beside their tag are pointed to."""
    (place,) = struct.unpack_from(order + "I", data, 4)
    if place + 2 > len(data):
        raise Unreadable("image/truncated")
    (entries,) = struct.unpack_from(order + "H", data, place)
    if place + 2 + 12 * entries > len(data):
        raise Unreadable("image/truncated")
    found = {}
    for entry in range(place + 2, place + 2 + 12 * entries, 12):
        tag, kind, count = struct.unpack_from(order + "HHI", data, entry)
        width = _WIDTHS.get(kind)
        if tag not in (_WIDTH, _HEIGHT, _STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES) or not width:
            continue
        start = entry + 8
        if width * count > 4:
            (start,) = struct.unpack_from(order + "I", data, entry + 8)
        if start + width * count > len(data):
            raise Unreadable("image/truncated")
        found[tag] = struct.unpack_from(f"{order}{count}{_LETTERS[width]}", data, start)
    return found
