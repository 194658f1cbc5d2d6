"""Folds for cross-validation that never split a group and keep the classes balanced.

A group is what must not be on both sides: burst photos of one shelf, one speaker, one recipe.
Random folds lie about such data: 1.000 promised where the truth was .75.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, UsageError


@dataclass(frozen=True, slots=True, eq=False)
class Folds:
    """Which fold each item belongs to.

    Attributes:
        assignment: `[N]` fold number of each item, 0 to `count` - 1.
        count: How many folds there are; at most as many as groups.
        notes: Sentences about what could not be kept, for the person; empty when all is well.
    """

    assignment: NDArray[np.intp]
    count: int
    notes: tuple[str, ...]

    def __iter__(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Training rows and held-out rows, fold by fold."""
        for fold in range(self.count):
            yield np.flatnonzero(self.assignment != fold), np.flatnonzero(self.assignment == fold)


def split(
    labels: NDArray | None,
    groups: NDArray | None,
    *,
    items: int,
    count: int = 5,
    seed: int = 0,
) -> Folds:
    """Deal groups into folds so that every fold sees the classes alike.

    Groups are dealt largest first, each to the fold where it helps the balance of classes and
    sizes most; equal choices are broken by the seed.

    Args:
        labels: `[N]` class of each item (any type), `[N, C]` true/false for several tags per
            item, or None to balance sizes only.
        groups: `[N]` group of each item (any type); None when every item is its own group.
        items: N.
        count: Folds wanted; 5 is usual. Fewer are made when there are fewer groups.
        seed: Decides among equally good choices.

    Returns:
        The folds, with notes on anything that could not be kept.

    Raises:
        UsageError: When `count` is below 2 or all items are one group.
        InputError: When sizes disagree.
    """
    if count < 2:
        raise UsageError(f"{count} folds were asked for; two or more are needed.", "use 5")
    group_of, tallies = _tally(labels, groups, items)
    if len(tallies) < 2:
        raise UsageError(
            f"All {items} items are one group, so none can be held out.",
            "give finer groups, or none if the items are unrelated",
        )
    notes = []
    if len(tallies) < count:
        notes.append(
            f"Only {len(tallies)} groups: {len(tallies)} folds instead of {count}, "
            "and what they measure is uncertain."
        )
        count = len(tallies)
    notes += _lonely(tallies)
    sizes = np.bincount(group_of).astype(np.float64)
    fold_of_group = _deal(tallies, sizes, count, np.random.default_rng(seed))
    return Folds(fold_of_group[group_of], count, tuple(notes))


class Nested(NamedTuple):
    """One turn of nested cross-validation.

    Attributes:
        train: Rows to fit and choose on.
        test: Held-out rows, touched once.
        inner: Folds of `train` (numbered like `train`), for choosing.
    """

    train: NDArray[np.intp]
    test: NDArray[np.intp]
    inner: Folds


def nested(
    labels: NDArray | None,
    groups: NDArray | None,
    *,
    items: int,
    outer: int = 5,
    inner: int = 5,
    seed: int = 0,
) -> list[Nested]:
    """Outer folds to measure on and, inside each training part, inner folds to choose on.

    Args:
        labels: As in `split`.
        groups: As in `split`; neither level splits a group.
        items: N.
        outer: Outer folds.
        inner: Inner folds.
        seed: As in `split`.

    Raises:
        UsageError: When there are fewer than three groups, so that one of the levels is empty.
    """
    group_of, tallies = _tally(labels, groups, items)
    if len(tallies) < 3:
        raise UsageError(
            f"{len(tallies)} groups are too few to measure and to choose; three are needed.",
            "give finer groups, or fix the choice instead of searching",
        )
    turns = []
    for train, test in split(labels, group_of, items=items, count=outer, seed=seed):
        kept = None if labels is None else np.asarray(labels)[train]
        within = split(kept, group_of[train], items=len(train), count=inner, seed=seed)
        turns.append(Nested(train, test, within))
    return turns


def _tally(
    labels: NDArray | None, groups: NDArray | None, items: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Group number of each item, and items per group and class `[G, C]`."""
    for name, given in (("labels", labels), ("groups", groups)):
        if given is not None and len(given) != items:
            raise InputError(
                f"There are {len(given)} {name} for {items} items.", f"give one of {name} per item"
            )
    if groups is None:
        group_of = np.arange(items)
    else:
        group_of = np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.intp)
    if labels is None:
        wide = np.zeros((items, 0))
    elif np.ndim(labels) == 2:
        wide = np.asarray(labels, dtype=np.float64)
    else:
        class_of = np.unique(np.asarray(labels), return_inverse=True)[1]
        wide = np.eye(class_of.max(initial=0) + 1)[class_of]
    tallies = np.zeros((group_of.max(initial=-1) + 1, wide.shape[1]))
    np.add.at(tallies, group_of, wide)
    return group_of, tallies


def _lonely(tallies: NDArray[np.float64]) -> list[str]:
    lonely = int(((tallies > 0).sum(axis=0) == 1).sum())
    if not lonely:
        return []
    return [
        f"{lonely} of {tallies.shape[1]} classes live in a single group: held out, they cannot "
        "be recognised, so the measured quality is too low for them."
    ]


def _deal(
    tallies: NDArray[np.float64],
    sizes: NDArray[np.float64],
    count: int,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Fold of each group: largest groups first, each where the squared imbalance grows least."""
    share = tallies / np.maximum(tallies.sum(axis=0), 1)  # a rare class weighs as much as a common
    share = np.column_stack([share, sizes / sizes.sum()])
    tie = rng.permutation(len(tallies))
    order = np.lexsort((tie, -share.max(axis=1)))
    held = np.zeros((count, share.shape[1]))
    groups_held = np.zeros(count)
    fold_of_group = np.empty(len(tallies), dtype=np.intp)
    for place, group in enumerate(order):
        # |held + share|^2 - |held|^2, the only part of the imbalance that depends on the fold
        growth = held @ share[group]
        left = len(order) - place
        if left <= (groups_held == 0).sum():  # every fold must end up with at least one group
            growth = np.where(groups_held == 0, growth, np.inf)
        fold = int(np.lexsort(np.stack([groups_held, np.round(growth, 12)]))[0])
        held[fold] += share[group]
        groups_held[fold] += 1
        fold_of_group[group] = fold
    return fold_of_group
