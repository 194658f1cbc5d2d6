"""Write a library out, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from handful.data.library.export import layout
from handful.data.library.forgotten import Tombstone, as_plain, read_forgotten
from handful.data.library.items import Item, Part
from handful.data.library.library import Library
from handful.data.library.media import ending_of
from handful.data.modalities.reading import Unreadable
from handful.foundation.errors import UsageError, storage
from handful.foundation.project.atomic import UNFINISHED, write_text
from handful.foundation.project.folder import SETTINGS
from handful.foundation.project.manifest import write_manifest

OnItems = Callable[[int, int], None]
"""Called with how many items were written and how many there are."""


class Missing(NamedTuple):
    """A file that could not be taken along.

    Attributes:
        key: Its item.
        modality: `text`, `image` or `audio`.
        origin: Where it came from.
        what: Why, as a sentence.
    """

    key: str
    modality: str
    origin: str
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """What was written.

    Attributes:
        folder: Where.
        version: The library's version.
        digest: Its row digest.
        items: How many rows.
        files: How many files, each content once.
        bytes: How large they are together.
        missing: What could not be taken along; the rows are there all the same.
        forgotten: How many items of that version stay behind, because they were forgotten since.
    """

    folder: Path
    version: int
    digest: str
    items: int
    files: int
    bytes: int
    missing: tuple[Missing, ...]
    forgotten: int = 0

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "folder": str(self.folder),
            "version": self.version,
            "digest": self.digest,
            "items": self.items,
            "files": self.files,
            "bytes": self.bytes,
            "missing": [each._asdict() for each in self.missing],
            "forgotten": self.forgotten,
        }


def export(
    library: Library, folder: Path, *, on_items: OnItems = lambda done, total: None
) -> Export:
    """Write a library to a folder that anything can read.

    The folder appears in one step, when all of it is on disk. A file that vanished or changed
    since it was added is named, and the rest goes on. What is set aside comes along with its
    reason; what was forgotten does not, from an older version either. Only the tombstones do, which
    hold hashes: without them the next `add` after an import would take it in again.

    Args:
        library: At any version.
        folder: Where; it must not exist, or be empty.
        on_items: Told how far it is.

    Returns:
        What was written and what is missing.

    Raises:
        UsageError: When something is there already, or the folder lies inside the project.
        StorageError: When the disk refuses; then nothing is there.
    """
    folder = Path(os.path.abspath(folder.expanduser()))  # noqa: PTH100 - links are not followed
    _require_free(folder, library)
    with storage("write", folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _appearing(folder) as temporary:
            return _write(library, temporary, folder, on_items)


def _require_free(folder: Path, library: Library) -> None:
    with storage("read", folder):
        is_taken = folder.is_symlink() or (
            folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
        )
    if is_taken:
        raise UsageError(f'There is something at "{folder}" already.', "choose another folder")
    project = library.folder.parent
    inside = project if (project / SETTINGS).exists() else library.folder
    if folder.resolve().is_relative_to(inside.resolve()):
        raise UsageError(
            f'"{folder}" lies inside "{inside}", and an export is to leave it.',
            "choose a folder outside",
        )


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A folder beside the one that is wanted, which takes its name when the block ends well."""
    temporary = folder.with_name(f"{UNFINISHED}{secrets.token_hex(4)}-{folder.name}")
    temporary.mkdir()
    try:
        yield temporary
        if folder.exists():
            folder.rmdir()
        temporary.rename(folder)
        _force(folder.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _write(library: Library, temporary: Path, folder: Path, on_items: OnItems) -> Export:
    items, stones = _without_forgotten(library)
    digest = layout.digest_of(items)
    hashes: dict[str, dict[str, Any]] = {}
    missing: list[Missing] = []
    files = []
    for done, item in enumerate(items, start=1):
        files.append(_write_files(library, item, temporary, hashes, missing))
        on_items(done, len(items))
    count, size = len(hashes), sum(each["bytes"] for each in hashes.values())
    told = [f"{each.origin} ({each.modality} of {each.key}): {each.what}" for each in missing]
    write_text(temporary / layout.README, layout.readme(len(items), library.version, digest, told))
    with (temporary / layout.TABLE).open("wb") as file:
        pq.write_table(layout.to_table(items, files), file)
        file.flush()
        os.fsync(file.fileno())
    for name in (layout.README, layout.TABLE):
        data = (temporary / name).read_bytes()
        hashes[name] = _facts(data)
    tags = [name for name, at in library.tags().items() if at == library.version]
    manifest = {
        "library": {
            "version": library.version,
            "digest": digest,
            "rule": dict(library.card.rule),
            "locked": list(library.card.locked),
            "tags": tags,
            "forgotten": [{**as_plain(each), "version": 0, "time": each.time} for each in stones],
        },
        "items": len(items),
        "missing": [each._asdict() for each in missing],
        "files": dict(sorted(hashes.items())),
    }
    write_manifest(temporary, layout.KIND, manifest)
    return Export(
        folder=folder,
        version=library.version,
        digest=digest,
        items=len(items),
        files=count,
        bytes=size,
        missing=tuple(missing),
        forgotten=len(library) - len(items),
    )


def _without_forgotten(library: Library) -> tuple[list[Item], list[Tombstone]]:
    """What a version holds but for what was forgotten since, and what keeps that away."""
    items = library.items(with_quarantined=True)
    buried = read_forgotten(library.folder)
    if not buried:
        return items, []
    newest = Library.open(library.folder)
    buried = buried.without(
        each for table in newest.scan(["id"]) for each in table["id"].to_pylist()
    )
    gone = set(buried.among(item.id for item in items))
    return [item for item in items if item.id not in gone], list(buried)


def _write_files(
    library: Library,
    item: Item,
    folder: Path,
    hashes: dict[str, dict[str, Any]],
    missing: list[Missing],
) -> dict[str, str]:
    """The files of one item; modality to name."""
    named = {}
    for modality, part in item.parts.items():
        if not part.path or not part.sha256:
            continue  # a text from a table, or a file that never could be read
        name = f"{layout.MEDIA}/{part.sha256[:2]}/{part.sha256}{ending_of(part.mime)}"
        if name not in hashes:
            try:
                data = _exact_bytes(library, part)
            except Unreadable as fault:
                missing.append(Missing(item.key, modality, part.origin or part.path, fault.what))
                continue
            _put(folder / name, data)
            hashes[name] = _facts(data)
        named[modality] = name
    return named


def _exact_bytes(library: Library, part: Part) -> bytes:
    """The bytes that were added; also where size and time say so, they are hashed."""
    data = library.media.bytes_of(part)
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise Unreadable("file/changed")
    return data


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _facts(data: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _force(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
