"""What a version comes to: how many items of which kind, and one hash over all rows."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pyarrow as pa

from handful.data.library.items import Status
from handful.data.library.rows import rows_to_answers
from handful.data.library.store import column_lists
from handful.data.modalities.base import MODALITIES

STATUSES = [f"{modality}_status" for modality in MODALITIES]
"""The columns that tell which parts can be used."""


def count(items: pa.Table) -> dict[str, int]:
    """Numbers of items, usable ones, by modality, and of repaired and quarantined parts.

    Args:
        items: With the columns `STATUSES`.
    """
    found = list(zip(*(column_lists(items)[name] for name in STATUSES), strict=True))
    bad = Status.QUARANTINED
    return {
        "items": len(found),
        "usable": sum(any(one not in (None, bad) for one in each) for each in found),
        **{
            modality: sum(each[place] not in (None, bad) for each in found)
            for place, modality in enumerate(MODALITIES)
        },
        "repaired_parts": sum(each.count(Status.REPAIRED) for each in found),
        "quarantined_parts": sum(each.count(bad) for each in found),
    }


def digest(items: pa.Table, labels: pa.Table) -> str:
    """Hash of everything training can depend on, in whatever order the rows are.

    Args:
        items: With the columns `id` and `row_sha256`.
        labels: With all columns.

    Returns:
        64 hexadecimal digits.
    """
    columns = column_lists(items)
    answers = rows_to_answers(labels)
    lines = sorted(
        _line(row, answers.get(identity, []))
        for identity, row in zip(columns["id"], columns["row_sha256"], strict=True)
    )
    return hashlib.sha256(b"".join(lines)).hexdigest()


def _line(row_sha256: str, answers: list[list[Any]]) -> bytes:
    """One item with what stands about it."""
    return hashlib.sha256(_JSON.encode([row_sha256, answers]).encode()).digest()


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
