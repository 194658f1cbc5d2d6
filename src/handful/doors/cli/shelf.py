"""`handful shelf`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import Table, plural
from handful.learn.routes.run import runs_in
from handful.use.release.bundle import open_release
from handful.use.release.finding import releases_in
from handful.use.release.shelf import Shelf


def shelf(*, project: Path | None = None) -> None:
    """List runs and releases, and say which saw items that were forgotten since.

    Args:
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    marks = {each.name: each.sentence for each in shop.saw_forgotten()}
    runs = Table("runs", ["run", "answers", "state", "remark"], title="Runs")
    for run in runs_in(shop.runs):
        task = run.task or "without labels"
        runs.add(run.id, task, str(run.manifest["state"]), marks.get(run.id))
    releases = Table(
        "releases", ["release", "answers", "run", "called", "remark"], title="Releases"
    )
    names = _names(Shelf(shop.shelf).aliases())
    for folder in releases_in(shop.releases):
        about = open_release(folder).about
        called = ", ".join(names.get(folder.name, ())) or None
        task = about["labels"] or "without labels"
        releases.add(folder.name[:12], task, about["run"], called, marks.get(folder.name))
    for table in (runs, releases):
        if len(table):
            console.table(table)
    console.done(
        f"{plural(len(runs), 'run')}, {plural(len(releases), 'release')}, "
        f"{len(marks)} of them saw forgotten items.",
        record=shop.folder,
        next_step="handful train --labels TASK --budget 5min" if marks else "handful predict FILES",
    )


def _names(aliases: Mapping[str, str]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for alias, digest in aliases.items():
        names.setdefault(digest, []).append(alias)
    return names
