"""Find the same picture, sound or text in several items, and what that spoils.

Use when: always; it compares hashes that the library holds already.
Cost: one pass over the rows; no file is opened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

import numpy as np

from handful.data.checks.base import Check, Finding, Severity, View, some
from handful.data.checks.workbench import Workbench
from handful.data.library.items import Item, Split, truths
from handful.foundation.errors import require


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What is shown."""

    most_shown: int = 200
    """How many clusters a finding lists as evidence; all are counted."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(self.most_shown >= 1, "most_shown", self.most_shown, "1 or more")


class ExactDuplicates(Check):
    """Equal content in several items: decoded pixels, decoded samples, or the whole text."""

    not_covered = (
        "Only exact copies are seen. A copy that was cropped, resized, re-encoded with loss, or "
        "re-recorded is not."
    )
    config: Config

    def run(self, view: View) -> list[Finding]:
        """Compare content hashes across items."""
        clusters = _clusters(view.usable)
        findings = [
            self._about_splits(clusters),
            self._about_labels(clusters),
            self._about_groups(clusters),
            self._about_licences(clusters),
            self._about_rest(clusters),
        ]
        return [finding for finding in findings if finding]

    def plant(self, bench: Workbench, dice: np.random.Generator) -> list[str]:
        """One picture in training and test, one with two labels, one sound in two groups."""
        for place in range(6):
            bench.item(f"plain-{place}", dice, kind="cup", split="train", batch=f"b{place}")
        bench.item("leak-a", dice, kind="cup", split="train", batch="x1")
        bench.item("leak-b", dice, kind="cup", split="test", batch="x2", image="leak-a.png")
        bench.item("torn-a", dice, kind="cup", split="train", batch="y")
        bench.item("torn-b", dice, kind="bowl", split="train", batch="y", image="torn-a.png")
        bench.item("far-a", dice, kind="cup", split="train", batch="z1")
        bench.item("far-b", dice, kind="cup", split="train", batch="z2", audio="far-a.wav")
        return ["leak-a", "leak-b", "torn-a", "torn-b", "far-a", "far-b"]

    def control(self, bench: Workbench, dice: np.random.Generator) -> None:
        """Different items, of which some are described in the same words."""
        for place in range(8):
            split = "test" if place % 4 == 0 else "train"
            facts = {"kind": "cup" if place % 2 else "bowl", "split": split, "batch": f"b{place}"}
            bench.item(f"plain-{place}", dice, note="a blue cup", **facts)

    def _about_splits(self, clusters: list[list[Item]]) -> Finding | None:
        return self._finding(
            clusters,
            _taking_part,
            "straddle the splits",
            Severity.SERIOUS,
            "A model that has seen the answer scores better than it is. Every number measured on "
            "the test split is too high.",
            "Move all copies into one split, or give copies the same group and split anew.",
        )

    def _about_labels(self, clusters: list[list[Item]]) -> Finding | None:
        tasks = sorted({label.task for each in clusters for item in each for label in item.labels})
        torn: dict[str, list[list[Item]]] = {}
        for task in tasks:
            answer = _answer_to(task)
            torn[task] = [each for each in clusters if len(_different(each, answer)) > 1]
        torn = {task: each for task, each in torn.items() if each}
        if not torn:
            return None
        found = [each for clusters_of_task in torn.values() for each in clusters_of_task]
        unique = list({id(each): each for each in found}.values())
        return self.finding(
            f"{len(unique)} sets of identical content have conflicting labels ({some(torn)})",
            Severity.SERIOUS,
            (item.id for each in unique for item in each),
            evidence={
                "tasks": {task: len(each) for task, each in torn.items()},
                "clusters": self._shown(unique),
            },
            meaning="The same thing cannot have two answers. At least one is wrong, and no model "
            "can learn both.",
            fix="Look at each set and correct the wrong label. If the label depends on something "
            "else, such as the sound, it is no mistake.",
        )

    def _about_groups(self, clusters: list[list[Item]]) -> Finding | None:
        return self._finding(
            clusters,
            lambda item: item.group,
            "lie in different groups",
            Severity.WARNING,
            "Groups are what keeps copies together when data is split. These copies would be torn "
            "apart, and the test would contain what was trained on.",
            "Give all copies the same group.",
        )

    def _about_licences(self, clusters: list[list[Item]]) -> Finding | None:
        return self._finding(
            clusters,
            lambda item: item.rights.licence,
            "are under different licences",
            Severity.WARNING,
            "Which terms hold cannot be told, and the stricter ones may be broken unnoticed.",
            "Find out where each copy came from and keep the one whose terms you can prove.",
        )

    def _about_rest(self, clusters: list[list[Item]]) -> Finding | None:
        """Copies that spoil nothing but count twice."""
        rest = [each for each in clusters if not _spoils(each)]
        if not rest:
            return None
        items = [item.id for each in rest for item in each]
        return self.finding(
            f"{len(rest)} sets of identical content ({len(items)} items)",
            Severity.NOTE,
            items,
            evidence={"clusters": self._shown(rest)},
            meaning="These items count several times in training and in every share.",
            fix="Leave one of each set, if the others say nothing more.",
        )

    def _finding(
        self,
        clusters: list[list[Item]],
        fact: Callable[[Item], Hashable],
        what: str,
        severity: Severity,
        meaning: str,
        fix: str,
    ) -> Finding | None:
        bad = [each for each in clusters if len(_different(each, fact)) > 1]
        if not bad:
            return None
        items = [item.id for each in bad for item in each]
        return self.finding(
            f"{len(bad)} sets of identical content {what} ({len(items)} items)",
            severity,
            items,
            evidence={"clusters": self._shown(bad)},
            meaning=meaning,
            fix=fix,
        )

    def _shown(self, clusters: list[list[Item]]) -> list[list[str]]:
        return [[item.id for item in each] for each in clusters[: self.config.most_shown]]


def _clusters(items: Iterable[Item]) -> list[list[Item]]:
    """Items with an equal picture or sound; texts count only where an item has nothing else.

    Two different cups may both be described as "a blue cup", so equal words are no copy.
    """
    by_content: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        media = [name for name in item.modalities if name != "text"]
        for modality in media or item.modalities:
            if "audio/silent" not in item.parts[modality].notes:
                by_content[item.parts[modality].content_sha256].append(item)
    found = [each for each in by_content.values() if len(each) > 1]
    unique = {tuple(item.id for item in each): each for each in found}
    return list(unique.values())


def _different(items: Iterable[Item], fact: Callable[[Item], Hashable]) -> set[Hashable]:
    """The different known values of a fact; unknown ones contradict nothing."""
    return {value for item in items if (value := fact(item))}


def _taking_part(item: Item) -> Hashable:
    """The split, unless it is the one that takes part in nothing."""
    return None if item.split == Split.OUT else item.split


def _answer_to(task: str) -> Callable[[Item], Hashable]:
    return lambda item: item.label(task)


def _spoils(items: list[Item]) -> bool:
    facts: list[Callable[[Item], Hashable]] = [
        _taking_part,
        lambda item: item.group,
        lambda item: item.rights.licence,
    ]
    tasks = {task for item in items for task in truths(item.labels)}
    facts += [_answer_to(task) for task in tasks]
    return any(len(_different(items, fact)) > 1 for fact in facts)
