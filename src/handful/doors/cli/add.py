"""`handful add`."""

from __future__ import annotations

from pathlib import Path

from handful.data.library.report import AddReport
from handful.data.library.report import Progress as Seen
from handful.data.library.taking import PAUSED
from handful.doors.cli.added import tell_returned
from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import Table, plural

_SHOWN = 20
"""Remarks shown in full; the record holds them all."""


def add(
    source: Path,
    *,
    folder_labels: str = "",
    keyword_labels: str = "",
    column: tuple[str, ...] = (),
    licence: str = "",
    annotator: str = "import",
    again: bool = False,
    gentle: bool = False,
    copy: bool = False,
    project: Path | None = None,
) -> None:
    """Take files into the library; they stay where they are, untouched.

    A file that cannot be used is named with its reason and set aside; the rest goes on. Adding the
    same source again looks only at what changed, so after Ctrl-C the same command goes on.

    Args:
        source: A folder, a table (CSV, TSV, JSONL, Parquet), a ZIP or TAR archive, or one file.
        folder_labels: Take the name of the folder a file lies in as its answer to this task.
        keyword_labels: Take the keywords a photo program wrote into a picture (IPTC, XMP) as its
            answer to this task; `grade:first` answers the task `grade`.
        column: For tables, what a column is for, such as `image=photo` or `labels=grade`; roles
            left out are found by content. May be given several times.
        licence: Terms of everything that does not say its own, as an SPDX expression.
        annotator: Who the labels in the source are from.
        again: Take in what was forgotten as well; it stays out otherwise.
        gentle: Let everything else on the machine go first: one thread, low priority, and no work
            while the battery is in use and below 30 %.
        copy: Keep a copy of every file in the library, so that yours may be moved away.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    with console.progress("Reading files", unit="file") as progress:
        waiting = ""

        def told(seen: Seen) -> None:
            nonlocal waiting
            progress.update(seen.seen, total=seen.total)
            if seen.waiting and seen.waiting != waiting:
                console.note(_why(seen))
            waiting = seen.waiting

        report = shop.add(
            source,
            labels_from_folders=folder_labels or False,
            labels_from_keywords=keyword_labels,
            columns=_columns(column),
            licence=licence,
            annotator=annotator,
            again=again,
            gentle=gentle,
            copy=copy,
            on_progress=told,
        )
    _tell(report)
    console.done(
        f"The library is at version {report.version}.",
        record=shop.library,
        next_step="handful check",
    )


def _why(seen: Seen) -> str:
    safe = f"{plural(seen.committed, 'item')} safe so far"
    if seen.waiting == PAUSED:
        return f"paused, {safe}; `handful library resume` goes on, Ctrl-C stops"
    return f"{seen.waiting} and in use, so nothing is done until it is charged; {safe}"


def _tell(report: AddReport) -> None:
    console = speaker()
    for choice in report.choices:
        console.note(choice)
    bad = [remark for remark in report.remarks if remark.verdict == "quarantine"]
    if bad:
        table = Table("set_aside", ["file", "reason", "what"], title="Set aside, not used")
        for remark in bad[:_SHOWN]:
            table.add(remark.name, remark.reason, remark.what)
        console.table(table)
        if len(bad) > _SHOWN:
            console.note(f"and {plural(len(bad) - _SHOWN, 'more file')}, all kept in the library")
    tell_returned(report)
    if sentence := _decoding(report):
        console.note(sentence)
    console.sentence(
        f"{plural(report.seen, 'file')} seen: {report.ok} ok, {report.repaired} repaired, "
        f"{report.quarantined} set aside, {report.skipped} skipped. "
        f"{plural(report.items_added, 'item')} added, {report.items_changed} changed, "
        f"{plural(report.labels, 'label')}.",
        seen=report.seen,
        ok_files=report.ok,
        repaired=report.repaired,
        quarantined=report.quarantined,
        skipped=report.skipped,
        items_added=report.items_added,
        items_changed=report.items_changed,
        items_unchanged=report.items_unchanged,
        labels=report.labels,
        decoded_twice=report.decoded_twice,
        decoded_once=report.decoded_once,
    )


def _decoding(report: AddReport) -> str:
    """How closely pictures were looked at; empty when there were none."""
    once = f"decoded once, {'its' if report.decoded_once == 1 else 'their'} structure walked apart"
    if report.decoded_twice and report.decoded_once:
        return (
            f"{plural(report.decoded_twice, 'picture')} decoded twice, by decoders written apart; "
            f"{report.decoded_once} {once}"
        )
    if report.decoded_twice:
        return f"{plural(report.decoded_twice, 'picture')} decoded twice, by decoders written apart"
    if report.decoded_once:
        more = 'pip install "handful[media]" brings a second decoder'
        return f"{plural(report.decoded_once, 'picture')} {once}; {more}"
    return ""


def _columns(pairs: tuple[str, ...]) -> dict[str, object] | None:
    """`image=photo` to `{"image": ["photo"]}`; roles that take one column get it bare."""
    if not pairs:
        return None
    found: dict[str, object] = {}
    for pair in pairs:
        role, _, name = pair.partition("=")
        if role in ("image", "audio", "text", "labels"):
            several = found.setdefault(role, [])
            assert isinstance(several, list)
            several += [name] if name else []
        else:
            found[role] = name
    return found
