"""How long a sound must be at least, by its first bytes and its size, before it is read whole.

Ten hours of sound are hundreds of megabytes, and no more than some minutes of them are ever used.
A plain header says how long it is; where it does not, no encoder spends more bits on a second than
its format allows.
"""

from __future__ import annotations

from handful.data.modalities.sniff import sniff

LOOK = 4096
"""Bytes that are looked at."""
SMALL = 16_000_000
"""Files up to this size are read whole in any case."""

_MOST_BYTES_A_SECOND = {
    "audio/mpeg": 40_000,  # 320 kbit, ISO 11172-3
    "audio/aac": 144_000,  # 6144 bits a frame and channel at 96 kHz, two channels, ISO 13818-7
    "audio/ogg": 250_000,  # libvorbis at its highest, two channels at 200 kHz; Opus ends at 64,000
}


def least_seconds(head: bytes, size: int) -> float:
    """The shortest that a whole file of this kind and size can be.

    Args:
        head: The first `LOOK` bytes.
        size: Of the whole file, in bytes.

    Returns:
        Seconds; 0 where nothing can be said.
    """
    mime = sniff(head)
    if mime == "audio/wav":
        return _wav(head, size)
    if mime == "audio/flac":
        return _flac(head)
    return size / _MOST_BYTES_A_SECOND[mime] if mime in _MOST_BYTES_A_SECOND else 0.0


def _wav(head: bytes, size: int) -> float:
    """By the bytes that the header gives to a second; what precedes the samples is little."""
    place = 12
    while place + 8 <= len(head):
        length = int.from_bytes(head[place + 4 : place + 8], "little")
        if head[place : place + 4] == b"fmt ":
            pace = int.from_bytes(head[place + 16 : place + 20], "little")
            return (size - LOOK) / pace if pace else 0.0
        place += 8 + length + length % 2
    return 0.0


def _flac(head: bytes) -> float:
    """By the number of samples in its first block.

    Source: RFC 9639, section 8.2.
    """
    packed = int.from_bytes(head[18:26], "big")
    rate, samples = packed >> 44, packed & (1 << 36) - 1
    return samples / rate if rate else 0.0
