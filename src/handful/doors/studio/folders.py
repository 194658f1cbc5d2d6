"""Folders of this computer to choose from; a browser cannot tell where a file lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from handful.foundation.errors import InputError

MOST = 500
_READ = {
    *(".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".avif"),
    *(".wav", ".flac", ".mp3", ".ogg", ".aiff", ".m4a", ".txt", ".md", ".csv", ".pdf", ".docx"),
}


def folders_in(at: str) -> dict[str, Any]:
    """The folders in a folder, and how many files lie in it that can be read.

    Args:
        at: A folder; the person's own when empty.

    Raises:
        InputError: When it is none, or may not be read.
    """
    folder = Path(at).expanduser() if at else Path.home()
    folder = folder.absolute()
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name.casefold())
            shown = [entry for entry in entries if not entry.name.startswith(".")]
            inside = [entry.name for entry in shown if entry.is_dir()]
            files = sum(Path(entry.name).suffix.lower() in _READ for entry in shown)
    except OSError as error:
        raise InputError(
            f'"{folder}" cannot be opened: {error.strerror}.', "choose another folder"
        ) from None
    parent = str(folder.parent) if folder.parent != folder else ""
    return {"at": str(folder), "parent": parent, "folders": inside[:MOST], "files": files}
