"""The console that the running verb speaks through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from handful.foundation.console import Console

_speaker: ContextVar[Console | None] = ContextVar("speaker", default=None)


def speaker() -> Console:
    """The console chosen by the flags of this command; a plain one outside of a command."""
    return _speaker.get() or Console()


@contextmanager
def speaking(console: Console) -> Iterator[None]:
    """Let verbs inside the block speak through this console.

    Args:
        console: Made from the flags of the command.
    """
    token = _speaker.set(console)
    try:
        yield
    finally:
        _speaker.reset(token)
