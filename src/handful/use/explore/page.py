"""A page of items that stands alone: thumbnails, waveforms and words, section by section.

It holds everything inside itself, loads nothing, runs no script, and follows the reader's light or
dark setting. All text from outside is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources

from handful.data.library.items import Item, Part
from handful.data.library.library import Library
from handful.data.library.thumbnails import Thumbnails
from handful.data.operators.thumbnail import MIMES, of_value
from handful.foundation.errors import HandfulError
from handful.use.explore.drawing import bars_of, jpeg, note

_WORDS = 110


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """One item on a page.

    Attributes:
        item: What is shown.
        badge: A word or two in its corner, such as `good`.
        is_strong: Whether the badge is a loud one.
        lines: What is said below, most important first.
    """

    item: Item
    badge: str = ""
    is_strong: bool = False
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """Some items under a heading.

    Attributes:
        tiles: The items.
        heading: Empty for none.
        lead: A sentence below the heading.
    """

    tiles: Sequence[Tile]
    heading: str = ""
    lead: str = ""


def render_page(
    library: Library, sections: Sequence[Section], *, title: str, lead: str = "", footer: str = ""
) -> str:
    """Write a page.

    Args:
        library: Where the items' files are; one that can no longer be read is said to be so.
        sections: In order.
        title: The heading of the page.
        lead: A sentence below it.
        footer: A line at the end.

    Returns:
        A whole HTML page.
    """
    style = resources.files("handful.use.explore").joinpath("page.css").read_text(encoding="utf-8")
    small = _thumbnails(library, sections)
    with ThreadPoolExecutor(2) as pool:  # decoders release the interpreter's lock
        bodies = [
            _section(
                section, list(pool.map(lambda tile: _tile(library, tile, small), section.tiles))
            )
            for section in sections
        ]
    parts = [
        f"<header>\n<h1>{html.escape(title)}</h1>\n{_paragraph(lead)}</header>",
        *bodies,
        f"<footer>{html.escape(footer)}</footer>" if footer else "",
    ]
    body = "\n".join(part for part in parts if part)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"{body}\n</body>\n</html>\n"
    )


def _thumbnails(library: Library, sections: Sequence[Section]) -> dict[str, bytes]:
    """What was made when the files were added; the rest is made here."""
    parts = [
        part
        for section in sections
        for tile in section.tiles
        for part in tile.item.parts.values()
        if part.usable and part.modality in MIMES
    ]
    return Thumbnails(library.folder).get_many([part.content_sha256 for part in parts])


def _section(section: Section, tiles: list[str]) -> str:
    heading = f"<h2>{html.escape(section.heading)}</h2>\n" if section.heading else ""
    grid = "\n".join(tiles)
    above = f"<section>\n{heading}{_paragraph(section.lead)}"
    return f'{above}<ol class="tiles">\n{grid}\n</ol>\n</section>'


def _tile(library: Library, tile: Tile, small: Mapping[str, bytes]) -> str:
    tone = "strong" if tile.is_strong else "quiet"
    badge = f'<span class="badge {tone}">{html.escape(tile.badge)}</span>' if tile.badge else ""
    lines = "\n".join(f'<p class="why">{html.escape(line)}</p>' for line in tile.lines if line)
    parts = [
        f'<li class="tile">\n{_media(library, tile.item, small)}\n<div class="about">',
        f'<p class="name"><span>{html.escape(tile.item.key)}</span>{badge}</p>',
        lines,
        note(tile.item.words, _WORDS) if any(tile.item.words.values()) else "",
        "</div>\n</li>",
    ]
    return "\n".join(part for part in parts if part)


def _media(library: Library, item: Item, small: Mapping[str, bytes]) -> str:
    """The photo, with the sound below it; the sound alone, or the space for words, without."""
    found = []
    for modality in ("image", "audio"):
        if modality not in item.modalities:
            continue
        part = item.parts[modality]
        data = small.get(part.content_sha256)
        try:
            if data is None:
                data = of_value(library.read_part(item, modality))
            elif library.media.fault(part):
                data = None
        except HandfulError:
            data = None
        found.append(_drawn(item, part, data))
    return f'<div class="media">{"".join(found)}</div>' if found else ""


def _drawn(item: Item, part: Part, data: bytes | None) -> str:
    if data is None:
        return '<p class="gone">this file can no longer be read</p>'
    if part.modality == "image":
        return jpeg(data, f"photo of {item.key}")
    heights = [max(pair) / 255 for pair in zip(data[::2], data[1::2], strict=True)]
    return bars_of(heights, float(part.meta["seconds"]))


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>\n" if text else ""
