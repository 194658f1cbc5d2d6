"""The console: the one place where Handful writes to the terminal.

Data goes to standard output, talk (progress, notes, warnings, errors, what to do next) to
standard error. For programs everything is on standard output as JSON: one document, written when
the console closes, or one event per line. Warnings and errors stay readable on standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
from _thread import RLock
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TextIO

from handful.foundation.console.cells import pad, visible, width
from handful.foundation.console.channel import Channel, Mode, Style, choose_mode
from handful.foundation.console.jsonable import jsonable
from handful.foundation.console.progress import (
    EVENT_S,
    LINE_S,
    REDRAW_S,
    Progress,
    Status,
    fit_line,
)
from handful.foundation.console.table import Table
from handful.foundation.console.units import cost_text
from handful.foundation.errors import ConfigError, HandfulError

if TYPE_CHECKING:
    from handful.foundation.hardware.meter import Cost

JsonForm = Literal["document", "events"]

_OWN_KEYS = frozenset(
    ("ok", "tables", "sentences", "notes", "warnings", "error", "record", "next_step", "cost")
)


class Console:
    """Says everything a verb has to say, to people or to programs.

    Args:
        json: None for people; `document` for one JSON object when the console closes; `events`
            for one JSON object per line as things happen.
        colour: Force colour on or off; None decides per stream from `NO_COLOR`, `FORCE_COLOR`,
            `TERM` and whether the stream is a terminal.
        is_quiet: Leave out progress and notes; warnings, errors and data stay.
        out: The data stream; standard output when None.
        err: The talk stream; standard error when None.
        environ: The environment; that of the process when None.
        clock: A clock in seconds that never goes back.
        memory: Tells the resident memory in bytes for progress; read from the system when None.

    Example:
        >>> with Console() as console, console.progress("Reading files", 120) as progress:
        ...     for name in names:
        ...         read(name)
        ...         progress.advance()
    """

    def __init__(
        self,
        json: JsonForm | None = None,
        colour: bool | None = None,
        is_quiet: bool = False,
        *,
        out: TextIO | None = None,
        err: TextIO | None = None,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        memory: Callable[[], int | None] | None = None,
    ) -> None:
        known = os.environ if environ is None else environ
        self._json = json
        self._is_quiet = is_quiet
        self._clock = clock
        self._memory = memory or _resident_bytes
        self._out = _channel(out or sys.stdout, known, colour, is_data=True)
        self._err = _channel(err or sys.stderr, known, colour, is_data=False)
        self._lock = RLock()
        self._live: list[Progress] = []
        self._drawn = 0
        self._document: dict[str, Any] = {"ok": True}
        self._is_closed = False

    @property
    def mode(self) -> Mode:
        """How data is written: `plain`, `colour` or `json`."""
        return "json" if self._json else "colour" if self._out.has_colour else "plain"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, HandfulError) and "error" not in self._document:
            self._keep_error(error)
        elif error is not None and getattr(error, "code", 1):
            self._document["ok"] = False
        self.close()

    def close(self) -> None:
        """Write the JSON document, where one was asked for; nothing may be said after it."""
        with self._lock:
            if self._json == "document" and not self._is_closed:
                self._write_json(self._document, indent=2)
            self._is_closed = True

    # Data: what was asked for.

    def sentence(self, text: str, **facts: Any) -> None:
        """Say a result in a sentence, on the data stream.

        Args:
            text: The sentence.
            facts: The same for programs, by name.
        """
        with self._lock:
            if self._json:
                self._keep("sentences", "sentence", {"text": text}, text)
                self.facts(**facts)
            else:
                self._data(visible(text))

    def facts(self, **facts: Any) -> None:
        """Tell programs something that people already read elsewhere; nothing without JSON."""
        taken = [name for name in facts if name in _OWN_KEYS]
        assert not taken, f"the console keeps these names for itself: {taken}"
        if self._json == "document":
            self._document.update(jsonable(facts))
        elif self._json == "events" and facts:
            self._event("facts", facts)

    def table(self, table: Table) -> None:
        """Show a table on the data stream, or its rows as JSON."""
        with self._lock:
            if self._json == "document":
                self._document.setdefault("tables", {})[table.name] = table.rows()
            elif self._json == "events":
                self._event("table", {"name": table.name, "rows": table.rows()})
            else:
                self._data("\n".join(table.lines(self._out)))

    def paint(self, text: str, style: Style) -> str:
        """Colour a part of a sentence for the data stream, where that takes colour."""
        return text if self._json else self._out.paint(text, style)

    # Talk: what goes on around it.

    def note(self, text: str) -> None:
        """Say something in passing, such as a choice and its reason."""
        with self._lock:
            if self._json:
                self._keep("notes", "note", {"text": text}, text)
            elif not self._is_quiet:
                self._talk(visible(text))

    def warn(self, text: str, hint: str = "") -> None:
        """Warn, with what can be done about it."""
        with self._lock:
            fields = {"text": text, "hint": hint}
            self._keep("warnings", "warning", fields, fields)
            self._talk(self._labelled("warning", "yellow", text), hint)

    def error(self, error: HandfulError) -> int:
        """Say what went wrong and what to do about it.

        Returns:
            The exit code for this error: 1 for a finding, 2 for wrong use.
        """
        with self._lock:
            self._keep_error(error)
            if self._json == "events":
                self._event("error", self._document["error"])
            label = "finding" if error.exit_code == 1 else "error"
            self._talk(self._labelled(label, "red", error.what), error.hint)
        return error.exit_code

    def failed(
        self, kind: str, what: str, hint: str = "", cause: BaseException | None = None
    ) -> None:
        """Say that a verb ended early for a reason that is no `HandfulError`.

        Args:
            kind: A word for programs, such as `Interrupted` or `Fault`.
            what: What happened, in a sentence.
            hint: What to do now.
            cause: An error whose whole traceback is to be shown, for a report.
        """
        fields = {"kind": kind, "what": what, "hint": hint}
        with self._lock:
            self._document.update(ok=False, error=fields)
            if self._json == "events":
                self._event("error", fields)
            if cause is not None:
                self.trace(cause)
            self._talk(self._labelled("error", "red", what), hint)

    def trace(self, error: BaseException) -> None:
        """Show the traceback of an error on the talk stream."""
        # Only somebody who looks for a fault needs it.
        import traceback

        with self._lock:
            self._talk(visible("".join(traceback.format_exception(error)).rstrip()))

    def done(
        self,
        text: str,
        *,
        record: str | os.PathLike[str] = "",
        next_step: str = "",
        cost: Cost | None = None,
        **facts: Any,
    ) -> None:
        """End a verb: what was done, what it cost, where its record lies, and the next step.

        Args:
            text: What was done, in a sentence.
            record: The path of the record on disk.
            next_step: The next useful command.
            cost: What it cost, as measured by a `Meter`.
            facts: What programs should know, by name.
        """
        said = {"record": os.fspath(record), "next_step": next_step}
        known = {name: value for name, value in said.items() if value}
        measured = {} if cost is None else {"cost": cost.as_dict()}
        with self._lock:
            if self._json == "document":
                self._document.setdefault("sentences", []).append(text)
                self._document.update({**known, **measured})
                self.facts(**facts)
            elif self._json == "events":
                self._event("done", {**facts, "text": text, **known, **measured})
            elif not self._is_quiet:
                self._talk("\n".join(self._closing_lines(text, said, cost)))

    def _closing_lines(self, text: str, said: Mapping[str, str], cost: Cost | None) -> list[str]:
        rest = {
            "cost": cost_text(cost) if cost else "",
            "record": said["record"],
            "next": said["next_step"],
        }
        labelled = [self._labelled(name, "cyan", told) for name, told in rest.items() if told]
        return [visible(text), *labelled]

    def progress(
        self,
        label: str,
        total: int | None = None,
        *,
        unit: str = "item",
        done: int = 0,
        currency: str = "EUR",
    ) -> Progress:
        """Tell how far a long piece of work is; to be used in a `with` statement.

        Args:
            label: What is being done, such as `Reading files`.
            total: How many units there are; None when nobody knows.
            unit: The noun for one unit.
            done: Units done in an earlier run, when work is taken up again.
            currency: The currency of the money that `update` is told.

        Returns:
            A `Progress` with `update(done, loss=..., money=...)` and `advance(count)`.
        """
        assert label, "progress needs a label"
        one_line = " ".join(visible(label).split("\n"))
        screen = _PROGRESS[self._progress_kind()](self)
        return Progress(screen, one_line, total, unit, done, currency, self._clock, self._memory)

    # How it is written.

    def _progress_kind(self) -> str:
        if self._json == "events":
            return "events"
        if self._is_quiet:
            return "nothing"
        return "redrawn" if self._err.can_redraw else "lines"

    def _labelled(self, label: str, style: Style, text: str) -> str:
        return f"{self._err.paint(label + ':', style)} {visible(text)}"

    def _data(self, text: str) -> None:
        self._wipe()
        self._out.write(text + "\n")

    def _talk(self, text: str, hint: str = "") -> None:
        self._wipe()
        if hint:
            text += "\n" + self._labelled("hint", "cyan", hint)
        self._err.write(text + "\n")

    def _keep(self, key: str, event: str, fields: dict[str, Any], entry: Any) -> None:
        if self._json == "document":
            self._document.setdefault(key, []).append(entry)
        elif self._json == "events":
            self._event(event, fields)

    def _keep_error(self, error: HandfulError) -> None:
        self._document["ok"] = False
        fields: dict[str, Any] = {
            "kind": type(error).__name__,
            "what": error.what,
            "hint": error.hint,
            "exit_code": error.exit_code,
        }
        if isinstance(error, ConfigError):
            fields["mistakes"] = list(error.mistakes)
        self._document["error"] = fields

    def _event(self, event: str, fields: Mapping[str, Any]) -> None:
        self._write_json({"event": event, **fields} | {"event": event})

    def _write_json(self, value: Any, indent: int | None = None) -> None:
        text = json.dumps(
            jsonable(value),
            ensure_ascii=not self._out.is_unicode,
            allow_nan=False,
            indent=indent,
        )
        self._out.write(text + "\n")

    def _wipe(self) -> None:
        """Take the redrawn line away, so that what follows starts on an empty one."""
        if self._drawn:
            self._err.write("\r" + " " * self._drawn + "\r")
            self._drawn = 0

    def _redraw(self, status: Status) -> None:
        columns = max(1, (self._err.columns() or 80) - 1)
        line = fit_line(status, columns, self._err.is_unicode)
        self._err.write("\r" + pad(line, min(self._drawn, columns)))
        self._drawn = width(line)


class _Nothing:
    """No progress at all."""

    interval_s = LINE_S

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, progress: Progress, status: Status) -> None:
        """Say nothing."""


class _Redrawn(_Nothing):
    """One line on a terminal, drawn again and again, replaced by a lasting one at the end."""

    interval_s = REDRAW_S

    def show(self, progress: Progress, status: Status) -> None:
        console = self._console
        with console._lock:
            if status.state == "started":
                console._live.append(progress)
            # Progress inside progress: only the innermost is drawn.
            if status.state in ("started", "going") and console._live[-1:] == [progress]:
                console._redraw(status)
            if status.state in ("finished", "stopped"):
                console._live = [other for other in console._live if other is not progress]
                console._talk(status.sentence())


class _Lines(_Nothing):
    """A line every few seconds, for logs."""

    def show(self, progress: Progress, status: Status) -> None:
        if status.state != "started":
            with self._console._lock:
                self._console._talk(status.sentence())


class _Events(_Nothing):
    """One JSON event per second and one at either end."""

    interval_s = EVENT_S

    def show(self, progress: Progress, status: Status) -> None:
        with self._console._lock:
            self._console._write_json(status.event())


_PROGRESS = {"nothing": _Nothing, "redrawn": _Redrawn, "lines": _Lines, "events": _Events}


def _channel(
    stream: TextIO | None, environ: Mapping[str, str], colour: bool | None, is_data: bool
) -> Channel:
    is_terminal = Channel(stream, environ, has_colour=False, is_data=is_data).is_terminal
    mode = choose_mode(environ, is_terminal, colour=colour)
    return Channel(stream, environ, has_colour=mode == "colour", is_data=is_data)


def _resident_bytes() -> int | None:
    # Imported on first use: a command without progress need not pay for it.
    from handful.foundation.hardware.memory import resident_bytes

    return resident_bytes()
