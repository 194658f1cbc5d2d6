"""Turn every usable file into the one form that towers and pages read.

Use when: pixels, samples or words are needed beside the file. Cost: one decode; a picture takes
three bytes for each pixel, so give it few rows at a time.
Adds: value (RGB with the orientation applied, one channel of float32, or words as JSON), height,
width, rate, meta (plain facts, as JSON).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pyarrow as pa

from handful.data.operators.base import Limits, decode, need, packed, usable, with_columns

VALUES = pa.schema(
    [
        ("value", pa.large_binary()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("rate", pa.int32()),
        ("meta", pa.string()),
    ]
)
"""What is added."""


def canonicalise(batch: pa.RecordBatch, limits: Limits | None = None) -> pa.RecordBatch:
    """Decode a batch of files.

    Args:
        batch: What `validate` made.
        limits: The same that it was given.

    Returns:
        The batch with the columns of `VALUES`.

    Raises:
        UsageError: When a column is missing.
        Unreadable: When limits are narrower than those of `validate`.
    """
    need(batch, "modality", "data", "status")
    limits = limits or Limits()
    once = replace(limits, image=replace(limits.image, twice=False))  # `validate` asked for both
    rows = [
        _row(modality, data, once) if is_usable else dict.fromkeys(VALUES.names)
        for modality, data, is_usable in zip(
            batch.column("modality").to_pylist(),
            batch.column("data").to_pylist(),
            usable(batch),
            strict=True,
        )
    ]
    return with_columns(batch, VALUES, {name: [row[name] for row in rows] for name in VALUES.names})


def _row(modality: str, data: bytes, limits: Limits) -> dict[str, Any]:
    reading = decode(modality, data, limits)
    meta = json.dumps(dict(reading.meta), ensure_ascii=False)
    return {**packed(reading.value)._asdict(), "meta": meta}
