"""What a library writes to the terminal while it works, kept from it.

Some decoders tell of damage nowhere else. Only for a process that does one thing at a time, such as
`child`: the terminal belongs to the whole process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_MOST = 65_536


@contextmanager
def overheard() -> Iterator[list[str]]:
    """Collect what is written to standard error inside the block.

    Yields:
        A list that is empty inside the block and has the lines after it; beyond 64 KiB the rest
        is dropped, so that nothing waits for a reader.
    """
    lines: list[str] = []
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    before = os.dup(2)
    os.dup2(writer, 2)
    try:
        yield lines
    finally:
        os.dup2(before, 2)
        for number in (before, writer):
            os.close(number)
        lines += _read(reader).decode("utf-8", "replace").splitlines()
        os.close(reader)


def _read(pipe: int) -> bytes:
    try:
        return os.read(pipe, _MOST)
    except BlockingIOError:
        return b""
