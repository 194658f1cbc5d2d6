"""The page Find: by words, by a file, or by both."""

from __future__ import annotations

import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from handful.doors.python import Project
from handful.doors.studio.given import Given
from handful.doors.studio.jobs import Job, Jobs
from handful.doors.studio.plain import plain
from handful.doors.studio.view import cards
from handful.foundation.errors import UsageError
from handful.learn.routes.run import runs_in
from handful.use.explore.find import Finder

TOP = 60


class Finding:
    """What Find does.

    Args:
        project: The project.
        jobs: Where getting ready goes on.
    """

    def __init__(self, project: Project, jobs: Jobs) -> None:
        self._project = project
        self._jobs = jobs
        self._lock = threading.Lock()
        self._ready: tuple[tuple[int, list[str]], Finder] | None = None

    def find(self, words: str, name: str, data: bytes) -> dict[str, Any]:
        """Look for items: `Project.finder`.

        Args:
            words: May be empty where a file was given.
            name: Of the file.
            data: The file; empty when there is none.
        """
        runs = [run.id for run in runs_in(self._project.runs) if run.is_done]
        if not runs:
            return {"ready": False}
        with TemporaryDirectory() as folder:
            query: list[str | Path] = [words.strip()] if words.strip() else []
            if data:
                path = Path(folder) / (Path(name).name or "example")
                path.write_bytes(data)
                query.append(path)
            if not query:
                raise UsageError("Nobody said what to look for.", "type words or drop a file")
            found = self._finder(runs).find(query, top=TOP)
        shown = cards(self._project.items, [hit.item for hit in found.hits])
        hits = [
            card | {"level": hit.level, "reason": plain(hit.why.replace("labelled", "you said"))}
            for card, hit in zip(shown, found.hits, strict=True)
        ]
        return {
            "ready": True,
            "searched": found.searched,
            "good": found.good,
            "hits": hits,
            "notes": [plain(note) for note in found.notes],
        }

    def _finder(self, runs: list[str]) -> Finder:
        """Looks at the library once for every version and run, not for every question."""
        with self._lock:
            mark = self._project.items.version, runs
            if self._ready is None or self._ready[0] != mark:
                self._ready = mark, self._project.finder()
            return self._ready[1]

    def get_ready(self, given: Given) -> dict[str, Any]:
        """Read all files once, so that likeness can be told: `Project.train` without a topic."""

        def work(job: Job) -> str:
            self._project.train(
                "",
                "2min",
                on_stage=lambda stage, done, total: self._jobs.tell(job, stage, done, total),
            )
            return "I have read all your files and can find things in them."

        return self._jobs.start("ready", work).as_dict()
