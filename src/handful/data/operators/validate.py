"""Say of every file whether it may be used, and why not.

Use when: always, first. Cost: one strict decode of each file.
Adds: status (`ok`, `repaired`, `quarantined`), reason, detail, notes, mime, decoders (1 or 2).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pyarrow as pa

from handful.data.modalities.reading import Reading, Status, Unreadable
from handful.data.modalities.sniff import HEAD, kind_by_name, sniff
from handful.data.modalities.text.read import WORD
from handful.data.operators.base import FILES, Limits, decode, need, with_columns

VERDICTS = pa.schema(
    [
        ("status", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("notes", pa.list_(pa.string())),
        ("mime", pa.string()),
        ("decoders", pa.int8()),
    ]
)
"""What is added."""


class Judged(NamedTuple):
    """What is to be said of one file.

    Attributes:
        status: Whether it may be used.
        reason: The code of what is wrong or was put right; empty when ok.
        detail: The reason's sentence, with its numbers.
        notes: Codes of what else is worth knowing.
        mime: Type by content.
        decoders: How many decoders, written apart, made the same of it; 0 when refused.
        reading: What was decoded; None when it may not be used.
    """

    status: Status
    reason: str
    detail: str
    notes: tuple[str, ...]
    mime: str
    decoders: int
    reading: Reading[Any] | None


def judge(modality: str, name: str, data: bytes, limits: Limits) -> Judged:
    """Judge one file.

    Args:
        modality: What it is meant to be: `text`, `image` or `audio`.
        name: Its name; only the ending is looked at.
        data: All its bytes.
        limits: What is accepted.
    """
    try:
        reading = decode(modality, data, limits)
    except Unreadable as fault:
        return Judged(
            Status.QUARANTINED, fault.reason, fault.what, (), sniff(data[:HEAD]), 0, reading=None
        )
    judged = of_reading(reading)
    if kind_by_name(name) and not _suffix_fits(name, reading.mime):
        judged = judged._replace(notes=tuple(sorted({*judged.notes, "file/wrong_suffix"})))
    return judged


def of_reading(reading: Reading[Any]) -> Judged:
    """What is to be said of something that could be read.

    Args:
        reading: Of any modality.
    """
    repaired = reading.repair
    return Judged(
        status=Status.REPAIRED if repaired else Status.OK,
        reason=repaired,
        detail=Unreadable(repaired).what if repaired else "",
        notes=tuple(sorted({*reading.notes} - {repaired})),
        mime=reading.mime,
        decoders=reading.meta.get("decoders", 1),
        reading=reading,
    )


def validate(batch: pa.RecordBatch, limits: Limits | None = None) -> pa.RecordBatch:
    """Judge a batch of files.

    Args:
        batch: With the columns of `base.FILES`.
        limits: What is accepted; the defaults when left out.

    Returns:
        The batch with the columns of `VERDICTS`.

    Raises:
        UsageError: When a column is missing.
    """
    need(batch, *FILES.names)
    limits = limits or Limits()
    columns = (batch.column(name).to_pylist() for name in FILES.names)
    rows = zip(*columns, strict=True)
    judged = [judge(modality, name, data, limits) for modality, name, data in rows]
    return with_columns(
        batch, VERDICTS, {name: [getattr(each, name) for each in judged] for name in VERDICTS.names}
    )


_SUFFIXES = {
    "image/jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "image/tiff": (".tif", ".tiff"),
    "audio/wav": (".wav", ".wave"),
    "audio/ogg": (".ogg", ".oga", ".opus"),
    "audio/mpeg": (".mp3",),
    "audio/aiff": (".aif", ".aiff", ".aifc"),
    "image/heic": (".heic", ".heif"),
    "audio/mp4": (".m4a", ".m4b", ".mp4", ".mov", ".3gp"),
    "text/plain": (".txt", ".text", ".md", ".markdown", ".html", ".htm", ".eml"),
    "text/html": (".html", ".htm", ".xhtml"),
    "message/rfc822": (".eml",),
    "application/pdf": (".pdf",),
    WORD: (".docx",),
}


def _suffix_fits(name: str, mime: str) -> bool:
    endings = _SUFFIXES.get(mime, ("." + mime.partition("/")[2],))
    return name.lower().endswith(endings)
