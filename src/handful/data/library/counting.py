"""What a version comes to: how many items of which kind, and one hash over all rows."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from handful.data.library.items import Status
from handful.data.library.rows import rows_to_answers
from handful.data.library.store import column_lists
from handful.data.modalities.base import MODALITIES

STATUSES = [f"{modality}_status" for modality in MODALITIES]
"""The columns that tell which parts can be used."""


def count(items: Iterable[pa.Table]) -> dict[str, int]:
    """Numbers of items, usable ones, by modality, and of repaired and quarantined parts.

    Args:
        items: Piece by piece, with the columns `STATUSES`.
    """
    found: Counter[tuple[str | None, ...]] = Counter()
    for piece in items:
        found.update(zip(*(column_lists(piece)[name] for name in STATUSES), strict=True))
    bad = Status.QUARANTINED
    parts = [(status, number) for each, number in found.items() for status in each]
    return {
        "items": found.total(),
        "usable": sum(
            number for each, number in found.items() if any(one not in (None, bad) for one in each)
        ),
        **{
            modality: sum(
                number for each, number in found.items() if each[place] not in (None, bad)
            )
            for place, modality in enumerate(MODALITIES)
        },
        "repaired_parts": sum(number for status, number in parts if status == Status.REPAIRED),
        "quarantined_parts": sum(number for status, number in parts if status == bad),
    }


def digest(items: Iterable[pa.Table], labels: pa.Table) -> str:
    """Hash of everything training can depend on, in whatever order the rows are.

    Args:
        items: Piece by piece, with the columns `id` and `row_sha256`.
        labels: With all columns.

    Returns:
        64 hexadecimal digits.
    """
    answers = rows_to_answers(labels)
    lines = bytearray()
    for piece in items:
        columns = column_lists(piece)
        for identity, row in zip(columns["id"], columns["row_sha256"], strict=True):
            lines += _line(row, answers.get(identity, []))
    np.frombuffer(lines, "S32").sort()  # in place: 32 bytes for each item and no more
    return hashlib.sha256(lines).hexdigest()


def _line(row_sha256: str, answers: list[list[Any]]) -> bytes:
    """One item with what stands about it."""
    if not answers:  # most have none, and writing JSON costs ten times as much
        return hashlib.sha256(f'["{row_sha256}",[]]'.encode()).digest()
    return hashlib.sha256(_JSON.encode([row_sha256, answers]).encode()).digest()


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
