"""Tell what a file is by its first bytes; its name only says what it was meant to be."""

from __future__ import annotations

import re

HEAD = 4096
"""How many bytes `sniff` wants to see."""

_SUFFIXES = {
    "image": "jpg jpeg jpe jfif png webp gif tif tiff bmp avif heic heif svg",
    "audio": "wav wave flac ogg oga opus mp3 aif aiff aifc m4a m4b aac wma mp4 mov 3gp",
    "text": "txt text md markdown html htm xhtml eml pdf docx doc rtf odt",
    "table": "csv tsv jsonl ndjson parquet",
    "archive": "zip tar gz tgz bz2 xz 7z rar zst",
}
_KIND_BY_SUFFIX = {f".{word}": kind for kind, words in _SUFFIXES.items() for word in words.split()}

_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"%PDF-", "application/pdf"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"\x7fELF", "application/x-executable"),
    (b"MZ", "application/x-executable"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"{\\rtf", "application/rtf"),
    (b"\x80\x04\x95", "application/x-pickle"),
)
_MAGICS = tuple(magic for magic, _ in _MAGIC)

_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic",
    b"mif1": "image/heic",
    b"msf1": "image/heic",
}
_WIDE_TEXT = (b"\xff\xfe", b"\xfe\xff")
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body", b"<title", b"<meta ", b"<div", b"<p>")
_LETTER = re.compile(
    rb"(?:(?:received|return-path|delivered-to|message-id|mime-version|date|from|to|cc|subject"
    rb"|sender|reply-to|content-[a-z-]+|dkim-signature|x-[a-z0-9-]+)\s*:[^\r\n]*\r?\n"
    rb"(?:[ \t][^\r\n]*\r?\n)*){3,}",
    re.IGNORECASE,
)
_SENDER = re.compile(rb"^from\s*:", re.IGNORECASE | re.MULTILINE)
_TRACES = re.compile(rb"^(received|message-id|mime-version|date)\s*:", re.IGNORECASE | re.MULTILINE)
_NOT_IN_TEXT = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 27})
_BMP_HEADER_SIZES = {12, 16, 40, 52, 56, 64, 108, 124}


def sniff(head: bytes) -> str:
    """Name a file's type by its first bytes.

    Args:
        head: The first `HEAD` bytes, or all of a shorter file.

    Returns:
        A media type such as `image/png`; `text/plain`, `text/html`, `message/rfc822` or
        `image/svg+xml` for what reads as text; `application/octet-stream` for anything else.
    """
    if head.startswith(_MAGICS):
        return next(mime for magic, mime in _MAGIC if head.startswith(magic))
    if head.startswith(_WIDE_TEXT):  # before sound: the mark FF FE also looks like a frame
        return "text/plain"
    return _sniff_container(head) or _sniff_frames(head) or _sniff_text(head)


def kind_by_name(name: str) -> str:
    """What a file is meant to be, by its suffix.

    Args:
        name: A file's name or path.

    Returns:
        `image`, `audio`, `text`, `table`, `archive`, or an empty string.
    """
    stem, _, ending = name.rpartition("/")[2].rpartition(".")
    return _KIND_BY_SUFFIX.get(f".{ending.lower()}", "") if stem else ""


def _sniff_container(head: bytes) -> str:
    form = head[8:12]
    if head[:4] in (b"RIFF", b"RF64") and form == b"WAVE":
        return "audio/wav"
    if head[:4] == b"RIFF" and form == b"WEBP":
        return "image/webp"
    if head[:4] == b"FORM" and form in (b"AIFF", b"AIFC"):
        return "audio/aiff"
    if head[4:8] == b"ftyp":
        return _sniff_brand(head)
    return ""


def _sniff_brand(head: bytes) -> str:
    """ISO media files name a main brand and then compatible ones; AVIF may hide in the latter."""
    size = int.from_bytes(head[:4], "big")
    brands = [head[8:12], *(head[place : place + 4] for place in range(16, min(size, 128), 4))]
    if any(brand in (b"avif", b"avis") for brand in brands):
        return "image/avif"
    return _BRANDS.get(brands[0], "audio/mp4")


def _sniff_frames(head: bytes) -> str:
    """Types without a real signature: MPEG audio frames and BMP."""
    if len(head) > 3 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        layer, rate = head[1] & 0x06, head[2] & 0xFC
        if layer == 0 and head[1] & 0xF6 == 0xF0:
            return "audio/aac"
        if layer and rate != 0xFC and head[2] & 0xF0 != 0xF0:
            return "audio/mpeg"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "image/bmp"
    return ""


def _sniff_text(head: bytes) -> str:
    if not head:
        return "application/octet-stream"
    if b"\x00" in head or _control_share(head) > 0.02:
        return "application/octet-stream"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1024].lower()
    if start.startswith(_PAGES) or (start.startswith(b"<?xml") and b"<html" in start):
        return "text/html"
    if b"<svg" in start and start.startswith((b"<svg", b"<?xml", b"<!--", b"<!doctype svg")):
        return "image/svg+xml"
    return "message/rfc822" if _is_letter(head) else "text/plain"


def _is_letter(head: bytes) -> bool:
    """At least three header lines, among them who sent it and one that only programs write."""
    headers = _LETTER.match(head)
    found = headers.group() if headers else b""
    return bool(_SENDER.search(found) and _TRACES.search(found))


def _control_share(head: bytes) -> float:
    """Share of bytes that plain text does not use; random bytes have about one in ten."""
    return 1 - len(head.translate(None, _NOT_IN_TEXT)) / len(head)
