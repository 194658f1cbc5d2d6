"""What an ingest meets again: renamed files, vanished ones, and what was forgotten.

A file with a new name is the item it was when the content is the same and the old file is gone. So
its id, its labels, its group and its split stay. Contents decide, not bytes: a picture whose tags
were edited on the way is known by its pixels. Where several lost items fit and differ in what is
said of them, nobody guesses.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePath
from typing import NamedTuple

from handful.data.library.forgotten import Forgotten, Tombstone, note_back, read_forgotten
from handful.data.library.holding import held
from handful.data.library.items import Item, Part, Status, truths
from handful.data.library.library import Library
from handful.data.library.trimming import delete_unread
from handful.data.library.writer import Writer, tables_in
from handful.data.modalities.base import MODALITIES
from handful.data.modalities.reading import reason_of

GONE = "file/gone"
"""The reason of a part whose file was there and is not any more."""

_FACTS = ("content_sha256", "sha256", "path", "size", "stamp")
_COLUMNS = [f"{modality}_{name}" for modality in MODALITIES for name in _FACTS]


class _Place(NamedTuple):
    """An item's file, as it looked."""

    id: str
    path: str
    size: int
    stamp: str


class Returning:
    """One ingest's memory of what was there before.

    Args:
        library: Where to.
        writer: Who writes into it.
        source: What is taken in.
        again: Whether what was forgotten is wanted.

    Attributes:
        renames: What items were called, and are now.
        lost: Names of the items that were marked as gone.
    """

    def __init__(self, library: Library, writer: Writer, source: str, again: bool) -> None:
        self.renames: list[tuple[str, str]] = []
        self.lost: list[str] = []
        self._library, self._source, self._again = library, source, again
        self._buried = read_forgotten(library.folder).without(writer.ids)
        self._seen: set[str] = set()
        self._written: set[str] = set()
        self._displaced: list[Item] = []
        self._copies: set[str] = set()

    def see(self, key: str) -> None:
        """Note that the source still holds something.

        Args:
            key: Its name in there.
        """
        self._seen.add(key)

    def is_unwanted(self, key: str) -> bool:
        """Whether something of this name was forgotten, so that it need not be read.

        Args:
            key: Its name in the source.
        """
        return not self._again and self._buried.of_name(self._source, key) is not None

    def was_forgotten(self, key: str, parts: Mapping[str, Part]) -> bool:
        """Whether the same was forgotten and stays out; lifts its tombstone where it is wanted.

        Args:
            key: Its name in the source.
            parts: As they were read.
        """
        found = self._buried.of_name(self._source, key), self._buried.of_parts(parts)
        stones = {stone.item: stone for stone in found if stone}
        if stones and self._again:
            self._lift(stones)
            return False
        if stones:
            copies = (part.path for part in parts.values() if not _has_file(part))
            self._copies.update(filter(None, copies))
        return bool(stones)

    def clear(self) -> None:
        """Delete copies that were made of what turned out to be forgotten."""
        if self._copies:
            delete_unread(self._library.folder, tables_in(self._library.folder), self._copies)

    def known_as(self, key: str, known: Item | None, parts: Mapping[str, Part]) -> Item | None:
        """The item that files which were read stand for: by their content, else by their name.

        Args:
            key: Their name in the source.
            known: What had this name before.
            parts: As they were read.

        Returns:
            The item; None when it is a new one.
        """
        if known is None or _marks(known.parts) != _marks(parts):
            found = self._moved(key, parts)
            if found:
                self.renames.append(self._told(found, key))
                self._displaced += [known] if known else []
                known = found
        if known is None or known.id in self._written:
            return None
        self._written.add(known.id)
        return known

    def _told(self, found: Item, key: str) -> tuple[str, str]:
        """Both names, with their sources where these are all that differs."""
        if found.key != key:
            return found.key, key
        return f"{found.source}/{key}", f"{self._source}/{key}"

    def _moved(self, key: str, parts: Mapping[str, Part]) -> Item | None:
        """The item that has this content, and whose own files are gone."""
        marks = _marks(parts)
        fitting = {
            identity
            for mark in marks
            for identity, path, size, stamp in self._by_content.get(mark, ())
            if identity not in self._written and not _looks_so(path, size, stamp)
        }
        if not fitting:
            return None
        found = self._library.items(ids=sorted(fitting), with_quarantined=True)
        media = self._library.media
        lost = [
            item
            for item in found
            if _marks(item.parts) == marks
            and all(media.fault(part) for part in item.parts.values() if _has_file(part))
        ]
        return _the_one(lost, key)

    def gone(self, known: Iterable[Item]) -> list[Item]:
        """The items of the source that it no longer holds, marked where their files are gone.

        Args:
            known: All items of the source, as they were before.
        """
        found = []
        unseen = [item for item in known if item.key not in self._seen]
        for item in [*unseen, *self._displaced]:
            if item.id in self._written or held(item):
                continue
            is_displaced = item.key in self._seen
            parts = {name: _marked(part, is_displaced) for name, part in item.parts.items()}
            if parts != item.parts:
                found.append(replace(item, parts=parts))
                self.lost.append(item.key)
        return found

    def _lift(self, stones: Mapping[str, Tombstone]) -> None:
        note_back(self._library.folder, list(stones.values()))
        self._buried = Forgotten(stone for stone in self._buried if stone.item not in stones)

    @cached_property
    def _by_content(self) -> Mapping[str, list[_Place]]:
        """Content to what has it in a file of its own, and how that file looked."""
        holders: dict[str, list[_Place]] = defaultdict(list)
        for table in self._library.scan(["id", *_COLUMNS]):
            for name in MODALITIES:
                columns = (table[column] for column in ("id", *(f"{name}_{c}" for c in _FACTS)))
                for identity, content, data, path, size, stamp in zip(
                    *(column.to_pylist() for column in columns), strict=True
                ):
                    if path and os.path.isabs(path):  # noqa: PTH117 - quicker by much
                        holders[content or data].append(_Place(identity, path, size, stamp))
        return holders


def _marks(parts: Mapping[str, Part]) -> tuple[str, ...]:
    """What an item is known by: pictures and sounds, or its text when it has nothing else."""
    media = [name for name in parts if name != "text"]
    marks = {parts[name].content_sha256 or parts[name].sha256 for name in media or parts}
    return tuple(sorted(marks - {""}))


def _has_file(part: Part) -> bool:
    return Path(part.path).is_absolute()


def _looks_so(path: str, size: int, stamp: str) -> bool:
    """Whether a file is still there and looks as it did; quick, and enough where it says yes."""
    try:
        facts = os.stat(path)  # noqa: PTH116 - one Path per file costs more than the call
    except OSError:
        return False
    return (facts.st_size, str(facts.st_mtime_ns)) == (size, stamp)


def _marked(part: Part, is_displaced: bool) -> Part:
    """A part whose file is no longer there, marked; a disk that refuses says nothing of that."""
    if part.reason == GONE or not _has_file(part):
        return part
    try:
        Path(part.path).stat()
        is_gone = is_displaced
    except (FileNotFoundError, NotADirectoryError):
        is_gone = True
    except OSError:
        is_gone = False
    if not is_gone:
        return part
    what = reason_of(GONE).what
    return replace(part, status=Status.QUARANTINED, reason=GONE, detail=what)


def _the_one(lost: list[Item], key: str) -> Item | None:
    """The lost item that a new name stands for; None when that cannot be told."""
    if len(lost) < 2:
        return lost[0] if lost else None
    name = PurePath(key).name
    alike = [item for item in lost if PurePath(item.key).name == name] or lost
    facts = {
        (item.group, item.split, item.rights.licence, tuple(sorted(truths(item.labels).items())))
        for item in alike
    }
    return alike[0] if len(facts) == 1 or len(alike) == 1 else None
