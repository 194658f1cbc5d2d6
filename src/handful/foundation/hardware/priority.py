"""Let everything else on the machine go first."""

from __future__ import annotations

import contextlib
import os

GENTLE = 15
"""Of 19; Linux gives the disk in the same order as the processor, so it is asked for once."""


def go_last() -> None:
    """Lower the priority of this thread and of what it starts, for good.

    On Linux that is the thread alone; elsewhere it may be the whole process, and where the system
    refuses nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError):
        if os.getpriority(os.PRIO_PROCESS, 0) < GENTLE:
            os.setpriority(os.PRIO_PROCESS, 0, GENTLE)
