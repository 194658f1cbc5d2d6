"""What `handful add` says of items that were there before: renamed, gone, forgotten, copies."""

from __future__ import annotations

from collections.abc import Sequence

from handful.data.library.report import AddReport
from handful.doors.cli.speaker import speaker
from handful.foundation.console import plural

_SHOWN = 5


def tell_returned(report: AddReport) -> None:
    """Say it, a few names each; `--json` has them all.

    Args:
        report: Of the `add`.
    """
    console = speaker()
    if report.renamed:
        names = [f"{before} is {now}" for before, now in report.renamed]
        console.note(
            f"{plural(len(names), 'item')} known again under another name, with the labels they "
            f"had: {_few(names)}."
        )
    if report.gone:
        console.warn(
            f"The files of {plural(len(report.gone), 'item')} are gone: {_few(report.gone)}. The "
            "items are kept with their labels, and left out until the files come back."
        )
    forgotten = [each.name for each in report.remarks if each.reason == "item/forgotten"]
    if forgotten:
        console.note(
            f"{plural(len(forgotten), 'file')} left out, because they were forgotten: "
            f"{_few(forgotten)}. --again takes them in."
        )
    for conflict in report.conflicts[:_SHOWN]:
        console.warn(conflict.sentence)
    more = len(report.conflicts) - _SHOWN
    if more > 0:
        console.warn(f"and {plural(more, 'more conflict')} between copies; see `handful check`")
    console.facts(
        renamed=[list(each) for each in report.renamed],
        gone=list(report.gone),
        forgotten=forgotten,
        conflicts=[
            {**each._asdict(), "said": dict(each.said), "sentence": each.sentence}
            for each in report.conflicts
        ],
    )


def _few(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
