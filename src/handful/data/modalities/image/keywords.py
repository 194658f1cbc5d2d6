"""The keywords that people gave a picture in their photo program (IPTC and XMP).

They are only read, never believed to be true: they become labels when `add` is told so.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from xml.parsers import expat

from PIL import ImageFile, IptcImagePlugin

MOST = 50
"""How many keywords of one picture are kept."""

_LONGEST = 100
_LARGEST_XMP = 1_000_000
_IPTC_KEYWORDS = (2, 25)
_SUBJECT = re.compile(r"(^|:)subject$")


def of(image: ImageFile.ImageFile) -> list[str]:
    """List the keywords of a picture, each once, in the order they were given.

    Args:
        image: Opened by Pillow.
    """
    found: dict[str, None] = {}
    for word in (*_from_xmp(image), *_from_iptc(image)):
        plain = " ".join(word.split())
        if plain and plain.isprintable() and len(plain) <= _LONGEST:
            found[plain] = None
    return list(found)[:MOST]


def _from_iptc(image: ImageFile.ImageFile) -> list[str]:
    words: list[str] = []
    # The parser raises whatever the bytes make it stumble over.
    with contextlib.suppress(Exception):
        block = (IptcImagePlugin.getiptcinfo(image) or {}).get(_IPTC_KEYWORDS, [])
        words = [each.decode("utf-8") for each in (block if isinstance(block, list) else [block])]
    return words


def _from_xmp(image: ImageFile.ImageFile) -> Iterator[str]:
    block = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    data = block.encode() if isinstance(block, str) else block
    if not isinstance(data, bytes) or not 0 < len(data) <= _LARGEST_XMP:
        return iter(())
    return iter(_Subjects().read(data))


class _Subjects:
    """The list items inside `dc:subject`; a document that defines entities is not read."""

    def __init__(self) -> None:
        self._inside = self._in_item = False
        self._text = ""
        self._words: list[str] = []

    def read(self, data: bytes) -> list[str]:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = _refuse
        with contextlib.suppress(expat.ExpatError, ValueError):
            parser.Parse(data.rstrip(b"\x00"), True)
        return self._words

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        if _SUBJECT.search(name):
            self._inside = True
        elif self._inside and name.endswith("li"):
            self._in_item, self._text = True, ""

    def _characters(self, text: str) -> None:
        if self._in_item and len(self._text) <= _LONGEST:
            self._text += text

    def _end(self, name: str) -> None:
        if _SUBJECT.search(name):
            self._inside = False
        elif self._in_item and name.endswith("li"):
            self._in_item = False
            self._words.append(self._text)


def _refuse(*_: object) -> None:
    raise ValueError("entities are not followed")
