"""Which releases a project has, and which one the first digits of a digest mean."""

from __future__ import annotations

from pathlib import Path

from handful.foundation.errors import UsageError, did_you_mean, storage
from handful.use.release.seal import DIGEST


def releases_in(releases: Path) -> list[Path]:
    """The folders of all releases; what is being made right now is not among them.

    Args:
        releases: The project's `releases`; it may be missing.
    """
    if not releases.is_dir():
        return []
    with storage("read", releases):
        return sorted(path for path in releases.iterdir() if DIGEST.fullmatch(path.name))


def find_release(releases: Path, start: str) -> Path:
    """The release whose digest begins so.

    Args:
        releases: The project's `releases`.
        start: The first digits, as many as tell it from the others.

    Raises:
        UsageError: When none or several begin so.
    """
    every = releases_in(releases)
    fitting = [path for path in every if path.name.startswith(start)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(f'"{path.name[:16]}"' for path in fitting[:5])
        raise UsageError(f'{len(fitting)} releases begin with "{start}": {names}.', "add digits")
    known = [path.name[:12] for path in every]
    hint = did_you_mean(start[:12], known) if known else "make one with `handful release`"
    raise UsageError(f'There is no release "{start}".', hint)
