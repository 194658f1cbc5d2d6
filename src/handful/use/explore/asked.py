"""What a person was asked, why, and what they said: one JSON line each, never changed.

    feedback/asked.jsonl    item, task, why, guess, answer (null takes the line before back), ...

Only questions drawn by chance tell how often a model is right; those chosen because they teach are
harder than the rest. So the log says which is which, for as long as the answers stand.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from handful.foundation.project.atomic import append_line, read_lines

_NAME = "asked.jsonl"
CHANCE, TEACHES = "chance", "teaches"


class Asked(NamedTuple):
    """One question with its answer.

    Attributes:
        item: Id of the item.
        why: `chance` or `teaches`.
        guess: What the run of then would have said; empty where there was none.
        answer: What the person said.
    """

    item: str
    why: str
    guess: str
    answer: str


def note(feedback: Path, task: str, asked: Asked, annotator: str, *, undone: bool = False) -> None:
    """Keep a question; it is on disk when this returns.

    Args:
        feedback: The project's `feedback`.
        task: What was asked.
        asked: The question and its answer.
        annotator: Who answered.
        undone: Whether the answer is taken back.

    Raises:
        StorageError: When the disk refuses.
    """
    append_line(
        feedback / _NAME,
        {
            "task": task,
            **asked._asdict(),
            "answer": None if undone else asked.answer,
            "annotator": annotator,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        },
    )


def asked_in(feedback: Path, task: str) -> dict[str, Asked]:
    """What was asked and still stands, by item.

    Args:
        feedback: The project's `feedback`.
        task: What was asked.

    Raises:
        StorageError: When it may not be read.
    """
    found: dict[str, Asked] = {}
    for line in read_lines(feedback / _NAME):
        if line.get("task") != task or "item" not in line:
            continue
        found.pop(line["item"], None)
        if line.get("answer") is not None:
            found[line["item"]] = Asked(*(str(line.get(name, "")) for name in Asked._fields))
    return found
