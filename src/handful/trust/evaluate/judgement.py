"""The judgement on two predictors: its lines, its sentences, its table."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from handful.foundation.console.jsonable import jsonable
from handful.foundation.console.units import number_text, percent_text, seconds_text
from handful.foundation.errors import UsageError
from handful.numerics.stats.base import Verdict
from handful.trust.evaluate.finding import Sheet, SheetColumn, Unit

COST, ACCURACY = "cost by the goal", "accuracy"
SLOWER, LIMIT = "time of nine answers of ten", "answer time allowed by the goal"

PER = 1000
"""Costs are told per so many items."""

_TIMES = "\N{MULTIPLICATION SIGN} "


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One comparison."""

    what: str
    """What is compared."""
    verdict: Verdict
    """Whether the new one may pass."""
    decides: bool
    """Whether the judgement rests on it."""
    old: float | None
    """The old predictor's figure."""
    new: float | None
    """The new predictor's figure."""
    change: float | None
    """New minus old; for times, new divided by old."""
    low: float | None
    """Lower end of the change."""
    high: float | None
    """Upper end of the change."""
    margin: float | None
    """The loss that would be accepted."""
    smallest_detectable: float | None
    """The smallest loss that these cases would show in four tries of five."""
    unit: Unit
    """What is counted."""
    reason: str
    """The verdict in one sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """Whether the new predictor may take the place of the old one."""

    verdict: Verdict
    """PASS, FAIL or CANNOT TELL."""
    old: str
    """The old predictor's name."""
    new: str
    """The new predictor's name."""
    n: int
    """Cases that both answered."""
    lines: tuple[Line, ...]
    """Every comparison."""
    lost: tuple[str, ...]
    """Cases that the old one got right and the new one gets wrong."""
    gained: tuple[str, ...]
    """Cases that only the new one gets right."""
    cheaper: str
    """Which of them the goal prefers; empty when the cases do not prove a difference."""
    meaning: tuple[str, ...]
    """What it means, in whole sentences."""

    @property
    def smallest_detectable(self) -> float | None:
        """The smallest rise of the cost per 1,000 items that these cases would show."""
        return self.line(COST).smallest_detectable

    def line(self, what: str) -> Line:
        """One comparison.

        Args:
            what: What is compared, such as `accuracy`.

        Raises:
            UsageError: When it took no part.
        """
        for one in self.lines:
            if one.what == what:
                return one
        raise UsageError(f'"{what}" was not compared; {[one.what for one in self.lines]} were.')

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return jsonable(asdict(self))

    def sheet(self) -> Sheet:
        """The comparisons as a table."""
        rows = [_cells(one) for one in self.lines]
        names = ("what", "verdict", "old", "new", "change", "low", "high")
        titles = {"low": "at least", "high": "at most"}
        return Sheet(
            name="comparison",
            title=f"{self.new} against {self.old}",
            columns=tuple(SheetColumn(name=name, title=titles.get(name, "")) for name in names),
            rows=tuple(rows),
        )


def _cells(line: Line) -> dict[str, str]:
    """A line in words, since each counts something else."""
    return {
        "what": line.what,
        "verdict": str(line.verdict),
        "old": _text(line.old, line.unit),
        "new": _text(line.new, line.unit),
        "change": _change(line.change, line),
        "low": _change(line.low, line),
        "high": _change(line.high, line),
    }


def reason_of(line: Line) -> str:
    """The verdict on a cost or a share, in one sentence.

    Args:
        line: The comparison; its `reason` is not read.
    """
    spread = f"{_change(line.low, line) or '?'} to {_change(line.high, line) or '?'}"
    start = f"{line.verdict}: {line.what} changes by {_change(line.change, line)} ({spread})"
    allowed = _change(line.margin, line).lstrip("+")
    if line.verdict == Verdict.PASS:
        return f"{start}; a loss of {allowed} or more is ruled out."
    if line.verdict == Verdict.FAIL:
        return f"{start}; a loss is proven, and one of {allowed} is not ruled out."
    seen = _change(line.smallest_detectable, line).lstrip("+") or "nothing at all"
    return f"{start}; these cases would show a loss from {seen}, and {allowed} is allowed."


def _text(value: float | None, unit: Unit) -> str:
    if value is None:
        return ""
    if unit == "share":
        return percent_text(value)
    return seconds_text(value) if unit == "seconds" else number_text(value)


def _change(value: float | None, line: Line) -> str:
    """A change with its sign; times are compared by division."""
    if value is None:
        return ""
    if line.what == LIMIT:
        return seconds_text(value)
    if line.unit == "seconds":
        return f"{_TIMES}{value:.3f}"
    sign = "+" if value >= 0 else ""
    return sign + (percent_text(value, places=2) if line.unit == "share" else number_text(value))
