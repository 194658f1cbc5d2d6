"""One piece of a candidate to one part: fetch the bytes, then what the operators do with them.

Nothing here raises for what is wrong with a file; the verdict is in the part.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from handful.data.library.items import Part, Status
from handful.data.library.media import Media
from handful.data.library.sources.base import Piece, Place
from handful.data.modalities.audio import outset
from handful.data.modalities.reading import Unreadable
from handful.data.modalities.text import read as text
from handful.data.operators.base import Limits
from handful.data.operators.hash import of_bytes
from handful.data.operators.thumbnail import of_value
from handful.data.operators.validate import Judged, judge, of_reading


class Examined(NamedTuple):
    """What came of one piece.

    Attributes:
        part: With its verdict.
        thumbnail: The small form of its picture or sound; None where there is none.
    """

    part: Part
    thumbnail: bytes | None = None


def examine(piece: Piece, limits: Limits, media: Media, *, copy: bool = False) -> Examined:
    """Read one piece.

    Args:
        piece: Of a candidate.
        limits: What is accepted.
        media: Keeps the bytes of what has no place of its own.
        copy: Keep the bytes of everything that can be used, so that the source may go.

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
            judged = of_reading(text.from_words(piece.words, limits.text))
            return Examined(_with_verdict(blank, judged))
    except Unreadable as fault:
        return Examined(_quarantined(blank, fault))
    assert piece.place is not None
    return _examine_bytes(blank, piece.place, limits, media, copy)


def _examine_bytes(blank: Part, place: Place, limits: Limits, media: Media, copy: bool) -> Examined:
    try:
        if blank.modality == "audio":
            _refuse_long(place, limits)
        fetched = place.fetch(limits.most_bytes(blank.modality))
    except Unreadable as fault:
        return Examined(_quarantined(replace(blank, path=place.path), fault))
    judged = judge(blank.modality, place.name, fetched.data, limits)
    sha256 = of_bytes(fetched.data)
    path = place.path
    if judged.reading and copy:
        path = media.keep_whole(fetched.data, sha256, judged.mime)
    elif judged.reading and not path and blank.modality != "text":
        path = media.keep(fetched.data, sha256, judged.mime)
    size, stamp = fetched.look
    part = _with_verdict(blank, judged, path, sha256, size, stamp)
    return Examined(part, of_value(judged.reading.value) if judged.reading else None)


def _refuse_long(place: Place, limits: Limits) -> None:
    """Refuse hours of sound before they are in memory."""
    size, cap = place.look().size, limits.audio.max_seconds
    if size <= outset.SMALL:
        return
    seconds = outset.least_seconds(place.head(outset.LOOK), size)
    if seconds > cap:
        raise Unreadable("audio/too_long", seconds=f"at least {seconds:.0f}", cap=f"{cap:g}")


def _with_verdict(
    blank: Part, judged: Judged, path: str = "", sha256: str = "", size: int = 0, stamp: str = ""
) -> Part:
    reading = judged.reading
    return Part(
        modality=blank.modality,
        origin=blank.origin,
        path=path,
        sha256=sha256,
        size=size,
        stamp=stamp,
        status=judged.status,
        reason=judged.reason,
        detail=judged.detail,
        notes=tuple(sorted({*blank.notes, *judged.notes})),
        content_sha256=reading.content_sha256 if reading else "",
        mime=judged.mime,
        meta=reading.meta if reading else {},
        words=reading.value if reading and blank.modality == "text" else None,
    )


def _quarantined(part: Part, fault: Unreadable) -> Part:
    return replace(part, status=Status.QUARANTINED, reason=fault.reason, detail=fault.what)
