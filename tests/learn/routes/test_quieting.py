"""The choice between views as they are and views without what tells groups apart."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from handful.learn.routes.quieting import choose_quiet
from handful.learn.towers.base import Tower
from handful.numerics.linear.blocks import Block


class Linear:
    """Stands for a tower: all that is asked of it is the shape of its kernels."""

    def kernels(self) -> dict[str, str]:
        return {"lab": "linear"}


TOWERS = cast("dict[str, Tower[Any]]", {"image": Linear()})


class Days:
    """Items of two classes on twelve days; each day shifts them, `along` the class or across."""

    def __init__(self, *, along: bool = False, pure: bool = False, seed: int = 0) -> None:
        dice = np.random.default_rng(seed)
        self.groups = np.repeat(np.arange(12), 20)
        self.labels = self.groups % 2 if pure else dice.integers(0, 2, 240)
        rows = dice.normal(size=(240, 30))
        axis = np.zeros(30)
        axis[0] = 1.0
        rows += 2.0 * (self.labels[:, None] - 0.5) * axis
        shift = dice.normal(size=(12, 30)) * 5.0
        shift[:, 0] = 0.0
        if along:
            shift = np.zeros((12, 30))
        rows += shift[self.groups]
        self.views = {"image": {"lab": Block.of(rows.astype(np.float32))}}

    def chosen(self, rows: NDArray[np.intp]) -> bool:
        quiet = choose_quiet(
            self.views, TOWERS, self.groups, rows, self.labels[rows], classes=2, seed=0
        )
        return bool(quiet.views)


def few(days: Days, each: int) -> NDArray[np.intp]:
    return np.concatenate([np.flatnonzero(days.labels == kind)[:each] for kind in (0, 1)])


def test_days_of_mixed_things_are_quietened() -> None:
    days = Days()
    assert days.chosen(np.arange(240))


def test_with_labels_too_few_to_hold_out_it_is_done_anyway() -> None:
    days = Days()
    rows = np.flatnonzero(days.groups == 0)
    both = np.array([rows[days.labels[rows] == 0][0], rows[days.labels[rows] == 1][0]])
    assert days.chosen(both)


def test_groups_of_one_thing_each_are_left_alone() -> None:
    days = Days(pure=True)
    assert not days.chosen(np.arange(240))


def test_labels_of_one_class_and_no_labels_decide_nothing() -> None:
    days = Days()
    assert not days.chosen(np.flatnonzero(days.labels == 0))
    assert not days.chosen(np.zeros(0, dtype=np.intp))


def test_it_is_left_alone_where_held_out_answers_are_better_without() -> None:
    """Days lean towards one class, and the lean is what the labels are about."""
    dice = np.random.default_rng(3)
    groups = np.repeat(np.arange(12), 20)
    lean = np.repeat(dice.normal(size=12) * 3, 20)
    labels = (lean + dice.normal(size=240) * 1.5 > 0).astype(np.intp)
    rows = dice.normal(size=(240, 6)) * 0.5
    rows[:, 0] += lean
    days = Days()
    days.groups, days.labels = groups, labels
    days.views = {"image": {"lab": Block.of(rows.astype(np.float32))}}
    assert not days.chosen(np.arange(240))
