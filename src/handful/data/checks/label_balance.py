"""Find tasks whose labels are too few, too uneven, or cannot be told from the group.

Use when: before training; it says what a training could not show.
Cost: one pass over the labels; no file is opened.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from handful.data.checks.base import Check, Finding, Severity, View, some
from handful.data.checks.workbench import Workbench
from handful.data.library.items import Item, truths
from handful.foundation.errors import require


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Where a finding begins."""

    few: int = 5
    """A class with fewer labels than this is named."""
    uneven: float = 10.0
    """The most frequent class may have this many times the labels of the rarest."""
    group_share: float = 0.8
    """A class that has at least this share of its labels in one group is tied to it."""
    group_lift: float = 3.0
    """...if that share is also this many times the group's share of all labels."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.few >= 2, "few", self.few, "2 or more")
        require(self.uneven > 1, "uneven", self.uneven, "above 1")
        require(0.5 < self.group_share <= 1, "group_share", self.group_share, "in (0.5, 1]")
        require(self.group_lift > 1, "group_lift", self.group_lift, "above 1")


class _Answer(NamedTuple):
    item: str
    value: str
    group: str


class LabelBalance(Check):
    """For each task: how many classes, how many labels each, and how they fall into groups."""

    not_covered = (
        "Whether the labels are right, and whether the labelled items look like those that will "
        "come later, is not judged here."
    )
    config: Config

    def run(self, view: View) -> list[Finding]:
        """Count answers by task, class and group."""
        answers: dict[str, list[_Answer]] = defaultdict(list)
        for item in view.usable:
            for task, value in truths(item.labels).items():
                answers[task].append(_Answer(item.id, value, item.group))
        if not answers:
            return [self._about_nothing(view.usable)] if view.usable else []
        findings = []
        for task, given in sorted(answers.items()):
            counts = Counter(answer.value for answer in given)
            if len(counts) < 2:
                findings.append(self._about_one_class(task, given))
                continue
            findings += self._about_few(task, given, counts)
            findings += self._about_uneven(task, given, counts)
            findings += self._about_groups(task, given, counts)
        return findings

    def plant(self, bench: Workbench, dice: np.random.Generator) -> list[str]:
        """Few lids, far more cups than jugs, and bowls from a single batch."""
        kinds = ["cup"] * 60 + ["bowl"] * 12 + ["jug"] * 5 + ["lid"] * 2
        named = []
        for place, kind in enumerate(kinds):
            batch = "b9" if kind == "bowl" else f"b{place % 6}"
            key = f"{kind}-{place}"
            bench.item(key, dice, kind=kind, batch=batch)
            named += [key] if kind != "cup" else []
        return named

    def control(self, bench: Workbench, dice: np.random.Generator) -> None:
        """Two classes of eight, spread over the batches."""
        for place in range(16):
            kind = "cup" if place % 2 else "bowl"
            bench.item(f"{kind}-{place}", dice, kind=kind, batch=f"b{place // 4}")

    def _about_nothing(self, items: list[Item]) -> Finding:
        return self.finding(
            f"None of {len(items)} items has a label",
            Severity.NOTE,
            (),
            evidence={"items": len(items)},
            meaning="Whether labels are even cannot be told yet. Items can be found and grouped "
            "without labels.",
            fix="Label a handful per class.",
        )

    def _about_one_class(self, task: str, given: list[_Answer]) -> Finding:
        value = given[0].value
        return self.finding(
            f'All {len(given)} labels of "{task}" say "{value}"',
            Severity.SERIOUS,
            (answer.item for answer in given),
            evidence={"task": task, "counts": {value: len(given)}},
            meaning="There is nothing to tell apart, so nothing can be learned from this task.",
            fix="Label items of at least one other class.",
        )

    def _about_few(
        self, task: str, given: list[_Answer], counts: Mapping[str, int]
    ) -> list[Finding]:
        few = {value: count for value, count in counts.items() if count < self.config.few}
        if not few:
            return []
        shown = some([f"{value} ({count})" for value, count in sorted(few.items())])
        return [
            self.finding(
                f'{len(few)} of {len(counts)} classes of "{task}" have fewer than '
                f"{self.config.few} labels: {shown}",
                Severity.WARNING,
                (answer.item for answer in given if answer.value in few),
                evidence={"task": task, "counts": dict(sorted(counts.items()))},
                meaning="These classes will be learned badly, and how badly can hardly be "
                "measured: one answer more or less is a big step.",
                fix=f"Label at least {self.config.few} of each, or join classes.",
            )
        ]

    def _about_uneven(
        self, task: str, given: list[_Answer], counts: Mapping[str, int]
    ) -> list[Finding]:
        most, least = max(counts.values()), min(counts.values())
        if most < self.config.uneven * least:
            return []
        common = max(counts, key=lambda value: (counts[value], value))
        rare = [value for value, count in counts.items() if most >= self.config.uneven * count]
        share = most / len(given)
        return [
            self.finding(
                f'"{task}" is uneven: "{common}" has {most} labels, the rarest class {least}',
                Severity.WARNING,
                (answer.item for answer in given if answer.value in rare),
                evidence={"task": task, "counts": dict(sorted(counts.items()))},
                meaning=f'Always answering "{common}" is right in {share:.0%} of cases, so '
                "accuracy alone flatters. Rare classes are easily never answered.",
                fix=f"Label more of {some(sorted(rare))}, and judge by the mean over classes.",
            )
        ]

    def _about_groups(
        self, task: str, given: list[_Answer], counts: Mapping[str, int]
    ) -> list[Finding]:
        """A class that lives in one group may be learned by that group's light or room."""
        grouped = [answer for answer in given if answer.group]
        sizes = Counter(answer.group for answer in grouped)
        tied: dict[str, tuple[str, float]] = {}
        for value in counts:
            inside = Counter(answer.group for answer in grouped if answer.value == value)
            if inside.total() < self.config.few:
                continue
            group, count = inside.most_common(1)[0]
            share, usual = count / inside.total(), sizes[group] / len(grouped)
            if share >= self.config.group_share and share >= self.config.group_lift * usual:
                tied[value] = (group, share)
        if not tied:
            return []
        shown = some([f'"{value}" in "{group}"' for value, (group, _) in sorted(tied.items())])
        return [
            self.finding(
                f'{len(tied)} of {len(counts)} classes of "{task}" come almost only from one '
                f"group: {shown}",
                Severity.SERIOUS,
                (answer.item for answer in grouped if answer.value in tied),
                evidence={
                    "task": task,
                    "tied": {
                        value: {"group": group, "share": round(share, 3)}
                        for value, (group, share) in sorted(tied.items())
                    },
                },
                meaning="A model can learn the group (its light, its room, its recorder) instead "
                "of the class, and no test on this data would show it.",
                fix="Label items of these classes from other groups.",
            )
        ]
