"""Measure how much too high a split at random would score, because items of a group are alike.

Use when: items have groups (a firing, a speaker, a product) and labels.
Cost: encodes at most a thousand labelled items per task, then a second each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handful.data.checks.base import Check, Finding, Severity, View, some
from handful.data.checks.evidence.crude import looked_at
from handful.data.checks.evidence.vectors import vectors_in
from handful.data.checks.workbench import Workbench
from handful.data.library.items import Item, truths
from handful.data.library.splits import torn
from handful.data.library.units import copies_of, units_of
from handful.foundation.errors import require
from handful.numerics.linear.inflation import Inflation, inflation


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How much is measured."""

    most_items: int = 1000
    """Of more labelled items than this, whole groups are drawn."""
    fewest_items: int = 40
    """Tasks with fewer labelled items are not measured: chance would decide."""
    most_tasks: int = 3
    """The tasks with the most labels are measured."""

    def __post_init__(self) -> None:
        """Check the rules."""
        for name in ("most_items", "fewest_items", "most_tasks"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")


class _Task(NamedTuple):
    """One task with the items that answer it."""

    name: str
    items: list[Item]


class GroupLeak(Check):
    """A crude classifier, scored with groups held out whole and with folds drawn at random."""

    not_covered = (
        "Only groups that somebody named, and copies, are seen. The classifier is a simple one, so "
        "a better one may profit more from a leak, or less."
    )
    config: Config

    def run(self, view: View) -> list[Finding]:
        """Measure every task with enough labels."""
        found = [self._measure(view, task) for task in self._tasks(view)]
        return [finding for finding in found if finding]

    def plant(self, bench: Workbench, dice: np.random.Generator) -> list[str]:
        """Bursts of nearly equal pictures, whose answer nobody could see."""
        keys = []
        for batch in range(24):
            first = dice.integers(30, 226, (8, 8, 3))
            kind = "cup" if batch % 2 else "bowl"
            for shot in range(3):
                key = f"b{batch}-{shot}"
                name = _save(bench, key, first + dice.integers(-25, 26, first.shape))
                bench.item(key, dice, kind=kind, batch=f"b{batch}", image=name)
                keys.append(key)
        return keys

    def control(self, bench: Workbench, dice: np.random.Generator) -> None:
        """Groups of different pictures, whose answer can be seen."""
        for batch in range(16):
            for shot in range(5):
                kind = int(dice.integers(2))
                pixels = dice.integers(0, 256, (8, 8, 3)) // 2 + 90 * kind
                name = _save(bench, f"c{batch}-{shot}", pixels)
                label = "cup" if kind else "bowl"
                bench.item(f"c{batch}-{shot}", dice, kind=label, batch=f"b{batch}", image=name)

    def _tasks(self, view: View) -> list[_Task]:
        by_task: dict[str, list[Item]] = {}
        for item in view.usable:
            for task in truths(item.labels):
                by_task.setdefault(task, []).append(item)
        tasks = [
            _Task(name, _drawn(items, self.config.most_items))
            for name, items in by_task.items()
            if len(items) >= self.config.fewest_items
        ]
        tasks.sort(key=lambda task: (-len(task.items), task.name))
        return tasks[: self.config.most_tasks]

    def _measure(self, view: View, task: _Task) -> Finding | None:
        items = task.items
        units = units_of(items, copies_of(items, looked_at(view).twins))
        groups = np.array([units[item.id] for item in items])
        features = vectors_in(view, items)
        _, labels = np.unique([str(item.label(task.name)) for item in items], return_inverse=True)
        if not features.any():
            return None
        found = inflation(features, labels, groups, most=self.config.most_items)
        return self._about(task, found, groups, _torn(view)) if _matters(found) else None

    def _about(
        self, task: _Task, found: Inflation | None, groups: NDArray[Any], torn_groups: list[str]
    ) -> Finding:
        assert found
        _, number, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        sharing = [item.id for item, at in zip(task.items, number, strict=True) if sizes[at] > 1]
        meaning = (
            f"{found.sentence(task.name)} With whole groups held out the same crude classifier has "
            f"{100 * found.grouped:.0f} % right, at random {100 * found.at_random:.0f} %; people "
            "and things that are new will see the former."
        )
        fix = (
            "Hold whole groups back. `handful library split` does, and so does `handful train` "
            "where it measures."
        )
        if torn_groups:
            fix = (
                f"Give each group one split in the source, then add it again. In training and in "
                f"a test lie: {some(torn_groups)}."
            )
        return self.finding(
            f"`{task.name}` split at random would score about {found.points:.0f} points too high",
            Severity.SERIOUS if torn_groups else Severity.NOTE,
            sharing,
            evidence=found._asdict(),
            meaning=meaning,
            fix=fix,
        )


def _matters(found: Inflation | None) -> bool:
    return found is not None and found.is_certain


def _torn(view: View) -> list[str]:
    """Groups that lie in training and in a test already."""
    groups = {item.id: item.group for item in view.items if item.group}
    return sorted(torn(groups, {item.id: item.split for item in view.items}))


def _drawn(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many, by whole groups in an order that nothing depends on."""
    if len(items) <= most:
        return list(items)
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.group or item.id, []).append(item)
    names = sorted(groups)
    chosen: list[Item] = []
    for place in np.random.default_rng(0).permutation(len(names)):
        inside = groups[names[place]]
        if len(chosen) + len(inside) <= most:
            chosen += inside
    return sorted(chosen, key=lambda item: item.id)


def _save(bench: Workbench, key: str, pixels: NDArray[np.integer]) -> str:
    name = f"{key}-large.png"
    small = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    small.resize((32, 32), Image.Resampling.NEAREST).save(bench.files / name)
    return name
