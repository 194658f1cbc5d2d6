"""`handful sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from handful.data.samples import make_kiln
from handful.doors.cli.speaker import speaker


def sample(
    name: Literal["kiln"], folder: Path, *, items: int = 600, seed: int = 0, faults: bool = True
) -> None:
    """Make sample files to try things on.

    `kiln` makes the pieces of a pottery workshop after firing: a photo, the sound of a tap, and
    what the potter noted, with a table that says kind and grade. The same seed gives the same
    files. Faults that the checks should find are planted; their answer key lies beside the folder.

    Args:
        name: Which sample.
        folder: Where to write it.
        items: How many pieces.
        seed: Another seed makes another workshop.
        faults: Plant faults.
    """
    console = speaker()
    with console.progress("Making pottery", items, unit="piece") as progress:
        report = make_kiln(
            folder,
            items=items,
            seed=seed,
            faults=faults,
            on_progress=lambda done, total: progress.update(done),
        )
    console.done(
        f"{report.items} pieces of {report.firings} firings: {report.photos} photos, "
        f"{report.taps} taps, {report.notes} notes.",
        record=report.manifest,
        next_step=f"handful new workshop && cd workshop && handful add {report.manifest.resolve()}",
        answers=str(report.answers),
        hero=report.hero,
    )
