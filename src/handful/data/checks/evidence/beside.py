"""What is written beside a picture or a sound in its file: places, serial numbers, owners.

Source: EXIF 2.32 (tags), IPTC-IIM 4.2 (datasets), XMP part 2, ID3 2.4, RIFF INFO, EBU Tech 3285
(bext), Vorbis comments. Only names of what was found and masked values are handed on.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from PIL import ExifTags, Image, IptcImagePlugin

from handful.data.checks.evidence.personal import masked
from handful.data.modalities.image.read import FORMATS

PLACE, SERIAL, OWNER = "place", "serial number", "owner"

_LARGEST = 1_000_000
"""Of a file's bytes, so many at each end are looked through."""


class Beside(NamedTuple):
    """One fact beside a picture or sound.

    Attributes:
        kind: `place`, `serial number` or `owner`.
        where: Where it is written, such as `EXIF GPS`.
        shown: The value, masked.
    """

    kind: str
    where: str
    shown: str


_EXIF = {
    0xA431: (SERIAL, "EXIF camera"),
    0xA435: (SERIAL, "EXIF lens"),
    0xC62F: (SERIAL, "EXIF camera"),
    0xA430: (OWNER, "EXIF camera owner"),
    0x013B: (OWNER, "EXIF artist"),
    0x8298: (OWNER, "EXIF copyright"),
    0x9C9D: (OWNER, "EXIF author"),
    0x013C: (OWNER, "EXIF computer"),
}
_IPTC = {
    (2, 80): (OWNER, "IPTC by-line"),
    (2, 116): (OWNER, "IPTC copyright"),
    (2, 118): (OWNER, "IPTC contact"),
    (2, 90): (PLACE, "IPTC city"),
    (2, 92): (PLACE, "IPTC sublocation"),
    (2, 95): (PLACE, "IPTC province"),
    (2, 101): (PLACE, "IPTC country"),
}
_XMP = (
    (PLACE, "XMP GPS", rb"exif:GPSL(?:at|ong)itude"),
    (PLACE, "XMP place", rb"(?:photoshop:(?:City|State|Country)|Iptc4xmpCore:Location)"),
    (SERIAL, "XMP", rb"(?:aux|exifEX):(?:Lens|Body)?SerialNumber"),
    (OWNER, "XMP owner", rb"(?:aux:OwnerName|exifEX:CameraOwnerName|photoshop:AuthorsPosition)"),
)
_CREATOR = re.compile(rb"<dc:creator>.{0,200}?<rdf:li[^>]*>([^<]{1,200})<", re.DOTALL)
_VORBIS = (
    (PLACE, "tag", rb"(?:GEO_?LOCATION|LOCATION|GPS\w*)"),
    (OWNER, "tag", rb"(?:ARTIST|PERFORMER|CONTACT|AUTHOR|COPYRIGHT|ENCODED-BY)"),
    (SERIAL, "tag", rb"(?:SERIAL\w*|ISRC)"),
)
_ID3 = {
    b"TPE1": (OWNER, "ID3 artist"),
    b"TOWN": (OWNER, "ID3 owner"),
    b"TENC": (OWNER, "ID3 encoded by"),
    b"TCOP": (OWNER, "ID3 copyright"),
}
_RIFF = {
    b"IART": (OWNER, "RIFF artist"),
    b"ICOP": (OWNER, "RIFF copyright"),
    b"IENG": (OWNER, "RIFF engineer"),
    b"ITCH": (OWNER, "RIFF technician"),
    b"ILOC": (PLACE, "RIFF location"),
}
_QUICKTIME = re.compile(rb"\xa9xyz.{4}([-+]\d+(?:\.\d+)?[-+]\d+(?:\.\d+)?)", re.DOTALL)


def beside_picture(data: bytes) -> list[Beside]:
    """What is written beside a picture; what is damaged is passed over.

    Args:
        data: The whole file.
    """
    found: list[Beside] = []
    # Whatever the bytes make a parser stumble over, the rest is still looked at.
    with contextlib.suppress(Exception), Image.open(io.BytesIO(data), formats=FORMATS) as image:
        found += _from(_exif, image)
        found += _from(_iptc, image)
        found += _from(_png, image)
    return _once([*found, *_xmp(data[:_LARGEST]), *_xmp(data[_LARGEST:][-_LARGEST:])])


def beside_sound(data: bytes) -> list[Beside]:
    """What is written beside a sound; what is damaged is passed over.

    Args:
        data: The whole file.
    """
    found: list[Beside] = []
    for some in (data[:_LARGEST], data[_LARGEST:][-_LARGEST:]):
        found += [
            Beside(PLACE, "QuickTime place", masked(match[1].decode("ascii")))
            for match in _QUICKTIME.finditer(some)
        ]
        if data.startswith((b"OggS", b"fLaC")):
            found += _tagged(some)
    with contextlib.suppress(Exception):
        found += _id3(data)
    with contextlib.suppress(Exception):
        found += _riff(data)
    return _once(found)


def _from(read: Any, image: Image.Image) -> list[Beside]:
    """What a reader says until it stumbles."""
    found: list[Beside] = []
    with contextlib.suppress(Exception):
        found.extend(read(image))
    return found


def _exif(image: Image.Image) -> Iterator[Beside]:
    exif = image.getexif()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    if any(tag in gps for tag in (2, 4, 7, 27, 28)):
        yield Beside(PLACE, "EXIF GPS", "…")
    for tags in (exif, exif.get_ifd(ExifTags.IFD.Exif)):
        for tag, (kind, where) in _EXIF.items():
            if text := _text(tags.get(tag)):
                yield Beside(kind, where, masked(text))


def _iptc(image: Image.Image) -> Iterator[Beside]:
    block = IptcImagePlugin.getiptcinfo(image) or {}  # pyrefly: ignore
    for dataset, (kind, where) in _IPTC.items():
        value = block.get(dataset)
        for each in value if isinstance(value, list) else [value]:
            if text := _text(each):
                yield Beside(kind, where, masked(text))


def _png(image: Image.Image) -> Iterator[Beside]:
    for name, value in getattr(image, "text", {}).items():
        if name.lower() in ("author", "copyright", "creator", "artist") and _text(value):
            yield Beside(OWNER, f"PNG {name.lower()}", masked(_text(value)))


def _xmp(data: bytes) -> Iterator[Beside]:
    for kind, where, name in _XMP:
        for match in re.finditer(name + rb"(?:=\"([^\"]{1,200})\"|>([^<]{1,200})<)", data):
            yield Beside(kind, where, masked(_text(match[1] or match[2])))
    for match in _CREATOR.finditer(data):
        yield Beside(OWNER, "XMP creator", masked(_text(match[1])))


def _tagged(data: bytes) -> Iterator[Beside]:
    for kind, where, name in _VORBIS:
        for match in re.finditer(rb"\b(" + name + rb")=([^\0-\x1f]{2,200})", data, re.IGNORECASE):
            text = _text(match[2])
            yield Beside(kind, f"{where} {match[1].decode().lower()}", masked(text))


def _id3(data: bytes) -> Iterator[Beside]:
    if not data.startswith(b"ID3"):
        return
    end = 10 + _seven_bits(data[6:10])
    place, is_new = 10, data[3] >= 4
    while place + 10 <= min(end, len(data)):
        name, size = data[place : place + 4], data[place + 4 : place + 8]
        length = _seven_bits(size) if is_new else int.from_bytes(size, "big")
        body = data[place + 10 : place + 10 + min(length, 4096)]
        if name in _ID3 and (text := _text(body[1:])):
            yield Beside(*_ID3[name], masked(text))
        if name == b"TXXX" and re.search(rb"(?i)gps|location|latitude", body.replace(b"\0", b"")):
            yield Beside(PLACE, "ID3 place", "…")
        if not length:
            return
        place += 10 + length


def _seven_bits(four: bytes) -> int:
    return sum((byte & 127) << 7 * (3 - place) for place, byte in enumerate(four))


def _riff(data: bytes) -> Iterator[Beside]:
    if data[:4] != b"RIFF":
        return
    place = 12
    while place + 8 <= len(data):
        name, length = (
            data[place : place + 4],
            int.from_bytes(data[place + 4 : place + 8], "little"),
        )
        body = data[place + 8 : place + 8 + length]
        if name == b"bext" and (text := _text(body[256:288])):
            yield Beside(OWNER, "bext originator", masked(text))
        if name == b"LIST" and body[:4] == b"INFO":
            yield from _info(body[4:])
        place += 8 + length + length % 2


def _info(body: bytes) -> Iterator[Beside]:
    place = 0
    while place + 8 <= len(body):
        name, length = (
            body[place : place + 4],
            int.from_bytes(body[place + 4 : place + 8], "little"),
        )
        if name in _RIFF and (text := _text(body[place + 8 : place + 8 + length])):
            yield Beside(*_RIFF[name], masked(text))
        place += 8 + length + length % 2


def _text(value: Any) -> str:
    """Printable text of a tag; empty for none."""
    if isinstance(value, bytes):
        value = value.replace(b"\0", b"").decode("utf-8", "replace")
    text = str(value).strip(" \0") if value is not None else ""
    return text if any(letter.isalnum() for letter in text) else ""


def _once(found: list[Beside]) -> list[Beside]:
    return list(dict.fromkeys(found))
