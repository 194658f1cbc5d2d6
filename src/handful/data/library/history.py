"""The library's history: every version, the names some of them have, and which were trimmed.

`versions.jsonl` grows by whole lines, each forced to disk, so a killed process leaves a fact or
none: a version's card, `{"tag": name, "at": version}` (`null` takes the name away), or
`{"trim": [versions]}`. Of several lines about the same thing the last one counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from handful.data.library.card import HISTORY, Card, now, past_cards
from handful.data.library.writer import Tables
from handful.foundation.errors import ProjectError, UsageError, did_you_mean
from handful.foundation.project.atomic import append_line, read_lines
from handful.foundation.wording import listed

_NAME = re.compile(r"[^\W\d_][\w.-]{0,63}")
"""A letter of any script first, so that no name is taken for a number or an option."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One version of the library, or one change folded to the version it led to.

    Attributes:
        version: Its number.
        began: The version before the change it is part of.
        time: When it was made, in UTC.
        doing: What made it, such as `add`.
        about: To what, such as the source; may be empty.
        added: How many items came.
        changed: How many were replaced by what was read anew or decided.
        gone: How many are no longer there; an undo and forgetting take items away.
        labels: How many statements came, less those that an undo or forgetting took away.
        items: How many items it holds; None where nobody counted.
        digest: Hash of all rows; empty where nobody counted.
        tags: The names it has.
        bytes: What its tables hold, shared with other versions; None where it was trimmed.
        is_trimmed: Whether its rows were deleted, so that it can no longer be opened.
    """

    version: int
    began: int
    time: str
    doing: str
    about: str = ""
    added: int = 0
    changed: int = 0
    gone: int = 0
    labels: int = 0
    items: int | None = None
    digest: str = ""
    tags: tuple[str, ...] = ()
    bytes: int | None = None
    is_trimmed: bool = False

    @property
    def made_by(self) -> str:
        """What made it and to what, such as `add /photos`."""
        return f"{self.doing} {self.about}".strip()


class History(NamedTuple):
    """What `versions.jsonl` says.

    Attributes:
        cards: Every version that ever counted, oldest first.
        tags: Name to version.
        trimmed: Version to when it was trimmed.
    """

    cards: list[Card]
    tags: dict[str, int]
    trimmed: dict[int, str]

    @property
    def left(self) -> list[int]:
        """The versions that can be opened."""
        return [card.version for card in self.cards if card.version not in self.trimmed]

    def tags_of(self, version: int) -> tuple[str, ...]:
        """The names of a version.

        Args:
            version: Its number.
        """
        return tuple(sorted(name for name, at in self.tags.items() if at == version))

    def card(self, name: int | str) -> Card:
        """The card of a version.

        Args:
            name: Its number, or one of its tags.

        Raises:
            UsageError: When there is none, or it was trimmed.
        """
        version = self._number(name)
        self.refuse_trimmed(version)
        for card in self.cards:
            if card.version == version:
                return card
        first, last = self.cards[0].version, self.cards[-1].version
        raise UsageError(
            f"The library has no version {version}; it has {first} to {last}.",
            "`handful library history` lists them",
        )

    def to_go_back_to(self, name: int | str | None = None) -> Card:
        """The card of the version that an undo leads to.

        Args:
            name: A version or a tag; the state before the last change when left out.

        Raises:
            UsageError: When there is nothing to undo, or no such version, or it was trimmed.
        """
        newest = self.cards[-1]
        if name is None and newest.began < 1:
            raise UsageError("There is nothing to undo: the library is as it was made.")
        card = self.card(newest.began if name is None else name)
        if card.version == newest.version:
            raise UsageError(
                f"Version {card.version} is what the library holds now.",
                "`handful library history` lists the others",
            )
        return card

    def refuse_trimmed(self, version: int) -> None:
        """Raise when a version was trimmed.

        Args:
            version: Its number.

        Raises:
            UsageError: When it was; the message says what is left.
        """
        if version in self.trimmed:
            raise UsageError(
                f"Version {version} of the library was trimmed on {self.trimmed[version][:10]}, so "
                f"its rows are gone; left {_are(self)}.",
                "name one of these; `handful library history` lists them",
            )

    def _number(self, name: int | str) -> int:
        if isinstance(name, int) or name.isdecimal():
            return int(name)
        known = unicodedata.normalize("NFC", name)
        if known not in self.tags:
            raise UsageError(
                f'The library has no version and no tag "{name}".',
                did_you_mean(known, self.tags) if self.tags else "nothing is tagged yet",
            )
        return self.tags[known]


def read_history(folder: Path) -> History:
    """Read what is known of a library's versions.

    Args:
        folder: The library's folder.

    Raises:
        ProjectError: When the library is missing or damaged.
    """
    cards = past_cards(folder)
    tags: dict[str, int] = {}
    trimmed: dict[int, str] = {}
    for line in read_lines(folder / HISTORY):
        match line:
            case {"tag": str(name), "at": int(version)}:
                tags[name] = version
            case {"tag": str(name), "at": None}:
                tags.pop(name, None)
            case {"trim": list(versions), "time": str(time)}:
                trimmed |= dict.fromkeys(versions, time)
    return History(cards, tags, trimmed)


def note_tag(folder: Path, name: str, version: int) -> int:
    """Give a version a name. The library's lock must be held.

    Args:
        folder: The library's folder.
        name: Letters, digits, `_`, `.` and `-`, a letter first, at most 64.
        version: Which; it must be there.

    Returns:
        The version.

    Raises:
        UsageError: For a name that is none, or that another version has.
        StorageError: When the disk refuses; then nothing changed.
    """
    known = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(known):
        raise UsageError(
            f"A tag is made of letters, digits, `_`, `.` and `-`, begins with a letter and has at "
            f"most 64 of them; got {name!r}.",
            "choose another, such as `before-cleaning`",
        )
    past = read_history(folder)
    at = past.tags.get(known)
    if at is not None and at != version:
        raise UsageError(
            f'The tag "{known}" names version {at} already.',
            f"choose another, or free it: handful library tag {known} --remove",
        )
    if at is None:
        append_line(folder / HISTORY, {"tag": known, "at": version, "time": now()})
    return version


def note_untag(folder: Path, name: str) -> int:
    """Take a name away; the version stays. The library's lock must be held.

    Args:
        folder: The library's folder.
        name: The tag.

    Returns:
        The version that had it.

    Raises:
        UsageError: When there is no such tag.
        StorageError: When the disk refuses; then nothing changed.
    """
    tags = read_history(folder).tags
    known = unicodedata.normalize("NFC", name)
    if known not in tags:
        raise UsageError(
            f'There is no tag "{name}".',
            did_you_mean(known, tags) if tags else "nothing is tagged yet",
        )
    append_line(folder / HISTORY, {"tag": known, "at": None, "time": now()})
    return tags[known]


def note_trim(folder: Path, versions: Collection[int]) -> None:
    """Say that versions can no longer be opened. The library's lock must be held.

    Args:
        folder: The library's folder.
        versions: Which.

    Raises:
        StorageError: When the disk refuses; then nothing changed.
    """
    append_line(folder / HISTORY, {"trim": sorted(versions), "time": now()})


def read_versions(folder: Path, tables: Tables) -> list[Version]:
    """Every version with what is known of it, oldest first.

    Args:
        folder: The library's folder.
        tables: Its tables.

    Raises:
        ProjectError: When the library is damaged, or trimmed at this moment.
    """
    return versions_of(read_history(folder), [table.sizes() for table in tables])


def versions_of(past: History, sizes: Sequence[Mapping[int, int]]) -> list[Version]:
    """Every version with what is known of it, oldest first.

    Args:
        past: As it was read.
        sizes: For the items and for the labels, the bytes of each version of the table.
    """
    items, labels = sizes
    before = [0, *(card.labels for card in past.cards)]
    return [
        Version(
            version=card.version,
            began=card.began,
            time=card.changed,
            doing=card.doing,
            about=card.about,
            labels=after - said,
            items=card.counts.get("items"),
            digest=card.digest,
            tags=past.tags_of(card.version),
            bytes=_sum(items.get(card.items_version), labels.get(card.labels_version)),
            is_trimmed=card.version in past.trimmed,
            **_moved(card),
        )
        for card, (said, after) in zip(past.cards, pairwise(before), strict=True)
    ]


def by_change(versions: Iterable[Version]) -> list[Version]:
    """Fold the versions that one long change made into the last of them.

    Args:
        versions: Oldest first.

    Returns:
        One for each change, with what the whole change did.
    """
    folded = []
    for _, group in groupby(versions, key=lambda each: each.began):
        parts = list(group)
        folded.append(
            replace(
                parts[-1],
                added=sum(part.added for part in parts),
                changed=sum(part.changed for part in parts),
                gone=sum(part.gone for part in parts),
                labels=sum(part.labels for part in parts),
                tags=tuple(name for part in parts for name in part.tags),
            )
        )
    return folded


def _moved(card: Card) -> dict[str, Any]:
    return {name: int(card.moved.get(name, 0)) for name in ("added", "changed", "gone")}


def _sum(items: int | None, labels: int | None) -> int | None:
    return None if items is None or labels is None else items + labels


def _are(past: History) -> str:
    """`is 7` or `are 3 (tag "first"), 5 and 7`, the newest eight."""
    left = past.left[-8:]
    more = len(past.left) - len(left)
    shown = []
    for version in left:
        tags = past.tags_of(version)
        named = ", ".join(f'"{name}"' for name in tags)
        shown.append(f"{version} (tag {named})" if tags else str(version))
    if len(shown) == 1:
        return f"is {shown[0]}"
    return f"are {listed([f'{more} older ones', *shown] if more else shown)}"


_T = TypeVar("_T")


def again(look: Callable[[], _T]) -> _T:
    """Look at all versions, anew when another process trimmed some of them at that moment.

    Args:
        look: Reads them.

    Raises:
        ProjectError: When they cannot be read for another reason.
    """
    for _ in range(4):
        with suppress(ProjectError):
            return look()
    return look()
