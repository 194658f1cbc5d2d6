"""How long one answer takes, what it costs in core time and money, and whether that is allowed.

Use when: somebody waits for answers, or pays for them.
Needs: a few hundred single calls. Cost: their time, at most `limit_s` and one turn.
Source: MLPerf inference, scenario single stream; intervals by order statistics.
"""

from __future__ import annotations

from dataclasses import dataclass

from handful.foundation.console.units import money_text, plural, seconds_text
from handful.foundation.errors import require
from handful.foundation.goal import Goal
from handful.numerics.stats.quantiles import percentile_interval
from handful.trust.evaluate.finding import Figure, Finding, Sheet, SheetColumn, figure
from handful.trust.evaluate.measures.base import LEVEL, Measure
from handful.trust.evaluate.sitting import Asked, Sitting
from handful.trust.evaluate.timing import Plan, Times

SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
"""Names of percentiles and the share of calls that they hold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Settings of this measure."""

    warm_up: int = 20
    """Calls that are not counted; 20 is usual."""
    turns: int = 20
    """Turns; two predictors that are compared answer in turns. 20 or more are advised."""
    calls: int = 20
    """Calls in a turn. 368 calls in all are what p99 needs for an interval."""
    limit_s: float = 20.0
    """Seconds after which no further turn begins; slow predictors then get fewer calls."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.warm_up >= 0, "warm_up", self.warm_up, "0 or more")
        require(self.turns >= 1, "turns", self.turns, "1 or more")
        require(self.calls >= 1, "calls", self.calls, "1 or more")
        require(self.limit_s > 0, "limit_s", self.limit_s, "above 0")


class Latency(Measure):
    """Asks one question at a time, as someone who waits would."""

    config: Config

    def measure(self, sitting: Sitting) -> Finding:
        """See `Measure.measure`."""
        config = self.config
        plan = Plan(
            warm_up=config.warm_up, turns=config.turns, calls=config.calls, limit_s=config.limit_s
        )
        times = sitting.times(plan)
        figures = [
            figure(name, percentile_interval(times.seconds, share, level=LEVEL), "seconds")
            for name, share in SHARES.items()
        ]
        return Finding(
            measure=self.name,
            figures=(*figures, *_costs(sitting.asked)),
            sheets=(_sheet(figures),),
            meaning=tuple(_meaning(figures, times, sitting.asked, sitting.goal)),
            data={"times": times.as_dict()},
        )


def money_per_1000(asked: Asked) -> float:
    """Energy and machine time of 1,000 answers given in batches, at the tariff.

    Args:
        asked: The answers to all cases.
    """
    return asked.cost.money / len(asked.answers) * 1000


def _costs(asked: Asked) -> tuple[Figure, ...]:
    n = len(asked.answers)
    return (
        Figure(name="first_answer", value=asked.first_s, unit="seconds", n=1),
        Figure(
            name="core_time",
            value=asked.cost.cpu_s / n,
            unit="seconds",
            n=n,
            note="for one answer, asked in batches",
        ),
        Figure(
            name="money_per_1000",
            value=money_per_1000(asked),
            unit="money",
            n=n,
            note=asked.cost.currency,
            method=f"energy {asked.cost.energy_mode}",
        ),
    )


def _sheet(figures: list[Figure]) -> Sheet:
    rows = [
        {"of_all_calls": share, "within": each.value, "low": each.low, "high": each.high}
        for each, share in zip(figures, SHARES.values(), strict=True)
    ]
    return Sheet(
        name="times",
        title="How long one answer takes, asked one at a time",
        columns=(
            SheetColumn(name="of_all_calls", unit="share"),
            SheetColumn(name="within", unit="seconds"),
            SheetColumn(name="low", unit="seconds", title="at least"),
            SheetColumn(name="high", unit="seconds", title="at most"),
        ),
        rows=tuple(rows),
    )


def _meaning(figures: list[Figure], times: Times, asked: Asked, goal: Goal) -> list[str]:
    p50, p90, p99 = figures
    said = [
        f"Half of {plural(len(times.seconds), 'answer')} came within {seconds_text(p50.value)}, "
        f"nine of ten within {p90.text}, 99 of 100 within {seconds_text(p99.value)}; the very "
        f"first took {seconds_text(asked.first_s)}."
    ]
    if p99.high is None:
        said.append("So few answers do not bound the slowest hundredth.")
    cost = asked.cost
    said.append(
        f"In batches one answer took {seconds_text(cost.cpu_s / len(asked.answers))} of core time; "
        f"1000 answers cost {money_text(money_per_1000(asked), cost.currency)} "
        f"(energy {cost.energy_mode})."
    )
    milliseconds = None if p90.value is None else p90.value * 1000
    broken = goal.unmet(milliseconds, money_per_1000(asked))
    said += [f"The goal is not met: {sentence}" for sentence in broken]
    return said
