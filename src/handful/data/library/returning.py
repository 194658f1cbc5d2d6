"""What an ingest meets again: renamed files, vanished ones, and what was forgotten.

A file with a new name is the item it was when the content is the same and the old file is gone. So
its id, its labels, its group and its split stay. Contents decide, not bytes: a picture whose tags
were edited on the way is known by its pixels. Where several lost items fit and differ in what is
said of them, nobody guesses.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from handful.data.library.forgotten import Forgotten, Tombstone, note_back, read_forgotten
from handful.data.library.holders import Holders
from handful.data.library.holding import held
from handful.data.library.items import Item, Part, Status, truths
from handful.data.library.library import Library
from handful.data.library.media import Media, original_of
from handful.data.library.trimming import delete_unread
from handful.data.library.writer import Writer, tables_in
from handful.data.modalities.reading import reason_of

GONE = "file/gone"
"""The reason of a part whose file was there and is not any more."""


class Returning:
    """One ingest's memory of what was there before.

    Args:
        library: Where to.
        writer: Who writes into it.
        source: What is taken in.
        again: Whether what was forgotten is wanted.

    Attributes:
        renames: What items were called, and are now.
        missing: Names of the items that were marked as gone.
    """

    def __init__(self, library: Library, writer: Writer, source: str, again: bool) -> None:
        self.renames: list[tuple[str, str]] = []
        self.missing: list[str] = []
        self._library, self._source, self._again = library, source, again
        buried = read_forgotten(library.folder)
        self._buried = buried.without(writer.ids) if buried else buried
        self._holders = Holders(library)
        self._written: set[str] = set()
        self._displaced: list[Item] = []
        self._copies: set[str] = set()

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
            self.leave_out(parts)
        return bool(stones)

    def leave_out(self, parts: Mapping[str, Part]) -> None:
        """Note that something which was read does not come in, so that no copy of it stays.

        Args:
            parts: As they were read.
        """
        copies = (part.path for part in parts.values() if not _has_file(part))
        self._copies.update(filter(None, copies))

    def clear(self) -> None:
        """Delete copies that were made of what then did not come in."""
        if self._copies:
            delete_unread(self._library.folder, tables_in(self._library.folder), self._copies)

    def lost(self, read: Sequence[Mapping[str, Part]]) -> list[list[Item]]:
        """For each of some, the items that had its content, and whose own files look otherwise now.

        May run in several threads.

        Args:
            read: The parts of each, as they were read.
        """
        return [
            [item for item in holding if not _looks_so(item)]
            for holding in self._holders.of([_marks(parts) for parts in read])
        ]

    def known_as(
        self, key: str, known: Item | None, parts: Mapping[str, Part], lost: Sequence[Item]
    ) -> Item | None:
        """The item that files which were read stand for: by their content, else by their name.

        Args:
            key: Their name in the source.
            known: What had this name before.
            parts: As they were read.
            lost: From `lost`.

        Returns:
            The item; None when it is a new one.
        """
        if known is None or _marks(known.parts) != _marks(parts):
            found = self._moved(key, parts, lost)
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

    def _moved(self, key: str, parts: Mapping[str, Part], lost: Sequence[Item]) -> Item | None:
        """The item that has this content, and whose own files are gone."""
        marks, media = _marks(parts), self._library.media
        fitting = [
            item
            for item in lost
            if item.id not in self._written
            and _marks(item.parts) == marks
            and all(_is_lost(part, media) for part in item.parts.values() if _original(part))
        ]
        return _the_one(fitting, key)

    def gone(self, unseen: Iterable[Item]) -> Iterator[Item]:
        """The items of the source that it no longer holds, marked where their files are gone.

        Args:
            unseen: The items whose names it does not hold any more, as they were before.
        """
        yield from (item for each in unseen if (item := self._gone(each, is_displaced=False)))
        yield from (item for each in self._displaced if (item := self._gone(each, True)))

    def _gone(self, item: Item, is_displaced: bool) -> Item | None:
        if item.id in self._written or held(item):
            return None
        parts = {name: _marked(part, is_displaced) for name, part in item.parts.items()}
        if parts == item.parts:
            return None
        self.missing.append(item.key)
        return replace(item, parts=parts)

    def _lift(self, stones: Mapping[str, Tombstone]) -> None:
        note_back(self._library.folder, list(stones.values()))
        self._buried = Forgotten(stone for stone in self._buried if stone.item not in stones)


def _marks(parts: Mapping[str, Part]) -> tuple[str, ...]:
    """What an item is known by: pictures and sounds, or its text when it has nothing else."""
    media = [name for name in parts if name != "text"]
    marks = {parts[name].content_sha256 or parts[name].sha256 for name in media or parts}
    return tuple(sorted(marks - {""}))


def _has_file(part: Part) -> bool:
    return Path(part.path).is_absolute()


def _original(part: Part) -> str:
    return original_of(part.path, part.origin, part.stamp)


def is_copied(item: Item) -> bool:
    """Whether copies are kept of files that the person has.

    Args:
        item: Of the library.
    """
    return any(not _has_file(part) and _original(part) for part in item.parts.values())


def _looks_so(item: Item) -> bool:
    """Whether any of its files is there and looks as it did; quick, and enough where it is yes."""
    return any(_is_as_it_was(part) for part in item.parts.values())


def _is_as_it_was(part: Part) -> bool:
    original = _original(part)
    if not original:
        return False
    try:
        facts = os.stat(original)  # noqa: PTH116 - one Path per file costs more than the call
    except OSError:
        return False
    return (facts.st_size, str(facts.st_mtime_ns)) == (part.size, part.stamp)


def _is_lost(part: Part, media: Media) -> bool:
    """Whether the person's own file is gone or another; a copy of it serves on all the same."""
    return bool(media.fault(part)) if _has_file(part) else not _is_as_it_was(part)


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
