"""What a measure found: figures with their intervals, rows for tables, and what it means."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from handful.foundation.console.table import Column, Table
from handful.foundation.console.units import (
    bytes_text,
    money_text,
    number_text,
    percent_text,
    seconds_text,
)
from handful.numerics.stats.base import Interval

Unit = Literal["", "share", "cost", "seconds", "bytes", "money"]
"""What a number counts; empty for plain numbers and for words."""

_SHOW: dict[str, Callable[[Any], str]] = {
    "share": percent_text,
    "seconds": seconds_text,
    "bytes": bytes_text,
    "cost": number_text,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One measured number, with the range that holds the truth."""

    name: str
    """Unique within its measure, such as `balanced`."""
    value: float | None
    """The number; None when it could not be measured, and `note` says why."""
    unit: Unit = ""
    """What it counts."""
    low: float | None = None
    """Lower end of the interval; None where nothing bounds it."""
    high: float | None = None
    """Upper end of the interval; None where nothing bounds it."""
    n: int = 0
    """Cases (or calls) it rests on."""
    groups: int = 0
    """Groups those came from; equal to `n` for independent ones."""
    level: float = 0.95
    """Nominal coverage of the interval."""
    method: str = ""
    """How the interval was found."""
    note: str = ""
    """What to know about it, such as the currency of money."""

    @property
    def text(self) -> str:
        """The number and its interval as people read them, such as `87.2 % (83.1-90.5)`."""
        if self.value is None:
            return "unknown"
        if self.unit == "share":
            return percent_text(self.value, self.low, self.high)
        if self.unit == "money":
            return money_text(self.value, self.note)
        show = _SHOW.get(self.unit, number_text)
        if self.low is None or self.high is None:
            return show(self.value)
        return f"{show(self.value)} ({show(self.low)} to {show(self.high)})"


def figure(name: str, found: Interval, unit: Unit = "", *, times: float = 1.0) -> Figure:
    """An interval as a figure.

    Args:
        name: Unique within its measure.
        found: The interval.
        unit: What it counts.
        times: What to multiply by, such as 1,000 for a cost per 1,000 items.
    """
    return Figure(
        name=name,
        value=_known(found.estimate * times),
        unit=unit,
        low=_known(found.low * times),
        high=_known(found.high * times),
        n=found.n,
        groups=found.groups,
        level=found.level,
        method=found.method,
    )


def ends(found: Interval, times: float = 1.0) -> dict[str, float | None]:
    """The two ends of an interval as cells `low` and `high`; None where nothing bounds them.

    Args:
        found: The interval.
        times: What to multiply by.
    """
    return {"low": _known(found.low * times), "high": _known(found.high * times)}


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetColumn:
    """One column of a sheet."""

    name: str
    """The key of the value in each row."""
    unit: Unit = ""
    """What it counts."""
    title: str = ""
    """What the header says; the name with spaces when empty."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """Rows with named columns, for JSON as well as for the terminal."""

    name: str
    """Unique within its measure, such as `classes`."""
    title: str
    """One line to stand above it."""
    columns: tuple[SheetColumn, ...]
    """From left to right."""
    rows: tuple[Mapping[str, Any], ...]
    """One mapping per row; each holds every column, None where there is no value."""

    def table(self, most: int | None = None) -> Table:
        """The same as a table that the console prints.

        Args:
            most: Rows to show at most; all when left out.
        """
        columns = [
            Column(each.name, each.title, _SHOW.get(each.unit), "right" if each.unit else "auto")
            for each in self.columns
        ]
        table = Table(self.name, columns, self.title)
        for row in self.rows[:most]:
            table.add(*(row[column.name] for column in self.columns))
        return table


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one measure found."""

    measure: str
    """The measure's name."""
    figures: tuple[Figure, ...] = ()
    """Its numbers, the most important first."""
    sheets: tuple[Sheet, ...] = ()
    """Its tables."""
    meaning: tuple[str, ...] = ()
    """What it means, in whole sentences for a person."""
    missing: str = ""
    """Why nothing could be measured, as a sentence; empty when something was."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """More for programs, as plain data."""

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Finding:
        """Read back what `as_dict` wrote.

        Args:
            found: Plain data.

        Raises:
            KeyError: When a key is missing.
            TypeError: When a key is unknown.
        """
        return cls(
            measure=found["measure"],
            figures=tuple(Figure(**each) for each in found["figures"]),
            sheets=tuple(_sheet(each) for each in found["sheets"]),
            meaning=tuple(found["meaning"]),
            missing=found["missing"],
            data=found["data"],
        )


def _sheet(found: Mapping[str, Any]) -> Sheet:
    return Sheet(
        name=found["name"],
        title=found["title"],
        columns=tuple(SheetColumn(**column) for column in found["columns"]),
        rows=tuple(found["rows"]),
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
