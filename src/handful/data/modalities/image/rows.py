"""Does a PNG hold all the rows that its header promises, and no more?

Pillow paints rows black that are not there. This unpacks the coded data once more, only to count
it; zlib's own checksum at the end of the data is compared on the way.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from handful.data.modalities.reading import Unreadable

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""Of an interlaced picture: first column and row of each pass, and the steps between them."""

_PIECE = 1 << 20


def check(data: bytes) -> None:
    """Count the bytes of all rows.

    Args:
        data: A whole PNG, within the cap on pixels; its chunks were walked before.

    Raises:
        Unreadable: When rows are missing or too many, or cannot be unpacked.

    Source: PNG specification, third edition, sections 7 and 10.
    """
    header = struct.unpack_from(">2I5B", data, 16) if len(data) >= 33 else (0,) * 7
    width, height, depth, colour, _, _, interlaced = header
    if colour not in _CHANNELS:
        raise Unreadable("image/damaged", error=f"its kind of colour is {colour}")
    bits = depth * _CHANNELS[colour]
    promised = _promised(width, height, bits, bool(interlaced))
    held = 0
    unpack = zlib.decompressobj()
    try:
        for piece in _coded(data):
            held += len(unpack.decompress(piece, _PIECE))
            while unpack.unconsumed_tail and held <= promised:
                held += len(unpack.decompress(unpack.unconsumed_tail, _PIECE))
            if held > promised:
                raise Unreadable("image/damaged", error="it holds more rows than its header says")
    except zlib.error as error:
        raise Unreadable("image/damaged", error=str(error)) from error
    if held < promised or not unpack.eof:
        raise Unreadable("image/truncated")


def _promised(width: int, height: int, bits: int, interlaced: bool) -> int:
    """Bytes of all rows, each with one more that names its filter; empty passes have none."""
    total = 0
    for left, top, right, down in _PASSES if interlaced else ((0, 0, 1, 1),):
        wide, high = -((left - width) // right), -((top - height) // down)
        if wide > 0 and high > 0:
            total += high * (1 + (wide * bits + 7) // 8)
    return total


def _coded(data: bytes) -> Iterator[memoryview]:
    view, place = memoryview(data), 8
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        name = data[place + 4 : place + 8]
        if name == b"IDAT":
            yield view[place + 8 : place + 8 + length]
        if name == b"IEND":
            return
        place += 12 + length
