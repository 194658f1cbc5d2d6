"""`handful check`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import plural
from handful.foundation.errors import FindingError


def check(*names: str, gate: bool = False, project: Path | None = None) -> None:
    """Look for what is wrong with the library, and say what to do about it.

    Args:
        names: Which checks; all when left out.
        gate: Leave exit code 1 when anything but notes was found.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    with console.progress("Checking", unit="check") as progress:
        report = shop.check(
            names or None, on_progress=lambda name, done, total: progress.update(done, check=name)
        )
        progress.update(len(report.seconds))
    for finding in report.findings:
        console.sentence(f"{str(finding.severity).upper()}: {finding.title}")
        console.sentence(f"  {finding.meaning}")
        console.sentence(f"  What to do: {finding.fix}  [{finding.id}]")
        if finding.remedy:
            console.sentence(f"  `handful fix {finding.id}` shows what mending would change.")
    for failure in report.failures:
        console.warn(f'The check "{failure.check}" could not do its work: {failure.error}')
    console.facts(report=report.as_dict())
    found = plural(len(report.findings), "finding")
    if gate and not report.is_clean:
        raise FindingError(f"{found} in {plural(report.items, 'item')}.", "mend them, then again")
    console.done(
        f"{found} in {plural(report.items, 'item')}.",
        next_step="handful plan --labels TASK --budget 5min",
    )
