"""`handful release verify`."""

from __future__ import annotations

from pathlib import Path

from handful.doors.cli.here import open_project
from handful.doors.cli.speaker import speaker
from handful.foundation.console import plural
from handful.foundation.errors import FindingError
from handful.use.release.signature import Signed


def release_verify(
    release: str = "champion", *, key: str = "", project: Path | None = None
) -> None:
    """Look at every byte of a release, and at who signed it.

    Args:
        release: A folder, an alias, or the first digits of a digest.
        key: The public key that should have signed it, as in `keys/release.pub` of the project it
            comes from; this project's own when left out.
        project: The project; the nearest one when left out.
    """
    console = speaker()
    shop = open_project(project)
    checked = shop.verify(release, key=key)
    console.facts(
        digest=checked.digest,
        altered=list(checked.found.altered),
        missing=list(checked.found.missing),
        extra=list(checked.found.extra),
        signature=str(checked.signed),
    )
    name = checked.digest[:12] or checked.folder.name
    if not checked.found.is_intact:
        raise FindingError(
            f'The release "{name}" is not what it was: {checked.found.text}.',
            "delete its folder and release the run again, or restore it from a copy",
        )
    asked = bool(key) or shop.settings.signing_required
    if checked.signed == Signed.BROKEN or (asked and checked.signed != Signed.OURS):
        raise FindingError(
            f'The release "{name}" is whole, and it is {checked.signed}.',
            "use it only if you know where it comes from",
        )
    console.done(
        f"Release {name} is whole, {plural(_files(checked.folder), 'file')}, and {checked.signed}.",
        record=checked.folder,
        next_step=f"handful promote {name}",
    )


def _files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))
