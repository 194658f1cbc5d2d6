"""The page Find: by words, by a file, or by both."""

from __future__ import annotations

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

    def find(self, words: str, name: str, data: bytes) -> dict[str, Any]:
        """Look for items: `Project.search`.

        Args:
            words: May be empty where a file was given.
            name: Of the file.
            data: The file; empty when there is none.
        """
        if not any(run.is_done for run in runs_in(self._project.runs)):
            return {"ready": False}
        with TemporaryDirectory() as folder:
            query: list[str | Path] = [words.strip()] if words.strip() else []
            if data:
                path = Path(folder) / (Path(name).name or "example")
                path.write_bytes(data)
                query.append(path)
            if not query:
                raise UsageError("Nobody said what to look for.", "type words or drop a file")
            found = self._project.search(*query, top=TOP)
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
