"""Taking items out of use: set aside until taken back, or forgotten for good.

Setting aside changes how items are marked; they stay, with their labels. Forgetting takes an item,
its labels and every derived row out of what the library holds now, and leaves a tombstone of hashes
that keeps it away. What older versions hold goes with the next trim. Files of people are never
touched.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from handful.data.library import holding
from handful.data.library.card import now
from handful.data.library.copies import telling
from handful.data.library.derived import delete_derived
from handful.data.library.forgotten import (
    Tombstone,
    hash_of,
    note_forgotten,
    read_forgotten,
    tombstone,
)
from handful.data.library.holding import Held, held
from handful.data.library.items import Item, Split
from handful.data.library.library import Library
from handful.data.library.naming import meant_by, named
from handful.data.library.splitting import placed
from handful.data.library.units import descents
from handful.foundation.errors import UsageError


@dataclass(frozen=True, kw_only=True, slots=True)
class Forgetting:
    """What forgetting takes away, or has taken.

    Attributes:
        items: Those that go.
        labels: How many statements about them go.
        locked: How many of the items each locked split loses. A lock keeps nobody's picture.
        copies: Other items with the same picture, sound or text; they stay.
        made: Other items that were made from them; they stay.
        earlier: Tombstones of what was forgotten before and is asked for again, so that a
            forgetting that was killed is finished.
        is_done: Whether they are gone, or would only go.
        version: The library's, afterwards.
    """

    items: tuple[Item, ...]
    labels: int
    locked: Mapping[str, int]
    copies: tuple[Item, ...]
    made: tuple[Item, ...]
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
            "locked": dict(self.locked),
            "copies": [{"id": item.id, "key": item.key} for item in self.copies],
            "made_from_them": [{"id": item.id, "key": item.key} for item in self.made],
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
    at, chosen = library.version, [each for each in named(library, words) if not held(each)]
    why = Held(because.strip(), by.strip(), now())
    # The reason stays out of the history, where it would outlive the item.
    with library.writing("quarantine", f"{_items(chosen)} by {why.by}") as writer:
        found = _as_now(library, chosen, at)
        fresh = [holding.hold(item, why) for item in found if not held(item)]
        writer.commit(changed=fresh)
    return fresh


def in_locked(library: Library, items: Iterable[Item]) -> dict[str, int]:
    """How many of some items lie in each locked split.

    Args:
        library: Where they are.
        items: Any.
    """
    return dict(Counter(str(item.split) for item in items if item.split in library.locked))


def restore(library: Library, words: Iterable[str], cache: Path | None = None) -> list[Item]:
    """Take items back that were set aside or forgotten, with their labels.

    A forgotten item is taken from the history, as long as a trim has not cleared it away. Each gets
    its place in a split back; where it had none in a library that was split, it is placed now. Into
    a split that was locked without it, it does not go: it is `out`.

    Args:
        library: Where they are.
        words: Which; see `naming`. Forgotten ones by their id, or by the name they had.
        cache: The project's `cache`, where what tells copies is kept.

    Returns:
        The items as they are again; those that are in use already are left out.

    Raises:
        UsageError: When a word means nothing, or the history no longer holds the item.
        BusyError: When another process is writing.
        StorageError: When the disk refuses; then nothing changed.
    """
    at, meant = library.version, _meant(library, words)
    lost = [stone for each in meant for stone in each.sure().stones]
    chosen = [item for item in _each_once(meant) if held(item)]
    back = [holding.release(item) for item in _from_history(library, lost)]
    with library.writing("restore", _items([*chosen, *back])) as writer:
        there = [item for item in back if item.id not in writer.ids]
        freed = [holding.release(item) for item in _as_now(library, chosen, at)]
        found = placed(library, [*there, *freed], cache)
        writer.commit(back=found[: len(there)], changed=found[len(there) :])
    return found


def would_forget(library: Library, words: Iterable[str]) -> Forgetting:
    """Say what `forget` would take away; nothing is changed.

    Args:
        library: Where they are.
        words: Which; see `naming`.

    Raises:
        UsageError: When a word means nothing, and meant no forgotten item either.
    """
    meant = _meant(library, words)
    # A name that somebody bears now means that one, whoever bore it before.
    earlier = {stone.item: stone for each in meant if not each.items for stone in each.stones}
    items = _each_once(meant)
    going = {item.id for item in items}
    contents = {content for item in items for content in telling(item.parts)}
    others = library.items(with_quarantined=True) if items else []
    copies = [
        item
        for item in others
        if item.id not in going and not contents.isdisjoint(telling(item.parts))
    ]
    return Forgetting(
        items=tuple(items),
        labels=sum(len(item.labels) for item in items),
        locked=in_locked(library, items),
        copies=tuple(copies),
        made=tuple(_made_from(going, others)),
        earlier=tuple(earlier.values()),
        is_done=False,
        version=library.version,
    )


def forget(library: Library, words: Iterable[str]) -> Forgetting:
    """Take items out of what the library holds now, with their labels, and keep them away.

    Their thumbnails, and what tells copies of them, go first. What towers made of them lies in the
    project's cache; `Project.forget` clears that too.

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
    # What was derived goes first: whoever is stopped here still sees the items, and says it again.
    delete_derived(library.folder, found.contents)
    if ids:
        with library.writing("forget", _items(ids)) as writer:
            there = _as_now(library, found.items, found.version)
            # The tombstones come first, and count once the items are gone.
            note_forgotten(library.folder, [tombstone(item, library.version) for item in there])
            writer.commit(gone=ids)
    return replace(found, is_done=True, version=library.version)


def _made_from(going: set[str], every: Iterable[Item]) -> list[Item]:
    """Items made from some, and from those again."""
    pairs, found = descents(every), {}
    while True:
        reached = going | found.keys()
        more = {item.id: item for item, parent in pairs if parent.id in reached}
        more = {each: item for each, item in more.items() if each not in reached}
        if not more:
            return list(found.values())
        found |= more


class _Meant(NamedTuple):
    """What a word means: items, and tombstones of items that are not there."""

    word: str
    items: list[Item]
    stones: list[Tombstone]

    def sure(self) -> _Meant:
        """Itself; refused where several forgotten items could be meant."""
        if len(self.stones) > 1:
            raise UsageError(
                f'{len(self.stones)} forgotten items were called "{self.word}".',
                "name one by its id or its file",
            )
        return self


def _meant(library: Library, words: Iterable[str]) -> list[_Meant]:
    every = library.items(with_quarantined=True)
    buried = read_forgotten(library.folder).without(item.id for item in every)
    found = []
    for word in words:
        stones = buried.called(word)
        try:
            found.append(_Meant(word, meant_by(word, every), stones))
        except UsageError:
            if not stones:
                raise
            found.append(_Meant(word, [], stones).sure())
    return found


def _each_once(meant: Iterable[_Meant]) -> list[Item]:
    return list({item.id: item for each in meant for item in each.items}.values())


def _from_history(library: Library, stones: Iterable[Tombstone]) -> Iterator[Item]:
    """Forgotten items as the last version that held them has them."""
    by_version: dict[int, set[str]] = defaultdict(set)
    for stone in stones:
        by_version[stone.version].add(stone.item)
    for version, wanted in by_version.items():
        try:
            past = Library.open(library.folder, version)
        except UsageError as error:
            raise UsageError(
                "That item was forgotten, and the history no longer holds it.",
                "if you still have its file: handful add FOLDER --again",
            ) from error
        ids = (each for table in past.scan(["id"]) for each in table["id"].to_pylist())
        found = past.items(
            ids=[each for each in ids if hash_of(each) in wanted], with_quarantined=True
        )
        yield from (_let_back(item, past, library) for item in found)


def _let_back(item: Item, past: Library, library: Library) -> Item:
    """Into a locked split only what was in it when it was locked."""
    if item.split not in library.locked or item.split in past.locked:
        return item
    return replace(item, split=Split.OUT, split_reason=f"it was gone when {item.split} was locked")


def _as_now(library: Library, items: Sequence[Item], at: int) -> Sequence[Item]:
    """Items as they are now that the lock is held; read anew where somebody wrote meanwhile."""
    if library.version == at:
        return items
    return library.items(ids=[item.id for item in items], with_quarantined=True)


def _items(found: Sequence[object]) -> str:
    return "1 item" if len(found) == 1 else f"{len(found)} items"
