"""List a folder: every file once, no link followed out of it or round in a circle."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from handful.data.library.sources.base import (
    Aside,
    FilePlace,
    Leaf,
    Place,
    Tree,
    is_printable,
    kind_of_file,
    printable,
)
from handful.data.modalities.base import MODALITIES
from handful.data.modalities.reading import Unreadable
from handful.data.modalities.sniff import HEAD, kind_by_name, sniff
from handful.foundation.errors import InputError

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
    leaves: list[Leaf] = []
    asides: list[Aside] = []
    waiting = [("", str(root))]
    excluded = {str(path) for path in exclude}
    while waiting:
        prefix, folder = waiting.pop()
        try:
            with os.scandir(folder) as listing:
                entries = list(listing)
        except OSError:
            asides.append(Aside(printable(prefix), Unreadable("file/no_permission")))
            continue
        for entry in entries:
            name = prefix + entry.name
            found = _look_at(entry, name, root, excluded)
            if isinstance(found, Leaf):
                leaves.append(found)
            elif isinstance(found, Aside):
                asides.append(found)
            else:
                waiting.append((name + "/", entry.path))
    return Tree(sorted(leaves), sorted(asides, key=lambda aside: aside.name))


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
