"""What history costs, and giving it back: deleting versions that nobody needs any more.

Kept are the newest version, those with a tag, those that a run or a release of the project learned
from, and as many of the last changes as asked for. Of the others go the rows and the copies of
media that no kept version reads; their lines in the history stay. A version that holds an item
which was forgotten since goes too, whoever names it; `lost` says which, and who does. With it go
thumbnails and prints of what was forgotten.

First it is written down which versions go, then they go. A process that is killed in between
leaves files that no version reads, and the next trim deletes them.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from handful.data.library.card import Card
from handful.data.library.derived import delete_derived
from handful.data.library.forgotten import read_forgotten
from handful.data.library.history import History, by_change, note_trim, read_history, versions_of
from handful.data.library.media import Media
from handful.data.library.store import Freed, column_lists
from handful.data.library.writer import Tables
from handful.data.modalities.base import MODALITIES
from handful.foundation.errors import ProjectError, UsageError, storage
from handful.foundation.project.folder import SETTINGS
from handful.foundation.project.manifest import MANIFEST

_HASHES = ("content_sha256", "sha256")
_DIGEST = 64
"""Hexadecimal digits of a release's name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trimming:
    """What a trim frees, or has freed.

    Attributes:
        versions: Those that go, oldest first.
        kept: Every version that stays, with the reasons.
        lost: Those that go although there are reasons to keep them, with the reasons, because they
            hold items that were forgotten since.
        table_bytes: Rows and labels that no kept version reads.
        media_bytes: Copies of media that no kept version reads.
        media_files: How many copies these are.
        is_done: Whether they are gone, or would only go.
    """

    versions: tuple[int, ...]
    kept: Mapping[int, tuple[str, ...]]
    table_bytes: int
    media_bytes: int
    media_files: int
    lost: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    is_done: bool = False

    @property
    def bytes(self) -> int:
        """All that is freed."""
        return self.table_bytes + self.media_bytes

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "versions": list(self.versions),
            "kept": {str(version): list(why) for version, why in self.kept.items()},
            "lost": {str(version): list(why) for version, why in self.lost.items()},
            "table_bytes": self.table_bytes,
            "media_bytes": self.media_bytes,
            "media_files": self.media_files,
            "bytes": self.bytes,
            "is_done": self.is_done,
        }


def look(folder: Path, tables: Tables, keep: int) -> Trimming:
    """Say what a trim would free, to the byte; nothing is changed.

    Args:
        folder: The library's folder.
        tables: Its tables.
        keep: How many of the last changes can still be gone back to or from; 1 keeps only what
            the library holds now.

    Raises:
        UsageError: When `keep` is below 1.
        ProjectError: When a record of the project cannot be read, so that nobody can say which
            versions it names.
    """
    plan = _plan(folder, tables, keep)
    items, labels = plan.stay_in
    freed = [tables.items.cost_without(items), tables.labels.cost_without(labels)]
    return _told(plan, freed, _useless_copies(folder, tables, items), is_done=False)


def trim(folder: Path, tables: Tables, keep: int) -> Trimming:
    """Delete old versions for good. The library's lock must be held, and its tables rewound.

    Args:
        folder: The library's folder.
        tables: Its tables.
        keep: As for `look`.

    Raises:
        UsageError: When `keep` is below 1.
        ProjectError: When a record of the project cannot be read.
        StorageError: When the disk refuses; what is kept can still be read.
    """
    plan = _plan(folder, tables, keep)
    if plan.gone:
        note_trim(folder, plan.gone)
    items, labels = plan.stay_in
    freed = [tables.items.forget(items), tables.labels.forget(labels)]
    copies = _useless_copies(folder, tables, items)
    Media(folder).delete(copies)
    delete_derived(folder, _forgotten_contents(folder, tables))
    return _told(plan, freed, copies, is_done=True)


def delete_unread(folder: Path, tables: Tables, copies: Collection[str]) -> None:
    """Delete those of some copies of media that no version reads. The lock must be held.

    Args:
        folder: The library's folder.
        tables: Its tables.
        copies: Their paths, relative to the folder.

    Raises:
        StorageError: When the disk refuses.
    """
    past = read_history(folder)
    left = {card.items_version for card in past.cards if card.version in past.left}
    useless = set(copies)
    for version in left if useless else ():
        useless.difference_update(_paths(tables, version))
    Media(folder).delete(useless)


class _Plan(NamedTuple):
    """Which versions of the library and of its tables go and stay."""

    gone: list[int]
    kept: dict[int, tuple[str, ...]]
    lost: dict[int, tuple[str, ...]]
    stay_in: tuple[set[int], set[int]]


def _plan(folder: Path, tables: Tables, keep: int) -> _Plan:
    if keep < 1:
        raise UsageError(
            f"At least 1 change is kept, the one that led to what the library holds; got {keep}.",
            "pass 1 or more",
        )
    past = read_history(folder)
    named = _kept(folder, past, keep)
    with_forgotten = _with_forgotten(folder, tables, past, named)
    kept = {version: why for version, why in named.items() if version not in with_forgotten}
    cards = [card for card in past.cards if card.version in kept]
    return _Plan(
        gone=[version for version in past.left if version not in kept],
        kept=kept,
        lost={version: named[version] for version in with_forgotten},
        stay_in=({card.items_version for card in cards}, {card.labels_version for card in cards}),
    )


def _kept(folder: Path, past: History, keep: int) -> dict[int, tuple[str, ...]]:
    """Version to why it stays."""
    newest = past.cards[-1].version
    reasons: dict[int, list[str]] = {newest: ["the newest"]}
    if keep > 1:
        for change in by_change(versions_of(past, ({}, {})))[-keep:]:
            reasons.setdefault(change.version, []).append(f"among the last {keep}")
    for name, version in sorted(past.tags.items()):
        reasons.setdefault(version, []).append(f'tag "{name}"')
    for version, record in _named_by_records(folder.parent):
        reasons.setdefault(version, []).append(record)
    left = set(past.left)
    return {version: tuple(why) for version, why in sorted(reasons.items()) if version in left}


def _with_forgotten(
    folder: Path, tables: Tables, past: History, versions: Collection[int]
) -> list[int]:
    """The versions that hold an item which was forgotten since; the newest never does."""

    def ids(card: Card) -> list[str]:
        return column_lists(tables.items.read(card.items_version, ["id"]))["id"]

    buried = read_forgotten(folder)
    if not buried:
        return []
    buried = buried.without(ids(past.cards[-1]))
    asked = [card for card in past.cards if card.version in versions]
    return [card.version for card in asked if buried and buried.among(ids(card))]


def _forgotten_contents(folder: Path, tables: Tables) -> set[str]:
    """Contents of what was forgotten that nothing in the library holds any more."""
    buried = read_forgotten(folder)
    if not buried:
        return set()
    newest = read_history(folder).cards[-1].items_version
    names = [f"{modality}_{name}" for modality in MODALITIES for name in _HASHES]
    there: set[str] = set()
    ids: list[str] = []
    for piece in tables.items.scan(newest, ["id", *names]):
        columns = column_lists(piece)
        ids += columns.pop("id")
        there.update(filter(None, chain.from_iterable(columns.values())))
    return {each for stone in buried.without(ids) for each in stone.contents} - there


def _named_by_records(project: Path) -> Iterator[tuple[int, str]]:
    """Every version that a run or a release learned from; none outside of a project."""
    if not (project / SETTINGS).is_file():
        return
    for pattern, what in (("runs/*/" + MANIFEST, "run"), ("releases/*/about.json", "release")):
        for path in sorted(project.glob(pattern)):
            version = _version_in(path)
            if version is not None:
                yield version, f"{what} {_short(path.parent.name)}"


def _short(name: str) -> str:
    """A digest is shown as elsewhere, by its beginning."""
    return name[:12] if len(name) == _DIGEST else name


def _version_in(path: Path) -> int | None:
    with storage("read", path):
        text = path.read_text(encoding="utf-8", errors="replace")
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ProjectError(
            f'Cannot tell which version of the library "{path}" names: it is damaged. Nothing was '
            "trimmed.",
            "restore it from a copy, or delete the folder it lies in",
        )
    library = content.get("library")
    version = library.get("version") if isinstance(library, dict) else None
    return version if isinstance(version, int) else None


def _useless_copies(folder: Path, tables: Tables, items: Collection[int]) -> dict[str, int]:
    """The copies of media that no kept version reads, and what killed writers left; with sizes."""
    read = {path for version in items for path in _paths(tables, version)}
    return {name: size for name, size in Media(folder).sizes().items() if name not in read}


def _paths(tables: Tables, version: int) -> Iterator[str]:
    names = [f"{modality}_path" for modality in MODALITIES]
    for column in column_lists(tables.items.read(version, names)).values():
        yield from filter(None, column)


def _told(
    plan: _Plan, freed: Sequence[Freed], copies: Mapping[str, int], *, is_done: bool
) -> Trimming:
    return Trimming(
        versions=tuple(plan.gone),
        kept=plan.kept,
        lost=plan.lost,
        table_bytes=sum(each.bytes for each in freed),
        media_bytes=sum(copies.values()),
        media_files=len(copies),
        is_done=is_done,
    )
