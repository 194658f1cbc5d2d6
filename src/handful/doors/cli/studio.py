"""`handful studio`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.speaker import speaker
from handful.doors.python import Project
from handful.doors.python import project as open_or_make
from handful.doors.studio.serve import serve
from handful.foundation.errors import ProjectError

HOME = "Handful"


def studio(*, port: int = 0, browser: bool = True, project: Path | None = None) -> None:
    """Open the page for everybody: your files, groups, answers, and how good it is.

    The page is for this computer only: nothing leaves it, and nothing else can open it without the
    key in the address that is printed. Ctrl-C ends it; what was done is kept.

    Args:
        port: Where it listens on this computer; any free one when 0.
        browser: Open the page in the browser.
        project: The project; the nearest one when left out, else the folder `Handful` in your own,
            which is made when it is missing.
    """
    console = speaker()
    shop = _project(project)

    def told(address: str) -> None:
        console.done(
            "The studio is open. Everything stays on this computer; Ctrl-C ends it.",
            record=shop.folder,
            next_step=f"open {address}",
            address=address,
        )

    serve(shop, port, on_ready=told, browser=browser)


def _project(folder: Path | None) -> Project:
    if folder is not None:
        return open_or_make(folder)
    try:
        return Project.find()
    except ProjectError:
        return open_or_make(Path.home() / HOME)
