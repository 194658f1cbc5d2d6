"""Items and labels as rows of tables, and back.

A modality that an item does not have is null in all its columns. Facts about one part that nobody
filters by travel as JSON in one column.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import pyarrow as pa

from handful.data.library.items import (
    Consent,
    Item,
    Label,
    LabelKind,
    Lineage,
    Part,
    Rights,
    Split,
    Status,
)
from handful.data.library.store import column_lists
from handful.data.modalities.base import MODALITIES

_TIME = pa.timestamp("us", "UTC")
_TEXTS = pa.list_(pa.string())

_ITEM_COLUMNS = {
    "id": pa.string(),
    "key": pa.string(),
    "source": pa.string(),
    "group_id": pa.string(),
    "split": pa.string(),
    "split_reason": pa.string(),
    "licence": pa.string(),
    "licence_evidence": pa.string(),
    "rights_holder": pa.string(),
    "attribution": pa.string(),
    "consent_subjects": _TEXTS,
    "consent_basis": pa.string(),
    "consent_scope": pa.string(),
    "consent_expires": pa.string(),
    "parents": _TEXTS,
    "operation": pa.string(),
    "created": _TIME,
    "revision": pa.int32(),
    "declared_sha256": pa.string(),
    "row_sha256": pa.string(),
}
_PART_COLUMNS = {
    "status": pa.string(),
    "reason": pa.string(),
    "detail": pa.string(),
    "notes": _TEXTS,
    "path": pa.string(),
    "origin": pa.string(),
    "sha256": pa.string(),
    "content_sha256": pa.string(),
    "mime": pa.string(),
    "size": pa.int64(),
    "stamp": pa.string(),
    "meta": pa.string(),
}

ITEMS = pa.schema(
    [
        *_ITEM_COLUMNS.items(),
        *(
            (f"{modality}_{name}", kind)
            for modality in MODALITIES
            for name, kind in _PART_COLUMNS.items()
        ),
        ("text_languages", _TEXTS),
        ("text_values", _TEXTS),
    ]
)
"""One row per item; `image_status` and its like are null where an item has no image.

Columns come and none goes: a table that was made before a column came is read as if it held null
there, and gets the column with the next change.
"""

SINCE = pa.schema(
    [
        (name, kind)
        for name, kind in _ITEM_COLUMNS.items()
        if name.startswith("consent_") or name in ("parents", "operation")
    ]
)
"""The columns that came after the first tables were made."""

LABELS = pa.schema(
    [
        ("item_id", pa.string()),
        ("task", pa.string()),
        ("value", pa.string()),
        ("annotator", pa.string()),
        ("kind", pa.string()),
        ("time", _TIME),
        ("confidence", pa.float64()),
        ("place", pa.int64()),
    ]
)
"""One row per statement, only ever added to; `place` counts them, because clocks go back."""


class LabelRow(NamedTuple):
    """One statement with the item it is about."""

    item_id: str
    label: Label


def items_to_rows(items: Sequence[Item]) -> pa.Table:
    """Make rows of items; their labels are not among them.

    Args:
        items: Each with its id.
    """
    columns = {**_item_columns(items)}
    for modality in MODALITIES:
        columns |= _part_columns(modality, [item.parts.get(modality) for item in items])
    return pa.table([pa.array(columns[each.name], each.type) for each in ITEMS], schema=ITEMS)


def rows_to_items(rows: pa.Table, labels: Mapping[str, tuple[Label, ...]]) -> list[Item]:
    """Make items of rows, sorted by id, which is the order in which they came.

    Args:
        rows: With the columns of `ITEMS`.
        labels: Item id to its statements, oldest first.
    """
    columns = column_lists(_with_plain_times(completed(rows, SINCE), "created"))
    parts = {modality: _parts(columns, modality) for modality in MODALITIES}
    items = [
        Item(
            id=identity,
            key=columns["key"][row],
            source=columns["source"][row],
            parts={m: part for m in MODALITIES if (part := parts[m][row]) is not None},
            group=columns["group_id"][row],
            split=Split(split) if (split := columns["split"][row]) else None,
            split_reason=columns["split_reason"][row],
            rights=Rights(
                licence=columns["licence"][row],
                evidence=columns["licence_evidence"][row],
                holder=columns["rights_holder"][row],
                attribution=columns["attribution"][row],
            ),
            consent=_consent(columns, row),
            lineage=_lineage(columns, row),
            labels=labels.get(identity, ()),
            created=utc(columns["created"][row]),
            revision=columns["revision"][row],
            declared_sha256=columns["declared_sha256"][row],
        )
        for row, identity in enumerate(columns["id"])
    ]
    return sorted(items, key=lambda item: item.id)


def completed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The same rows with null in the columns that did not exist when they were written.

    Args:
        rows: Of any time.
        schema: The columns of today.
    """
    for field in schema:
        if field.name not in rows.column_names:
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    return rows


_NO_CONSENT, _NO_LINEAGE = Consent(), Lineage()


def _consent(columns: Mapping[str, list[Any]], row: int) -> Consent:
    subjects, basis, scope, expires = (
        columns[f"consent_{name}"][row] for name in ("subjects", "basis", "scope", "expires")
    )
    if not (subjects or basis or scope or expires):
        return _NO_CONSENT
    return Consent(
        subjects=tuple(subjects or ()), basis=basis or "", scope=scope or "", expires=expires or ""
    )


def _lineage(columns: Mapping[str, list[Any]], row: int) -> Lineage:
    parents, operation = columns["parents"][row], columns["operation"][row]
    if not (parents or operation):
        return _NO_LINEAGE
    return Lineage(parents=tuple(parents or ()), operation=operation or "")


def labels_to_rows(labels: Sequence[LabelRow], first_place: int) -> pa.Table:
    """Make rows of statements.

    Args:
        labels: In the order they were given.
        first_place: How many statements the library holds before these.
    """
    rows = [
        {
            "item_id": row.item_id,
            "task": row.label.task,
            "value": row.label.value,
            "annotator": row.label.annotator,
            "kind": str(row.label.kind),
            "time": row.label.time,
            "confidence": row.label.confidence,
            "place": first_place + place,
        }
        for place, row in enumerate(labels)
    ]
    return pa.Table.from_pylist(rows, schema=LABELS)


def rows_to_labels(rows: pa.Table) -> dict[str, tuple[Label, ...]]:
    """Make statements of rows, marking those that a later one of the same annotator replaced.

    Args:
        rows: With the columns of `LABELS`, in any order.

    Returns:
        Item id to its statements, oldest first.
    """
    columns = column_lists(_with_plain_times(rows.sort_by("place"), "time"))
    standing = _standing(columns)
    labels: dict[str, list[Label]] = {}
    for row, identity in enumerate(columns["item_id"]):
        label = Label(
            task=columns["task"][row],
            value=columns["value"][row],
            annotator=columns["annotator"][row],
            kind=LabelKind(columns["kind"][row]),
            time=utc(columns["time"][row]),
            confidence=columns["confidence"][row],
            superseded=row not in standing,
        )
        labels.setdefault(identity, []).append(label)
    return {identity: tuple(each) for identity, each in labels.items()}


def rows_to_answers(rows: pa.Table) -> dict[str, list[list[Any]]]:
    """Only what stands, as plain data for hashing: times and taken-back answers are left out.

    Args:
        rows: With the columns of `LABELS`, in any order.

    Returns:
        Item id to task, value, annotator, kind and confidence of each statement, sorted.
    """
    columns = column_lists(rows.sort_by("place"))
    names = ("task", "value", "annotator", "kind", "confidence")
    answers: dict[str, list[list[Any]]] = {}
    for row in _standing(columns):
        if columns["value"][row] is not None:
            answer = [columns[name][row] for name in names]
            answers.setdefault(columns["item_id"][row], []).append(answer)
    return {identity: sorted(each, key=json.dumps) for identity, each in answers.items()}


class Identities:
    """Makes ids that sort by the time they were made: UUID version 7, never going back.

    Args:
        last: The greatest id in use; a clock that was set back does not get below it.

    Source: RFC 9562, section 5.7, with the twelve bits of `rand_a` as a counter (6.2, method 1).
    """

    def __init__(self, last: str = "") -> None:
        number = UUID(last).int if last else 0
        self._tick = (number >> 80) << 12 | (number >> 64 & 0xFFF)
        self._chance = b""

    def fresh(self) -> str:
        """An id that no item has."""
        self._tick = max(self._tick + 1, (time.time_ns() // 1_000_000) << 12)
        milliseconds, counter = self._tick >> 12, self._tick & 0xFFF
        number = milliseconds << 80 | 7 << 76 | counter << 64 | 2 << 62 | self._randbits()
        digits = f"{number:032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def _randbits(self) -> int:
        """62 random bits, asked of the system some hundred times less often."""
        if not self._chance:
            self._chance = os.urandom(4096)
        taken, self._chance = self._chance[:8], self._chance[8:]
        return int.from_bytes(taken, "big") >> 2


def _item_columns(items: Sequence[Item]) -> dict[str, list[Any]]:
    """By column, not by row: half the time of a table made of rows."""
    return {
        "id": [item.id for item in items],
        "key": [item.key for item in items],
        "source": [item.source for item in items],
        "group_id": [item.group for item in items],
        "split": [str(item.split) if item.split else None for item in items],
        "split_reason": [item.split_reason for item in items],
        "licence": [item.rights.licence for item in items],
        "licence_evidence": [item.rights.evidence for item in items],
        "rights_holder": [item.rights.holder for item in items],
        "attribution": [item.rights.attribution for item in items],
        "consent_subjects": [list(item.consent.subjects) or None for item in items],
        "consent_basis": [item.consent.basis or None for item in items],
        "consent_scope": [item.consent.scope or None for item in items],
        "consent_expires": [item.consent.expires or None for item in items],
        "parents": [list(item.lineage.parents) or None for item in items],
        "operation": [item.lineage.operation or None for item in items],
        "created": [item.created for item in items],
        "revision": [item.revision for item in items],
        "declared_sha256": [item.declared_sha256 for item in items],
        "row_sha256": [item.row_sha256 for item in items],
    }


def _part_columns(modality: str, parts: Sequence[Part | None]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        f"{modality}_{name}": [part and getattr(part, name) for part in parts]
        for name in _PART_COLUMNS
        if name != "meta"
    }
    columns[f"{modality}_meta"] = [part and _JSON.encode(dict(part.meta)) for part in parts]
    if modality == "text":
        words = [part.words if part else None for part in parts]
        columns["text_languages"] = [None if each is None else list(each) for each in words]
        columns["text_values"] = [None if each is None else list(each.values()) for each in words]
    return columns


_JSON = json.JSONEncoder(ensure_ascii=False)


def _parts(columns: Mapping[str, list[Any]], modality: str) -> list[Part | None]:
    names = list(_PART_COLUMNS)
    lists = [columns[f"{modality}_{name}"] for name in names]
    is_text = modality == "text"
    parts: list[Part | None] = []
    for row, values in enumerate(zip(*lists, strict=True)):
        facts = dict(zip(names, values, strict=True))
        if facts["status"] is None:
            parts.append(None)
            continue
        facts["status"] = Status(facts["status"])
        facts["notes"] = tuple(facts["notes"] or ())
        facts["meta"] = json.loads(facts["meta"])
        words = _words(columns, row) if is_text else None
        parts.append(Part(modality=modality, words=words, **facts))
    return parts


def _words(columns: Mapping[str, list[Any]], row: int) -> dict[str, str] | None:
    languages, values = columns["text_languages"][row], columns["text_values"][row]
    return dict(zip(languages, values, strict=True)) if languages else None


def _standing(columns: Mapping[str, list[Any]]) -> set[int]:
    """The last row of each annotator about each task of each item."""
    key = [columns[name] for name in ("item_id", "task", "annotator", "kind")]
    return set({each: row for row, each in enumerate(zip(*key, strict=True))}.values())


def _with_plain_times(rows: pa.Table, name: str) -> pa.Table:
    """Arrow's own conversion asks for a time zone database, which small systems lack."""
    place = rows.schema.get_field_index(name)
    return rows.set_column(place, name, rows.column(name).cast(pa.int64()))


def utc(microseconds: int) -> datetime:
    """A time.

    Args:
        microseconds: Since 1970.
    """
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(
        microsecond=microseconds % 1_000_000
    )
