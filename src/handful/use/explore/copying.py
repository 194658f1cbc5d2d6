"""Copy what was sorted: one folder per answer, whole files only, nothing replaced."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import count
from pathlib import Path

from handful.data.library.sources.base import absolute
from handful.foundation.errors import StorageError, UsageError, storage
from handful.foundation.project.atomic import replacing
from handful.use.explore.sort import File, Row, Sorted, Wanted, kept_levels, own_places, with_done

TABLE = "sorted.csv"
_COLUMNS = ("item", "file", "answer", "level", "confidence", "reason", "done", "copy")
_UNSAFE = re.compile(r'[\x00-\x1f/\\:*?"<>|]+')
_CHUNK = 1 << 20


def require_destination(folder: Path, into: Path, project: Path) -> None:
    """Refuse a destination in which copies would do harm.

    Args:
        folder: Whose files are copied.
        into: Where to.
        project: The project's folder.

    Raises:
        UsageError: When it is a file, lies inside the folder, or among the project's records.
    """
    source, target = Path(absolute(folder)), Path(absolute(into))
    if target.is_relative_to(source):
        raise UsageError(
            f'"{into}" lies inside "{folder}", so copies would be sorted again.',
            "choose a folder outside of it",
        )
    if any(target.is_relative_to(place) for place in own_places(project)):
        raise UsageError(f'"{into}" belongs to the project itself.', "choose another folder")
    if target.exists() and not target.is_dir():
        raise UsageError(f'"{into}" is a file, and copies go to a folder.', "choose another name")


def copy(looked: Sorted, into: Path, project: Path, *, level: Wanted = "sure") -> Sorted:
    """Copy the files of items that are sure enough to `into/<answer>/`, and write the table.

    A name that exists with the same content is left as it is; with other content the copies of the
    item get `-2`, so that files of one item keep one name.

    Args:
        looked: What was said of each item.
        into: Where to; made when missing.
        project: The project's folder.
        level: The lowest level that is copied.

    Returns:
        The same with what was done.

    Raises:
        UsageError: For an impossible destination or level.
        StorageError: When the disk refuses; what was copied so far is whole.
    """
    require_destination(looked.folder, into, project)
    levels = kept_levels(level)
    target = Path(absolute(into))
    folders = folder_names(looked.classes)
    rows = [
        _copy_item(row, target, folders[row.label]) if row.level in levels else row
        for row in looked.rows
    ]
    done = replace(looked, rows=tuple(rows), into=target)
    return replace(done, table=_write_table(done, target))


def folder_names(classes: Sequence[str]) -> dict[str, str]:
    """A folder for each answer, by a name that every file system takes.

    Args:
        classes: The answers.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in classes:
        plain = _UNSAFE.sub("-", name).strip(" .")[:80] or "-"
        chosen = next(
            each
            for number in count(1)
            if (each := plain if number == 1 else f"{plain}-{number}").casefold() not in taken
        )
        taken.add(chosen.casefold())
        found[name] = chosen
    return found


def _copy_item(row: Row, target: Path, folder: str) -> Row:
    """Copy all files of one item under names that belong together."""
    place = target / folder
    with storage("make", place):
        place.mkdir(parents=True, exist_ok=True)
    try:
        for number in count(1):
            names = [_numbered(Path(file.path).name, number) for file in row.files]
            states = [
                _state(place / name, file) for name, file in zip(names, row.files, strict=True)
            ]
            if "taken" not in states:
                break
        for name, file, state in zip(names, row.files, states, strict=True):
            if state == "free":
                _copy_file(file, place / name)
    except _ChangedError as error:
        return with_done(row, str(error))
    copies = [f"{folder}/{name}" for name in names]
    return with_done(row, "copied" if "free" in states else "there already", copies)


class _ChangedError(Exception):
    """A file is not what was judged any more."""


def _numbered(name: str, number: int) -> str:
    if number == 1:
        return name
    path = Path(name)
    return f"{path.stem}-{number}{path.suffix}"


def _state(path: Path, file: File) -> str:
    """`free`, `same` for the same content, or `taken`."""
    with storage("read", path):
        if not os.path.lexists(path):
            return "free"
        return "same" if path.is_file() and _hash(path) == file.sha256 else "taken"


def _hash(path: Path) -> str:
    found = sha256()
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            found.update(data)
    return found.hexdigest()


def _copy_file(file: File, path: Path) -> None:
    source = Path(file.path)
    try:
        before = source.stat()
        with replacing(path) as temporary:
            found = sha256()
            with source.open("rb") as reading, temporary.open("wb") as writing:
                while data := reading.read(_CHUNK):
                    found.update(data)
                    writing.write(data)
            if found.hexdigest() != file.sha256:
                raise _ChangedError(f'"{file.name}" changed meanwhile')
            os.utime(temporary, ns=(before.st_atime_ns, before.st_mtime_ns))
    except FileNotFoundError:
        raise _ChangedError(f'"{file.name}" is gone') from None


def _write_table(done: Sorted, target: Path) -> Path:
    """One line per file; an older table of the same sort stays, one of another is kept beside."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    for row in done.rows:
        for place, file in enumerate(row.files):
            copied = row.copies[place] if row.copies else ""
            said = (row.label, row.level, f"{row.confidence:.4f}", row.reason)
            table.writerow([row.key, file.name, *said, row.done, copied])
    for left in done.left:
        table.writerow(["", left.name, "", "", "", left.why, "left", ""])
    data = text.getvalue().encode("utf-8")
    with storage("make", target):
        target.mkdir(parents=True, exist_ok=True)
    for number in range(1, 10_000):
        path = target / _numbered(TABLE, number)
        with storage("read", path):
            if path.is_file() and path.read_bytes() == data:
                return path
            is_free = not os.path.lexists(path)
        if is_free:
            with replacing(path) as temporary:
                temporary.write_bytes(data)
            return path
    raise StorageError(f'"{target}" holds ten thousand tables.', "clear some of them away")
