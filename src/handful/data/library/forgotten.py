"""What keeps forgotten items away: tombstones, which hold hashes and a time, and nothing else.

`forgotten.jsonl` grows by whole lines, each forced to disk: `{"forget": [tombstones]}` and
`{"back": [hashes of ids]}` for what somebody asked for again. A tombstone counts as long as the
library does not hold its item, so a killed process never leaves one that lies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handful.data.library.card import now
from handful.data.library.copies import telling
from handful.data.library.items import Item, Part
from handful.data.library.naming import places_of
from handful.foundation.project.atomic import append_line, read_lines

FORGOTTEN = "forgotten.jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tombstone:
    """All that is kept of a forgotten item.

    Attributes:
        item: Hash of its id.
        name: Hash of its source and its name in there.
        also: Hashes of what else it may be asked for by: its name alone, its files.
        telling: Hashes of the contents that tell it from others: pictures and sounds, or its text
            when it has nothing else.
        others: Hashes of its other contents, whose derived copies go with it.
        version: The last version of the library that holds it, until that is trimmed.
        time: When it was forgotten, in UTC.
    """

    item: str
    name: str
    also: tuple[str, ...]
    telling: tuple[str, ...]
    others: tuple[str, ...]
    version: int
    time: str = ""

    @property
    def contents(self) -> tuple[str, ...]:
        """Hashes of all its contents."""
        return self.telling + self.others


class Forgotten:
    """The tombstones that nobody lifted.

    Args:
        stones: Oldest first; of several about one item the last one counts.
    """

    def __init__(self, stones: Iterable[Tombstone]) -> None:
        self._stones = {stone.item: stone for stone in stones}
        self._by_name = {stone.name: stone for stone in self}
        self._by_content = {content: stone for stone in self for content in stone.telling}

    def __iter__(self) -> Iterator[Tombstone]:
        return iter(self._stones.values())

    def __len__(self) -> int:
        return len(self._stones)

    def without(self, ids: Iterable[str]) -> Forgotten:
        """Those whose items are not among some.

        Args:
            ids: Such as all that a library holds.
        """
        if not self._stones:
            return self
        there = {hash_of(identity) for identity in ids}
        return Forgotten(stone for stone in self if stone.item not in there)

    def among(self, ids: Iterable[str]) -> list[str]:
        """The ids that have a tombstone.

        Args:
            ids: Any.
        """
        return [each for each in ids if hash_of(each) in self._stones] if self._stones else []

    def of_name(self, source: str, key: str) -> Tombstone | None:
        """The tombstone of what had this name.

        Args:
            source: The folder, table or archive.
            key: The item's name in there.
        """
        return self._by_name.get(hash_of(source, key)) if self._stones else None

    def of_parts(self, parts: Mapping[str, Part]) -> Tombstone | None:
        """The tombstone of what had the same picture, sound, or text alone.

        Args:
            parts: Of an item.
        """
        if not self._stones:
            return None
        found = (self._by_content.get(content) for content in telling(parts))
        return next((stone for stone in found if stone), None)

    def called(self, word: str) -> list[Tombstone]:
        """The tombstones of items with this id, this name, or this file.

        Args:
            word: As somebody typed it.
        """
        if not self._stones:
            return []
        asked = {hash_of(word), *map(hash_of, places_of(word))}
        return [stone for stone in self if not asked.isdisjoint((stone.item, *stone.also))]


def hash_of(*words: str) -> str:
    """What stands for words in a tombstone.

    Args:
        *words: An id, or a source and a name.
    """
    return hashlib.sha256("\x00".join(words).encode()).hexdigest()


def tombstone(item: Item, version: int) -> Tombstone:
    """What is kept of an item.

    Args:
        item: About to be forgotten.
        version: The library's, which holds it.
    """
    contents = {part.content_sha256 or part.sha256 for part in item.parts.values()} - {""}
    tells = telling(item.parts)
    places = {place for part in item.parts.values() for place in (part.path, part.origin)}
    return Tombstone(
        item=hash_of(item.id),
        name=hash_of(item.source, item.key),
        also=tuple(sorted(map(hash_of, {item.key, *places} - {""}))),
        telling=tells,
        others=tuple(sorted(contents - set(tells))),
        version=version,
    )


def read_forgotten(folder: Path) -> Forgotten:
    """Read the tombstones of a library, those of items that are there again included.

    Args:
        folder: The library's folder.
    """
    stones: dict[str, Tombstone] = {}
    for line in read_lines(folder / FORGOTTEN):
        match line:
            case {"forget": list(buried), "time": str(time)}:
                stones |= {each["item"]: from_plain(each, time) for each in buried}
            case {"back": list(items)}:
                for item in items:
                    stones.pop(item, None)
    return Forgotten(stones.values())


def note_forgotten(folder: Path, stones: Iterable[Tombstone], time: str = "") -> None:
    """Write tombstones. The library's lock must be held.

    Args:
        folder: The library's folder.
        stones: Of items that are about to go.
        time: When they were forgotten, in UTC; now when left out.

    Raises:
        StorageError: When the disk refuses; then none is written.
    """
    line = {"forget": [as_plain(stone) for stone in stones], "time": time or now()}
    append_line(folder / FORGOTTEN, line)


def as_plain(stone: Tombstone) -> dict[str, Any]:
    """A tombstone as plain data, without its time.

    Args:
        stone: Any.
    """
    return {
        "item": stone.item,
        "name": stone.name,
        "also": list(stone.also),
        "telling": list(stone.telling),
        "others": list(stone.others),
        "version": stone.version,
    }


def note_back(folder: Path, stones: Collection[Tombstone]) -> None:
    """Lift tombstones. The library's lock must be held.

    Args:
        folder: The library's folder.
        stones: Of items that somebody asked for again.

    Raises:
        StorageError: When the disk refuses; then none is lifted.
    """
    line = {"back": [stone.item for stone in stones], "time": now()}
    append_line(folder / FORGOTTEN, line)


def from_plain(content: Mapping[str, Any], time: str) -> Tombstone:
    """A tombstone that was written as plain data.

    Args:
        content: From `as_plain`.
        time: When it was forgotten, in UTC.

    Raises:
        KeyError: When something is missing.
    """
    return Tombstone(
        item=content["item"],
        name=content["name"],
        also=tuple(content["also"]),
        telling=tuple(content["telling"]),
        others=tuple(content["others"]),
        version=content["version"],
        time=time,
    )
