"""Bytes of a text file to `Words`, strictly.

UTF-8 is expected, with or without its mark; UTF-16 and UTF-32 are read when they carry theirs.
Anything else is read as Western European and said to be repaired, because old notes are worth
keeping; a file with NUL bytes is no text.

Web pages, e-mails, PDF and Word documents give the words one sees in them; they are taken apart in
another process, see `apart`. What a file is, its content says and not its name.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handful.data.modalities import apart, caps
from handful.data.modalities.base import Words
from handful.data.modalities.reading import Reading, Unreadable
from handful.data.modalities.sniff import HEAD, sniff
from handful.data.modalities.text.plain import decode
from handful.foundation.errors import require
from handful.foundation.hardware.extras import find_module

UNKNOWN_LANGUAGE = "und"
"""BCP 47 for "undetermined"."""

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_APART = {
    "text/html": "web",
    "message/rfc822": "letter",
    "application/pdf": "pdf",
    "application/zip": "word",
}
"""Type to the reader of `child.READERS` that knows it."""

_NOT_READ = {
    "application/x-ole-storage": "an old or encrypted Office document",
    "application/rtf": "a document in Rich Text Format",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What is accepted as a text."""

    max_bytes: int = caps.TEXT_BYTES
    """Largest file that is opened."""
    max_characters: int = caps.TEXT_CHARACTERS
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
        `characters`, and for PDF `pages`.

    Raises:
        Unreadable: With the reason, when it is no text within the limits.
    """
    config = config or Config()
    if not data:
        raise Unreadable("file/empty")
    if len(data) > config.max_bytes:
        raise Unreadable("file/too_large", size=len(data), cap=config.max_bytes)
    found = sniff(data[:HEAD])
    if found in _NOT_READ:
        raise Unreadable("text/old_word", found=_NOT_READ[found])
    if found in _APART:
        return _read_apart(data, found, config)
    text, encoding = decode(data)
    if not found.startswith("text/"):
        raise Unreadable("text/not_text", found=found)
    repaired = ("text/latin1",) if encoding == "windows-1252" else ()
    return _reading(text, "text/plain", repaired, {"encoding": encoding}, config)


def _read_apart(data: bytes, found: str, config: Config) -> Reading[Words]:
    if found == "application/pdf" and not find_module("pypdf").is_installed:
        raise Unreadable("text/needs_documents")
    answer = apart.ask(_APART[found], data, {})
    try:
        text = answer.data.decode()
        facts = {name: answer.facts[name] for name in ("encoding", "pages") if name in answer.facts}
        notes = tuple(map(str, answer.facts["notes"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable("file/reader_crashed", how="its answer made no sense") from error
    mime = WORD if found == "application/zip" else found
    return _reading(text, mime, notes, facts, config)


def _reading(
    text: str, mime: str, notes: tuple[str, ...], facts: dict[str, Any], config: Config
) -> Reading[Words]:
    reading = from_words({UNKNOWN_LANGUAGE: text}, config)
    return Reading(
        value=reading.value,
        mime=mime,
        hasher=content_hash,
        notes=notes,
        meta={**reading.meta, **facts},
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
        hasher=content_hash,
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
