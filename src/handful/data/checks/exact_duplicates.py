"""Find the same picture, sound or text in several items, and what that spoils.

Use when: always; it compares hashes that the library holds already.
Cost: one pass over the rows; no file is opened.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from handful.data.checks.base import Check, Finding, Severity, View, some
from handful.data.checks.workbench import Workbench
from handful.data.library.copies import Conflict, clusters, conflicts
from handful.data.library.items import Item
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
        sets = [_Copies(each, tuple(conflicts(each))) for each in clusters(view.usable)]
        findings = [
            self._about_splits(sets),
            self._about_labels(sets),
            self._about_groups(sets),
            self._about_licences(sets),
            self._about_rest(sets),
        ]
        return [finding for finding in findings if finding]

    def plant(self, bench: Workbench, dice: np.random.Generator) -> list[str]:
        """A picture in training and test, one with two labels and terms, a sound in two groups."""
        for place in range(6):
            bench.item(f"plain-{place}", dice, kind="cup", split="train", batch=f"b{place}")
        bench.item("leak-a", dice, kind="cup", split="train", batch="x1")
        bench.item("leak-b", dice, kind="cup", split="test", batch="x2", image="leak-a.png")
        bench.item("torn-a", dice, kind="cup", split="train", batch="y")
        bench.item("torn-b", dice, kind="bowl", split="train", batch="y", image="torn-a.png")
        bench.item("sold-a", dice, kind="cup", split="train", batch="w", licence="MIT")
        bench.item(
            "sold-b",
            dice,
            kind="cup",
            split="train",
            batch="w",
            licence="CC-BY-4.0",
            image="sold-a.png",
        )
        bench.item("far-a", dice, kind="cup", split="train", batch="z1")
        bench.item("far-b", dice, kind="cup", split="train", batch="z2", audio="far-a.wav")
        return ["leak-a", "leak-b", "torn-a", "torn-b", "sold-a", "sold-b", "far-a", "far-b"]

    def control(self, bench: Workbench, dice: np.random.Generator) -> None:
        """Different items, of which some are described in the same words."""
        for place in range(8):
            split = "test" if place % 4 == 0 else "train"
            facts = {"kind": "cup" if place % 2 else "bowl", "split": split, "batch": f"b{place}"}
            bench.item(f"plain-{place}", dice, note="a blue cup", **facts)

    def _about_splits(self, sets: list[_Copies]) -> Finding | None:
        return self._finding(
            sets,
            "split",
            "straddle the splits",
            Severity.SERIOUS,
            "A model that has seen the answer scores better than it is. Every number measured on "
            "the test split is too high.",
            "Move all copies into one split, or give copies the same group and split anew.",
        )

    def _about_labels(self, sets: list[_Copies]) -> Finding | None:
        torn = [each for each in sets if each.tasks]
        if not torn:
            return None
        tasks = Counter(task for each in torn for task in each.tasks)
        named = some(sorted(tasks))
        first = next(each for each in torn[0].conflicts if each.task)
        return self.finding(
            f"{len(torn)} sets of identical content have conflicting labels ({named})",
            Severity.SERIOUS,
            (item.id for each in torn for item in each.items),
            evidence={"tasks": dict(sorted(tasks.items())), "clusters": self._shown(torn)},
            meaning="The same thing cannot have two answers. At least one is wrong, and no model "
            f"can learn both. {first.sentence}",
            fix="Look at each set and correct the wrong label. If the label depends on something "
            "else, such as the sound, it is no mistake.",
        )

    def _about_groups(self, sets: list[_Copies]) -> Finding | None:
        return self._finding(
            sets,
            "group",
            "lie in different groups",
            Severity.WARNING,
            "Groups are what keeps copies together when data is split. These copies would be torn "
            "apart, and the test would contain what was trained on.",
            "Give all copies the same group.",
        )

    def _about_licences(self, sets: list[_Copies]) -> Finding | None:
        return self._finding(
            sets,
            "licence",
            "are under different licences",
            Severity.WARNING,
            "Which terms hold cannot be told, and the stricter ones may be broken unnoticed.",
            "Find out where each copy came from and keep the one whose terms you can prove.",
        )

    def _about_rest(self, sets: list[_Copies]) -> Finding | None:
        """Copies that spoil nothing but count twice."""
        rest = [each for each in sets if not each.conflicts]
        if not rest:
            return None
        items = [item.id for each in rest for item in each.items]
        return self.finding(
            f"{len(rest)} sets of identical content ({len(items)} items)",
            Severity.NOTE,
            items,
            evidence={"clusters": self._shown(rest)},
            meaning="These items count several times in training and in every share. First: "
            f"{some((item.key for item in rest[0].items), 3)}.",
            fix="Leave one of each set, if the others say nothing more.",
        )

    def _finding(
        self,
        sets: list[_Copies],
        about: str,
        what: str,
        severity: Severity,
        meaning: str,
        fix: str,
    ) -> Finding | None:
        bad = [each for each in sets if each.about(about)]
        if not bad:
            return None
        items = [item.id for each in bad for item in each.items]
        return self.finding(
            f"{len(bad)} sets of identical content {what} ({len(items)} items)",
            severity,
            items,
            evidence={
                "clusters": self._shown(bad),
                "said": [each.about(about) for each in bad[: self.config.most_shown]],
            },
            meaning=f"{meaning} {bad[0].about(about)}",
            fix=fix,
        )

    def _shown(self, sets: list[_Copies]) -> list[list[str]]:
        return [[item.id for item in each.items] for each in sets[: self.config.most_shown]]


class _Copies(NamedTuple):
    """Items of the same content, and what is said of them and contradicted."""

    items: list[Item]
    conflicts: tuple[Conflict, ...]

    @property
    def tasks(self) -> list[str]:
        """The tasks whose answers conflict."""
        return [each.task for each in self.conflicts if each.task]

    def about(self, fact: str) -> str:
        """The conflict about one fact in plain words; empty when there is none."""
        return next((each.sentence for each in self.conflicts if each.about == fact), "")
