"""List a folder: every file once, no link followed out of it or round in a circle."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from handful.data.library.sources.base import (
    Aside,
    FilePlace,
    Leaf,
    Names,
    Place,
    Tree,
    in_order,
    is_printable,
    kind_of_file,
    printable,
)
from handful.data.modalities.base import MODALITIES
from handful.data.modalities.reading import Unreadable
from handful.data.modalities.sniff import HEAD, kind_by_name, sniff
from handful.foundation.errors import InputError

_PIECE = 1024

_ABOUT = ("readme", "license", "licence", "copying", "credits", "contributors", "notice")
"""Files with these names and a text's ending describe the folder."""


def list_folder(root: Path, exclude: Collection[Path] = ()) -> Tree:
    """List everything in a folder and below.

    Args:
        root: Resolved.
        exclude: Resolved folders and files that are not looked into, such as the project's own.

    Returns:
        All files: those that may become part of an item, and the others with the reason.

    Raises:
        InputError: When the folder itself cannot be read.
    """
    try:
        os.scandir(root).close()
    except OSError as error:
        raise InputError(f'Cannot read "{root}": {error.strerror}.', "check its rights") from error
    names, kinds = Names(), bytearray()
    asides: list[Aside] = []
    waiting = [("", str(root))]
    excluded = {str(path) for path in exclude}
    while waiting:
        prefix, folder = waiting.pop()
        try:
            with os.scandir(folder) as listing:
                for entry in listing:  # one by one: a folder may have a million
                    name = prefix + entry.name
                    found = _look_at(entry, name, root, excluded)
                    if isinstance(found, Leaf):
                        names.add(name)
                        kinds.append(MODALITIES.index(found.modality))
                    elif isinstance(found, Aside):
                        asides.append(found)
                    else:
                        waiting.append((name + "/", entry.path))
        except OSError:
            asides.append(Aside(printable(prefix), Unreadable("file/no_permission")))
    leaves = _Leaves(str(root), names.all(), np.frombuffer(bytes(kinds), np.uint8))
    return Tree(leaves, sorted(asides, key=lambda aside: aside.name))


class _Leaves(Sequence[Leaf]):
    """The files of a folder, sorted by name; each is made when it is asked for.

    Args:
        root: The folder.
        names: Of its files, with `/`.
        kinds: The place of each one's modality in `MODALITIES`.
    """

    def __init__(self, root: str, names: pa.Array, kinds: NDArray[np.uint8]) -> None:
        order = in_order(names)
        self._start = root.rstrip("/") + "/"
        self._names = names.take(pa.array(order))
        self._kinds = kinds[order]

    def __len__(self) -> int:
        return len(self._kinds)

    @overload
    def __getitem__(self, place: int) -> Leaf: ...
    @overload
    def __getitem__(self, place: slice) -> list[Leaf]: ...

    def __getitem__(self, place: int | slice) -> Leaf | list[Leaf]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        return self._leaf(self._names[place].as_py(), self._kinds[place])

    def __iter__(self) -> Iterator[Leaf]:
        for start in range(0, len(self), _PIECE):
            names = self._names[start : start + _PIECE].to_pylist()
            yield from map(self._leaf, names, self._kinds[start : start + _PIECE].tolist())

    def _leaf(self, name: str, kind: int) -> Leaf:
        return Leaf(name, FilePlace(name, self._start + name), MODALITIES[kind])


def modality_of(place: Place) -> str:
    """What a file is meant to be, by its name, and where that says nothing, by its first bytes.

    Args:
        place: Where it is.

    Returns:
        A modality, `table`, `archive`, or an empty string.
    """
    kind = kind_by_name(place.name)
    if kind or not place.path:
        return kind
    try:
        with Path(place.path).open("rb") as file:
            found = sniff(file.read(HEAD)).partition("/")[0]
    except OSError:
        return ""
    return found if found in ("image", "audio") else ""


def sort_out(name: str, place: Place) -> Leaf | Aside:
    """Decide by name whether a file may become part of an item.

    Args:
        name: Its path inside the tree, with `/`.
        place: Where its bytes are.
    """
    if not is_printable(name):
        return Aside(printable(name), Unreadable("file/odd_name"))
    steps = name.split("/")  # paths as objects cost a third of a re-scan
    if any(step.startswith((".", "__MACOSX")) and step != "." for step in steps):
        return Aside(name, Unreadable("file/hidden"))
    kind = modality_of(place)
    if kind == "text" and steps[-1].lower().startswith(_ABOUT):
        return Aside(name, Unreadable("file/about"))
    if kind in MODALITIES:
        return Leaf(name, place, kind)
    code = f"file/{kind}" if kind in ("table", "archive") else "file/unknown_type"
    return Aside(name, Unreadable(code))


def _look_at(
    entry: os.DirEntry[str], name: str, root: Path, excluded: Collection[str]
) -> Leaf | Aside | None:
    """A leaf, something aside, or None for a folder to go into."""
    if entry.path in excluded:
        return Aside(printable(name), Unreadable("file/own_project"))
    try:
        if entry.is_symlink():
            return _look_at_link(entry, name, root)
        if entry.is_dir(follow_symlinks=False):
            hidden = entry.name.startswith(".") or entry.name == "__MACOSX"
            return Aside(printable(name), Unreadable("file/hidden")) if hidden else None
        if not entry.is_file(follow_symlinks=False):
            kind = kind_of_file(entry.stat(follow_symlinks=False).st_mode)
            return Aside(printable(name), Unreadable("file/not_a_file", kind=kind))
    except OSError:
        return Aside(printable(name), Unreadable("file/vanished"))
    return sort_out(name, FilePlace(name, entry.path))


def _look_at_link(entry: os.DirEntry[str], name: str, root: Path) -> Leaf | Aside:
    """A link to a file inside the source is that file once more; anything else is left alone."""
    try:
        if entry.is_dir():
            return Aside(printable(name), Unreadable("file/linked_folder"))
        target = Path(entry.path).resolve()
        leads_in = target.is_file() and target.is_relative_to(root)
    except (OSError, RuntimeError):  # a link to itself
        leads_in = False
    if leads_in:
        return sort_out(name, FilePlace(name, entry.path))
    return Aside(printable(name), Unreadable("file/link_outside"))
