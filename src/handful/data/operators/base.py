"""What operators share: the columns of a batch, the limits, and values as bytes and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from handful.data.modalities.audio import read as audio
from handful.data.modalities.base import Picture, Sound, Words
from handful.data.modalities.image import read as image
from handful.data.modalities.reading import Reading, Status
from handful.data.modalities.text import read as text
from handful.foundation.errors import UsageError

Value = Picture | Sound | Words

FILES = pa.schema([("modality", pa.string()), ("name", pa.string()), ("data", pa.large_binary())])
"""What goes in first: `text`, `image` or `audio`; the file's name; all its bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is accepted as text, image and sound."""

    text: text.Config = field(default_factory=text.Config)
    """Limits for texts."""
    image: image.Config = field(default_factory=image.Config)
    """Limits for images."""
    audio: audio.Config = field(default_factory=audio.Config)
    """Limits for sounds."""

    def most_bytes(self, modality: str) -> int:
        """The largest file of a modality that is opened.

        Args:
            modality: `text`, `image` or `audio`.
        """
        return getattr(self, modality).max_bytes


class Packed(NamedTuple):
    """A decoded value as one row of a batch.

    Attributes:
        value: `[height, width, 3]` uint8, or little-endian float32 samples, or words as JSON.
        height: Of a picture; 0 for others.
        width: Of a picture; 0 for others.
        rate: Of a sound, in samples per second; 0 for others.
    """

    value: bytes
    height: int = 0
    width: int = 0
    rate: int = 0


def decode(modality: str, data: bytes, limits: Limits) -> Reading[Any]:
    """Decode one file, strictly.

    Args:
        modality: `text`, `image` or `audio`.
        data: The whole file.
        limits: What is accepted.

    Raises:
        Unreadable: With the reason.
    """
    if modality == "image":
        return image.read(data, limits.image)
    if modality == "audio":
        return audio.read(data, limits.audio)
    return text.read(data, limits.text)


def packed(value: Value) -> Packed:
    """A value as bytes.

    Args:
        value: As a reader gives it.
    """
    if isinstance(value, Sound):
        return Packed(np.asarray(value.samples, "<f4").tobytes(), rate=value.rate)
    if isinstance(value, np.ndarray):
        height, width = value.shape[:2]
        return Packed(np.ascontiguousarray(value).tobytes(), height, width)
    return Packed(json.dumps(dict(value), ensure_ascii=False).encode())


def unpacked(modality: str, row: Packed) -> Value:
    """The value that `packed` took.

    Args:
        modality: `text`, `image` or `audio`.
        row: What it made.
    """
    if modality == "image":
        return np.frombuffer(row.value, np.uint8).reshape(row.height, row.width, 3)
    if modality == "audio":
        return Sound(np.frombuffer(row.value, "<f4").astype(np.float32, copy=False), row.rate)
    return json.loads(row.value)


def values_of(batch: pa.RecordBatch) -> list[Value | None]:
    """The canonical values of a batch; None where there is none.

    Args:
        batch: What `canonicalise` made.

    Raises:
        UsageError: When it did not.
    """
    need(batch, "modality", "value", "height", "width", "rate")
    columns = (batch.column(name).to_pylist() for name in Packed._fields)
    rows = zip(batch.column("modality").to_pylist(), *columns, strict=True)
    return [None if row[0] is None else unpacked(modality, Packed(*row)) for modality, *row in rows]


def usable(batch: pa.RecordBatch) -> list[bool]:
    """Which rows `validate` did not refuse.

    Args:
        batch: What it made.

    Raises:
        UsageError: When it did not.
    """
    need(batch, "status")
    return [status != Status.QUARANTINED for status in batch.column("status").to_pylist()]


def need(batch: pa.RecordBatch, *names: str) -> None:
    """Refuse a batch that lacks a column.

    Args:
        batch: Any.
        names: Of the columns.

    Raises:
        UsageError: When one is missing.
    """
    missing = [name for name in names if name not in batch.schema.names]
    if missing:
        raise UsageError(
            f'The batch has no column "{missing[0]}"; it has {", ".join(batch.schema.names)}.',
            "run validate, canonicalise, hash and thumbnail in this order",
        )


def with_columns(
    batch: pa.RecordBatch, schema: pa.Schema, columns: Mapping[str, Sequence[Any]]
) -> pa.RecordBatch:
    """The same batch with more columns.

    Args:
        batch: Any.
        schema: The new columns.
        columns: Their values by name.
    """
    arrays = [pa.array(columns[field.name], field.type) for field in schema]
    kept = [field for field in batch.schema if field.name not in schema.names]
    old = [batch.column(field.name) for field in kept]
    return pa.RecordBatch.from_arrays([*old, *arrays], schema=pa.schema([*kept, *schema]))
