"""Does an image file reach its own end?

Decoders differ in what damage they forgive, and a file that ends early or whose checksum is wrong
should never count as whole. This walks the container without decoding a pixel.
"""

from __future__ import annotations

import re
import zlib

from handful.data.modalities.reading import Unreadable


def trailing_bytes(mime: str, data: bytes) -> int:
    """Check that the container is whole, and count what follows it.

    Args:
        mime: The sniffed type.
        data: The whole file.

    Returns:
        How many bytes follow the picture: film behind a phone's photo, or a hidden archive.
        0 for types without an end mark.

    Raises:
        Unreadable: When the file ends before its picture does, or a checksum is wrong.
    """
    if mime == "image/jpeg":
        return _after_jpeg(data)
    if mime == "image/png":
        return _after_png(data)
    if mime == "image/webp":
        return _after_riff(data)
    return _after_gif(data) if mime == "image/gif" else 0


def _after_jpeg(data: bytes) -> int:
    """Walk the markers, and in the coded picture look for markers that must not be there.

    A decoder takes a damaged picture as it comes and paints the rest grey; of random bytes every
    256th looks like the start of a marker, so damage shows here first.

    Source: ITU-T T.81, annex B.
    """
    place, restarts = 2, 0
    while place + 2 <= len(data):
        marker = data[place + 1]
        if data[place] != 0xFF or marker not in _MARKERS:
            raise Unreadable("image/damaged", error=f"byte {place} should begin a marker")
        if marker == _FILL:
            place += 1
            continue
        if marker == _END:
            return len(data[place + 2 :].strip(b"\x00\xff\r\n"))
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == _RESTARTS:
            restarts = int.from_bytes(data[place + 4 : place + 6], "big")
        place += 2 + length
        if marker == _SCAN:
            place = _after_scan(data, place, restarts > 0)
    raise Unreadable("image/truncated")


_FILL, _END, _SCAN, _RESTARTS = 0xFF, 0xD9, 0xDA, 0xDD
_MARKERS = {*range(0xC0, 0xD0), *range(0xD9, 0xF0), 0xFE, 0xFF} - {0xC8}
_IN_SCAN = re.compile(rb"\xff+[^\x00\xff]")


def _after_scan(data: bytes, place: int, may_restart: bool) -> int:
    """The first marker behind coded data; numbered restarts inside it follow each other."""
    following = 0
    for found in _IN_SCAN.finditer(data, place):
        marker = data[found.end() - 1]
        if not 0xD0 <= marker <= 0xD7:
            return found.end() - 2
        if not may_restart or marker != 0xD0 + following:
            error = f"byte {found.start()} restarts out of turn"
            raise Unreadable("image/damaged", error=error)
        following = (following + 1) % 8
    raise Unreadable("image/truncated")


def _after_gif(data: bytes) -> int:
    """Walk the blocks to the one that ends the file.

    Source: GIF89a specification, appendix B.
    """
    place = 13 + _colours(data, 10)
    while place < len(data):
        kind = data[place]
        if kind == 0x3B:
            return len(data) - place - 1
        if kind == 0x2C:
            place += 11 + _colours(data, place + 9)
        elif kind == 0x21:
            place += 2
        else:
            raise Unreadable("image/damaged", error=f"byte {place} should begin a block")
        while place < len(data) and data[place]:
            place += 1 + data[place]
        place += 1
    raise Unreadable("image/truncated")


def _colours(data: bytes, place: int) -> int:
    """Bytes of a colour table, announced by the flags at `place`."""
    flags = data[place] if place < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_png(data: bytes) -> int:
    """Walk the chunks: length, name, content, CRC-32 of name and content."""
    place = 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        end = place + 12 + length
        if end > len(data):
            break
        expected = int.from_bytes(data[end - 4 : end], "big")
        if zlib.crc32(memoryview(data)[place + 4 : end - 4]) != expected:
            raise Unreadable("image/damaged", error="a checksum is wrong")
        if data[place + 4 : place + 8] == b"IEND":
            return len(data) - end
        place = end
    raise Unreadable("image/truncated")


def _after_riff(data: bytes) -> int:
    promised = int.from_bytes(data[4:8], "little") + 8
    if promised > len(data):
        raise Unreadable("image/truncated")
    return len(data) - promised
