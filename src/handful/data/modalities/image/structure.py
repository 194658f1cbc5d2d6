"""Does an image file reach its own end, and what size does it give?

Decoders differ in what damage they forgive, and a file that ends early or whose checksum is wrong
should never count as whole. This walks the container without decoding a pixel. It shares no code
with Pillow, so where the two give one size and both find the file whole, two readers that were
written apart agree: about the container, its checksums and its size. About the pixels they cannot
both speak: those are decoded once, by the library behind Pillow (libjpeg-turbo, libwebp, libtiff,
libavif, libheif; PNG, GIF and BMP are Pillow's own).
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

from handful.data.modalities import caps
from handful.data.modalities.image import iso, tiff
from handful.data.modalities.reading import Unreadable


class Frame(NamedTuple):
    """What a container says of its picture.

    Attributes:
        sizes: Width and height as stored; several where the file holds several pictures, none
            where only a decoder can tell.
        trailing: How many bytes follow the picture: film behind a phone's photo, or a hidden
            archive. 0 for types without an end mark.
    """

    sizes: frozenset[tuple[int, int]]
    trailing: int = 0

    def agrees(self, width: int, height: int) -> bool:
        """Whether a decoder that gives this size read the same picture, turned or not.

        Args:
            width: In pixels.
            height: In pixels.
        """
        return not self.sizes or (width, height) in self.sizes or (height, width) in self.sizes


def check(mime: str, data: bytes) -> Frame:
    """Check that the container is whole, and read what it says of its picture.

    Args:
        mime: The sniffed type.
        data: The whole file.

    Returns:
        Size, and how much follows.

    Raises:
        Unreadable: When the file ends before its picture does, or a checksum is wrong.
    """
    walk = _WALKS.get(mime)
    return walk(data) if walk else Frame(frozenset())


def _frame(width: int, height: int, trailing: int = 0) -> Frame:
    if not width or not height:
        raise Unreadable("image/damaged", error=f"it gives its size as {width} x {height}")
    return Frame(frozenset([(width, height)]), trailing)


def _jpeg(data: bytes) -> Frame:
    """Walk the markers, and in the coded picture look for markers that must not be there.

    A decoder takes a damaged picture as it comes and paints the rest grey; of random bytes every
    256th looks like the start of a marker, so damage shows here first.

    Source: ITU-T T.81, annex B.
    """
    place, restarts, scans, size = 2, 0, 0, (0, 0)
    while place + 2 <= len(data):
        marker = data[place + 1]
        if data[place] != 0xFF or marker not in _MARKERS:
            raise Unreadable("image/damaged", error=f"byte {place} should begin a marker")
        if marker == _FILL:
            place += 1
            continue
        if marker == _END:
            return _frame(*size, len(data[place + 2 :].strip(b"\x00\xff\r\n")))
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == _RESTARTS:
            restarts = int.from_bytes(data[place + 4 : place + 6], "big")
        elif marker in _SIZES:
            height, width = data[place + 5 : place + 7], data[place + 7 : place + 9]
            size = (int.from_bytes(width, "big"), int.from_bytes(height, "big"))
        place += 2 + length
        if marker == _SCAN:
            scans += 1
            if scans > caps.IMAGE_SCANS:
                raise Unreadable("image/too_many_scans", cap=caps.IMAGE_SCANS)
            place = _after_scan(data, place, restarts > 0)
    raise Unreadable("image/truncated")


_FILL, _END, _SCAN, _RESTARTS = 0xFF, 0xD9, 0xDA, 0xDD
_MARKERS = {*range(0xC0, 0xD0), *range(0xD9, 0xF0), 0xFE, 0xFF} - {0xC8}
_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
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


def _gif(data: bytes) -> Frame:
    """Walk the blocks to the one that ends the file.

    Source: GIF89a specification, appendix B.
    """
    width, height = (int.from_bytes(data[at : at + 2], "little") for at in (6, 8))
    place, pictures = 13 + _colours(data, 10), 0
    while place < len(data):
        kind = data[place]
        if kind == 0x3B:
            if not pictures:
                raise Unreadable("image/truncated")
            return _frame(width, height, len(data) - place - 1)
        if kind == 0x2C:
            if not pictures:  # a first picture may reach beyond the canvas, which then grows
                if len(data) < place + 9:
                    break
                left, top, wide, high = struct.unpack_from("<4H", data, place + 1)
                width, height = max(width, left + wide), max(height, top + high)
            pictures += 1
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


def _png(data: bytes) -> Frame:
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
        name = data[place + 4 : place + 8]
        if (place == 8) != (name == b"IHDR"):
            raise Unreadable("image/damaged", error="its header is not where it should be")
        if name == b"IEND":
            width, height = struct.unpack_from(">2I", data, 16)
            return _frame(width, height, len(data) - end)
        place = end
    raise Unreadable("image/truncated")


def _webp(data: bytes) -> Frame:
    """Walk the chunks; the first one gives the size.

    Source: RFC 9649, section 2.
    """
    promised = int.from_bytes(data[4:8], "little") + 8
    if promised > len(data):
        raise Unreadable("image/truncated")
    place, size, has_picture = 12, (0, 0), False
    while place + 8 <= promised:
        name, length = struct.unpack_from("<4sI", data, place)
        if place + 8 + length > promised:
            raise Unreadable("image/truncated")
        if place == 12:
            size = _webp_size(name, data[place + 8 : place + 18])
        has_picture = has_picture or name in (b"VP8 ", b"VP8L", b"ANMF")
        place += 8 + length + length % 2
    if not has_picture:
        raise Unreadable("image/truncated")
    return _frame(*size, len(data) - promised)


def _webp_size(name: bytes, start: bytes) -> tuple[int, int]:
    if name == b"VP8X":
        width, height = start[4:7], start[7:10]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if name == b"VP8L":
        bits = int.from_bytes(start[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = start[6:8], start[8:10]
    return int.from_bytes(width, "little") & 0x3FFF, int.from_bytes(height, "little") & 0x3FFF


def _bmp(data: bytes) -> Frame:
    """Compare the rows that the header promises with the bytes that are there.

    A height below zero says that the first row is the top one.
    """
    try:
        (start, header) = struct.unpack_from("<2I", data, 10)
        layout = "<2H2xH" if header == 12 else "<2i2xH"
        width, height, bits = struct.unpack_from(layout, data, 18)
        packing = 0 if header == 12 else struct.unpack_from("<I", data, 30)[0]
    except struct.error as error:
        raise Unreadable("image/truncated") from error
    row = (width * bits + 31) // 32 * 4
    is_plain = packing in (0, 3, 6)  # the others are run lengths, which only a decoder can count
    if is_plain and start + row * abs(height) > len(data):
        raise Unreadable("image/truncated")
    return _frame(max(width, 0), abs(height))


def _tiff(data: bytes) -> Frame:
    return _frame(*tiff.size(data))


def _iso(data: bytes) -> Frame:
    return Frame(frozenset(iso.sizes(data)))


_WALKS: dict[str, Callable[[bytes], Frame]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/gif": _gif,
    "image/bmp": _bmp,
    "image/tiff": _tiff,
    "image/avif": _iso,
    "image/heic": _iso,
}
