"""What the libraries log, said through the console instead of over its progress line."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager

from handful.foundation.console.talk import Console


class _ToConsole(logging.Handler):
    def __init__(self, console: Console, level: int) -> None:
        super().__init__(level)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if record.levelno >= logging.WARNING:
            self._console.warn(text)
        else:
            self._console.note(text)


@contextmanager
def listening(
    console: Console, logger: str = "handful", level: int = logging.WARNING
) -> Generator[None]:
    """Show log records as notes and warnings for the length of a `with` block.

    Args:
        console: Where to show them.
        logger: The name of the logger, with all below it.
        level: The least level to show; `logging.INFO` adds what goes on in passing.
    """
    source = logging.getLogger(logger)
    handler = _ToConsole(console, level)
    before = source.level
    source.addHandler(handler)
    source.setLevel(level)
    try:
        yield
    finally:
        source.removeHandler(handler)
        source.setLevel(before)
