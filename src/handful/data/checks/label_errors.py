"""Find labels that are probably wrong: all other items say something else, and firmly.

Use when: labels came from folders, tables or several people; a tenth wrong is not unusual.
Cost: reads every labelled file once, as training does; then some seconds per task.
Source: confident learning (Northcutt et al., JAIR 2021). Its thresholds flag a tenth and more of
clean labels where answers are hard, so here the ruler is planted: of labels that were changed on
purpose it is known how doubtful they look, and only what looks like them is told.
"""
# N items, C classes

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handful.data.checks.base import Check, Finding, Fit, Remedy, Severity, View, some
from handful.data.checks.evidence.vectors import copies_in, fit_of
from handful.data.checks.workbench import Workbench
from handful.data.library.items import Item, truths
from handful.foundation.console import plural
from handful.foundation.errors import InputError, UsageError, require


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What is measured, and how sure a doubt must be."""

    fewest_items: int = 40
    """Tasks with fewer labelled items are not looked at: chance would decide."""
    most_items: int = 2000
    """Of more labelled items than this, some are drawn."""
    most_tasks: int = 3
    """The tasks with the most labels are looked at."""
    precision: float = 0.75
    """How many of the labels that are told should be wrong, by the ruler, in (0, 1)."""
    planted: float = 0.1
    """Share of labels that are changed on purpose for the ruler, in (0, 0.5)."""
    plantings: int = 3
    """How often; more make the ruler steadier."""

    def __post_init__(self) -> None:
        """Check the rules."""
        for name in ("fewest_items", "most_items", "most_tasks", "plantings"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        require(0 < self.precision < 1, "precision", self.precision, "in (0, 1)")
        require(0 < self.planted < 0.5, "planted", self.planted, "in (0, 0.5)")


class Doubts(NamedTuple):
    """How doubtful each label is.

    Attributes:
        order: Places of the items whose labels are told, the most doubtful first.
        doubt: `[N]` logarithm of how much more probable the best other answer is.
        said: `[N]` class number of that answer.
        share: Estimated share of wrong labels among all, rather too low than too high.
    """

    order: NDArray[np.intp]
    doubt: NDArray[np.float64]
    said: NDArray[np.intp]
    share: float


class LabelErrors(Check):
    """Each label against what a classifier says that has not seen it."""

    not_covered = (
        "Labels that are wrong in the same way for all that look alike are not seen, nor wrong "
        "labels of a task with few labels, with one answer, or that no file shows. Hard but right "
        "labels may be told."
    )
    config: Config

    def run(self, view: View) -> list[Finding]:
        """Look at every task with enough labels."""
        fit = fit_of(view)
        found = [self._look(view, fit, task, items) for task, items in self._tasks(view)]
        return [finding for finding in found if finding]

    def plant(self, bench: Workbench, dice: np.random.Generator) -> list[str]:
        """Reddish cups and bluish bowls, of which six in eighty have the other's label."""
        wrong = {int(place) for place in dice.choice(80, 6, replace=False)}
        for place in range(80):
            kind = ("cup", "bowl")[(place + (place in wrong)) % 2]
            _coloured(bench, f"p{place}", dice, place % 2, kind)
        return [f"p{place}" for place in sorted(wrong)]

    def control(self, bench: Workbench, dice: np.random.Generator) -> None:
        """The same with right labels, some of them hard to tell."""
        for place in range(80):
            _coloured(bench, f"p{place}", dice, place % 2, ("cup", "bowl")[place % 2])

    def _tasks(self, view: View) -> list[tuple[str, list[Item]]]:
        by_task: dict[str, list[Item]] = {}
        for item in view.usable:
            for task in truths(item.labels):
                by_task.setdefault(task, []).append(item)
        dice = np.random.default_rng(0)
        tasks = []
        for task, items in by_task.items():
            if len(items) > self.config.most_items:
                drawn = dice.choice(len(items), self.config.most_items, replace=False)
                items = [items[place] for place in sorted(drawn)]
            tasks.append((task, items))
        tasks.sort(key=lambda each: (-len(each[1]), each[0]))
        enough = [each for each in tasks if len(each[1]) >= self.config.fewest_items]
        return enough[: self.config.most_tasks]

    def _look(self, view: View, fit: Fit, task: str, items: list[Item]) -> Finding | None:
        names, labels = np.unique([str(each.label(task)) for each in items], return_inverse=True)
        if len(names) < 2:
            return None
        try:
            found = doubts(fit, items, labels, copies_in(view, items), self.config)
        except (InputError, UsageError):
            return None
        if not len(found.order):
            return None
        told = [items[place] for place in found.order]
        answers = {items[place].id: str(names[found.said[place]]) for place in found.order}
        ranked = [
            {
                "item": items[place].id,
                "label": str(names[labels[place]]),
                "said": str(names[found.said[place]]),
                "doubt": round(float(found.doubt[place]), 3),
            }
            for place in found.order
        ]
        first = ranked[0]
        return self.finding(
            f"{plural(len(told), 'label')} of `{task}` look wrong ({len(items)} looked at)",
            Severity.WARNING,
            answers,
            evidence={"share": round(found.share, 4), "ranked": ranked},
            meaning="Wrong labels teach the wrong thing, and count as mistakes in every test. "
            f'{some((item.key for item in told), 3)}; "{told[0].key}" is labelled '
            f"{first['label']} and looks like {first['said']}.",
            fix="Look at them, the most doubtful first; `handful fix` gives all of them the answer "
            "they look like, and can be undone.",
            remedy=Remedy(
                action="relabel",
                items=tuple(sorted(answers)),
                because="all other items say so",
                task=task,
                answers=answers,
            ),
        )


def doubts(
    fit: Fit, items: list[Item], labels: NDArray[np.intp], copies: NDArray, config: Config
) -> Doubts:
    """Rank labels by how doubtful they are, and say which are told.

    Args:
        fit: Answers out of fold.
        items: N items.
        labels: `[N]` class numbers.
        copies: `[N]` what is left out together.
        config: How sure a doubt must be.

    Raises:
        UsageError: When all items are copies of one.
        InputError: When their files tell nothing.
    """
    dice = np.random.default_rng(0)
    doubt, said = _doubt(fit(items, labels, copies), labels)
    changed: list[NDArray[np.float64]] = []
    others: list[NDArray[np.float64]] = []
    classes, count = int(labels.max()) + 1, max(1, round(config.planted * len(labels)))
    for _ in range(config.plantings):
        which = dice.choice(len(labels), count, replace=False)
        planted = labels.copy()
        planted[which] = (labels[which] + dice.integers(1, classes, count)) % classes
        seen, _ = _doubt(fit(items, planted, copies), planted)
        changed.append(seen[which])
        others.append(np.delete(seen, which))
    share, limit = _ruler(np.concatenate(changed), np.concatenate(others), config.precision)
    order = np.argsort(-doubt, kind="stable")
    return Doubts(order[doubt[order] > limit], doubt, said, share)


def _doubt(
    answers: NDArray[np.float64], labels: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    rows = np.arange(len(labels))
    other = answers.copy()
    other[rows, labels] = -1.0
    said = other.argmax(axis=1)
    own = answers[rows, labels]
    return np.log(other[rows, said] + 1e-9) - np.log(own + 1e-9), said


def _ruler(
    changed: NDArray[np.float64], others: NDArray[np.float64], precision: float
) -> tuple[float, float]:
    """Share of wrong labels, and from which doubt on enough are wrong.

    Where only wrong labels can be, high up, the others are as many as their share of wrong ones.
    Lower down right labels join, so the smallest such ratio comes nearest.
    """
    levels = np.quantile(changed, [0.3, 0.4, 0.5, 0.6, 0.7, 0.8])
    ratios = [(others > level).mean() / max((changed > level).mean(), 1e-9) for level in levels]
    share = float(min(ratios))
    for level in np.quantile(changed, np.linspace(0.02, 0.95, 60)):
        there = float((others > level).mean())
        wrong = share * float((changed > level).mean())
        if there > 0 and wrong >= precision * there:
            return share, float(level)
    return share, np.inf


def _coloured(bench: Workbench, key: str, dice: np.random.Generator, kind: int, label: str) -> None:
    bench.item(key, dice, kind=label)
    pixels = dice.integers(0, 256, (8, 8, 3)) // 2
    pixels[..., 2 * kind] += 60
    small = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    small.resize((32, 32), Image.Resampling.NEAREST).save(bench.files / f"{key}.png")
