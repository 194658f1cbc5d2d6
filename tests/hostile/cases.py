"""A hostile file with the verdict it must get, and the small whole files they are made of."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soundfile
from PIL import Image

OK, REPAIRED, QUARANTINE, SKIPPED = "ok", "repaired", "quarantine", "skipped"


@dataclass(frozen=True)
class Case:
    """One file.

    `reasons` are the codes it may get; any of them, since of a file cut within its header nobody
    can say whether it is cut or no picture at all. `notes` must all be there. `needs` is a module
    without which its verdict is another.
    """

    name: str
    data: bytes
    verdict: str
    reasons: tuple[str, ...] = ("",)
    notes: tuple[str, ...] = ()
    needs: str = ""

    def __str__(self) -> str:
        return self.name


def good(name: str, data: bytes, *notes: str, needs: str = "") -> Case:
    return Case(name, data, OK, notes=notes, needs=needs)


def bad(name: str, data: bytes, *reasons: str, needs: str = "") -> Case:
    return Case(name, data, QUARANTINE, reasons, needs=needs)


def photo() -> Image.Image:
    """Large enough that what is done to it hits the picture, and never the same one twice."""
    coarse = np.random.default_rng(7).integers(0, 256, (16, 20, 3), dtype=np.uint8)
    return Image.fromarray(np.kron(coarse, np.ones((8, 8, 1), np.uint8)))


def picture(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    target = io.BytesIO()
    (image or photo()).save(target, kind, **options)
    return target.getvalue()


def with_inner(image: Image.Image, inner: bytes, orientation: int = 1) -> bytes:
    """A JPEG with another one in the second directory of its EXIF."""
    start = 8 + 2 + 12 + 4 + 2 + 2 * 12 + 4
    tiff = b"II*\x00" + struct.pack("<I", 8)
    tiff += struct.pack("<HHHII", 1, 0x0112, 3, 1, orientation) + struct.pack("<I", 26)
    tiff += struct.pack("<H", 2)
    tiff += struct.pack("<HHII", 0x0201, 4, 1, start)
    tiff += struct.pack("<HHII", 0x0202, 4, 1, len(inner)) + struct.pack("<I", 0)
    return picture("JPEG", image, quality=88, exif=b"Exif\x00\x00" + tiff + inner)


def heic(image: Image.Image | None = None, **options: object) -> bytes:
    import pillow_heif

    target = io.BytesIO()
    pillow_heif.from_pillow(image or photo()).save(target, quality=80, **options)
    return target.getvalue()


def wave(seconds: float = 0.2, rate: int = 8000, channels: int = 1) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    tone = 0.4 * np.sin(2 * np.pi * 440 * time) + 0.01 * np.random.default_rng(3).normal(
        size=len(time)
    )
    return np.repeat(tone[:, None], channels, axis=1).astype("f4")


def sound(
    kind: str = "WAV", coding: str = "PCM_16", samples: np.ndarray | None = None, rate: int = 8000
) -> bytes:
    target = io.BytesIO()
    values = wave() if samples is None else samples
    soundfile.write(target, values, rate, format=kind, subtype=coding)
    return target.getvalue()


def spoken(kind: str = "mp4", *, with_sound: bool = True) -> bytes:
    """The sound of a phone: AAC in an MP4, or bare."""
    import av

    target = io.BytesIO()
    rate = 16000
    values = wave(0.5, rate)[:, 0][None]
    with av.open(target, "w", format=kind) as container:
        if with_sound:
            stream = container.add_stream("aac", rate=rate)
            stream.layout = "mono"
            frame = av.AudioFrame.from_ndarray(values, format="fltp", layout="mono")
            frame.sample_rate = rate
            packets = [*stream.encode(frame), *stream.encode(None)]
        else:
            film = container.add_stream("mpeg4", rate=5)
            film.width, film.height, film.pix_fmt = 32, 32, "yuv420p"
            black = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            packets = [*film.encode(black), *film.encode(None)]
        for packet in packets:
            container.mux(packet)
    return target.getvalue()


def pdf(text: str = "A blue mug.", count: int = 1) -> bytes:
    """A PDF by hand: pages of one line, its table of places right."""
    line = b"BT /F1 12 Tf 10 10 Td (%s) Tj ET" % text.encode()
    kids = b" ".join(b"3 0 R" for _ in range(count))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(line), line),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    return _numbered(objects)


def _numbered(objects: list[bytes]) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj%sendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    start = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(out))
    return out + start + end


def pdf_of(stream: bytes, extra: bytes = b"") -> bytes:
    """A PDF whose one page has this as its content."""
    return _numbered(
        [
            b"<</Type/Catalog/Pages 2 0 R%s>>" % extra,
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<<>>>>",
            stream,
        ]
    )


_WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def docx(inside: str = "", *, before: str = "", **members: bytes) -> bytes:
    """A Word document: paragraphs, whatever stands before them, and more members."""
    body = inside or paragraph("A blue mug.")
    document = (
        f'<?xml version="1.0"?>{before}<w:document {_WORD}><w:body>{body}</w:body></w:document>'
    )
    return zipped(
        {"[Content_Types].xml": b"<Types/>", "word/document.xml": document.encode()} | members
    )


def zipped(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return target.getvalue()


def letter(body: str = "A blue mug.", **headers: str) -> bytes:
    lines = {
        "From": "a@example.org",
        "Date": "Thu, 01 Jan 2026 00:00:00 +0000",
        "Subject": "A mug",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    return "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode() + (
        b"\r\n" + body.encode()
    )


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG, its checksum right."""
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def png(width: int, height: int, rows: bytes, *extra: bytes) -> bytes:
    """A PNG by hand that may promise what it does not hold."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(rows))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")


def tiff(width: int, height: int, *, place: int = 8, count: int = 12, following: int = 0) -> bytes:
    """A TIFF by hand: one strip of grey, wherever it is said to lie."""
    tags = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, place),
        (277, 3, 1),
        (278, 4, height),
        (279, 4, count),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    strip = bytes(12)
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
    return b"II*\x00" + struct.pack("<I", 8 + len(strip)) + strip + directory


def spoiled(data: bytes, start: float, count: int, seed: int = 0) -> bytes:
    """Random bytes over a stretch that begins at this share of the file."""
    copy, place = bytearray(data), int(start * len(data))
    count = min(count, len(data) - place - 16)
    copy[place : place + count] = np.random.default_rng(seed).bytes(count)
    return bytes(copy)


SHARES = (0.02, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.99)


def cuts(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The file cut at many places, each with a name for it."""
    for share in SHARES:
        yield f"{share:.2f}", data[: max(int(share * len(data)), 1)]
    for missing in (2, 1):
        yield f"minus-{missing}", data[:-missing]
