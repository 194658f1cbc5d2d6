"""The one long thing that the studio does at a time, and how far it is."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from handful.doors.studio.plain import plain
from handful.foundation.errors import BusyError, HandfulError

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Job:
    """What is being done, or was done last.

    Attributes:
        name: `add`, `sample`, `folders`, `train`, `ready` or `check`.
        stage: What it does just now.
        done: How much of it.
        total: Of how much; None when nobody knows.
        started: Seconds of the clock of this process.
        seconds: How long it took or has taken.
        expected_s: What was predicted; 0 when nothing was.
        state: `running`, `done` or `failed`.
        waiting: Why it does nothing now.
        what: What came of it, in words.
        hint: What to do now, after a failure.
        result: Plain data for the page.
    """

    name: str
    stage: str = ""
    done: int = 0
    total: int | None = None
    started: float = 0.0
    seconds: float = 0.0
    expected_s: float = 0.0
    state: str = "running"
    waiting: str = ""
    what: str = ""
    hint: str = ""
    result: Any = None

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        found = asdict(self)
        found.pop("started")
        return found


Work = Callable[[Job], str]
"""Does the job, tells about it, and returns what came of it."""


class Jobs:
    """Runs one job at a time in a thread, and counts changes so that pages can follow."""

    def __init__(self) -> None:
        self.latest: Job | None = None
        self.changes = 0
        self._lock = threading.Lock()

    @property
    def is_busy(self) -> bool:
        """Whether a job is running."""
        return self.latest is not None and self.latest.state == "running"

    def start(self, name: str, work: Work) -> Job:
        """Start a job.

        Args:
            name: What pages call it.
            work: Does it.

        Raises:
            BusyError: When another one is running.
        """
        with self._lock:
            if self.is_busy:
                raise BusyError(
                    "The studio is still at something else.", "wait until the line below is done"
                )
            job = self.latest = Job(name, started=time.monotonic())
        self.touch()
        threading.Thread(target=self._run, args=(job, work), daemon=True, name=name).start()
        return job

    def tell(self, job: Job, stage: str, done: int, total: int | None) -> None:
        """Say how far a job is.

        Args:
            job: Which.
            stage: What it does just now.
            done: How much of it.
            total: Of how much.
        """
        job.stage, job.done, job.total = stage, done, total
        self.touch()

    def touch(self) -> None:
        """Let pages know that something changed."""
        if self.latest is not None and self.latest.state == "running":
            self.latest.seconds = round(time.monotonic() - self.latest.started, 1)
        self.changes += 1

    def _run(self, job: Job, work: Work) -> None:
        try:
            job.what = work(job)
            job.state = "done"
        except HandfulError as error:
            job.what, job.hint, job.state = plain(error.what), plain(error.hint), "failed"
        except Exception as error:
            _log.exception("a job of the studio failed")
            job.what = f"This is a fault in Handful, not in what you did: {error}"
            job.hint = "your files are untouched; please report it"
            job.state = "failed"
        job.seconds = round(time.monotonic() - job.started, 1)
        self.changes += 1
