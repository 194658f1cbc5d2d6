"""Give an answer another name, or make two answers one: nobody has to answer anything again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from handful.data.library.items import Label
from handful.data.library.library import Library
from handful.data.library.rows import LabelRow
from handful.foundation.errors import UsageError, did_you_mean


class Renamed(NamedTuple):
    """What became of an answer.

    Attributes:
        items: How many items it was said of.
        joined: How many had the new answer already, from somebody; 0 when it only got a name.
        version: Of the library, afterwards.
    """

    items: int
    joined: int
    version: int


def rename(library: Library, task: str, old: str, new: str) -> Renamed:
    """Say of every statement that it now means another answer.

    Who said it stays who said it; what was said stays in the history, and undo takes all back.

    Args:
        library: Changed by one new version.
        task: What is answered, such as `grade`.
        old: An answer that stands somewhere.
        new: What it is from now on; an answer that exists already takes the other one in.

    Raises:
        UsageError: When nobody gave the old answer, or the new one is empty or the same.
        BusyError: When another process is writing.
        StorageError: When the disk refuses; then nothing was changed.
    """
    if not new.strip() or new == old:
        raise UsageError(
            f'"{old}" cannot be renamed to "{new}".', "another name, of one letter or more"
        )
    with library.writing("label", f"{task}: {old} is now {new}") as writer:
        standing = _standing(library, task)
        _require_known(old, {label.value for _, label in standing if label.value}, task)
        when = datetime.now(UTC)
        given = [
            LabelRow(identity, replace(label, value=new, time=when))
            for identity, label in standing
            if label.value == old
        ]
        writer.commit(labels=given)
    joined = {identity for identity, label in standing if label.value == new}
    return Renamed(len({row.item_id for row in given}), len(joined), library.version)


def _standing(library: Library, task: str) -> list[tuple[str, Label]]:
    return [
        (item.id, label)
        for item in library.items(with_quarantined=True)
        for label in item.labels
        if label.task == task and label.value is not None and not label.superseded
    ]


def _require_known(old: str, known: set[str], task: str) -> None:
    if not known:
        raise UsageError(f'Nobody answered "{task}" yet.', "check the name of the task")
    if old not in known:
        raise UsageError(f'No item has the answer "{old}" to "{task}".', did_you_mean(old, known))
