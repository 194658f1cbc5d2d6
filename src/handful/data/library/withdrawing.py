"""Taking items out of use: set aside until taken back, or forgotten for good.

Setting aside changes how items are marked; they stay, with their labels. Forgetting takes an item,
its labels and every derived row out of what the library holds now, and leaves a tombstone of hashes
that keeps it away. What older versions hold goes with the next trim. Files of people are never
touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from handful.data.library import holding
from handful.data.library.card import now
from handful.data.library.copies import telling
from handful.data.library.forgotten import (
    Forgotten,
    Tombstone,
    hash_of,
    note_forgotten,
    read_forgotten,
    tombstone,
)
from handful.data.library.holding import Held, held
from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.data.library.naming import named
from handful.foundation.errors import UsageError


@dataclass(frozen=True, kw_only=True, slots=True)
class Forgetting:
    """What forgetting takes away, or has taken.

    Attributes:
        items: Those that go.
        labels: How many statements about them go.
        copies: Other items with the same picture, sound or text; they stay.
        earlier: Tombstones of what was forgotten before and is asked for again, so that a
            forgetting that was killed is finished.
        is_done: Whether they are gone, or would only go.
        version: The library's, afterwards.
    """

    items: tuple[Item, ...]
    labels: int
    copies: tuple[Item, ...]
    earlier: tuple[Tombstone, ...]
    is_done: bool
    version: int

    @property
    def stones(self) -> list[Tombstone]:
        """What is kept of each."""
        return [*self.earlier, *(tombstone(item, self.version) for item in self.items)]

    @property
    def contents(self) -> set[str]:
        """Hashes of all contents whose derived copies go."""
        return {content for stone in self.stones for content in stone.contents}

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "items": [{"id": item.id, "key": item.key} for item in self.items],
            "labels": self.labels,
            "copies": [{"id": item.id, "key": item.key} for item in self.copies],
            "forgotten_before": len(self.earlier),
            "is_done": self.is_done,
            "version": self.version,
        }


def quarantine(library: Library, words: Iterable[str], *, because: str, by: str) -> list[Item]:
    """Set items aside: out of training, finding and sorting, until they are taken back.

    Args:
        library: Where they are.
        words: Which; see `naming`.
        because: Why, kept with each.
        by: Who says so, kept with each.

    Returns:
        The items that were set aside; those that were already are left as they are.

    Raises:
        UsageError: When a word means nothing, or the reason is empty.
        BusyError: When another process is writing.
        StorageError: When the disk refuses; then nothing changed.
    """
    if not because.strip() or not by.strip():
        raise UsageError(
            "Setting an item aside needs a reason and a name.", 'say --because "why it is wrong"'
        )
    ids = [item.id for item in named(library, words) if not held(item)]
    why = Held(because.strip(), by.strip(), now())
    # The reason stays out of the history, where it would outlive the item.
    with library.writing("quarantine", f"{_items(ids)} by {why.by}") as writer:
        found = library.items(ids=ids, with_quarantined=True)
        fresh = [holding.hold(item, why) for item in found if not held(item)]
        writer.commit(changed=fresh)
    return fresh


def restore(library: Library, words: Iterable[str]) -> list[Item]:
    """Take items back that were set aside or forgotten, with their labels.

    A forgotten item is taken from the history, as long as a trim has not cleared it away.

    Args:
        library: Where they are.
        words: Which; see `naming`. Forgotten ones by their id, or by the name they had.

    Returns:
        The items as they are again; those that are in use already are left out.

    Raises:
        UsageError: When a word means nothing, or the history no longer holds the item.
        BusyError: When another process is writing.
        StorageError: When the disk refuses; then nothing changed.
    """
    buried = _effective(library)
    called = {word: buried.called(word) for word in words}
    rest = [word for word, stones in called.items() if not stones]
    ids = [item.id for item in named(library, rest) if held(item)]
    lost = [stone for stones in called.values() for stone in stones]
    back = [holding.release(_from_history(library, stone)) for stone in lost]
    with library.writing("restore", _items([*ids, *back])) as writer:
        there = [item for item in back if item.id not in writer.ids]
        freed = [holding.release(item) for item in library.items(ids=ids, with_quarantined=True)]
        writer.commit(there, changed=freed)
    return [*there, *freed]


def would_forget(library: Library, words: Iterable[str]) -> Forgetting:
    """Say what `forget` would take away; nothing is changed.

    Args:
        library: Where they are.
        words: Which; see `naming`.

    Raises:
        UsageError: When a word means nothing, and meant no forgotten item either.
    """
    buried = _effective(library)
    called = {word: buried.called(word) for word in words}
    items = named(library, [word for word, stones in called.items() if not stones])
    going = {item.id for item in items}
    contents = {content for item in items for content in telling(item.parts)}
    others = library.items(with_quarantined=True) if contents else []
    copies = [
        item
        for item in others
        if item.id not in going and not contents.isdisjoint(telling(item.parts))
    ]
    return Forgetting(
        items=tuple(items),
        labels=sum(len(item.labels) for item in items),
        copies=tuple(copies),
        earlier=tuple(stone for stones in called.values() for stone in stones),
        is_done=False,
        version=library.version,
    )


def forget(library: Library, words: Iterable[str]) -> Forgetting:
    """Take items out of what the library holds now, with their labels, and keep them away.

    What towers made of them lies in the project's cache; `Project.forget` clears that too.

    Args:
        library: Where they are.
        words: Which; see `naming`.

    Raises:
        UsageError: When a word means nothing, and meant no forgotten item either.
        BusyError: When another process is writing.
        StorageError: When the disk refuses; then the items are still there.
    """
    found = would_forget(library, words)
    ids = [item.id for item in found.items]
    if ids:
        with library.writing("forget", _items(ids)) as writer:
            there = library.items(ids=ids, with_quarantined=True)
            # The tombstones come first, and count once the items are gone.
            note_forgotten(library.folder, [tombstone(item, library.version) for item in there])
            writer.commit(gone=ids)
    return replace(found, is_done=True, version=library.version)


def _effective(library: Library) -> Forgotten:
    """The tombstones of what the library does not hold."""
    buried = read_forgotten(library.folder)
    return buried.without(_ids(library)) if buried else buried


def _from_history(library: Library, stone: Tombstone) -> Item:
    """A forgotten item as the last version that held it has it."""
    try:
        past = Library.open(library.folder, stone.version)
    except UsageError as error:
        raise UsageError(
            f"That item was forgotten on {stone.time[:10]}, and a trim has cleared it away since.",
            "if you still have its file: handful add FOLDER --again",
        ) from error
    (identity,) = [each for each in _ids(past) if hash_of(each) == stone.item]
    return past.item(identity)


def _ids(library: Library) -> list[str]:
    return [each for table in library.scan(["id"]) for each in table["id"].to_pylist()]


def _items(found: Sequence[object]) -> str:
    return "1 item" if len(found) == 1 else f"{len(found)} items"
