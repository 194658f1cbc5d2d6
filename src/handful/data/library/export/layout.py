"""What an export looks like: one table, the files, a page that explains them, and their hashes.

    FOLDER/README.md          what every column means
    FOLDER/items.parquet      one row per item, its labels as a list
    FOLDER/media/ab/ab12….jpg the exact bytes of every file, named by their hash
    FOLDER/manifest.json      written last: the library's digest, and the hash of every file

A folder without its manifest is no export.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from handful.data.library import counting, rows
from handful.data.library.items import Item, Label, LabelKind
from handful.data.library.store import column_lists
from handful.data.modalities.base import MODALITIES

KIND = "export"
TABLE = "items.parquet"
README = "README.md"
MEDIA = "media"
NAME = re.compile(r"media/[0-9a-f]{2}/([0-9a-f]{64})(\.[a-z0-9]{1,5})?")
"""What a file of an export is called; nothing else is opened."""

_LABEL = pa.struct(
    [
        ("task", pa.string()),
        ("value", pa.string()),
        ("annotator", pa.string()),
        ("kind", pa.string()),
        ("time", pa.timestamp("us", "UTC")),
        ("confidence", pa.float64()),
        ("superseded", pa.bool_()),
    ]
)

SCHEMA = pa.schema(
    [
        *rows.ITEMS,
        pa.field("labels", pa.list_(_LABEL)),
        *(pa.field(f"{modality}_file", pa.string()) for modality in MODALITIES),
    ]
)
"""The library's own columns, the labels of each item, and where its files lie in the export."""

MEANINGS = {
    "id": "The item's name in the library, for ever: a UUID that sorts by the time it came.",
    "key": "What it is called where it came from.",
    "source": "The folder, table or archive it came from, as a path on the machine that added it.",
    "group_id": "What it must stay together with when data is split; empty when nobody said.",
    "split": "`train`, `validation`, `test`, `holdout`, or `out` (takes no part); empty when none.",
    "split_reason": "Why it is in this split.",
    "licence": "SPDX expression or `LicenseRef-...`, as it was given; empty when nobody said.",
    "licence_evidence": "Where the licence is written.",
    "rights_holder": "Who holds the rights.",
    "attribution": "The text to print when the item is shown.",
    "consent_subjects": "Who can be seen, heard or read of, as pseudonyms.",
    "consent_basis": "On what ground it is kept, such as `consent`.",
    "consent_scope": "What these people agreed to, in words.",
    "consent_expires": "The last day on which that holds; empty when it does not end.",
    "parents": "The items it was made from, by id or by name in the same source.",
    "operation": "How it was made from them.",
    "created": "When it came into the library, in UTC.",
    "revision": "How often it was read anew because its files or its table row changed.",
    "declared_sha256": "Hash of all that its source said of it without a file being opened.",
    "row_sha256": "Hash over what training can depend on, without the labels.",
    "text_languages": "The languages of the text, such as `en`; `und` where nobody said.",
    "text_values": "The text in each of these languages.",
    "labels": "Every statement about the item, oldest first: `task` and `value` (empty takes an "
    "earlier one back), `annotator`, `kind` (`human`, `import`, `feedback`, `weak`, `model`), "
    "`time`, `confidence`, and `superseded` where the same annotator said something later.",
}
"""Column to what it means, for those that are not about one modality."""

PART_MEANINGS = {
    "status": "`ok`, `repaired` or `quarantined` (not used, and kept).",
    "reason": "The code of what is wrong or was put right; empty when nothing.",
    "detail": "The same as a sentence.",
    "notes": "Codes of what else is worth knowing.",
    "path": "Where the bytes lay on the machine that exported; relative to its library's folder "
    "for copies, empty for a text from a table.",
    "origin": "Where it came from, as the person who added it knows it.",
    "sha256": "Hash of the bytes; empty when they could not be read.",
    "content_sha256": "Hash of what is seen, heard or read; empty when it could not be decoded.",
    "mime": "Type by content.",
    "size": "In bytes.",
    "stamp": "Modification time in nanoseconds or CRC-32 when it was added.",
    "meta": "Plain facts such as width and height, as JSON.",
    "file": "Where the exact bytes lie in this folder; empty when there are none.",
}
"""The same for the columns `image_status` and its like."""


def to_table(items: Sequence[Item], files: Sequence[dict[str, str]]) -> pa.Table:
    """Items as rows of an export.

    Args:
        items: With their labels.
        files: For each, modality to the name of its file in the export.
    """
    table = rows.items_to_rows(items)
    labels = [[_plain(label) for label in item.labels] for item in items]
    table = table.append_column("labels", pa.array(labels, pa.list_(_LABEL)))
    for modality in MODALITIES:
        names = [each.get(modality) for each in files]
        table = table.append_column(f"{modality}_file", pa.array(names, pa.string()))
    return table.cast(SCHEMA)


def from_table(table: pa.Table) -> tuple[list[Item], list[dict[str, str]]]:
    """Rows of an export as items, and for each the names of its files.

    Args:
        table: With the columns of `SCHEMA`.

    Raises:
        KeyError: When a column is missing that was always there.
        ValueError: When a value is none that the library knows.
        pyarrow.ArrowException: When a column is of another kind.
    """
    table = rows.completed(table, rows.SINCE).select(SCHEMA.names).cast(SCHEMA).sort_by("id")
    columns = column_lists(table.select([f"{modality}_file" for modality in MODALITIES]))
    ids = table.column("id").to_pylist()
    labels = dict(zip(ids, map(_labels, _plain_lists(table)), strict=True))
    if len(labels) != len(ids):
        raise ValueError("an id occurs twice")
    items = rows.rows_to_items(table.select(rows.ITEMS.names), labels)
    files = [
        {
            modality: name
            for modality in MODALITIES
            if (name := columns[f"{modality}_file"][row]) is not None
        }
        for row in range(len(ids))
    ]
    return items, files


def digest_of(items: Sequence[Item]) -> str:
    """The row digest of a library that holds these items and no others.

    Args:
        items: With their labels.
    """
    said = [rows.LabelRow(item.id, label) for item in items for label in item.labels]
    table = rows.items_to_rows(items).select(["id", "row_sha256"])
    return counting.digest([table], rows.labels_to_rows(said, 0))


def readme(items: int, version: int, digest: str, missing: Iterable[str]) -> str:
    """The page that explains an export.

    Args:
        items: How many rows there are.
        version: Of the library.
        digest: Its row digest.
        missing: Names of files that could not be taken along, with the reason.
    """
    lines = [
        "# A library of Handful",
        "",
        f"{items} items, version {version}, row digest `{digest}`.",
        "",
        "`items.parquet` has one row per item and is read by pandas, Polars, DuckDB, Spark and "
        "Excel's Power Query. `media/` holds the exact bytes of every file, named by their "
        "SHA-256. `manifest.json` lists the SHA-256 of every file here and was written last, so a "
        "folder without it is not whole. Of items that were forgotten it keeps hashes and times, "
        "so that they stay out where this is imported.",
        "",
        "It becomes the same library again in an empty project: `handful new shop`, then "
        "`handful library import FOLDER --project shop`.",
        "",
        "| column | meaning |",
        "|---|---|",
        *(f"| `{name}` | {meaning} |" for name, meaning in MEANINGS.items()),
    ]
    for name, meaning in PART_MEANINGS.items():
        shown = ", ".join(f"`{modality}_{name}`" for modality in MODALITIES)
        lines.append(f"| {shown} | {meaning} |")
    lines += ["", "A modality that an item does not have is empty in all its columns."]
    missing = list(missing)
    if missing:
        lines += ["", "Not here, because they could not be read when this was written:", ""]
        lines += [f"- {_escaped(name)}" for name in missing]
    return "\n".join(lines) + "\n"


def _escaped(name: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in name)


def _plain(label: Label) -> dict[str, Any]:
    return {
        "task": label.task,
        "value": label.value,
        "annotator": label.annotator,
        "kind": str(label.kind),
        "time": label.time,
        "confidence": label.confidence,
        "superseded": label.superseded,
    }


def _plain_lists(table: pa.Table) -> list[list[dict[str, Any]]]:
    """The labels, with times as microseconds: Arrow wants a time zone database otherwise."""
    plain = pa.struct(
        [(field.name, pa.int64() if field.name == "time" else field.type) for field in _LABEL]
    )
    return table.column("labels").cast(pa.list_(plain)).to_pylist()


def _labels(plain: list[dict[str, Any]] | None) -> tuple[Label, ...]:
    return tuple(
        Label(
            task=each["task"],
            value=each["value"],
            annotator=each["annotator"],
            kind=LabelKind(each["kind"]),
            time=rows.utc(each["time"]),
            confidence=each["confidence"],
            superseded=each["superseded"],
        )
        for each in plain or ()
    )
