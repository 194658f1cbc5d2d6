"""Name every file by its bytes and by what is seen, heard or read.

Use when: copies are to be found, whatever they are called and however they were packed.
Cost: one pass over the bytes and one over the value.
Adds: sha256 (of the file), content_sha256 (of the value; null where there is none).
"""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

from handful.data.modalities.audio import read as audio
from handful.data.modalities.base import Sound
from handful.data.modalities.image import read as image
from handful.data.modalities.text import read as text
from handful.data.operators.base import Value, need, values_of, with_columns

HASHES = pa.schema([("sha256", pa.string()), ("content_sha256", pa.string())])
"""What is added."""


def of_bytes(data: bytes) -> str:
    """The hash of a file.

    Args:
        data: All its bytes.
    """
    return hashlib.sha256(data).hexdigest()


def of_value(value: Value) -> str:
    """The hash of what is seen, heard or read.

    Args:
        value: Decoded.
    """
    if isinstance(value, Sound):
        return audio.content_hash(value)
    return image.content_hash(value) if isinstance(value, np.ndarray) else text.content_hash(value)


def hash(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Hash a batch of files.

    Args:
        batch: What `canonicalise` made.

    Returns:
        The batch with the columns of `HASHES`.

    Raises:
        UsageError: When a column is missing.
    """
    need(batch, "data")
    files = [of_bytes(data) for data in batch.column("data").to_pylist()]
    contents = [None if value is None else of_value(value) for value in values_of(batch)]
    return with_columns(batch, HASHES, {"sha256": files, "content_sha256": contents})
