"""`handful try`; the underscore is there because Python keeps the word for itself."""

from __future__ import annotations

import sys
from pathlib import Path

from handful.data.checks.base import Severity
from handful.data.checks.running import CheckReport
from handful.data.library.report import AddReport
from handful.data.library.sources.base import absolute
from handful.doors.cli.find import search, tell
from handful.doors.cli.speaker import speaker
from handful.doors.python import Project
from handful.doors.python import project as open_or_make
from handful.foundation.console import Progress, Table, plural
from handful.foundation.errors import HandfulError, UsageError
from handful.foundation.project.atomic import write_text
from handful.foundation.project.folder import SETTINGS
from handful.use.explore.grouping import Grouping, groups_page
from handful.use.explore.sort import own_places, require_folder

_PAGE = "groups.html"
_SMALL = 300
"""Up to so many items the better encoders take no longer than a cup of coffee."""
_SHOWN = 5
_EXAMPLES = 3
_NAMED_ALREADY = "damaged_media"
"""What this check finds was said file by file when they were added."""


def try_(folder: Path, *, project: Path | None = None) -> None:
    """Show what is in a folder: groups it falls into, and how to find things.

    Makes a project beside, takes the files in, checks them, learns without labels and finds
    groups. Nothing is written into the folder. Running it again takes up what has changed.

    Args:
        folder: Your own photos, sounds and texts, in any mix.
        project: Where the project goes; `<folder name>-handful` in the working folder when left
            out.
    """
    console = speaker()
    place = Path(absolute(project or Path(f"{Path(absolute(folder)).name}-handful")))
    _require_places(folder, place)
    is_new = not (place / SETTINGS).is_file()
    shop = open_or_make(place)
    console.note(f'{"Made" if is_new else "Using"} the project in "{shop.folder}".')
    _tell_added(_add(shop, folder))
    _tell_checked(shop.check())
    _learn(shop)
    found = shop.groups()
    _tell_groups(found)
    page = shop.cache / _PAGE
    write_text(page, groups_page(shop.items, found, title=f"What is in {Path(folder).name}"))
    command = f'handful find "words" --project {shop.folder}'
    console.done(
        "All of this without a single label.",
        record=page,
        next_step=command,
        project=str(shop.folder),
    )
    if sys.stdin is not None and sys.stdin.isatty():
        _ask(shop)


def _require_places(folder: Path, place: Path) -> None:
    require_folder(folder, own_places(place))
    if place.is_relative_to(absolute(folder)):
        raise UsageError(
            f'The project "{place}" would lie inside "{folder}", and nothing is written there.',
            "name another place with --project",
        )


def _add(shop: Project, folder: Path) -> AddReport:
    with speaker().progress("Reading files", unit="file") as progress:
        return shop.add(folder, on_progress=lambda seen: progress.update(seen.seen))


def _tell_added(report: AddReport) -> None:
    console = speaker()
    for choice in report.choices:
        console.note(choice)
    bad = [remark for remark in report.remarks if remark.verdict == "quarantine"]
    for remark in bad[:_SHOWN]:
        console.note(f"{remark.name} was set aside: {remark.what}")
    if len(bad) > _SHOWN:
        console.note(f"and {plural(len(bad) - _SHOWN, 'more file')}; `handful check` names them")
    new = f"{plural(report.items_added, 'new item')}, {report.items_unchanged} known already"
    console.sentence(
        f"{plural(report.seen, 'file')}: {new}, {plural(len(bad), 'file')} set aside.",
        seen=report.seen,
        items_added=report.items_added,
        items_unchanged=report.items_unchanged,
        set_aside=len(bad),
    )


def _tell_checked(report: CheckReport) -> None:
    """Only what matters without labels; the verb `check` tells it all."""
    console = speaker()
    worth = [
        finding
        for finding in report.findings
        if finding.severity != Severity.NOTE and finding.check != _NAMED_ALREADY
    ]
    for finding in worth[:_SHOWN]:
        console.sentence(f"{str(finding.severity).capitalize()}: {finding.title}")
    if not worth:
        console.sentence("The checks found nothing that stands in the way.")
    console.facts(checks=[finding.as_dict() for finding in report.findings])


def _learn(shop: Project) -> None:
    """Train without labels, unless the newest run has seen exactly these items."""
    console = speaker()
    library = shop.items
    try:
        if shop.run(task="").manifest["library"]["digest"] == library.digest():
            console.note("Nothing has changed since the last time, so nothing is learned again.")
            return
    except UsageError:  # there is no run yet
        pass
    shown: dict[str, Progress] = {}

    def told(stage: str, done: int, total: int) -> None:
        for name in [name for name in shown if name != stage]:
            shown.pop(name).__exit__(None, None, None)
        if stage not in shown:
            shown[stage] = console.progress(stage.capitalize(), total, unit="step").__enter__()
        shown[stage].update(done)

    try:
        run = shop.train(profile="default" if len(library) <= _SMALL else "fast", on_stage=told)
    finally:
        for progress in shown.values():
            progress.__exit__(None, None, None)
    for sentence in run.manifest["sentences"]:
        console.note(sentence)


def _tell_groups(found: Grouping) -> None:
    console = speaker()
    if found.groups:
        columns = ["group", "items", "alike", "such as"]
        table = Table("groups", columns, title="Groups that were found")
        for each in found.groups:
            names = ", ".join(item.key for item in each.items[:_EXAMPLES])
            table.add(each.title, len(each.items), each.alike, names)
        console.table(table)
    console.sentence(found.sentence, grouping=found.as_dict())


def _ask(shop: Project) -> None:
    """A prompt for finding; an empty line ends it."""
    console = speaker()
    while True:
        console.note("What are you looking for? Words, or a file; an empty line ends.")
        line = sys.stdin.readline().strip()
        if not line:
            return
        try:
            whole = Path(line).expanduser()
            query = (line,) if whole.is_file() else tuple(line.split())
            tell(shop, search(shop, query))
        except HandfulError as error:
            console.warn(error.what, error.hint)
