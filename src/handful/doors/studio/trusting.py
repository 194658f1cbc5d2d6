"""The page Trust: how good it is, what is wrong, and the ways back."""

from __future__ import annotations

from typing import Any

from handful.data.checks.running import CheckReport
from handful.data.library.history import Version, by_change
from handful.doors.python import Project
from handful.doors.studio.given import Given
from handful.doors.studio.jobs import Job, Jobs
from handful.doors.studio.plain import plain
from handful.foundation.console import plural, seconds_text
from handful.foundation.errors import UsageError
from handful.learn.routes.run import Run

VERSIONS = 12
_DOING = {
    "add": "Files came in",
    "label": "Answers were given",
    "undo": "Went back",
    "forget": "Files were forgotten",
    "quarantine": "Files were set aside",
    "split": "Files were held back for a test",
    "create": "The library was made",
}


class Trusting:
    """What Trust does.

    Args:
        project: The project.
        jobs: Where the checks go on.
    """

    def __init__(self, project: Project, jobs: Jobs) -> None:
        self._project = project
        self._jobs = jobs
        self._found: CheckReport | None = None

    def read(self, given: Given) -> dict[str, Any]:
        """Everything the page shows: `Project.run`, `Project.checked`, `Library.history`."""
        topic = str(given.get("topic", ""))
        run = self._run(topic)
        library = self._project.items
        found = self._found
        return {
            "learned": learned(run) if run else None,
            "promise": plain(self._project.checked(topic).sentence) if run else "",
            "findings": None if found is None else findings(found),
            "findings_fresh": found is not None and found.version == library.version,
            "versions": [shown(each, library.version) for each in self._versions()],
        }

    def look(self, given: Given) -> dict[str, Any]:
        """Look for what is wrong: `Project.check`."""

        def work(job: Job) -> str:
            self._found = self._project.check(
                on_progress=lambda name, done, total: self._jobs.tell(job, "looking", done, total)
            )
            return f"{plural(len(self._found.findings), 'thing')} found that you should know of."

        return self._jobs.start("check", work).as_dict()

    def go_back(self, given: Given) -> dict[str, Any]:
        """Go back to an earlier version: `Library.undo`."""
        to = given.get("version")
        if not isinstance(to, int) or isinstance(to, bool):
            raise UsageError("Nobody said which version to go back to.", "choose one of the list")
        return {"version": self._project.items.undo(to)}

    def _run(self, topic: str) -> Run | None:
        try:
            return self._project.run(task=topic) if topic else None
        except UsageError:
            return None

    def _versions(self) -> list[Version]:
        every = by_change(self._project.items.history())
        return [each for each in every if not each.is_trimmed][: -VERSIONS - 1 : -1]


def learned(run: Run) -> dict[str, Any]:
    """How good a run is, in figures for sentences.

    Args:
        run: A finished one with answers.
    """
    ours = next((line for line in run.table if line["name"] == "ours"), None)
    groups: dict[str, list[bool]] = {}
    for line in run.held_out():
        groups.setdefault(line["truth"], []).append(line["truth"] == line["said"])
    cost = run.manifest["cost"]
    return {
        "id": run.id,
        "examples": sum(run.manifest["labelled"].values()),
        "of_100": round(100 * ours["accuracy"]) if ours else None,
        "low": round(100 * ours["low"]) if ours else None,
        "high": round(100 * ours["high"]) if ours else None,
        "groups": [
            {"name": name, "right": sum(said), "of": len(said)} for name, said in groups.items()
        ],
        "sentences": [plain(each) for each in run.manifest["sentences"]],
        "cost": seconds_text(cost["wall_s"]),
        "details": run.manifest["sentences"],
    }


def findings(report: CheckReport) -> list[dict[str, str]]:
    """What the checks found, in words of people.

    Args:
        report: Of the checks.
    """
    return [
        {
            "title": plain(each.title),
            "severity": str(each.severity),
            "meaning": plain(each.meaning),
            "fix": plain(each.fix),
        }
        for each in report.findings
    ]


def shown(version: Version, newest: int) -> dict[str, Any]:
    """A version as a line of the list.

    Args:
        version: Which.
        newest: The one that counts.
    """
    moved = [
        plural(count, what) + how
        for count, what, how in (
            (version.added, "item", " more"),
            (version.gone, "item", " fewer"),
            (version.labels, "answer", ""),
        )
        if count
    ]
    return {
        "version": version.version,
        "time": version.time,
        "what": _DOING.get(version.doing, plain(version.doing.capitalize())),
        "moved": ", ".join(moved),
        "is_now": version.version == newest,
    }
