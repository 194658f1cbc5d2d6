"""Read an export back into an empty library: all of it, to the byte, or nothing."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from handful.data.library.export import layout
from handful.data.library.forgotten import Tombstone, from_plain, note_forgotten
from handful.data.library.items import Item, Split
from handful.data.library.library import Library
from handful.data.library.splits import Config
from handful.foundation.errors import ConfigError, InputError, ProjectError, UsageError, storage
from handful.foundation.project.manifest import MANIFEST, read_manifest

OnItems = Callable[[int, int], None]
"""Called with how many files were checked and how many there are."""

_SHOWN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Import:
    """What was taken in.

    Attributes:
        version: The library's version afterwards.
        digest: Its row digest, which is that of the exported library.
        items: How many items.
        files: How many files were copied.
        missing: Names of files that were missing when the export was written, with the reason.
    """

    version: int
    digest: str
    items: int
    files: int
    missing: tuple[str, ...]


class _Told(NamedTuple):
    """What the manifest of an export says."""

    digest: str
    rule: Mapping[str, Any]
    locked: tuple[str, ...]
    tags: Sequence[str]
    files: Mapping[str, Mapping[str, Any]]
    missing: tuple[str, ...]
    forgotten: tuple[Tombstone, ...]


def read_export(
    library: Library, folder: Path, *, on_items: OnItems = lambda done, total: None
) -> Import:
    """Make an empty library the one that was exported.

    Every file's hash is compared before anything counts. The files are copied, so the export may
    be deleted afterwards.

    Args:
        library: Without items.
        folder: The export.
        on_items: Told how far it is.

    Returns:
        What was taken in.

    Raises:
        UsageError: When the library has items.
        InputError: When files of the export are missing or were altered; they are named.
        ProjectError: When there is no export, or it is damaged.
        NewerFormatError: When a newer Handful wrote it.
        BusyError: When another process is writing.
        StorageError: When the disk refuses; then nothing was taken in.
    """
    folder = folder.expanduser().absolute()
    told = _told(read_manifest(folder, layout.KIND), folder)
    with library.writing("import", str(folder)) as writer:
        if len(library):
            raise UsageError(
                f"The library has {len(library)} items, and an export needs an empty one.",
                "make a new project for it: handful new NAME",
            )
        copied: list[Path] = []
        try:
            paths = _copy(library, folder, told.files, copied, on_items)
            items, files = _table(folder, told)
            _require_whole(items, told, folder)
            placed = [
                _placed(item, {modality: paths[name] for modality, name in named.items()})
                for item, named in zip(items, files, strict=True)
            ]
            for time, stones in groupby(told.forgotten, lambda stone: stone.time):
                note_forgotten(library.folder, stones, time)  # they count once the items are there
            os.sync()  # the copies are on disk before the rows that name them
            writer.commit(placed, rule=told.rule, locked=told.locked)
        except BaseException:
            if not len(library):
                for path in copied:
                    with suppress(OSError):
                        path.unlink(missing_ok=True)
            raise
    for tag in told.tags:
        library.tag(tag)
    return Import(
        version=library.version,
        digest=library.digest(),
        items=len(placed),
        files=len(paths),
        missing=told.missing,
    )


def _told(content: Mapping[str, Any], folder: Path) -> _Told:
    try:
        about, files = content["library"], content["files"]
        told = _Told(
            digest=str(about["digest"]),
            rule=dict(about["rule"]),
            locked=tuple(str(Split(each)) for each in about["locked"]),
            tags=[str(each) for each in about["tags"]],
            files={str(name): {"sha256": str(each["sha256"])} for name, each in files.items()},
            forgotten=tuple(
                from_plain(each, str(each["time"])) for each in about.get("forgotten", ())
            ),
            missing=tuple(f"{each['origin']}: {each['what']}" for each in content["missing"]),
        )
        if told.rule:
            Config(**told.rule)
    except (KeyError, TypeError, ValueError, AttributeError, ConfigError) as error:
        raise _damaged(folder / MANIFEST, error) from None
    odd = [
        name
        for name in told.files
        if name not in (layout.README, layout.TABLE) and not layout.NAME.fullmatch(name)
    ]
    if odd or layout.TABLE not in told.files:
        what = f"it names {odd[0]!r}" if odd else f"it does not name {layout.TABLE}"
        raise ProjectError(f'Cannot read "{folder / MANIFEST}": {what}.', "export it anew")
    return told


def _copy(
    library: Library,
    folder: Path,
    files: Mapping[str, Mapping[str, Any]],
    copied: list[Path],
    on_items: OnItems,
) -> dict[str, str]:
    """Compare every file with its hash, and keep a copy of those of items; name to path."""
    paths, bad = {}, []
    for done, (name, facts) in enumerate(files.items(), start=1):
        fault, data = _checked(folder / name, facts["sha256"])
        named = layout.NAME.fullmatch(name)
        if fault:
            bad.append(f"{name} {fault}")
        elif named and named[1] != facts["sha256"]:
            bad.append(f"{name} was renamed")
        elif named and not bad:
            target = library.media.place_of(named[1], named[2] or "")
            if not target.exists():
                copied.append(target)
            paths[name] = library.media.keep_as(data, named[1], named[2] or "")
        on_items(done, len(files))
    if bad:
        more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
        raise InputError(
            f'The export "{folder}" is not as it was written: {"; ".join(bad[:_SHOWN])}{more}.',
            "restore these files from a copy, or export anew; nothing was taken in",
        )
    return paths


def _checked(path: Path, sha256: str) -> tuple[str, bytes]:
    """What is wrong with a file, and its bytes."""
    if path.is_symlink() or path.parent.is_symlink():
        return "is a link", b""
    with storage("read", path):
        if not path.is_file():
            return "is missing", b""
        data = path.read_bytes()
    return ("" if hashlib.sha256(data).hexdigest() == sha256 else "was altered"), data


def _table(folder: Path, told: _Told) -> tuple[list[Item], list[dict[str, str]]]:
    path = folder / layout.TABLE
    try:
        items, files = layout.from_table(pq.read_table(path))
    except (KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise _damaged(path, error) from None
    unknown = {name for named in files for name in named.values()} - told.files.keys()
    if unknown:
        raise ProjectError(
            f'"{path}" names "{min(unknown)}", which the manifest does not know.', "export it anew"
        )
    return items, files


def _require_whole(items: Sequence[Item], told: _Told, folder: Path) -> None:
    """What was read must be what was exported, down to the row digest."""
    if layout.digest_of(items) != told.digest:
        raise ProjectError(
            f'The rows of "{folder}" do not add up to the digest in its {MANIFEST}.',
            "export it anew, with this version of Handful",
        )


def _placed(item: Item, paths: Mapping[str, str]) -> Item:
    """The item with its files where they are now."""
    parts = {
        modality: replace(part, path=paths[modality]) if modality in paths else part
        for modality, part in item.parts.items()
    }
    return replace(item, parts=parts)


def _damaged(path: Path, error: Exception) -> ProjectError:
    return ProjectError(f'Cannot read "{path}": {error}.', "export it anew")
