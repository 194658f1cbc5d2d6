"""The words one sees on a web page: no scripts, no styles, nothing that is hidden."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from handful.data.modalities.apart import Answer
from handful.data.modalities.text.plain import decode

_WORDS = {
    "unseen": "script style template noscript head title svg math iframe object select textarea",
    "blocks": "address article aside blockquote br dd div dl dt figcaption footer form h1 h2 h3 h4 "
    "h5 h6 header hr li main nav ol p pre section table td th tr ul",
    "void": "area base br col embed hr img input link meta param source track wbr",
}
_UNSEEN, _BLOCKS, _VOID = (frozenset(words.split()) for words in _WORDS.values())
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CHARSET = re.compile(
    rb"""<meta[^>]{0,200}charset\s*=\s*["']?([A-Za-z0-9_-]{1,40})""", re.IGNORECASE
)
_SPACES = re.compile(r"[ \t\r\f\v\xa0]+")
_GAPS = re.compile(r" ?\n[ \n]*")


def read_here(data: bytes, request: Mapping[str, Any]) -> Answer:
    """Read a web page in the process of its own.

    Args:
        data: The whole file.
        request: Nothing more is needed.
    """
    text, encoding = _decoded(data)
    return Answer({"encoding": encoding, "notes": []}, visible(text).encode())


def visible(page: str) -> str:
    """The words one sees on a page.

    Args:
        page: HTML.

    Returns:
        Plain text, one line for each block.
    """
    eye = _Eye()
    eye.feed(page)
    eye.close()
    return _GAPS.sub("\n", _SPACES.sub(" ", "".join(eye.seen))).strip()


class _Eye(HTMLParser):
    """Collects what is between tags, unless a tag around it hides it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[str] = []
        self._hider = ""
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hider:
            self._depth += tag == self._hider
            return
        if tag in _BLOCKS:
            self.seen.append("\n")
        given = dict(attrs)
        is_hidden = "hidden" in given or bool(_HIDING.search(given.get("style") or ""))
        if (tag in _UNSEEN or is_hidden) and tag not in _VOID:
            self._hider, self._depth = tag, 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS and not self._hider:
            self.seen.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._hider:
            self._depth -= tag == self._hider
            if self._depth == 0:
                self._hider = ""
        elif tag in _BLOCKS:
            self.seen.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hider:
            self.seen.append(data)


def _decoded(data: bytes) -> tuple[str, str]:
    """As the page says, when that works; otherwise like any text file."""
    said = _CHARSET.search(data[:4096])
    if said:
        name = said.group(1).decode("ascii")
        try:
            return data.decode(name), name.lower()
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data)
