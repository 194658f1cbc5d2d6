"""One piece of a candidate to one part: fetch the bytes, hash them, decode them strictly.

Nothing here raises for what is wrong with a file; the verdict is in the part.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

from handful.data.library.items import Part, Status
from handful.data.library.media import Media
from handful.data.library.sources.base import Fetched, Piece, Place
from handful.data.modalities.audio import read as audio
from handful.data.modalities.image import read as image
from handful.data.modalities.reading import Reading, Unreadable
from handful.data.modalities.sniff import HEAD, kind_by_name, sniff
from handful.data.modalities.text import read as text


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


def examine(piece: Piece, limits: Limits, media: Media) -> Part:
    """Read one piece.

    Args:
        piece: Of a candidate.
        limits: What is accepted.
        media: Keeps the bytes of what has no place of its own.

    Returns:
        The part, quarantined with its reason when it cannot be used.

    Raises:
        StorageError: When a copy cannot be kept.
    """
    origin = piece.place.origin if piece.place else piece.name
    blank = Part(modality=piece.modality, origin=origin, notes=piece.notes)
    try:
        if piece.fault:
            raise piece.fault
        if piece.words is not None:
            return _with_reading(blank, text.from_words(piece.words, limits.text))
    except Unreadable as fault:
        return _quarantined(blank, fault)
    assert piece.place is not None
    return _examine_bytes(blank, piece.place, limits, media)


def _examine_bytes(blank: Part, place: Place, limits: Limits, media: Media) -> Part:
    try:
        fetched = place.fetch(limits.most_bytes(blank.modality))
    except Unreadable as fault:
        return _quarantined(replace(blank, path=place.path), fault)
    known = replace(
        blank,
        path=place.path,
        sha256=hashlib.sha256(fetched.data).hexdigest(),
        size=fetched.look.size,
        stamp=fetched.look.stamp,
    )
    found = sniff(fetched.data[:HEAD])
    known = replace(known, mime=found)
    try:
        reading = _decode(known.modality, fetched, limits)
    except Unreadable as fault:
        return _quarantined(known, fault)
    part = _with_reading(known, reading)
    named = kind_by_name(place.name)
    if named and not _suffix_fits(place.name, reading.mime):
        part = replace(part, notes=tuple(sorted({*part.notes, "file/wrong_suffix"})))
    if not part.path and part.words is None:
        part = replace(part, path=media.keep(fetched.data, part.sha256, part.mime))
    return part


def _decode(modality: str, fetched: Fetched, limits: Limits) -> Reading[Any]:
    if modality == "image":
        return image.read(fetched.data, limits.image)
    if modality == "audio":
        return audio.read(fetched.data, limits.audio)
    return text.read(fetched.data, limits.text)


def _with_reading(part: Part, reading: Reading[Any]) -> Part:
    repaired = reading.repair
    fault = Unreadable(repaired) if repaired else None
    return replace(
        part,
        status=Status.REPAIRED if repaired else Status.OK,
        reason=repaired,
        detail=fault.what if fault else "",
        notes=tuple(sorted({*part.notes, *reading.notes} - {repaired})),
        content_sha256=reading.content_sha256,
        mime=reading.mime,
        meta=reading.meta,
        words=reading.value if part.modality == "text" else None,
    )


def _quarantined(part: Part, fault: Unreadable) -> Part:
    return replace(part, status=Status.QUARANTINED, reason=fault.reason, detail=fault.what)


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
    text.WORD: (".docx",),
}


def _suffix_fits(name: str, mime: str) -> bool:
    endings = _SUFFIXES.get(mime, ("." + mime.partition("/")[2],))
    return name.lower().endswith(endings)
