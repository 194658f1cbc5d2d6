"""Bytes to characters: UTF-8, what marks itself as something else, or old Western European."""

from __future__ import annotations

import codecs
import contextlib

from handful.data.modalities.reading import Unreadable

# UTF-32 first: its little-endian mark begins with the mark of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes) -> tuple[str, str]:
    """Turn bytes into characters, for text files and tables alike.

    Args:
        data: The whole file.

    Returns:
        The text, and the encoding: `utf-8`, `utf-8-sig`, `utf-16`, `utf-32` or, where none of
        these fits, `windows-1252`.

    Raises:
        Unreadable: For NUL bytes, and for a file that breaks the encoding its mark announces.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding), encoding
            except UnicodeDecodeError as error:
                raise Unreadable(
                    "text/broken_encoding", encoding=encoding, place=error.start
                ) from error
    if b"\x00" in data:
        raise Unreadable("text/nul_bytes")
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return data.decode("latin-1").translate(_WINDOWS), "windows-1252"


def _windows_characters() -> dict[int, str]:
    """Where Windows-1252 differs from Latin-1; it leaves five bytes undefined, which stay."""
    pairs = {}
    for byte in range(0x80, 0xA0):
        with contextlib.suppress(UnicodeDecodeError):
            pairs[byte] = bytes([byte]).decode("windows-1252")
    return pairs


_WINDOWS = _windows_characters()
