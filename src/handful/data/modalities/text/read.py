"""Bytes of a text file to `Words`, strictly.

UTF-8 is expected, with or without its mark; UTF-16 and UTF-32 are read when they carry theirs.
Anything else is read as Western European and said to be repaired, because old notes are worth
keeping; a file with NUL bytes is no text.
"""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from handful.data.modalities.base import Words
from handful.data.modalities.reading import Reading, Unreadable
from handful.data.modalities.sniff import HEAD, sniff
from handful.foundation.errors import require

UNKNOWN_LANGUAGE = "und"
"""BCP 47 for "undetermined"."""

# UTF-32 first: its little-endian mark begins with the mark of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What is accepted as a text."""

    max_bytes: int = 16_000_000
    """Largest file that is opened."""
    max_characters: int = 1_000_000
    """Longest text; a thick novel has about that many."""

    def __post_init__(self) -> None:
        """Check the rules."""
        for name in ("max_bytes", "max_characters"):
            require(getattr(self, name) > 0, name, getattr(self, name), "above 0")


def read(data: bytes, config: Config | None = None) -> Reading[Words]:
    r"""Decode a text file.

    Args:
        data: The whole file.
        config: Limits; the defaults when left out.

    Returns:
        The text under the language `und`, line ends as `\n`, with the facts `encoding` and
        `characters`.

    Raises:
        Unreadable: With the reason, when it is no text within the limits.
    """
    config = config or Config()
    if not data:
        raise Unreadable("file/empty")
    if len(data) > config.max_bytes:
        raise Unreadable("file/too_large", size=len(data), cap=config.max_bytes)
    text, encoding = decode(data)
    found = sniff(data[:HEAD])
    if not found.startswith("text/"):
        raise Unreadable("text/not_text", found=found)
    repaired = ("text/latin1",) if encoding == "windows-1252" else ()
    reading = from_words({UNKNOWN_LANGUAGE: text}, config)
    return Reading(
        value=reading.value,
        mime="text/plain",
        content_sha256=reading.content_sha256,
        notes=repaired,
        meta={**reading.meta, "encoding": encoding},
    )


def from_words(words: Mapping[str, str], config: Config | None = None) -> Reading[Words]:
    r"""Check a text that is already decoded, such as a cell of a table.

    Args:
        words: Language tag to text; languages with nothing but white space are left out.
        config: Limits; the defaults when left out.

    Returns:
        The words with line ends as `\n`, and the fact `characters` over all languages.

    Raises:
        Unreadable: With the reason, when no words are left or they are too many.
    """
    config = config or Config()
    kept = {
        language: text.replace("\r\n", "\n").replace("\r", "\n")
        for language, text in words.items()
        if text.strip()
    }
    if not kept:
        raise Unreadable("text/empty")
    characters = sum(map(len, kept.values()))
    if characters > config.max_characters:
        raise Unreadable("text/too_long", characters=characters, cap=config.max_characters)
    for text in kept.values():
        _check_characters(text)
    return Reading(
        value=kept,
        mime="text/plain",
        content_sha256=content_hash(kept),
        meta={"characters": characters},
    )


def _check_characters(text: str) -> None:
    if "\x00" in text:
        raise Unreadable("text/nul_bytes")
    try:
        text.encode()
    except UnicodeEncodeError as error:  # half of a pair, as JSON's "\\ud83d" alone makes it
        raise Unreadable("text/broken_encoding", encoding="utf-8", place=error.start) from error


def content_hash(words: Words) -> str:
    """Hash what is read: Unicode forms and white space at the ends do not matter.

    Args:
        words: Language tag to text.
    """
    digest = hashlib.sha256(b"text ")
    for language, text in sorted(words.items()):
        plain = unicodedata.normalize("NFC", text).strip()
        digest.update(f"{language}\x00{plain}\x00".encode())
    return digest.hexdigest()


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
