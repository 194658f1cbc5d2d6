"""The text of a Word document (.docx), in the process of its own.

A .docx is a ZIP archive with XML in it. Both are read by the standard library; entities, which can
grow without bound or point to other files, are refused, and so is what unpacks to too much. Deleted
text, field codes, comments, macros and embedded objects are not looked at.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

from handful.data.modalities import caps
from handful.data.modalities.apart import Answer
from handful.data.modalities.reading import Unreadable

_BODY = "word/document.xml"
_TEXT = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
_BREAKS = {"tab": "\t", "br": "\n", "cr": "\n"}


def read_here(data: bytes, request: Mapping[str, Any]) -> Answer:
    """Read a Word document.

    Args:
        data: The whole file.
        request: Nothing more is needed.

    Raises:
        Unreadable: With the reason; `text/not_text` when the archive holds no Word document.
    """
    body = _unpack(data)
    writer = _Writer()
    try:
        text = writer.read(body)
    except expat.ExpatError as error:
        raise Unreadable("text/damaged", error=f"XML: {error}") from error
    return Answer({"encoding": "docx", "notes": []}, text.encode())


def _unpack(data: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if _BODY not in names:
                found = "a ZIP archive without a Word document"
                raise Unreadable("text/not_text", found=found)
            if archive.getinfo(_BODY).flag_bits & 1:
                raise Unreadable("text/encrypted")
            with archive.open(_BODY) as file:
                body = file.read(caps.DOCUMENT_XML_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        text = str(error).split("\n")[0].rstrip(".") or type(error).__name__
        raise Unreadable("text/damaged", error=text) from error
    if len(body) > caps.DOCUMENT_XML_BYTES:
        size = f"over {caps.DOCUMENT_XML_BYTES}"
        raise Unreadable("file/too_large", size=size, cap=caps.DOCUMENT_XML_BYTES)
    return body


class _Writer:
    """Writes down the runs of text, one line for each paragraph."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._is_text = False

    def read(self, body: bytes) -> str:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        parser.Parse(body, True)
        return "".join(self._pieces).strip()

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        space, _, tag = name.rpartition(" ")
        if space in (_TEXT, _STRICT):
            self._is_text = tag == "t"
            self._pieces.append(_BREAKS.get(tag, ""))

    def _end(self, name: str) -> None:
        self._is_text = False
        if name.endswith(" p"):
            self._pieces.append("\n")

    def _characters(self, text: str) -> None:
        if self._is_text:
            self._pieces.append(text)


def _refuse(*_: object) -> None:
    raise Unreadable("text/entities")
