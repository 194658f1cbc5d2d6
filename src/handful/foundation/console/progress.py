"""How far a long piece of work is: done, rate, time left, memory, loss and money.

On a terminal one line is redrawn in place; in a file or a pipe there is one line per ten seconds;
for programs there is one event per second. Each ends with a line that stays.
"""

from __future__ import annotations

import math
from _thread import RLock
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, NamedTuple, Protocol, Self

from handful.foundation.console.cells import cut, width
from handful.foundation.console.units import (
    bytes_text,
    count_text,
    money_text,
    number_text,
    percent_text,
    plural,
    rate_text,
    seconds_text,
    time_left_text,
)

REDRAW_S = 0.1
"""The shortest time between two drawings on a terminal."""
EVENT_S = 1.0
"""The shortest time between two progress events."""
LINE_S = 10.0
"""The shortest time between two lines in a file or a pipe."""

State = Literal["started", "going", "finished", "stopped"]


class Rate:
    """A rate that follows change but not noise: recent work over recent time.

    Both fade with age by exp(-age / memory), so the first reading is already unbiased.

    Args:
        memory_s: How long the past counts, in seconds; 5 to 60 is usual.
    """

    def __init__(self, memory_s: float = 15.0) -> None:
        self._memory_s = memory_s
        self._done = 0.0
        self._seconds = 0.0

    def add(self, done: float, seconds: float) -> None:
        """Note that so much was done in the last so many seconds."""
        keep = math.exp(-max(0.0, seconds) / self._memory_s)
        self._done = self._done * keep + max(0.0, done)
        self._seconds = self._seconds * keep + max(0.0, seconds)

    def per_second(self) -> float | None:
        """The smoothed rate; None before any time has passed."""
        return self._done / self._seconds if self._seconds > 0 else None


class Status(NamedTuple):
    """Where the work stands at one moment."""

    label: str
    state: State
    done: int
    total: int | None
    unit: str
    wall_s: float
    rate_per_s: float | None
    left_s: float | None
    memory_bytes: int | None
    loss: float | None
    money: float | None
    currency: str
    extra: dict[str, Any]

    def event(self) -> dict[str, Any]:
        """The status as an event for programs, without the parts that are unknown."""
        fields = {**self.extra, **self._asdict(), "event": "progress"}
        del fields["extra"]
        if self.money is None:
            del fields["currency"]
        return {name: value for name, value in fields.items() if value is not None}

    def parts(self) -> list[tuple[int, str]]:
        """Everything worth saying, in reading order, each with its importance (0 is highest)."""
        share = min(1.0, self.done / self.total) if self.total else None
        counted = count_text(self.done) + (f"/{count_text(self.total)}" if self.total else "")
        found = [
            (0, self.label),
            (3, counted if self.total else plural(self.done, self.unit)),
            (1, percent_text(share, places=0) if share is not None else ""),
            (4, rate_text(self.rate_per_s)),
            (2, time_left_text(self.left_s)),
            (7, bytes_text(self.memory_bytes) if self.memory_bytes is not None else ""),
            (5, f"loss {number_text(self.loss)}" if self.loss is not None else ""),
            (6, money_text(self.money, self.currency) if self.money is not None else ""),
            *((8, f"{name} {_shown(value)}") for name, value in self.extra.items()),
        ]
        return [(rank, text) for rank, text in found if text]

    def sentence(self) -> str:
        """One line to keep: for a log while going, and at the end."""
        if self.state == "going":
            return f"{self.label}: " + ", ".join(text for rank, text in self.parts() if rank)
        spent = seconds_text(self.wall_s)
        if self.state == "stopped":
            of = f" of {count_text(self.total)}" if self.total else ""
            start = f"{self.label}: stopped at {count_text(self.done)}{of} after {spent}"
        else:
            start = f"{self.label}: {plural(self.done, self.unit)} in {spent}"
        rest = [text for rank, text in self.parts() if rank in (4, 5, 6, 7, 8)]
        return ", ".join([start, *rest])


def _shown(value: Any) -> str:
    if isinstance(value, int):
        return count_text(value)
    return number_text(value) if isinstance(value, float) else str(value)


def fit_line(status: Status, columns: int, is_unicode: bool) -> str:
    """The most telling line that fits, with a bar where there is room for one.

    Args:
        status: What to tell.
        columns: The room; the line is never wider.
        is_unicode: Whether the terminal shows more than ASCII; also decides the look of the bar.

    Returns:
        A line at most `columns` wide.
    """
    parts = status.parts()
    mark = "…" if is_unicode else "~"
    parts[0] = (0, cut(status.label, columns // 2, mark))
    while len(parts) > 1 and _width_of(parts) > columns:
        parts.remove(max(parts))
    others = _width_of(parts) - width(parts[0][1])
    parts[0] = (0, cut(status.label, columns - others, mark))
    room = columns - _width_of(parts) - 2
    if status.total and room >= 8:
        bar = _bar(status.done / status.total, min(room, 24), is_unicode)
        parts.insert(1, (9, bar))
    return cut("  ".join(text for _, text in parts), columns, mark)


def _width_of(parts: list[tuple[int, str]]) -> int:
    return sum(width(text) for _, text in parts) + 2 * (len(parts) - 1)


def _bar(share: float, columns: int, is_unicode: bool) -> str:
    full, empty = ("━", "─") if is_unicode else ("#", "-")
    done = round(columns * min(1.0, max(0.0, share)))
    return full * done + empty * (columns - done)


class Screen(Protocol):
    """Where progress is shown; the console has one per way of showing it."""

    interval_s: float

    def show(self, progress: Progress, status: Status) -> None:
        """Show a status, at most once per `interval_s` unless it is the first or the last."""


class Progress:
    """The progress of one piece of work; made by `Console.progress`.

    Use it as a context manager and call `update` or `advance` as often as wanted: a call between
    two drawings costs about a microsecond. Nothing is drawn between calls, so the line stands
    still while one unit takes long.

    Args:
        screen: Where to show it.
        label: What is being done, such as `Reading files`.
        total: How many units there are; None when nobody knows.
        unit: The noun for one unit, such as `item`.
        done: Units done before, when work is taken up again; they do not count for the rate.
        currency: The currency of `money`, such as `EUR`.
        clock: A clock in seconds that never goes back.
        memory: Tells the resident memory in bytes, or None where it is unknown.
    """

    def __init__(
        self,
        screen: Screen,
        label: str,
        total: int | None,
        unit: str,
        done: int,
        currency: str,
        clock: Callable[[], float],
        memory: Callable[[], int | None],
    ) -> None:
        self._screen = screen
        self._label = label
        self._total = total
        self._unit = unit
        self._done = done
        self._currency = currency
        self._clock = clock
        self._memory = memory
        self._loss: float | None = None
        self._money: float | None = None
        self._extra: dict[str, Any] = {}
        self._rate = Rate()
        self._lock = RLock()
        self._start_s = self._counted_s = self._shown_s = clock()
        self._counted = self._first = done

    @property
    def done(self) -> int:
        """Units done so far."""
        return self._done

    def __enter__(self) -> Self:
        self._show("started")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._count(self._clock())
        self._show("finished" if kind is None else "stopped")

    def update(
        self,
        done: int,
        *,
        total: int | None = None,
        loss: float | None = None,
        money: float | None = None,
        **extra: str | int | float,
    ) -> None:
        """Say how far the work is.

        Args:
            done: Units done so far, those before a restart included.
            total: Units in all, once that is known; the last one is kept when None.
            loss: The present loss; the last one is kept when None.
            money: Money spent so far; the last one is kept when None.
            extra: Further short facts to show by name, when there is room.
        """
        with self._lock:
            self._done = done
            self._total = self._total if total is None else total
            self._loss = self._loss if loss is None else float(loss)
            self._money = self._money if money is None else float(money)
            self._extra.update(extra)
            now = self._clock()
            if now - self._shown_s >= self._screen.interval_s:
                self._count(now)
                self._show("going")

    def advance(self, count: int = 1) -> None:
        """Say that `count` more units are done; may be called from several threads."""
        with self._lock:
            self.update(self._done + count)

    def _count(self, now: float) -> None:
        self._rate.add(self._done - self._counted, now - self._counted_s)
        self._counted, self._counted_s = self._done, now

    def _show(self, state: State) -> None:
        self._shown_s = self._clock()
        self._screen.show(self, self.status(state))

    def status(self, state: State = "going") -> Status:
        """Where the work stands now."""
        wall_s = self._clock() - self._start_s
        rate = self._rate.per_second()
        if state in ("finished", "stopped"):
            rate = (self._done - self._first) / wall_s if wall_s > 0 else None
        left = None
        if state == "going" and rate and self._total is not None and self._done <= self._total:
            left = (self._total - self._done) / rate
        return Status(
            label=self._label,
            state=state,
            done=self._done,
            total=self._total,
            unit=self._unit,
            wall_s=wall_s,
            rate_per_s=rate or None,
            left_s=left,
            memory_bytes=self._memory(),
            loss=self._loss,
            money=self._money,
            currency=self._currency,
            extra=dict(self._extra),
        )
