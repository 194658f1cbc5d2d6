"""What the buttons of the studio do: each is one verb of a project.

`reads` answer, `acts` change something. What takes long becomes a job, and pages follow it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from handful.data.library.report import AddReport, Progress
from handful.data.samples import make_kiln
from handful.doors.python import Project
from handful.doors.studio.checking import Checking
from handful.doors.studio.finding import Finding
from handful.doors.studio.folders import folders_in
from handful.doors.studio.given import Given, text_of
from handful.doors.studio.jobs import Job, Jobs
from handful.doors.studio.plain import plain
from handful.doors.studio.teaching import Teaching
from handful.doors.studio.trusting import Trusting
from handful.doors.studio.view import View
from handful.foundation.console import plural

SAMPLE, PIECES = "sample-files", 240


class Desk:
    """One project with everything that the page can do.

    Attributes:
        project: The project.
        jobs: What is going on.
        view: What pages read of the library.
        reads: Name to what answers.
        acts: Name to what a button does.

    Args:
        project: The project.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        project.items  # noqa: B018 - made here, or two requests would make it at the same time
        self.jobs = Jobs()
        self.view = View(project)
        teaching, checking = Teaching(project, self.jobs), Checking(project)
        self._finding, trusting = Finding(project, self.jobs), Trusting(project, self.jobs)
        self.find = self._finding.find
        self.reads: dict[str, Callable[[Given], Any]] = {
            "item": lambda given: self.view.card(
                text_of(given, "item"), str(given.get("topic", ""))
            ),
            "aside": lambda given: self.view.aside(),
            "folders": lambda given: folders_in(str(given.get("at", ""))),
            "estimate": teaching.estimate,
            "deck": checking.deck,
            "trust": trusting.read,
        }
        self.acts: dict[str, Callable[[Given], Any]] = {
            "add": self.add,
            "sample": self.sample,
            "pause": self.pause,
            "resume": self.resume,
            "group": teaching.group,
            "use-folders": teaching.use_folders,
            "teach": teaching.teach,
            "reply": checking.reply,
            "take-back": checking.take_back,
            "ready": self._finding.get_ready,
            "look": trusting.look,
            "go-back": trusting.go_back,
        }

    def version(self) -> int:
        """Of the library, read from its small card."""
        return self.project.items.version

    def add(self, given: Given) -> dict[str, Any]:
        """Take a folder in: `Project.add`."""
        folder = text_of(given, "folder")
        return self.jobs.start("add", lambda job: self._add(job, Path(folder))).as_dict()

    def sample(self, given: Given) -> dict[str, Any]:
        """Make sample files and take them in: `handful sample kiln`, `Project.add`."""

        def work(job: Job) -> str:
            folder = self.project.folder / SAMPLE
            manifest = folder / "pieces.csv"
            if not manifest.is_file():
                make_kiln(
                    folder,
                    items=PIECES,
                    on_progress=lambda done, total: self.jobs.tell(job, "making", done, total),
                )
            columns = {"labels": ["kind", "grade"]}
            return self._add(job, manifest, columns=columns)

        return self.jobs.start("sample", work).as_dict()

    def pause(self, given: Given) -> dict[str, Any]:
        """Let adding wait: `Project.pause_adding`."""
        self.project.pause_adding()
        return {}

    def resume(self, given: Given) -> dict[str, Any]:
        """Let adding go on: `Project.resume_adding`."""
        self.project.resume_adding()
        return {}

    def _add(self, job: Job, source: Path, **how: Any) -> str:
        def told(progress: Progress) -> None:
            job.waiting = progress.waiting
            self.jobs.tell(job, "reading", progress.seen, progress.total)

        return summed(self.project.add(source, gentle=True, on_progress=told, **how))


def summed(report: AddReport) -> str:
    """What came of adding, in one sentence.

    Args:
        report: Of it.
    """
    said = f"{plural(report.items_added, 'item')} came in; your files are where they were."
    if report.quarantined:
        said += f" {plural(report.quarantined, 'file')} set aside: look at why."
    return plain(said)
