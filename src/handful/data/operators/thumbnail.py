"""Make the small form of a picture or a sound that pages show.

Use when: many items are to be looked at. Cost: about a millisecond for a picture.
Adds: thumbnail, thumbnail_mime. A picture becomes a JPEG of at most 256 pixels on its long side,
turned as it is to be seen and with nothing in it but pixels; a sound becomes 128 bytes, the peak of
each part of it relative to the loudest; words have none.
"""

from __future__ import annotations

import functools

import numpy as np
import pyarrow as pa
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from handful.data.modalities.base import Picture, Sound
from handful.data.operators.base import Value, need, values_of, with_columns

SIDE = 256
QUALITY = 82
PEAKS = 128
FINGERPRINT = f"thumbnail 1: jpeg {SIDE} hamming q{QUALITY} 4:2:0; peaks {PEAKS}"
"""Changes whenever a thumbnail of the same value would."""

MIMES = {"image": "image/jpeg", "audio": "application/x-peaks"}
"""By modality; peaks are unsigned bytes."""

THUMBNAILS = pa.schema([("thumbnail", pa.binary()), ("thumbnail_mime", pa.string())])
"""What is added."""


def of_value(value: Value) -> bytes | None:
    """The thumbnail of one value; None for words.

    Args:
        value: Decoded.
    """
    if isinstance(value, Sound):
        return (peaks(value, PEAKS) * 255 + 0.5).astype(np.uint8).tobytes()
    return of_picture(value) if isinstance(value, np.ndarray) else None


def of_picture(picture: Picture) -> bytes:
    """A JPEG of a picture, never larger than it.

    Args:
        picture: `[height, width, 3]` uint8.
    """
    image = Image.fromarray(np.ascontiguousarray(picture))
    image.thumbnail((SIDE, SIDE), Image.Resampling.HAMMING)
    return simplejpeg.encode_jpeg(np.asarray(image), quality=QUALITY, colorsubsampling="420")


def peaks(sound: Sound, count: int) -> NDArray[np.float32]:
    """How loud a sound is over its length.

    Args:
        sound: Any length.
        count: How many figures.

    Returns:
        `[count]` from 0 to 1: the peak of each part, relative to the loudest.
    """
    if not len(sound.samples):
        return np.zeros(count, np.float32)
    found = np.maximum.reduceat(np.abs(sound.samples), _starts(len(sound.samples), count))
    return (found / max(float(found.max()), 1e-9)).astype(np.float32)


@functools.lru_cache(maxsize=64)
def _starts(length: int, count: int) -> NDArray[np.intp]:
    """Where the parts start; a part of a very short sound has one sample."""
    return (np.arange(count) * length // count).astype(np.intp)


def thumbnail(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Make the thumbnails of a batch.

    Args:
        batch: What `canonicalise` made.

    Returns:
        The batch with the columns of `THUMBNAILS`.

    Raises:
        UsageError: When a column is missing.
    """
    need(batch, "modality")
    made = [None if value is None else of_value(value) for value in values_of(batch)]
    mimes = [
        None if each is None else MIMES[modality]
        for each, modality in zip(made, batch.column("modality").to_pylist(), strict=True)
    ]
    return with_columns(batch, THUMBNAILS, {"thumbnail": made, "thumbnail_mime": mimes})
