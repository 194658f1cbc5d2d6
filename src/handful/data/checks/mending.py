"""Mend what a finding names, as a new version of the library; `undo` takes it back to the byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from handful.data.checks.base import Finding, Remedy
from handful.data.checks.evidence.personal import redacted
from handful.data.library.items import Item
from handful.data.library.library import Library
from handful.data.library.withdrawing import quarantine
from handful.data.modalities.text import read as text_room
from handful.foundation.errors import UsageError

ANNOTATOR = "fix"
"""Who gives the answers of a relabelling."""


class Change(NamedTuple):
    """What mending does to one item.

    Attributes:
        item: Its id.
        key: What it is called where it came from.
        before: How it is now, in a few words; personal data in it is masked.
        after: How it is then.
    """

    item: str
    key: str
    before: str
    after: str


def preview(library: Library, finding: Finding) -> list[Change]:
    """Say what mending would change; nothing is changed.

    Args:
        library: That the finding is about.
        finding: With a remedy.

    Raises:
        UsageError: When the finding has no remedy, so that a person has to think.
    """
    remedy = _remedy(finding)
    items = library.items(ids=list(remedy.items), with_quarantined=True)
    return [Change(item.id, item.key, *_before_after(item, remedy)) for item in items]


def mend(library: Library, finding: Finding) -> int:
    """Apply the remedy of a finding.

    Args:
        library: That the finding is about.
        finding: With a remedy.

    Returns:
        The library's version afterwards; `undo` goes back to the one before.

    Raises:
        UsageError: When the finding has no remedy.
        BusyError: When another process is writing.
        StorageError: When the disk refuses; then nothing changed.
    """
    remedy = _remedy(finding)
    if remedy.action == "quarantine":
        quarantine(library, remedy.items, because=remedy.because, by=ANNOTATOR)
    elif remedy.action == "relabel":
        library.label(remedy.answers, task=remedy.task, annotator=ANNOTATOR)
    else:
        with library.writing("fix", finding.id) as writer:
            items = library.items(ids=list(remedy.items))
            writer.commit(changed=[_redacted(item) for item in items])
    return library.version


def _remedy(finding: Finding) -> Remedy:
    if finding.remedy is None:
        raise UsageError(
            f'The finding "{finding.id}" has no remedy that a program could apply.', finding.fix
        )
    return finding.remedy


def _before_after(item: Item, remedy: Remedy) -> tuple[str, str]:
    if remedy.action == "relabel":
        return (
            f"{remedy.task} {item.label(remedy.task)}",
            f"{remedy.task} {remedy.answers[item.id]}",
        )
    if remedy.action == "quarantine":
        return "in use", f"set aside: {remedy.because}"
    return "a text with personal data", " | ".join(map(redacted, item.words.values()))[:200]


def _redacted(item: Item) -> Item:
    words: Mapping[str, Any] = {name: redacted(text) for name, text in item.words.items()}
    reading = text_room.from_words(words)
    part = replace(item.parts["text"], words=reading.value, content_sha256=reading.content_sha256)
    return replace(item, parts={**item.parts, "text": part})
