"""The journal: what is about to be done, line after line, each on disk before the deed.

A line says `begin` with everything that is needed to take it back, then `done`, and `undone` once
it was taken back. Nothing in it is ever changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from handful.foundation.errors import UsageError, storage
from handful.foundation.project.atomic import append_line, read_lines
from handful.use.explore.autopilot.rules import FOLDER

JOURNAL = "journal.jsonl"


class Move(NamedTuple):
    """One file from here to there.

    Attributes:
        source: Where it was.
        target: Where it is to be; the table for a row.
        sha256: Of its bytes when it was judged.
    """

    source: str
    target: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """One thing done to one item.

    Attributes:
        id: `<run>-<number>`.
        run: All that was done at one go.
        time: In UTC.
        rule: By which rule.
        do: As in the rule.
        item: The item's name.
        answer: What it surely is.
        files: Its files.
        made: Folders and tables that were not there before, the outermost first.
        line: The row for a table.
        state: `begun`, `done`, `undone` by a person, or `unbegun` when it never came to its end.
        remarks: What could not be taken back, in words.
    """

    id: str
    run: str
    time: str
    rule: str
    do: str
    item: str
    answer: str
    files: tuple[Move, ...]
    made: tuple[str, ...] = ()
    line: str = ""
    state: str = "begun"
    remarks: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "files": [file._asdict() for file in self.files],
            "made": list(self.made),
            "remarks": list(self.remarks),
        }


_PLAIN = ("id", "run", "time", "rule", "do", "item", "answer", "line", "state")


def now() -> str:
    """The time for a line, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(slots=True)
class Journal:
    """The journal of one project.

    Attributes:
        project: Its folder.
    """

    project: Path
    _path: Path = field(init=False)

    def __post_init__(self) -> None:
        self._path = self.project / FOLDER / JOURNAL

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self._path

    def begin(self, act: Act) -> None:
        """Write down what is about to be done.

        Args:
            act: All that is needed to take it back.

        Raises:
            StorageError: When the disk refuses; then it must not be done.
        """
        with storage("make", self._path.parent):
            self._path.parent.mkdir(exist_ok=True)
        append_line(self._path, {"is": "begin", **act.as_dict()})

    def end(self, act: Act, how: str, remarks: Iterable[str] = ()) -> None:
        """Write down what came of it.

        Args:
            act: Which.
            how: `done`, `undone` or `unbegun`.
            remarks: What a person should know of it.
        """
        append_line(self._path, {"is": how, "id": act.id, "time": now(), "remarks": list(remarks)})

    def acts(self) -> list[Act]:
        """Everything that was ever done, the oldest first, as it stands now.

        Raises:
            StorageError: When the journal may not be read.
        """
        found: dict[str, dict[str, Any]] = {}
        for line in read_lines(self._path):
            if line.get("is") == "begin":
                found[line["id"]] = line
            elif line.get("id") in found:
                found[line["id"]] |= {"state": line["is"], "remarks": line["remarks"]}
        return [_act(line) for line in found.values()]

    def chosen(self, act: str = "", run: str = "") -> list[Act]:
        """What is to be taken back, the newest first.

        Args:
            act: The id of one.
            run: Or all of one run.

        Raises:
            UsageError: When there is none of it.
        """
        every = [each for each in self.acts() if act == each.id or (run and run == each.run)]
        if not every:
            raise UsageError(
                f'The journal holds nothing called "{act or run}".', "choose a line of the journal"
            )
        return [each for each in reversed(every) if each.state in ("begun", "done")]


def _act(line: dict[str, Any]) -> Act:
    return Act(
        **{name: line[name] for name in _PLAIN},
        files=tuple(Move(**each) for each in line["files"]),
        made=tuple(line["made"]),
        remarks=tuple(line.get("remarks", ())),
    )
