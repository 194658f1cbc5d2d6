"""The cells of one task, summed up: accuracy with an interval for every way and count of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from handful.learn.routes import ladder
from handful.numerics.stats.proportions import share_interval
from real_cells import OURS
from real_kept import Answers, Kept, unpack
from real_plot import Line, Panel


@dataclass(frozen=True, kw_only=True)
class Figure:
    """How one way did with one count of labels.

    Attributes:
        name: The way.
        accuracy: Mean over test items, parts and draws.
        low: Lower end of its 95 % interval over groups of test items.
        high: Upper end.
        cpu_s: Mean processor seconds of a cell, without encoding.
    """

    name: str
    accuracy: float
    low: float
    high: float
    cpu_s: float


@dataclass(frozen=True, kw_only=True)
class Table:
    """Figures of one task.

    Attributes:
        name: The task.
        counts: Labels per class, 0 for all.
        size: Count to labels per class as they were, on average.
        figures: Way to count to figure.
        encode_s: Processor seconds before any label, all parts together.
        cells: All answers, in order.
        tested: Part to test items.
    """

    name: str
    counts: Sequence[int]
    size: dict[int, float]
    figures: dict[str, dict[int, Figure]]
    encode_s: float
    cells: Sequence[Answers]
    tested: dict[str, int]

    @classmethod
    def of(
        cls,
        name: str,
        kept: Sequence[Kept],
        modalities: Sequence[str],
        counts: Sequence[int],
        seeds: int,
    ) -> Table:
        """Sum up what was kept.

        Args:
            name: The task.
            kept: The parts of its set.
            modalities: What its items show.
            counts: Labels per class.
            seeds: Draws.
        """
        groups = {each.about.part: np.array(each.about.groups) for each in kept if each.about}
        found = [
            answers
            for each in kept
            for cell, answers in each.cells.items()
            if cell.task == name and cell.count in counts and cell.seed < seeds
        ]
        figures: dict[str, dict[int, Figure]] = {}
        for way in dict.fromkeys(way for answers in found for way in answers.said):
            figures[way] = {}
            for count in counts:
                held = [a for a in found if a.cell.count == count and way in a.said]
                if held:
                    figures[way][count] = _figure(way, held, groups)
        order = sorted(figures, key=lambda way: (_ORDER.index(kind_of(way)), 0))
        classes = _classes(found)
        return cls(
            name=name,
            counts=counts,
            size={
                count: float(np.mean([a.labels for a in found if a.cell.count == count])) / classes
                for count in counts
                if any(a.cell.count == count for a in found)
            },
            figures={way: figures[way] for way in order},
            encode_s=sum(sum(each.about.cpu_s.values()) for each in kept if each.about),
            cells=found,
            tested={part: len(rows) for part, rows in groups.items()},
        )

    def figure(self, way: str, count: int) -> Figure | None:
        """How a way did; None when it was not asked."""
        return self.figures.get(way, {}).get(count)

    def header(self) -> str:
        """The task, what it was asked, and what encoding cost."""
        asked = f"{sum(self.tested.values()):,} test items"
        parts = f" in {len(self.tested)} parts" if len(self.tested) > 1 else ""
        return f"{self.name}: {asked}{parts}; encoding {self.encode_s:.0f} CPU s"

    def text(self) -> str:
        """The table for a terminal."""
        head = "".join(f"{label(count):>8}" for count in self.counts)
        lines = [self.header(), f"{'labels per class':<26}{head}   CPU s per cell"]
        for way, figures in self.figures.items():
            shares = "".join(
                f"{figures[count].accuracy:8.3f}" if count in figures else f"{'-':>8}"
                for count in self.counts
            )
            costs = " ".join(f"{each.cpu_s:.1f}" for each in figures.values())
            lines.append(f"{way:<26}{shares}   {costs}")
        return "\n".join(lines)

    def markdown(self) -> dict[str, Any]:
        """The table as plain data for the page."""
        rows = []
        for way, figures in self.figures.items():
            shares = [
                f"{figures[count].accuracy:.3f}" if count in figures else ""
                for count in self.counts
            ]
            cost = max(each.cpu_s for each in figures.values())
            rows.append([f"**{way}**" if way == OURS else way, *shares, f"{cost:.1f}"])
        columns = ["way", *map(label, self.counts), "CPU s at most"]
        return {"title": self.header(), "columns": columns, "rows": rows}

    def compact(self) -> dict[str, Any]:
        """Every cell: accuracy and processor seconds of every way, in one order."""
        ways = list(self.figures)
        found = {}
        for answers in self.cells:
            cell, count = answers.cell, self.tested[answers.cell.part]
            shares, costs = [], []
            for way in ways:
                said = answers.said.get(way)
                shares.append(round(float(unpack(said, count).mean()), 4) if said else None)
                costs.append(round(said.cpu_s, 2) if said else None)
            name = f"{cell.part}, {label(cell.count)}, seed {cell.seed}"
            found[name] = {"accuracy": shares, "cpu_s": costs, "chosen": answers.said[OURS].note}
        return {"ways": ways, "cells": found}

    def panel(self, readme: float | None) -> Panel:
        """Ours against the three strongest others, as a panel of the plot.

        Args:
            readme: A line to draw, or None.
        """
        others = [way for way in self.figures if kind_of(way) in ("single", "baseline")]
        strength = {
            way: float(np.mean([each.accuracy for each in self.figures[way].values()]))
            for way in others
        }
        shown = sorted(others, key=lambda way: -strength[way])[:3]
        lines = []
        for way in [OURS, *shown]:
            points = [
                (self.size[count], each.accuracy, each.low, each.high)
                for count, each in self.figures.get(way, {}).items()
            ]
            lines.append(Line(name=way, points=points))
        return Panel(title=self.name, lines=lines, readme=readme)


_ORDER = ("ours", "asked", "single", "rung", "baseline")


def kind_of(way: str) -> str:
    """One of `ours`, `asked` (ours by one modality), `single`, `rung`, `baseline`.

    Args:
        way: Its name.
    """
    if way == OURS:
        return "ours"
    if way.startswith(f"{OURS} asked"):
        return "asked"
    if way.endswith(" alone"):
        return "single"
    return "rung" if way in _RUNGS else "baseline"


_RUNGS = {rung.name for rung in ladder.rungs(baselines=False)}


def label(count: int) -> str:
    """A count of labels in words."""
    return str(count) if count else "all"


def best(table: Table, kind: str, count: int) -> Figure | None:
    """The best way of a kind with a count of labels.

    Args:
        table: Figures.
        kind: See `kind_of`.
        count: Labels per class.
    """
    found = [
        figures[count]
        for way, figures in table.figures.items()
        if kind_of(way) == kind and count in figures
    ]
    return max(found, key=lambda figure: figure.accuracy, default=None)


def factor(table: Table, count: int) -> str:
    """How many times as many labels the best baseline needs to be as right as ours.

    Args:
        table: Figures.
        count: Labels per class of ours.

    Returns:
        Such as `3.2`, or `more than 12` when none gets there; empty when a baseline is ahead.
    """
    ours = table.figure(OURS, count)
    if ours is None or not count:
        return ""
    needed = [
        _needed([(table.size[k], each.accuracy) for k, each in figures.items()], ours.accuracy)
        for way, figures in table.figures.items()
        if kind_of(way) == "baseline" and len(figures) > 1
    ]
    least = min(needed, default=np.inf)
    if not np.isfinite(least):
        return f"more than {max(table.size.values()) / table.size[count]:.1f}"
    times = least / table.size[count]
    return f"{times:.1f}" if times > 1 else ""


def _needed(points: Sequence[tuple[float, float]], wanted: float) -> float:
    """Labels at which a curve first reaches an accuracy, between points along their logarithm."""
    before = None
    for size, accuracy in sorted(points):
        if accuracy >= wanted:
            if before is None:
                return size
            share = (wanted - before[1]) / (accuracy - before[1])
            return float(np.exp(np.log(before[0]) + share * np.log(size / before[0])))
        before = (size, accuracy)
    return float("inf")


def _figure(way: str, held: Sequence[Answers], groups: dict[str, Any]) -> Figure:
    right = [unpack(a.said[way], len(groups[a.cell.part])) for a in held]
    interval = share_interval(
        np.concatenate(right), np.concatenate([groups[a.cell.part] for a in held])
    )
    return Figure(
        name=way,
        accuracy=float(np.concatenate(right).mean()),
        low=interval.low,
        high=interval.high,
        cpu_s=float(np.mean([a.said[way].cpu_s for a in held])),
    )


def _classes(found: Sequence[Answers]) -> int:
    """How many classes there are: with one label each, as many as labels."""
    return max((a.labels for a in found if a.cell.count == 1), default=1)
