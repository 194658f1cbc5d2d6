"""Does an AVIF or HEIC file hold all that it points to?

Both are ISO media files: boxes in boxes, and a table that says at which bytes each picture lies.
This walks the boxes without decoding a pixel.
"""

from __future__ import annotations

from handful.data.modalities.boxes import Box, BrokenBox, CutBox, walk
from handful.data.modalities.reading import Unreadable


def sizes(data: bytes) -> set[tuple[int, int]]:
    """Check that the file is whole, and list the sizes it gives.

    Args:
        data: The whole file.

    Returns:
        Width and height of every picture in it, thumbnails and tiles included; nothing when the
        file cuts its pictures to a part (`clap`), which only a decoder can follow.

    Raises:
        Unreadable: When a box or a picture lies beyond the end.
    """
    try:
        return _sizes(data)
    except CutBox as error:
        raise Unreadable("image/truncated") from error
    except BrokenBox as error:
        raise Unreadable("image/damaged", error=error) from error


def _sizes(data: bytes) -> set[tuple[int, int]]:
    top = {box.kind: box for box in walk(data, 0, len(data))}
    if b"meta" not in top:
        if b"moov" in top:  # a film; its first frame is described where only a decoder looks
            return set()
        raise Unreadable("image/truncated")
    inside = {box.kind: box for box in walk(data, top[b"meta"].start + 4, top[b"meta"].end)}
    if b"iloc" in inside:
        _check_places(data, inside[b"iloc"])
    return _declared(data, inside.get(b"iprp"))


def _declared(data: bytes, properties: Box | None) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for outer in walk(data, properties.start, properties.end) if properties else ():
        if outer.kind != b"ipco":
            continue
        for box in walk(data, outer.start, outer.end):
            if box.kind == b"clap":
                return set()
            if box.kind == b"ispe":
                width = int.from_bytes(data[box.start + 4 : box.start + 8], "big")
                height = int.from_bytes(data[box.start + 8 : box.start + 12], "big")
                found.add((width, height))
    return found


def _check_places(data: bytes, box: Box) -> None:
    """Every stretch of the table lies inside the file.

    Source: ISO/IEC 14496-12, section 8.11.3.
    """
    reader = _Numbers(data, box)
    version = reader.take(1)
    reader.take(3)
    widths = reader.take(2)
    offset, length, base = widths >> 12, widths >> 8 & 15, widths >> 4 & 15
    index = widths & 15 if version in (1, 2) else 0
    for _ in range(reader.take(2 if version < 2 else 4)):
        reader.take(2 if version < 2 else 4)
        method = reader.take(2) & 15 if version in (1, 2) else 0
        reader.take(2)
        first = reader.take(base)
        for _ in range(reader.take(2)):
            reader.take(index)
            place, size = first + reader.take(offset), reader.take(length)
            if method == 0 and place + size > len(data):
                raise Unreadable("image/truncated")


class _Numbers:
    """Takes big-endian numbers out of a box, and none beyond its end."""

    def __init__(self, data: bytes, box: Box) -> None:
        self._data, self._place, self._end = data, box.start, box.end

    def take(self, width: int) -> int:
        place, self._place = self._place, self._place + width
        if self._place > self._end:
            raise Unreadable("image/damaged", error=f"a table ends early at byte {place}")
        return int.from_bytes(self._data[place : self._place], "big")
