"""The library's card: its readable manifest, and the one place that says which version counts.

A change is done when `manifest.json` names it, and that file is replaced in one step. The line in
`versions.jsonl` is written just before, so every version a manifest ever named can be opened again
until it is trimmed. Tags and trimmed versions are lines of the same file (`history.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from handful.foundation.errors import NewerFormatError, ProjectError
from handful.foundation.project.atomic import append_line, read_lines
from handful.foundation.project.manifest import MANIFEST, read_manifest, write_manifest

KIND = "library"
SCHEMA = 1
"""Version of the tables' columns; a library with a greater one is refused."""

HISTORY = "versions.jsonl"


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What a library says about itself.

    Attributes:
        version: Counts the changes; 1 for an empty library.
        items_version: The version of the table of items that belongs to it.
        labels_version: The version of the table of labels that belongs to it.
        labels: How many statements the table of labels holds.
        places: The place of the next statement: how many there ever were, forgotten ones included.
        created: When the library was made, in UTC.
        changed: When this version was made, in UTC.
        doing: What made it, such as `add`.
        about: To what, such as the source that was added; may be empty.
        began: The version before the whole change that this one is part of; a long change makes
            many versions, so that a kill costs little.
        moved: How many items it `added`, `changed`, and how many are `gone`.
        counts: Numbers of items by what they hold; empty while a long change is going on.
        digest: Hash of all rows; empty while a long change is going on.
        rule: How new items are split, as `splits.Config` says it; empty while nobody asked.
        locked: The splits that nothing goes into or out of (`locking.py`).
        schema: Version of the tables' columns.
    """

    version: int
    items_version: int
    labels_version: int
    labels: int = 0
    places: int = 0
    created: str = ""
    changed: str = ""
    doing: str = ""
    about: str = ""
    began: int = 0
    moved: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""
    rule: Mapping[str, Any] = field(default_factory=dict)
    locked: tuple[str, ...] = ()
    schema: int = SCHEMA

    def next(
        self,
        *,
        doing: str,
        items_version: int,
        labels_version: int,
        labels: int,
        places: int,
        about: str = "",
        began: int | None = None,
        moved: Mapping[str, int] | None = None,
    ) -> Card:
        """The card of the version after this one, not yet counted and hashed.

        Args:
            doing: What makes it.
            items_version: The table of items then.
            labels_version: The table of labels then.
            labels: How many statements it then holds.
            places: The place of the statement that comes after them.
            about: To what it is done.
            began: The version before the whole change; this one when left out.
            moved: How many items are added, changed and gone.
        """
        return replace(
            self,
            version=self.version + 1,
            items_version=items_version,
            labels_version=labels_version,
            labels=labels,
            places=places,
            changed=now(),
            doing=doing,
            about=about,
            began=self.version if began is None else began,
            moved=dict(moved or {}),
            counts={},
            digest="",
        )


def read_card(folder: Path) -> Card:
    """Read a library's card.

    Args:
        folder: The library's folder.

    Raises:
        ProjectError: When it is missing or damaged.
        NewerFormatError: When a newer Handful wrote it.
        StorageError: When it may not be read.
    """
    content = read_manifest(folder, KIND)
    schema = content.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise NewerFormatError(
            f'The library in "{folder}" has schema {schema}, and this version of Handful '
            f"understands schemas up to {SCHEMA}.",
            "pip install --upgrade handful",
        )
    return _card(content, folder / MANIFEST)


def write_card(folder: Path, card: Card) -> None:
    """Make a version count. When this returns, it is on disk; when it raises, nothing changed.

    Args:
        folder: The library's folder.
        card: The version's card.

    Raises:
        StorageError: When the disk refuses.
    """
    write_manifest(folder, KIND, asdict(card))


def note_version(folder: Path, card: Card) -> None:
    """Add a version to the history; it counts once `write_card` names it.

    Args:
        folder: The library's folder.
        card: The version's card.

    Raises:
        StorageError: When the disk refuses.
    """
    append_line(folder / HISTORY, asdict(card))


def past_cards(folder: Path) -> list[Card]:
    """Every version that ever counted, oldest first.

    Args:
        folder: The library's folder.
    """
    newest = read_card(folder)
    # A killed writer may have noted a version that never counted; the next one noted it again.
    noted = {line.get("version"): line for line in read_lines(folder / HISTORY)}
    cards = [
        _card(line, folder / HISTORY)
        for version, line in noted.items()
        if isinstance(version, int) and version < newest.version
    ]
    return [*sorted(cards, key=lambda card: card.version), newest]


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _card(content: Mapping[str, Any], path: Path) -> Card:
    names = Card.__dataclass_fields__
    try:
        # Older cards lack these.
        older = {"about": "", "began": None, "moved": {}, "places": content["labels"]}
        content = {**older, "rule": {}, "locked": [], **content}
        card = Card(**{name: content[name] for name in names})
        whole = all(
            isinstance(getattr(card, name), int)
            for name in ("version", "items_version", "labels_version", "labels", "places")
        )
    except KeyError as error:
        raise _damaged(path, f"`{error.args[0]}` is missing") from None
    if not whole:
        raise _damaged(path, "a version is no whole number")
    began = card.began if isinstance(card.began, int) else card.version - 1
    return replace(card, began=began, locked=tuple(card.locked))


def _damaged(path: Path, what: str) -> ProjectError:
    return ProjectError(f'Cannot read "{path}": {what}.', "restore the file from a copy")
