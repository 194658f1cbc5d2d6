"""`handful evaluate`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import plural

_ROWS = 12
"""Rows of one table that are shown; the report holds them all."""


def evaluate(run: str = "", *, details: bool = False, project: Path | None = None) -> None:
    """Measure a run on the items that were held back for the test.

    Accuracy with intervals, what mistakes cost by your goal, whether "sure" keeps its word, speed,
    memory, every choice of modalities, every group.

    Args:
        run: Its id or the start of it; the newest when left out.
        details: Show every table, not only what it means.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    chosen = shop.run(run)
    with console.progress("Measuring", unit="step") as progress:
        report = shop.evaluate(
            chosen, on_progress=lambda doing, done, total: progress.update(done, doing=doing)
        )
    for sheet in report.sheets:
        if details or sheet.name in ("classes", "levels"):
            console.table(sheet.table(_ROWS))
    for sentence in report.meaning:
        console.sentence(sentence)
    for sentence in report.not_measured:
        console.note(f"not measured: {sentence}")
    console.facts(report=report.as_dict())
    console.done(
        f"{plural(len(report.outcomes), 'held-back item')} answered by {chosen.id}.",
        record=chosen.folder / "report.json",
        next_step=f"handful release {chosen.id}",
    )
