"""Uses of a release and what people said of them, as JSON lines that are on disk when told.

events/DAY.jsonl    one line per answer: hashes of what came in, what went out, how sure, how long
feedback/DAY.jsonl  one line per feedback

One thread writes; what arrives while it waits for the disk is forced there together, so feedback
costs one wait for many. Lines keep their order: whoever has an answer and gives feedback on it
knows, once that is acknowledged, that the use is on disk as well.
"""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from handful.foundation.project.atomic import read_lines

_MOST_WAITING = 20_000
"""Lines that may wait for the disk; more are counted as lost, never waited for."""
_REMEMBERED = 200_000


class _Line(NamedTuple):
    folder: Path
    day: str
    data: bytes
    done: Future[None] | None


class Journal:
    """Writes events and feedback of one project.

    Args:
        events: The project's `events`.
        feedback: The project's `feedback`.
        now: Gives the time.
    """

    def __init__(
        self,
        events: Path,
        feedback: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.lost = 0
        self._events, self._feedback, self._now = events, feedback, now
        self._known: dict[str, Mapping[str, Any]] = {}
        for path in sorted(events.glob("*.jsonl"))[-2:] if events.is_dir() else []:
            for line in read_lines(path):
                self._remember(line)
        self._queue: queue.Queue[_Line | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()

    def knows(self, answer: str) -> Mapping[str, Any] | None:
        """The use that an answer's id names, of today, yesterday or this run; None otherwise."""
        return self._known.get(answer)

    def event(self, data: Mapping[str, Any]) -> None:
        """Write down a use; it is on disk soon, and before any feedback on it.

        Args:
            data: Plain data with an `id`; never the content itself.
        """
        self._remember(data)
        try:
            self._queue.put_nowait(self._line(self._events, data, None))
        except queue.Full:
            self.lost += 1

    def feedback(self, data: Mapping[str, Any]) -> Future[None]:
        """Write down feedback.

        Args:
            data: Plain data.

        Returns:
            Done once it is on disk; holds the `OSError` when the disk refused.
        """
        done: Future[None] = Future()
        try:
            self._queue.put_nowait(self._line(self._feedback, data, done))
        except queue.Full:
            done.set_exception(OSError("too much is waiting for the disk"))
        return done

    def close(self) -> None:
        """Write what is left, and end."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _line(self, folder: Path, data: Mapping[str, Any], done: Future[None] | None) -> _Line:
        now = self._now().astimezone(UTC)
        content = {"when": now.isoformat(timespec="milliseconds"), **data}
        text = json.dumps(content, ensure_ascii=False, allow_nan=False)
        return _Line(folder, f"{now:%Y-%m-%d}.jsonl", text.encode() + b"\n", done)

    def _remember(self, data: Mapping[str, Any]) -> None:
        name = data.get("id")
        if isinstance(name, str):
            kept = {key: data.get(key) for key in ("release", "label", "level")}
            self._known[name] = kept
            if len(self._known) > _REMEMBERED:
                self._known.pop(next(iter(self._known)))

    def _write(self) -> None:
        while True:
            first = self._queue.get()
            lines = [first]
            while len(lines) < 1000 and not self._queue.empty():
                lines.append(self._queue.get_nowait())
            whole = [line for line in lines if line is not None]
            # Events first: they come from this very queue, so none is older than its feedback.
            for folder in (self._events, self._feedback):
                self._force([line for line in whole if line.folder == folder])
            if len(whole) < len(lines):
                return

    def _force(self, lines: list[_Line]) -> None:
        by_path: dict[Path, list[_Line]] = {}
        for line in lines:
            by_path.setdefault(line.folder / line.day, []).append(line)
        for path, several in by_path.items():
            fault: OSError | None = None
            try:
                _append(path, b"".join(line.data for line in several))
            except OSError as error:
                fault = error
                self.lost += sum(line.done is None for line in several)
            for line in several:
                if line.done is None:
                    continue
                if fault is None:
                    line.done.set_result(None)
                else:
                    line.done.set_exception(fault)


def _append(path: Path, data: bytes) -> None:
    """Add whole lines to a file and force them to disk; a line cut short is ended first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            data = b"\n" + data
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
