"""Statements about items: given by a person, a table, a user of a release, a rule or a model.

Nothing is overwritten. A later statement of the same annotator about the same task supersedes the
earlier one, and which of the standing ones counts follows from who gave them (`LabelKind`). So a
correction by an end user is a label like any other, and a wrong one can be told and taken back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from handful.data.library.items import Item, Label, LabelKind
from handful.data.library.rows import LabelRow
from handful.foundation.errors import UsageError


def statements(
    answers: Mapping[str, str | None],
    *,
    task: str,
    annotator: str,
    kind: LabelKind = LabelKind.HUMAN,
    confidence: float | None = None,
    time: datetime | None = None,
) -> list[LabelRow]:
    """Make one statement per item.

    Args:
        answers: Item id to answer; None takes an earlier one back.
        task: What is answered, such as `grade`.
        annotator: Who answers.
        kind: How far they are to be trusted.
        confidence: In [0, 1]; None when nobody said.
        time: When, with a time zone; now when left out.

    Raises:
        UsageError: For an empty task, annotator or answer, a confidence outside [0, 1], or a time
            without its zone.
    """
    if not task.strip() or not annotator.strip():
        raise UsageError(f"A label needs a task and an annotator; got {task!r} and {annotator!r}.")
    if confidence is not None and not 0 <= confidence <= 1:
        raise UsageError(f"A confidence is a number in [0, 1]; got {confidence!r}.")
    if time is not None and time.tzinfo is None:
        raise UsageError(f"The time {time} has no time zone.", "pass one, such as UTC")
    empty = [identity for identity, value in answers.items() if value is not None and not value]
    if empty:
        raise UsageError(
            f"The answer for item {empty[0]} is empty.", "pass None to take an answer back"
        )
    when = (time or datetime.now(UTC)).astimezone(UTC)
    return [
        LabelRow(
            identity,
            Label(
                task=task,
                value=value,
                annotator=annotator,
                kind=kind,
                time=when,
                confidence=confidence,
            ),
        )
        for identity, value in answers.items()
    ]


def tasks(items: Iterable[Item]) -> dict[str, Counter[str]]:
    """What is labelled, and how.

    Args:
        items: Any.

    Returns:
        Task to how many items have which answer, counting for each item the one that counts.
    """
    found: dict[str, Counter[str]] = {}
    for item in items:
        for task in {label.task for label in item.labels}:
            value = item.label(task)
            if value is not None:
                found.setdefault(task, Counter())[value] += 1
    return dict(sorted(found.items()))
