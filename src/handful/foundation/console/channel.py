"""One stream a person or a program reads: whether it takes colour, how wide it is, how it ends.

A closed pipe (`handful … | head`) never shows a traceback: on the data stream it ends the program
with the status that other Unix tools give, on the talk stream it only makes Handful silent.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TextIO

from handful.foundation.console.cells import encodable
from handful.foundation.errors import storage

Mode = Literal["plain", "colour", "json"]
Style = Literal["bold", "dim", "red", "green", "yellow", "cyan"]

_CODES: dict[Style, str] = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
}
_RESET = "\x1b[0m"
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class OutputClosed(SystemExit):
    """Whoever read the data stream went away; ends the program quietly.

    The status is 141, what a shell reports for a program that writes to a closed pipe.
    """

    def __init__(self) -> None:
        super().__init__(141)


def choose_mode(
    environ: Mapping[str, str],
    is_terminal: bool,
    json: bool = False,
    colour: bool | None = None,
) -> Mode:
    """Decide how one stream is written.

    A flag wins over the environment, `NO_COLOR` over `FORCE_COLOR`, and both over what the
    stream is.

    Args:
        environ: The environment: `NO_COLOR`, `FORCE_COLOR` and `TERM` are read.
        is_terminal: Whether the stream is a terminal.
        json: Whether `--json` was given.
        colour: `--colour` or `--no-colour`; None when neither was given.

    Source: no-color.org and force-color.org.
    """
    if json:
        return "json"
    if colour is not None:
        return "colour" if colour else "plain"
    if environ.get("NO_COLOR"):
        return "plain"
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return "colour"
    if environ.get("TERM") == "dumb" or not is_terminal:
        return "plain"
    return "colour"


class Channel:
    """A text stream with what Handful needs to know about it.

    Args:
        stream: Where text goes; None (a program without a console) swallows it.
        environ: The environment: `COLUMNS` and `TERM` are read.
        has_colour: Whether to use colour.
        is_data: Whether this is the data stream: its end is the end of the program, and a full
            disk behind it is an error. The talk stream falls silent instead.
    """

    def __init__(
        self, stream: TextIO | None, environ: Mapping[str, str], has_colour: bool, is_data: bool
    ) -> None:
        self._stream = stream
        self._environ = environ
        self._is_data = is_data
        self._is_gone = stream is None
        self.has_colour = has_colour
        self.is_terminal = _is_terminal(stream)
        self.can_redraw = self.is_terminal and environ.get("TERM") != "dumb"
        self.encoding = getattr(stream, "encoding", None) or "utf-8"
        self.is_unicode = self.encoding.lower().replace("-", "").replace("_", "") == "utf8"

    def columns(self) -> int | None:
        """The width in columns now; None where nothing limits it (a file or a pipe)."""
        wanted = self._environ.get("COLUMNS", "")
        if wanted.isascii() and wanted.isdigit() and int(wanted) > 0:
            return int(wanted)
        if not self.is_terminal or self._stream is None:
            return None
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError, AttributeError):
            return 80

    def paint(self, text: str, style: Style) -> str:
        """Colour a text where this stream takes colour."""
        if not self.has_colour or not text:
            return text
        start = f"\x1b[{_CODES[style]}m"
        return start + text.replace(_RESET, _RESET + start) + _RESET

    def fit(self, text: str) -> str:
        """Replace what the encoding of this stream cannot show."""
        return encodable(text, self.encoding)

    def write(self, text: str) -> None:
        """Write text as it is and hand it on at once.

        Raises:
            OutputClosed: When the reader of the data stream is gone.
            StorageError: When the disk behind the data stream is full.
        """
        if self._is_gone or self._stream is None:
            return
        try:
            self._stream.write(self.fit(text))
            self._stream.flush()
        except OSError as error:
            self._end(error)
        except ValueError:
            self._is_gone = True

    def _end(self, error: OSError) -> None:
        self._is_gone = True
        self._swallow_the_rest()
        if not self._is_data:
            return
        if error.errno in _DISK_FULL:
            with storage("write", Path("standard output")):
                raise error
        raise OutputClosed from error

    def _swallow_the_rest(self) -> None:
        """Point the stream at nothing, or Python complains about it again on its way out."""
        try:
            descriptor = self._stream.fileno() if self._stream else -1
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, descriptor)
            os.close(nothing)
        except (OSError, ValueError, AttributeError):
            return


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except (OSError, ValueError, AttributeError):
        return False
