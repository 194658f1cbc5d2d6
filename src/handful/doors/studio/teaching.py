"""The page Teach: groups with examples, and learning from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from handful.doors.python import Project
from handful.doors.studio.given import Given, text_of, texts_of
from handful.doors.studio.jobs import Job, Jobs
from handful.doors.studio.plain import plain
from handful.foundation.console import plural, seconds_text
from handful.foundation.errors import InputError
from handful.learn.train.plan import Plan

BUDGET = "1min"
ANNOTATOR = "me"


class Teaching:
    """What Teach does.

    Args:
        project: The project.
        jobs: Where learning goes on.
    """

    def __init__(self, project: Project, jobs: Jobs) -> None:
        self._project = project
        self._jobs = jobs

    def group(self, given: Given) -> dict[str, Any]:
        """Put items into a group, or take them out of any: `Library.label`."""
        topic, items = text_of(given, "topic"), texts_of(given, "items")
        group = given.get("group")
        answer = text_of(given, "group") if group else None
        version = self._project.items.label(
            dict.fromkeys(items, answer), task=topic, annotator=ANNOTATOR
        )
        return {"version": version}

    def use_folders(self, given: Given) -> dict[str, Any]:
        """Take the names of folders as groups: `Project.add` once more."""
        topic = text_of(given, "topic")
        every = self._project.items.items(with_quarantined=True)
        sources = sorted({item.source for item in every if Path(item.source).is_dir()})
        if not sources:
            raise InputError(
                "None of your files came from a folder.", "choose a folder on the Library page"
            )

        def work(job: Job) -> str:
            found = 0
            for source in sources:
                report = self._project.add(
                    source,
                    labels_from_folders=topic,
                    on_progress=lambda p: self._jobs.tell(job, "reading", p.seen, p.total),
                )
                found += report.labels
            return f"{plural(found, 'file')} got the name of its folder as its group."

        return self._jobs.start("folders", work).as_dict()

    def estimate(self, given: Given) -> dict[str, Any]:
        """Say what learning will take: `Project.plan`."""
        return told(self._project.plan(text_of(given, "topic"), BUDGET, baselines=False))

    def teach(self, given: Given) -> dict[str, Any]:
        """Learn from the examples: `Project.train`."""
        topic = text_of(given, "topic")

        def work(job: Job) -> str:
            def planned(plan: Plan) -> None:
                job.expected_s = round(plan.wall_s, 1)

            run = self._project.train(
                topic,
                BUDGET,
                baselines=False,
                on_plan=planned,
                on_stage=lambda stage, done, total: self._jobs.tell(job, stage, done, total),
            )
            examples = plural(sum(run.manifest["labelled"].values()), "example")
            return f"I learned {topic} from {examples}."

        return self._jobs.start("train", work).as_dict()


def told(plan: Plan) -> dict[str, Any]:
    """A plan in words.

    Args:
        plan: Of a training.
    """
    return {
        "seconds": plan.wall_s,
        "what": f"About {seconds_text(plan.wall_s)} on this computer, "
        f"{plan.energy_j / 3600:.2f} Wh of energy.",
        "fits": plan.fits,
        "why": plain(plan.why),
    }
