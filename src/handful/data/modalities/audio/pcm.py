"""The plainest sound files, read without a decoder: WAV of a header, samples and nothing else.

Most recordings are these, and nothing has to be decoded in them: the samples are numbers in a row.
libsndfile takes 130 microseconds to open one, several times what is done with it afterwards. What
is not exactly of this form is left to libsndfile, which gives the same numbers to the bit.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_KINDS = {
    (1, 8): "PCM_U8",
    (1, 16): "PCM_16",
    (1, 24): "PCM_24",
    (1, 32): "PCM_32",
    (3, 32): "FLOAT",
}


class Plain(NamedTuple):
    """Where the samples are, and what they are.

    Attributes:
        channels: How many.
        rate: Samples per second.
        frames: Samples of each channel.
        kind: As libsndfile names it.
    """

    channels: int
    rate: int
    frames: int
    kind: str


def look(data: bytes) -> Plain | None:
    """Whether a file is of the plainest form, every length in it agreeing with every other.

    Args:
        data: The whole file.

    Returns:
        None for anything else.
    """
    if len(data) < _HEADER.size:
        return None
    riff, size, wave, fmt, rest, tag, channels, rate, pace, step, bits, name, length = (
        _HEADER.unpack_from(data)
    )
    kind = _KINDS.get((tag, bits))
    is_plain = (riff, wave, fmt, name, rest) == (b"RIFF", b"WAVE", b"fmt ", b"data", 16)
    if not is_plain or kind is None:
        return None
    whole = len(data) == _HEADER.size + length + length % 2 == size + 8
    agrees = step == channels * bits // 8 and pace == rate * step and channels and length
    if not whole or not agrees or length % step:
        return None
    return Plain(channels, rate, length // step, kind)


def samples(data: bytes, plain: Plain) -> NDArray[np.float32]:
    """The samples, scaled so that 1 is full scale.

    Args:
        data: The whole file.
        plain: What `look` said of it.

    Returns:
        `[T, C]` float32.
    """
    count = plain.frames * plain.channels
    width = {"PCM_U8": 1, "PCM_16": 2, "PCM_24": 3}.get(plain.kind, 4)
    held = memoryview(data)[_HEADER.size : _HEADER.size + count * width]
    if plain.kind == "PCM_U8":
        found = (np.frombuffer(held, np.uint8).astype(np.float32) - 128) / np.float32(1 << 7)
    elif plain.kind == "PCM_16":
        found = np.frombuffer(held, "<i2").astype(np.float32) / np.float32(1 << 15)
    elif plain.kind == "PCM_24":
        wide = np.zeros((count, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(held, np.uint8).reshape(count, 3)
        found = wide.view("<i4")[:, 0].astype(np.float32) / np.float32(1 << 31)
    elif plain.kind == "PCM_32":
        found = np.frombuffer(held, "<i4").astype(np.float32) / np.float32(1 << 31)
    else:
        found = np.frombuffer(held, "<f4").astype(np.float32)
    return found.reshape(plain.frames, plain.channels)
