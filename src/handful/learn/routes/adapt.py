"""Climb the ladder: learn from labels by every rung, and keep the one that holds up best.

Quality is measured by nested group cross-validation. Each outer fold holds out whole groups;
inside the rest, inner folds choose penalties and the rung; the held-out groups are then answered
once. So the figure of the chosen rung includes the price of choosing it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import UsageError
from handful.learn.routes.arms import Arm, Table
from handful.learn.routes.calibrating import apply, calibrate
from handful.learn.routes.ladder import Groups, Settings, choose, leaner_modalities
from handful.learn.rungs.base import (
    Learned,
    Lesson,
    Rung,
    dealt_folds,
    require_classes,
    usable_folds,
)
from handful.numerics.decide.calibrate import Temperature
from handful.numerics.linear import folds as fold_room
from handful.numerics.linear.folds import Folds, Nested

OnStep = Callable[[str, int, int], None]
"""Called with what is being done, steps done and steps in all."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Climb:
    """The outcome of climbing the ladder.

    Attributes:
        arms: Every row of the table: ours, each modality alone, each rung, the baselines.
        subsets: Modalities to `[N, K]` held-out answers of the chosen way with only these,
            calibrated; rows of items that lack all of them hold NaN.
        rung: The rung chosen on all labels.
        temperature: One per choice of modalities, for the chosen way; None when nothing could be
            measured.
        lean: The modalities of which fewer views served better, chosen on all labels.
        learned: What it learned from all labels.
        folds: The outer folds; None when the labels were too few to measure anything.
        notes: Sentences about what could not be kept.
        reason: Why this rung was chosen, in one sentence.
    """

    arms: tuple[Arm, ...]
    subsets: dict[tuple[str, ...], NDArray[np.float64]]
    rung: Rung
    learned: Learned
    folds: Folds | None
    notes: tuple[str, ...]
    reason: str = ""
    lean: tuple[str, ...] = ()
    temperature: Temperature | None = None


def climb(
    lesson: Lesson,
    groups: Groups,
    *,
    count: int = 5,
    with_baselines: bool = True,
    settings: Settings | None = None,
    on_step: OnStep = lambda what, done, total: None,
) -> Climb:
    """Learn by every rung, measure each on groups it has not seen, choose, and learn from all.

    Args:
        lesson: All labelled items; its folds are not used.
        groups: `[N]` group of each item; None when items are unrelated.
        count: Outer and inner folds, 5 is usual; fewer are made when there are fewer groups.
        with_baselines: Whether to fill the table with what people would use instead.
        settings: Rung to settings that differ from its defaults.
        on_step: Told about progress.

    Raises:
        InputError: When fewer than two classes have labels, or no rung could learn.
    """
    require_classes(lesson)
    turns, outer, notes = _turns(lesson, groups, count)
    table = Table(lesson, groups, with_baselines, settings)
    total = len(turns) * len(table.ways) + 1
    for place, turn in enumerate(turns):
        for step, what in enumerate(table.turn(turn), place * len(table.ways)):
            on_step(f"measuring {what} on held-out groups", step, total)
    on_step("learning from all labels", total - 1, total)
    folds = outer or dealt_folds(lesson.labels, groups, count=count, seed=lesson.seed)
    whole = replace(lesson, folds=folds)
    lean = leaner_modalities(whole)
    whole = whole.leaner(lean)
    chosen = choose(table.candidates, whole, groups)
    on_step("learned", total, total)
    subsets, temperature = table.subsets, None
    if subsets:
        present = {name: lesson.evidence.present(name) for name in lesson.evidence.modalities}
        found = temperature = calibrate(subsets, lesson.labels, present)
        subsets = {subset: apply(found, subset, said) for subset, said in subsets.items()}
    return Climb(
        arms=table.arms(),
        subsets=subsets,
        rung=chosen.rung,
        learned=chosen.learned,
        folds=outer,
        notes=(*notes, *table.failures.values()),
        reason=chosen.reason,
        lean=lean,
        temperature=temperature,
    )


def _turns(
    lesson: Lesson, groups: Groups, count: int
) -> tuple[list[Nested], Folds | None, list[str]]:
    """Turns to measure in, their outer folds, and notes; no turn when nothing can be measured."""
    size = {"items": len(lesson), "seed": lesson.seed}
    try:
        turns = fold_room.nested(lesson.labels, groups, outer=count, inner=count, **size)
        outer = fold_room.split(lesson.labels, groups, count=count, **size)
    except UsageError as error:
        return [], None, [f"{error.what} So nothing was measured."]
    if usable_folds(outer, lesson.labels) is None:
        what = "With a group held out, too few classes are left to learn. So nothing was measured."
        return [], None, [*outer.notes, what]
    return turns, outer, list(outer.notes)
