"""What its answers cost by the goal: mistakes by their price, "not sure" by that of a person.

Use when: mistakes do not all hurt alike, or leaving an item to a person has a price.
Needs: answers and a goal. Cost: none beyond the answers.
Source: expected cost with a reject option, Chow (1970), as in `handful.foundation.goal`.
"""
# N cases, K classes

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.foundation.console.units import number_text, percent_text
from handful.foundation.errors import require
from handful.foundation.goal import NOT_SURE, Goal
from handful.numerics.stats.base import Interval
from handful.numerics.stats.means import mean_interval
from handful.trust.evaluate.finding import Finding, Sheet, SheetColumn, ends, figure
from handful.trust.evaluate.marks import Marks
from handful.trust.evaluate.measures.base import LEVEL, Measure
from handful.trust.evaluate.sitting import Sitting

PER = 1000
"""Costs are told per so many items."""

AS_IT_SPEAKS = "as it speaks"
BEST_GUESS = "always its best guess"
BY_GOAL = "cheapest by its probabilities"
PERSON = "leave all to a person"


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Settings of this measure."""

    dearest: int = 10
    """Kinds of mistakes that the table of the dearest ones shows."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.dearest >= 1, "dearest", self.dearest, "1 or more")


class Way(NamedTuple):
    """One way of deciding, and what it leads to."""

    name: str
    cost: Interval
    right: float
    answered: float


class GoalCost(Measure):
    """Prices every answer, and the same probabilities decided in other ways beside it."""

    config: Config

    def measure(self, sitting: Sitting) -> Finding:
        """See `Measure.measure`."""
        marks, goal = sitting.marks, sitting.goal
        ways = _ways(marks, goal, sitting.groups)
        return Finding(
            measure=self.name,
            figures=(figure("per_1000", ways[0].cost, "cost", times=PER),),
            sheets=(_table(ways), _dearest(marks, goal, self.config.dearest)),
            meaning=tuple(_meaning(ways)),
            data={"cheapest": min(ways, key=lambda way: way.cost.estimate).name},
        )


def _ways(marks: Marks, goal: Goal, groups: list[str] | None) -> list[Way]:
    matrix = goal.costs(marks.classes)
    priors = np.bincount(marks.truth, minlength=len(marks.classes)) / len(marks.truth)
    constant = int((priors @ matrix).argmin())
    said = {
        AS_IT_SPEAKS: marks.spoken,
        BEST_GUESS: marks.guess,
        BY_GOAL: goal.decide(marks.probabilities, marks.classes),
        f'always say "{marks.classes[constant]}"': np.full_like(marks.guess, constant),
        PERSON: np.full_like(marks.guess, NOT_SURE),
    }
    return [_way(name, spoken, marks, goal, groups) for name, spoken in said.items()]


def _way(
    name: str, spoken: NDArray[np.intp], marks: Marks, goal: Goal, groups: list[str] | None
) -> Way:
    costs = goal.cost(marks.truth, spoken, marks.classes)
    found = mean_interval(costs, groups, level=LEVEL)
    return Way(
        name=name,
        cost=replace(found, low=max(0.0, found.low)),
        right=float((spoken == marks.truth).mean()),
        answered=float((spoken != NOT_SURE).mean()),
    )


def _table(ways: list[Way]) -> Sheet:
    by_cost = sorted(ways, key=lambda way: way.cost.estimate)
    by_right = sorted(ways, key=lambda way: -way.right)
    rows = [
        {
            "way": way.name,
            "cost": way.cost.estimate * PER,
            **ends(way.cost, PER),
            "right": way.right,
            "answered": way.answered,
            "rank_by_cost": by_cost.index(way) + 1,
            "rank_by_right": by_right.index(way) + 1,
        }
        for way in ways
    ]
    return Sheet(
        name="ways",
        title="Ways to decide, and what each costs per 1000 items by the goal",
        columns=(
            SheetColumn(name="way"),
            SheetColumn(name="cost", unit="cost"),
            SheetColumn(name="low", unit="cost", title="at least"),
            SheetColumn(name="high", unit="cost", title="at most"),
            SheetColumn(name="right", unit="share", title="right answers"),
            SheetColumn(name="answered", unit="share"),
            SheetColumn(name="rank_by_cost"),
            SheetColumn(name="rank_by_right"),
        ),
        rows=tuple(rows),
    )


def _dearest(marks: Marks, goal: Goal, most: int) -> Sheet:
    costs = goal.cost(marks.truth, marks.spoken, marks.classes)
    sums: dict[tuple[int, int], tuple[int, float]] = {}
    for truth, said, cost in zip(marks.truth, marks.spoken, costs, strict=True):
        if cost > 0:
            count, total = sums.get((int(truth), int(said)), (0, 0.0))
            sums[int(truth), int(said)] = (count + 1, total + float(cost))
    ordered = sorted(sums.items(), key=lambda entry: -entry[1][1])[:most]
    rows = [
        {
            "truth": marks.classes[truth],
            "said": "not sure" if said == NOT_SURE else marks.classes[said],
            "n": count,
            "cost": total / len(costs) * PER,
            "share": total / float(costs.sum()),
        }
        for (truth, said), (count, total) in ordered
    ]
    return Sheet(
        name="dearest",
        title="Where the cost comes from",
        columns=(
            SheetColumn(name="truth"),
            SheetColumn(name="said"),
            SheetColumn(name="n", title="times"),
            SheetColumn(name="cost", unit="cost", title="cost per 1000"),
            SheetColumn(name="share", unit="share", title="of the cost"),
        ),
        rows=tuple(rows),
    )


def _meaning(ways: list[Way]) -> list[str]:
    own, person = ways[0], ways[-1]
    said = [
        f"By the goal its answers cost {_priced(own.cost)} per 1000 items, mistakes and "
        f'"not sure" together; leaving all to a person costs {_number(person.cost)}.'
    ]
    if own.cost.low > person.cost.estimate:
        said.append("So it costs more than it saves.")
    elif own.cost.high >= person.cost.estimate and own.cost.low < own.cost.high:
        said.append("These cases do not prove that it saves anything.")
    cheapest = min(ways, key=lambda way: way.cost.estimate)
    rightest = max(ways, key=lambda way: way.right)
    if cheapest.right < rightest.right and cheapest.cost.estimate < rightest.cost.estimate:
        said.append(
            f'Accuracy and cost disagree: "{rightest.name}" is right most often '
            f"({percent_text(rightest.right)} of all items) and costs {_number(rightest.cost)}, "
            f'"{cheapest.name}" is right for {percent_text(cheapest.right)} and costs '
            f"{_number(cheapest.cost)}."
        )
    elif cheapest.cost.estimate < own.cost.estimate:
        said.append(f'"{cheapest.name}" would cost less: {_number(cheapest.cost)}.')
    return said


def _number(cost: Interval) -> str:
    return number_text(cost.estimate * PER)


def _priced(cost: Interval) -> str:
    if not np.isfinite([cost.low, cost.high]).all():
        return _number(cost)
    return f"{_number(cost)} ({number_text(cost.low * PER)} to {number_text(cost.high * PER)})"
