"""Opens a file in the program that this computer has for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

OPENERS = {"darwin": "open", "linux": "xdg-open"}
"""System to the program that knows the others."""


def show(path: Path) -> bool:
    """Open a file beside the terminal; nothing waits for it.

    Args:
        path: A picture or a sound.

    Returns:
        Whether something could be asked to open it; on a machine without a screen nothing is.
    """
    if sys.platform == "win32":
        os.startfile(path)  # noqa: S606
        return True
    program = shutil.which(OPENERS.get(sys.platform, "xdg-open"))
    has_screen = sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if not program or not has_screen:
        return False
    subprocess.Popen(  # noqa: S603 - the system's own opener, and a path of the library
        [program, str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return True
