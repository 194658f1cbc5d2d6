"""Look at what is new in a library, and say which contents are the same thing in another file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import simplejpeg

from handful.data.library.items import Item, Part
from handful.data.library.media import Media
from handful.data.library.twins import pictures, sounds, words
from handful.data.library.twins.kept import LOCK, Kept, Row
from handful.data.library.twins.links import Links
from handful.data.modalities.base import Picture
from handful.data.modalities.reading import Unreadable
from handful.foundation.errors import BusyError, InputError, storage
from handful.foundation.project.lock import locked

OnItems = Callable[[int, int], None]
"""Called with how many contents were looked at and how many there are."""

_FEW_ALIKE, _SHARE_ALIKE = 20, 0.05
"""More texts than both of these that are alike follow a template; they are no copies."""

_AT_ONCE = 4096
"""So many are looked at between two times that something is kept."""


class Twins(NamedTuple):
    """Which contents are the same.

    Attributes:
        pairs: Hashes of two contents each.
        telling: Hashes of all contents that show enough to tell one thing from another.
        unread: How many contents could not be looked at, because their file is gone or changed.
    """

    pairs: frozenset[tuple[str, str]]
    telling: frozenset[str]
    unread: int = 0


class Looked(NamedTuple):
    """What was seen of some contents.

    Attributes:
        twins: Which are the same.
        prints: Hash of a content to what is kept of it for comparing, where that tells enough.
    """

    twins: Twins
    prints: dict[str, bytes]


def counting_parts(item: Item) -> list[Part]:
    """The parts of an item that tell whether two items are the same thing.

    Equal words tell nothing about two different cups that are both called "a blue cup": a text
    counts where an item has nothing else, or where it is long.

    Args:
        item: Any.
    """
    parts = [item.parts[name] for name in item.modalities]
    if len(parts) == 1:
        return parts
    return [part for part in parts if part.modality != "text" or _is_long(part)]


def _is_long(part: Part) -> bool:
    count = sum(len(text.split()) for text in (part.words or {}).values())
    return count >= words.LONG_WORDS


def find_twins(
    media: Media,
    items: Iterable[Item],
    cache: Path | None,
    *,
    on_items: OnItems = lambda done, total: None,
) -> Twins:
    """Find contents that are the same picture, sound or text in another file.

    What was looked at before is not opened again.

    Args:
        media: The library's.
        items: Of the library; only their usable parts take part.
        cache: The project's `cache`, where prints are kept; None keeps nothing.
        on_items: Told how far it is.

    Raises:
        StorageError: When the disk refuses.
    """
    return look(media, items, cache, on_items=on_items).twins


def look(
    media: Media,
    items: Iterable[Item],
    cache: Path | None,
    *,
    on_items: OnItems = lambda done, total: None,
) -> Looked:
    """Both of `find_twins` and `prints_of`, for who wants both and may have no cache.

    Args:
        media: The library's.
        items: Of the library; only their usable parts take part.
        cache: The project's `cache`; None keeps nothing.
        on_items: Told how far it is.

    Raises:
        StorageError: When the disk refuses.
    """
    parts = _parts(items)
    unread, kept = _kept(media, parts, cache, on_items)
    rows = [kept.rows[content] for content in parts if content in kept.rows]
    pairs = {
        (min(row.content_sha256, twin), max(row.content_sha256, twin))
        for row in rows
        for twin in row.twins
        if twin in parts
    }
    texts = [row.content_sha256 for row in rows if row.modality == "text" and row.print]
    pairs -= _of_templates(pairs, texts)
    prints = {row.content_sha256: row.print for row in rows if row.print}
    return Looked(Twins(frozenset(pairs), frozenset(prints), unread), prints)


def _of_templates(pairs: Set[tuple[str, str]], texts: Collection[str]) -> set[tuple[str, str]]:
    """Pairs of texts of which so many are alike that they follow a template.

    "Patient 17 was seen on Monday" is no copy of "Patient 18 was seen on Friday".
    """
    links, known = Links(), set(texts)
    mine = [pair for pair in pairs if pair[0] in known]
    for one, other in mine:
        links.join(one, other)
    sizes = Counter(links.top(content) for content in texts)
    most = max(_FEW_ALIKE, _SHARE_ALIKE * len(texts))
    return {pair for pair in mine if sizes[links.top(pair[0])] > most}


def prints_of(media: Media, items: Iterable[Item], cache: Path | None) -> dict[str, bytes]:
    """What is kept of every content for comparing.

    Args:
        media: The library's.
        items: Of the library.
        cache: The project's `cache`; None keeps nothing.

    Returns:
        Hash of the content to its print; without those that show too little or cannot be read.

    Raises:
        StorageError: When the disk refuses.
    """
    return look(media, items, cache).prints


def _parts(items: Iterable[Item]) -> dict[str, Part]:
    return {
        part.content_sha256: part
        for item in items
        for part in counting_parts(item)
        if part.content_sha256
    }


def _kept(
    media: Media, parts: dict[str, Part], cache: Path | None, on_items: OnItems
) -> tuple[int, Kept]:
    try:
        return _alone(media, parts, cache, on_items)
    except BusyError:  # another process looks as well; its prints are not waited for
        return _look(media, parts, Kept(None), on_items)


def _alone(
    media: Media, parts: dict[str, Part], cache: Path | None, on_items: OnItems
) -> tuple[int, Kept]:
    if cache is None:
        return _look(media, parts, Kept(None), on_items)
    with storage("make", cache):
        cache.mkdir(parents=True, exist_ok=True)
    with locked(cache / LOCK, "look for copies"):
        return _look(media, parts, Kept(cache), on_items)


def _look(media: Media, parts: dict[str, Part], kept: Kept, on_items: OnItems) -> tuple[int, Kept]:
    new = [part for content, part in parts.items() if content not in kept.rows]
    unread, done = 0, 0
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8), thread_name_prefix="print") as pool:
        for start in range(0, len(new), _AT_ONCE):
            rows = []
            for row in pool.map(lambda part: _printed(media, part), new[start : start + _AT_ONCE]):
                done += 1
                on_items(done, len(new))
                if row is None:
                    unread += 1
                else:
                    rows.append(row)
            kept.add(rows)
    return unread, kept


def _printed(media: Media, part: Part) -> Row | None:
    """A content with its print; None when its file cannot be read any more."""
    try:
        return Row(part.content_sha256, part.modality, _print_of(media, part))
    except (InputError, Unreadable):
        return None


def _print_of(media: Media, part: Part) -> bytes:
    if part.modality == "text":
        return words.print_of(part.words or {})
    if part.modality == "audio":
        return sounds.print_of(media.read(part))  # pyrefly: ignore
    small = _small_jpeg(media.bytes_of(part)) if part.mime == "image/jpeg" else None
    return pictures.print_of(small if small is not None else media.read(part))  # pyrefly: ignore


def _small_jpeg(data: bytes) -> Picture | None:
    """A JPEG at an eighth to the whole of its size, far quicker than whole; None for odd ones.

    It may lie on its side, where a camera only wrote down how it was held; pictures are compared
    in all orientations.
    """
    with suppress(ValueError):
        return simplejpeg.decode_jpeg(data, "RGB", min_height=64, min_width=64, min_factor=1)
    return None
