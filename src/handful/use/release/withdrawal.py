"""Withdrawing items from a project: which runs and releases saw them, and what of them goes.

Runs and releases keep what they learned, and are named. A run's records stop naming the items, and
their figures stay. A release is sealed: it can only be deleted with its folder. What was derived
from an item lies in the cache and goes with it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from handful.data.library.forgotten import hash_of, read_forgotten
from handful.data.library.library import Library
from handful.data.library.splits import HELD_BACK
from handful.data.library.twins.kept import LOCK as TWINS_LOCK
from handful.data.library.withdrawing import Forgetting, forget, would_forget
from handful.foundation.console import plural
from handful.foundation.errors import UsageError, storage
from handful.foundation.project import Project
from handful.foundation.project.manifest import MANIFEST
from handful.learn.routes.run import runs_in
from handful.learn.routes.seen import read_seen
from handful.learn.routes.unnaming import Unnamed, unname
from handful.learn.towers.latents import LatentCache
from handful.trust.evaluate.report import REPORT, Report
from handful.use.release.finding import releases_in
from handful.use.release.seal import ABOUT

_KEPT_CACHE = ("latents", "twins", TWINS_LOCK, "speed.json")
"""Latents and prints are forgotten row by row; how fast a machine is says nothing of an item."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Saw:
    """A run or a release that learned from some items.

    Attributes:
        kind: `run` or `release`.
        name: The run's id or the release's digest.
        folder: Where it lies.
        items: How many of them it learned from, or may have.
        is_certain: Whether that is known; it is not of old ones whose version was trimmed.
    """

    kind: str
    name: str
    folder: Path
    items: int
    is_certain: bool

    @property
    def sentence(self) -> str:
        """What that means now that the items are forgotten."""
        saw = "saw" if self.is_certain else "may have seen"
        are = "was" if self.items == 1 else "were"
        return (
            f"{saw} {plural(self.items, 'item')} that {are} forgotten since; train again to be rid "
            f"of {'it' if self.items == 1 else 'them'}"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Withdrawal:
    """What forgetting takes from a project, or has taken.

    Attributes:
        taken: Items, labels, copies that stay.
        saw: The runs and releases that learned from these items.
        latents: How many derived rows were deleted; 0 as long as nothing was done.
        unnamed: How many lines of runs named the items, and no longer do.
    """

    taken: Forgetting
    saw: tuple[Saw, ...]
    latents: int = 0
    unnamed: int = 0

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        saw = [{**asdict(each), "folder": str(each.folder)} for each in self.saw]
        counts = {"latents": self.latents, "unnamed": self.unnamed}
        return {**self.taken.as_dict(), "saw": saw, **counts}


def would_withdraw(project: Project, words: Iterable[str]) -> Withdrawal:
    """Say what `withdraw` would take, and who saw it; nothing is changed.

    Args:
        project: Where the items are.
        words: Which; see `handful.data.library.naming`.

    Raises:
        UsageError: When a word means nothing.
    """
    library = Library.open_or_create(project.library)
    found = would_forget(library, words)
    return Withdrawal(taken=found, saw=tuple(who_saw(project, library, _hashes(found))))


def withdraw(project: Project, words: Iterable[str]) -> Withdrawal:
    """Forget items: the library's rows and labels, and all that was derived from them.

    Args:
        project: Where the items are; nothing else may be changing it.
        words: Which; see `handful.data.library.naming`.

    Raises:
        UsageError: When a word means nothing.
        ProjectError: When the records of a run are damaged; then the items are still there.
        BusyError: When another process is writing.
        StorageError: When the disk refuses; then the items are still there, and it can be said
            again.
    """
    words = list(words)
    would = would_withdraw(project, words)
    # What was derived goes first: whoever is stopped here still sees the items, and says it again.
    latents = LatentCache(project.cache / "latents").forget(would.taken.contents)
    _clear(project.cache)
    unnamed = _unname(project, would.taken)
    found = forget(Library.open(project.library), words)
    return Withdrawal(taken=found, saw=would.saw, latents=latents, unnamed=unnamed)


def marks(project: Project) -> list[Saw]:
    """The runs and releases that learned from items which were forgotten since.

    Args:
        project: With its runs and releases.
    """
    if not (project.library / MANIFEST).exists():
        return []
    buried = read_forgotten(project.library)
    if not buried:
        return []
    library = Library.open(project.library)
    ids = (each for table in library.scan(["id"]) for each in table["id"].to_pylist())
    return list(who_saw(project, library, {stone.item for stone in buried.without(ids)}))


def who_saw(project: Project, library: Library, items: Collection[str]) -> Iterator[Saw]:
    """The runs and releases that learned from some items, oldest first.

    Args:
        project: With its runs and releases.
        library: Its library, for those that did not write down what they learned from.
        items: Hashes of their ids.

    Yields:
        Those that saw any.
    """
    asked = frozenset(items)
    if not asked:
        return
    for kind, folder, version in _records(project):
        seen = read_seen(folder)
        if seen is None:
            seen = _usable_at(library, version)
        found = asked if seen is None else asked & seen
        if found:
            yield Saw(
                kind=kind,
                name=folder.name,
                folder=folder,
                items=len(found),
                is_certain=seen is not None,
            )


def _records(project: Project) -> Iterator[tuple[str, Path, int | None]]:
    """Runs and releases, with the version of the library that each names."""
    for run in runs_in(project.runs):
        yield "run", run.folder, _version(run.manifest)
    for folder in releases_in(project.releases):
        with storage("read", folder / ABOUT):
            about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        yield "release", folder, _version(about)


def _version(record: Any) -> int | None:
    library = record.get("library")
    return library.get("version") if isinstance(library, dict) else None


def _usable_at(library: Library, version: int | None) -> frozenset[str] | None:
    """What a training at that version learns from; None when the version is gone."""
    if version is None:
        return None
    try:
        items = Library.open(library.folder, version).items()
    except UsageError:
        return None
    return frozenset(hash_of(item.id) for item in items if item.split not in HELD_BACK)


def _unname(project: Project, going: Forgetting) -> int:
    """Take the items' names out of what runs wrote down, their reports on held-back items too."""
    ids = {item.id for item in going.items}
    rows = Library.open(project.library).scan(["id", "group_id"])
    groups = {
        row["group_id"] for table in rows for row in table.to_pylist() if row["id"] not in ids
    }
    count = 0
    for run in runs_in(project.runs):
        unnamed = Unnamed(_hashes(going), groups)
        count += unname(run.folder, unnamed) + _unname_report(run.folder, unnamed)
    return count


def _unname_report(folder: Path, unnamed: Unnamed) -> int:
    if not (folder / REPORT).is_file():
        return 0
    report = Report.load(folder)
    named = {one.id: hash_of(one.id) for one in report.outcomes if unnamed.holds(one.id)}
    for one in report.outcomes:
        if one.id in named:
            unnamed.group(one.group or "")
    if named:
        outcomes = tuple(
            replace(one, id=named.get(one.id, one.id), group=unnamed.now(one.group or "") or None)
            for one in report.outcomes
        )
        replace(report, outcomes=outcomes).save(folder)
    return len(named)


def _hashes(found: Forgetting) -> set[str]:
    return {stone.item for stone in found.stones}


def _clear(cache: Path) -> None:
    """Delete pages, surveys and whatever else shows items; all of it is made again when asked."""
    for path in sorted(cache.iterdir()) if cache.is_dir() else []:
        if path.name in _KEPT_CACHE:
            continue
        with storage("delete", path):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
