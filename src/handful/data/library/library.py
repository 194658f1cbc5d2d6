"""The library: versioned items of one project, in one folder.

manifest.json     which version counts, with counts and digest (`card.py`)
versions.jsonl    every version there was, tags, what was trimmed (`history.py`)
items.lance/      one row per item and version
labels.lance/     one row per statement
media/sha256/     bytes that have no place of their own, by their hash
forgotten.jsonl   hashes of what was taken out for good (`forgotten.py`)
derived/          thumbnails; may be deleted at any time (`thumbnails.py`)
.lock             held by whoever writes

Originals stay where they are and as they are. Reading needs no lock: a reader sees the version it
opened, whatever is written meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple, overload

import pyarrow as pa

from handful.data.library import history, rows, trimming
from handful.data.library.card import HISTORY, Card, note_version, now, read_card, write_card
from handful.data.library.choosing import conditions
from handful.data.library.counting import STATUSES, count, digest
from handful.data.library.diff import Diff, compare
from handful.data.library.history import Version
from handful.data.library.items import Item, Label, LabelKind, Part, Split, Status
from handful.data.library.labels import statements
from handful.data.library.media import Media
from handful.data.library.store import column_lists, is_one_of
from handful.data.library.trimming import Trimming
from handful.data.library.writer import Writer, tables_in
from handful.data.modalities.base import MODALITIES, Picture, Sound, Words
from handful.data.modalities.reading import Unreadable
from handful.foundation.errors import ProjectError, UsageError, storage
from handful.foundation.project.lock import locked
from handful.foundation.project.manifest import MANIFEST

LOCK = ".lock"


class Problem(NamedTuple):
    """A part that cannot be used, with the item it belongs to."""

    item: Item
    part: Part


class Library:
    """The items of one project, at one version.

    Get one by `Library.open`, `Library.create` or `Library.open_or_create`.

    Attributes:
        folder: Its absolute path.
        card: What it says about itself at the version that was opened.
        media: The bytes that have no place of their own.
    """

    def __init__(self, folder: Path, card: Card, *, is_past: bool = False) -> None:
        self.folder = folder
        self.card = card
        self.media = Media(folder)
        self._is_past = is_past
        self._tables = tables_in(folder)

    def __repr__(self) -> str:
        return f"Library({str(self.folder)!r}, version={self.version})"

    @classmethod
    def create(cls, folder: Path) -> Library:
        """Make an empty library.

        Args:
            folder: Where; made when missing.

        Raises:
            ProjectError: When there is one already.
            StorageError: When the disk refuses.
        """
        folder = folder.expanduser().absolute()
        with storage("make", folder):
            folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / LOCK, "create"):
            if (folder / MANIFEST).exists():
                raise ProjectError(f'"{folder}" is a library already.', "open it instead")
            if (folder / HISTORY).exists():
                raise ProjectError(
                    f'The library in "{folder}" has lost its {MANIFEST}.',
                    f"restore that file from a copy; the last line of {HISTORY} says what was in "
                    "it",
                )
            tables = tables_in(folder)
            card = Card(
                version=1,
                items_version=tables.items.create(),
                labels_version=tables.labels.create(),
                created=now(),
                changed=now(),
                doing="create",
            )
            note_version(folder, card)
            library = cls(folder, card)
            library._settle()
        return library

    @classmethod
    def open(cls, folder: Path, version: int | str | None = None) -> Library:
        """Open a library.

        Args:
            folder: Where it lies.
            version: An older version by its number or a tag, for reading only; the newest when
                left out.

        Raises:
            ProjectError: When there is none, or it is damaged.
            NewerFormatError: When a newer Handful wrote it.
            UsageError: When there is no such version, or it was trimmed.
        """
        folder = folder.expanduser().absolute()
        newest = read_card(folder)
        if version is None or version == newest.version:
            return cls(folder, newest)
        card = history.read_history(folder).card(version)
        return cls(folder, card, is_past=card.version < newest.version)

    @classmethod
    def open_or_create(cls, folder: Path) -> Library:
        """Open a library, or make an empty one where there is none.

        Args:
            folder: Where.

        Raises:
            ProjectError: When it is damaged.
            NewerFormatError: When a newer Handful wrote it.
            StorageError: When the disk refuses.
        """
        folder = folder.expanduser().absolute()
        return cls.open(folder) if (folder / MANIFEST).exists() else cls.create(folder)

    @property
    def version(self) -> int:
        """Counts the changes since the library was made."""
        return self.card.version

    def refresh(self) -> None:
        """Go to the newest version, which another process may have written."""
        if not self._is_past:
            self.card = read_card(self.folder)

    def __len__(self) -> int:
        """How many items there are, quarantined ones included."""
        return self.counts()["items"]

    def counts(self) -> Mapping[str, int]:
        """Numbers of `items`, usable ones, by modality, quarantined and repaired parts, labels."""
        return self.card.counts or self._count()

    def digest(self) -> str:
        """Hash of everything training can depend on: contents, groups, splits, licences, labels.

        The order of items and where their files lie do not matter, so the same files and labels
        give the same digest on any machine.

        Returns:
            64 hexadecimal digits.
        """
        return self.card.digest or self._hash()

    def items(
        self,
        *,
        ids: Iterable[str] | None = None,
        having: Sequence[str] = (),
        labelled: str | None = None,
        split: Split | str | None = None,
        source: str | None = None,
        with_quarantined: bool = False,
        limit: int | None = None,
    ) -> list[Item]:
        """Read items, in the order they came.

        Args:
            ids: Only these; unknown ones are left out.
            having: Only those with all these modalities usable.
            labelled: Only those with an answer to this task.
            split: Only those in this split.
            source: Only those that came from this folder, table or archive.
            with_quarantined: Also those of which nothing can be used.
            limit: At most so many, the first ones.

        Raises:
            UsageError: For an unknown modality or split.
            ProjectError: When the tables cannot be read.
        """
        chosen = conditions(ids, having, split, source, with_quarantined)
        where = " AND ".join(chosen) or None
        if limit is not None and labelled is None:
            # Ids are read first, because they are little and rows are much.
            found = self._read_items(["id"], where)
            where = is_one_of("id", sorted(column_lists(found)["id"])[:limit])
        table = self._read_items(where=where)
        wanted = column_lists(table.select(["id"]))["id"]
        items = rows.rows_to_items(table, self._labels_of(wanted))
        if labelled is not None:
            items = [item for item in items if item.label(labelled) is not None]
        return items[:limit]

    def scan(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Some columns of all rows, some thousands at a time.

        Args:
            columns: Of `rows.ITEMS`.

        Raises:
            ProjectError: When the tables cannot be read.
        """
        with self._may_be_trimmed():
            yield from self._tables.items.scan(self.card.items_version, columns)

    def take(self, rows_of: Sequence[int]) -> list[Item]:
        """Read items by their rows, in the order asked for.

        Args:
            rows_of: As `scan` counts them, from 0.

        Raises:
            ProjectError: When the tables cannot be read.
        """
        with self._may_be_trimmed():
            table = self._tables.items.take(self.card.items_version, rows_of)
        wanted = column_lists(table.select(["id"]))["id"]
        found = {item.id: item for item in rows.rows_to_items(table, self._labels_of(wanted))}
        return [found[identity] for identity in wanted]

    def item(self, identity: str) -> Item:
        """Read one item.

        Args:
            identity: Its id.

        Raises:
            UsageError: When there is no such item.
        """
        found = self.items(ids=[identity], with_quarantined=True)
        if not found:
            raise UsageError(f'There is no item "{identity}" in version {self.version}.')
        return found[0]

    def statements(self) -> dict[str, tuple[Label, ...]]:
        """Every label by the id of the item it is about; no item is read."""
        return rows.rows_to_labels(self._read_labels()) if self.card.labels else {}

    def quarantined(self) -> list[Problem]:
        """Every part that cannot be used, with its item."""
        bad = " OR ".join(f"{name}_status = '{Status.QUARANTINED}'" for name in MODALITIES)
        found = rows.rows_to_items(self._read_items(where=bad), {})
        labels = self._labels_of([item.id for item in found])
        return [
            Problem(replace(item, labels=labels.get(item.id, ())), part)
            for item in found
            for part in item.parts.values()
            if not part.usable
        ]

    def path_of(self, part: Part) -> Path | None:
        """The file that the bytes of a part lie in; None when they have none of their own.

        Args:
            part: Of an item of this library.
        """
        return self.media.path_of(part)

    def value_of(self, part: Part) -> Path | bytes:
        """A part as a query takes it: its file, or its bytes when they have none of their own.

        Args:
            part: A picture or sound of an item of this library.

        Raises:
            InputError: When the bytes are not there any more.
        """
        path = self.media.path_of(part)
        try:
            return self.media.bytes_of(part) if path is None else path
        except Unreadable as error:
            raise error.about(part.origin) from error

    @overload
    def read_part(self, item: Item, modality: Literal["image"]) -> Picture: ...
    @overload
    def read_part(self, item: Item, modality: Literal["audio"]) -> Sound: ...
    @overload
    def read_part(self, item: Item, modality: Literal["text"]) -> Words: ...
    @overload
    def read_part(self, item: Item, modality: str) -> Picture | Sound | Words: ...

    def read_part(self, item: Item, modality: str) -> Picture | Sound | Words:
        """Decode one modality of an item.

        A file that changed since it was added is refused, because its label may no longer fit.

        Args:
            item: Of this library.
            modality: `text`, `image` or `audio`.

        Returns:
            A `[height, width, 3]` uint8 picture, a sound, or words by language.

        Raises:
            UsageError: When the item has no such part, or it is quarantined.
            InputError: When the file is missing or changed.
        """
        part = item.parts.get(modality)
        if part is None or not part.usable:
            has = ", ".join(item.modalities) or "nothing usable"
            raise UsageError(f'The item "{item.key}" has no usable {modality}; it has {has}.')
        return self.media.read(part)

    @contextmanager
    def writing(self, doing: str, about: str = "") -> Iterator[Writer]:
        """Be the only one who changes this library while the block runs.

        Args:
            doing: The verb, kept in the history and shown to whoever comes second.
            about: To what it is done, kept in the history too.

        Yields:
            Where to put changes; each `commit` is on disk when it returns.

        Raises:
            BusyError: When another process is writing.
            StorageError: When the disk refuses; what was committed stays.
            UsageError: When an older version was opened.
        """
        with self._alone(doing), self._changing(doing, about) as writer:
            yield writer

    def add(self, items: Iterable[Item]) -> list[str]:
        """Add items that were made in memory; those without an id get one.

        Args:
            items: With the labels they should have.

        Returns:
            Their ids.

        Raises:
            UsageError: When an id is in use.
            BusyError: When another process is writing.
            StorageError: When the disk refuses; then none was added.
        """
        with self.writing("add") as writer:
            added = [replace(item, id=item.id or writer.fresh_id()) for item in items]
            writer.commit(added)
        return [item.id for item in added]

    def label(
        self,
        answers: Mapping[str, str | None],
        *,
        task: str,
        annotator: str,
        kind: LabelKind = LabelKind.HUMAN,
        confidence: float | None = None,
        time: datetime | None = None,
    ) -> int:
        """Say something about items.

        Args:
            answers: Item id to answer; None takes an earlier one of this annotator back.
            task: What is answered, such as `grade`.
            annotator: Who answers.
            kind: How far they are to be trusted.
            confidence: In [0, 1]; None when nobody said.
            time: When; now when left out.

        Returns:
            The library's version afterwards.

        Raises:
            UsageError: When an item is unknown, or something is empty.
            BusyError: When another process is writing.
            StorageError: When the disk refuses; then nothing was said.
        """
        given = statements(
            answers, task=task, annotator=annotator, kind=kind, confidence=confidence, time=time
        )
        with self.writing("label", f"{task} by {annotator}") as writer:
            unknown = [row.item_id for row in given if row.item_id not in writer.ids]
            if unknown:
                raise UsageError(f'There is no item "{unknown[0]}" in version {self.version}.')
            writer.commit(labels=given)
        return self.version

    @property
    def locked(self) -> tuple[Split, ...]:
        """The splits that nothing goes into or out of, in the order of `Split`."""
        return tuple(split for split in Split if split in self.card.locked)

    def history(self) -> list[Version]:
        """Every version, oldest first, trimmed ones included; `by_change` folds long changes.

        Raises:
            ProjectError: When the library is damaged.
        """
        return history.again(lambda: history.read_versions(self.folder, self._tables))

    def undo(self, to: int | str | None = None) -> int:
        """Go back to an earlier state, as a new version; nothing of the history is lost.

        So an undo can be undone. No row is written: the tables' older versions become their newest.
        What was forgotten stays out.

        Args:
            to: A version or a tag; the state before the last change when left out.

        Returns:
            The library's version afterwards.

        Raises:
            UsageError: When there is nothing to undo, or no such version, or it was trimmed.
            BusyError: When another process is writing.
            StorageError: When the disk refuses; then nothing changed.
        """
        with self._alone("undo"):
            past = history.read_history(self.folder).to_go_back_to(to)
            with self._changing("undo", f"to version {past.version}") as writer:
                writer.restore(past)
        return self.version

    def tags(self) -> dict[str, int]:
        """The names that versions have: tag to version, in the order of the alphabet."""
        return dict(sorted(history.read_history(self.folder).tags.items()))

    def tag(self, name: str, version: int | str | None = None) -> int:
        """Give a version a name; a version with a name is never trimmed.

        Args:
            name: Letters, digits, `_`, `.` and `-`, a letter first, at most 64.
            version: A version or another tag; the newest when left out.

        Returns:
            The version that has the name.

        Raises:
            UsageError: For a name that is none or taken, and when there is no such version.
            BusyError: When another process is writing.
            StorageError: When the disk refuses; then nothing changed.
        """
        with self._alone("tag"):
            chosen = self.version if version is None else version
            card = history.read_history(self.folder).card(chosen)
            return history.note_tag(self.folder, name, card.version)

    def untag(self, name: str) -> int:
        """Take a name away from its version; the version stays until it is trimmed.

        Args:
            name: The tag.

        Returns:
            The version that had it.

        Raises:
            UsageError: When there is no such tag.
            BusyError: When another process is writing.
            StorageError: When the disk refuses; then nothing changed.
        """
        with self._alone("tag"):
            return history.note_untag(self.folder, name)

    def diff(self, before: int | str | None = None, after: int | str | None = None) -> Diff:
        """Say what differs between two versions.

        Args:
            before: A version or a tag; the state before the change that made `after` when left out.
            after: A version or a tag; this one when left out.

        Raises:
            UsageError: When there is no such version, or it was trimmed.
        """
        past = history.read_history(self.folder)
        now = past.card(self.version if after is None else after)
        then = past.card(max(1, now.began) if before is None else before)
        with self._may_be_trimmed(then.version, now.version):
            return compare(self._tables, then, now)

    def history_cost(self, keep: int = 1) -> Trimming:
        """Say what `trim` would free, to the byte, and what it would keep for which reason.

        Args:
            keep: How many of the last changes stay.

        Raises:
            UsageError: When `keep` is below 1.
            ProjectError: When a run or a release cannot tell which version it names.
        """
        return history.again(lambda: trimming.look(self.folder, self._tables, keep))

    def trim(self, *, keep: int) -> Trimming:
        """Delete old versions, and the rows and copies of media that only they hold, for good.

        The newest version always stays, and so do those with a tag and those that a run or a
        release of the project learned from. Originals are never touched.

        Args:
            keep: How many of the last changes stay; 1 for what the library holds now alone.

        Returns:
            What went, and what stayed for which reason.

        Raises:
            UsageError: When `keep` is below 1.
            BusyError: When another process is writing.
            ProjectError: When a run or a release cannot tell which version it names.
            StorageError: When the disk refuses; what is kept can still be read.
        """
        with self._alone("trim"):
            self._tables.items.rewind(self.card.items_version)
            self._tables.labels.rewind(self.card.labels_version)
            return trimming.trim(self.folder, self._tables, keep)

    def _labels_of(self, ids: Sequence[str]) -> dict[str, tuple[Label, ...]]:
        """A long list of ids costs more to compare than reading every statement."""
        if not ids or not self.card.labels:
            return {}
        where = is_one_of("item_id", ids) if len(ids) <= 200 else None
        return rows.rows_to_labels(self._read_labels(where))

    def _read_items(
        self, columns: Sequence[str] | None = None, where: str | None = None
    ) -> pa.Table:
        with self._may_be_trimmed():
            return self._tables.items.read(self.card.items_version, columns, where)

    def _read_labels(self, where: str | None = None) -> pa.Table:
        with self._may_be_trimmed():
            return self._tables.labels.read(self.card.labels_version, where=where)

    @contextmanager
    def _may_be_trimmed(self, *versions: int) -> Iterator[None]:
        """Say so where a version cannot be read because another process trimmed it meanwhile."""
        try:
            yield
        except ProjectError:
            past = history.read_history(self.folder)
            for version in versions or (self.version,):
                past.refuse_trimmed(version)
            raise

    @contextmanager
    def _alone(self, doing: str) -> Iterator[None]:
        """Hold the lock, and stand at the newest version."""
        if self._is_past:
            raise UsageError(
                f"Version {self.version} of the library is past and cannot be changed.",
                "open the library without naming a version",
            )
        with locked(self.folder / LOCK, doing):
            self.refresh()
            yield

    @contextmanager
    def _changing(self, doing: str, about: str) -> Iterator[Writer]:
        """The inside of `writing`; the lock is held."""
        before = self.version
        try:
            yield Writer(self.folder, self.card, doing, self._take_card, about)
        finally:
            if self.version != before:
                self._settle()

    def _settle(self) -> None:
        """Count and hash once at the end of a change instead of at each of its commits."""
        card = replace(self.card, counts=self._count(), digest=self._hash())
        note_version(self.folder, card)
        write_card(self.folder, card)
        self.card = card

    def _take_card(self, card: Card) -> None:
        self.card = card

    def _count(self) -> dict[str, int]:
        return {**count(self.scan(STATUSES)), "labels": self.card.labels}

    def _hash(self) -> str:
        return digest(self.scan(["id", "row_sha256"]), self._read_labels())
