"""What a library is made of: items, their parts, labels and rights.

An item is one thing in the world. It has any non-empty subset of a text, an image and an audio,
and beside them what people said about it (labels), what it belongs together with (its group), where
it came from, and under which terms it may be used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from json.encoder import encode_basestring as _quoted
from typing import Any

from handful.data.modalities.base import MODALITIES, Words
from handful.data.modalities.reading import Status

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LabelKind(StrEnum):
    """Who or what gave a label, in falling order of trust."""

    HUMAN = "human"
    """A person who works on this project said so."""
    IMPORT = "import"
    """It came with the files: a column of a table, the name of a folder."""
    FEEDBACK = "feedback"
    """Somebody who used a release said so."""
    WEAK = "weak"
    """A rule said so."""
    MODEL = "model"
    """A model said so."""


class Split(StrEnum):
    """What an item may be used for when quality is measured."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    HOLDOUT = "holdout"
    OUT = "out"
    """Takes part in nothing: the same thing lies in a split that was locked before it came."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One modality of one item: what is known of it without decoding it.

    Attributes:
        modality: `text`, `image` or `audio`.
        status: Whether it may be used.
        reason: The code of what is wrong or was put right; empty when ok.
        detail: The reason's sentence, with its numbers.
        notes: Codes of what else is worth knowing.
        path: Where the bytes lie: absolute for originals, relative to the library's folder for
            copies from archives, empty for a text that was written in a table.
        origin: Where it came from, as the user knows it; for an archive `/a/b.zip!inside.jpg`.
        sha256: Hash of the bytes; empty when they could not be read.
        content_sha256: Hash of what is seen, heard or read; empty when it could not be decoded.
        mime: Type by content.
        size: In bytes.
        stamp: What tells without reading whether the bytes changed: modification time in
            nanoseconds for a file, CRC-32 for an archive's member.
        meta: Plain facts from the reader, such as `width`.
        words: The text itself, for texts.
    """

    modality: str
    status: Status = Status.OK
    reason: str = ""
    detail: str = ""
    notes: tuple[str, ...] = ()
    path: str = ""
    origin: str = ""
    sha256: str = ""
    content_sha256: str = ""
    mime: str = ""
    size: int = 0
    stamp: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    words: Words | None = None

    @property
    def usable(self) -> bool:
        """Whether it may be read and trained on."""
        return self.status != Status.QUARANTINED


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """One statement about one item; never changed, only followed by a later one.

    Attributes:
        task: What it answers, such as `grade`.
        value: The answer; None takes an earlier one of the same annotator back.
        annotator: Who or what gave it.
        kind: How far it is to be trusted.
        time: When it was given, in UTC.
        confidence: In [0, 1], where the annotator said so; None otherwise.
        superseded: Whether the same annotator said something later about the same task.
    """

    task: str
    value: str | None
    annotator: str
    kind: LabelKind
    time: datetime
    confidence: float | None = None
    superseded: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Rights:
    """Under which terms an item may be used.

    Attributes:
        licence: SPDX expression or `LicenseRef-...`, as it was given; empty when nobody said.
        evidence: Where that is written.
        holder: Who holds the rights.
        attribution: The text to print when the item is shown.
    """

    licence: str = ""
    evidence: str = ""
    holder: str = ""
    attribution: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """What the people agreed to who can be seen, heard or read of in an item.

    Attributes:
        subjects: Who they are, as pseudonyms; `handful library forget person:NAME` finds them.
        basis: On what ground the item is kept, such as `consent` or `contract`.
        scope: What they agreed to, in words.
        expires: The last day it holds, as `2027-01-31`; empty when it does not end.
    """

    subjects: tuple[str, ...] = ()
    basis: str = ""
    scope: str = ""
    expires: str = ""

    def has_expired(self, day: date) -> bool:
        """Whether it no longer holds.

        Args:
            day: Such as today.
        """
        return bool(self.expires) and self.expires < day.isoformat()


@dataclass(frozen=True, kw_only=True, slots=True)
class Lineage:
    """What an item was made from.

    Attributes:
        parents: The items it was made from, by their id, or their name in the same source.
        operation: How, such as `crop` or `translation`.
    """

    parents: tuple[str, ...] = ()
    operation: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One thing.

    Attributes:
        id: Its name in this library, for ever.
        key: What it is called where it came from, such as `photos/mug_03` or a table's id.
        source: The folder, table or archive it came from, absolute.
        parts: Modality to part, quarantined ones included.
        group: What it must stay together with when data is split (recording, product, person,
            batch); empty when nobody said.
        split: What it may be used for; None when not assigned.
        split_reason: Who decided so.
        rights: Its terms.
        consent: What people in it agreed to.
        lineage: What it was made from; it stays with these in every split.
        labels: Every statement about it, oldest first, superseded ones included.
        created: When it came into the library, in UTC.
        revision: How often it was read anew because its files or its table row changed.
        declared_sha256: Hash of all that its source says about it without opening a file.
    """

    id: str
    key: str
    source: str = ""
    parts: Mapping[str, Part]
    group: str = ""
    split: Split | None = None
    split_reason: str = ""
    rights: Rights = field(default_factory=Rights)
    consent: Consent = field(default_factory=Consent)
    lineage: Lineage = field(default_factory=Lineage)
    labels: tuple[Label, ...] = ()
    created: datetime = _EPOCH
    revision: int = 0
    declared_sha256: str = ""

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities that can be used, in the order of `MODALITIES`."""
        return tuple(name for name in MODALITIES if name in self.parts and self.parts[name].usable)

    @property
    def usable(self) -> bool:
        """Whether anything of it can be used."""
        return any(part.usable for part in self.parts.values())

    @property
    def words(self) -> Words:
        """Its text by language; empty when it has none."""
        part = self.parts.get("text")
        return (part.words or {}) if part and part.usable else {}

    def label(self, task: str) -> str | None:
        """The answer to a task that counts: the most trusted kind, and among those the latest.

        Args:
            task: Such as `grade`.

        Returns:
            The value; None when nobody said anything that still stands.
        """
        return truths(self.labels).get(task)

    @property
    def content_sha256(self) -> str:
        """Hash over all that can be seen, heard and read of it.

        Of an item in quarantine over what is known of it, so that it stays with its copies.
        """
        names = self.modalities or tuple(self.parts)
        return _hash({name: self.parts[name].content_sha256 for name in names})

    @property
    def row_sha256(self) -> str:
        """Hash over what training can depend on, without its labels.

        Paths, ids and times are left out, so the same files give the same hash on any machine.
        """
        parts = ",".join(
            f"{_quoted(name)}:[{_quoted(part.status)},{_quoted(part.reason)},"
            f"{_quoted(part.content_sha256 or part.sha256)}]"
            for name, part in sorted(self.parts.items())
        )
        split = "null" if self.split is None else _quoted(self.split)
        # By hand, because every item has one, and the encoder takes ten times as long.
        text = f"[{{{parts}}},{_quoted(self.group)},{split},{_quoted(self.rights.licence)}]"
        if self.consent.expires or self.lineage.parents:  # few have one, and old hashes stay
            text += f"{_quoted(self.consent.expires)}{self.lineage.parents}"
        return hashlib.sha256(text.encode()).hexdigest()


_TRUST = {kind: place for place, kind in enumerate(reversed(LabelKind))}


def most_trusted(labels: Iterable[Label], task: str) -> list[Label]:
    """What everybody of the most trusted kind says, oldest first; each says one thing.

    Args:
        labels: Statements about one item, oldest first.
        task: What they answer.
    """
    standing = [each for each in labels if each.task == task and not each.superseded]
    standing = [each for each in standing if each.value is not None]
    most = max((_TRUST[each.kind] for each in standing), default=0)
    latest = {each.annotator: each for each in standing if _TRUST[each.kind] == most}
    return sorted(latest.values(), key=lambda each: each.time)


def truths(labels: Iterable[Label]) -> dict[str, str]:
    """The answers that count, out of everything that was said.

    Args:
        labels: Statements about one item, oldest first.

    Returns:
        Task to value: of the most trusted kind, and among those the latest that stands.
    """
    best: dict[str, Label] = {}
    for label in labels:
        if label.superseded or label.value is None:
            continue
        known = best.get(label.task)
        if known is None or _TRUST[label.kind] >= _TRUST[known.kind]:
            best[label.task] = label
    return {task: label.value for task, label in best.items() if label.value is not None}


_JSON = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _hash(data: object) -> str:
    return hashlib.sha256(_JSON.encode(data).encode()).hexdigest()
