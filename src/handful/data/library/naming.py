"""Which items somebody means by a few words: ids, names, files, folders, groups."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from handful.data.library.items import Item
from handful.data.library.sources.base import absolute
from handful.foundation.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from handful.data.library.library import Library

GROUP = "group:"
"""Before the name of a group."""
PERSON = "person:"
"""Before the pseudonym of somebody who can be seen, heard or read of."""


def named(library: Library, words: Iterable[str]) -> list[Item]:
    """The items that are meant, quarantined ones included, each once and in the order they came.

    Args:
        library: Where they are.
        words: Each an id, a name as in the table or folder it came from, a file, a folder that
            files lie in, `group:NAME` or `person:NAME`.

    Raises:
        UsageError: When a word means nothing, or is the name of several items.
    """
    every = library.items(with_quarantined=True)
    meant = {item.id for word in words for item in meant_by(word, every)}
    return [item for item in every if item.id in meant]


def meant_by(word: str, every: Sequence[Item]) -> list[Item]:
    """The items that one word means.

    Args:
        word: As for `named`.
        every: All items.

    Raises:
        UsageError: When it means nothing, or is the name of several items.
    """
    called = [item for item in every if word in (item.id, item.key)]
    if len(called) > 1:
        raise UsageError(
            f'{len(called)} items are called "{word}".',
            f"name one by its id: {', '.join(item.id for item in called[:5])}",
        )
    found = called or _of_group(word, every) or _of_person(word, every) or _at(word, every)
    if not found:
        groups = [f"{GROUP}{item.group}" for item in every if item.group]
        people = [f"{PERSON}{name}" for item in every for name in item.consent.subjects]
        known = [*(item.key for item in every), *groups, *people]
        raise UsageError(f'There is no item "{word}".', did_you_mean(word, known))
    return found


def _of_group(word: str, every: Iterable[Item]) -> list[Item]:
    name = word.removeprefix(GROUP)
    return [item for item in every if item.group == name] if word != name and name else []


def _of_person(word: str, every: Iterable[Item]) -> list[Item]:
    name = word.removeprefix(PERSON)
    return [item for item in every if name in item.consent.subjects] if word != name else []


def _at(word: str, every: Iterable[Item]) -> list[Item]:
    """Items with a file there, or below; archives count as folders."""
    places = places_of(word)
    below = tuple(f"{place}{sign}" for place in places for sign in (os.sep, "!"))
    return [
        item
        for item in every
        if any(where in places or where.startswith(below) for where in _places(item))
    ]


def places_of(word: str) -> set[str]:
    """What a word may be as a path: its links resolved, and as it stands.

    Args:
        word: As somebody typed it.
    """
    path = Path(word).expanduser()
    return {absolute(path), os.path.abspath(path)}  # noqa: PTH100 - Path has no such thing


def _places(item: Item) -> Iterator[str]:
    for part in item.parts.values():
        yield from filter(None, (part.path, part.origin))
