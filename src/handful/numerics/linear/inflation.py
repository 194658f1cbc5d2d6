"""How much too high a random split scores, when items of one group are alike.

The same classifier is measured twice on the same items: with folds drawn at random, so that it has
seen other photos of the same shelf, and with folds that keep groups whole. What lies between is
what a random split adds by knowing the group rather than the answer.
"""
# N items, C classes, D numbers

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import UsageError
from handful.numerics.linear import folds as fold_room
from handful.numerics.linear.ridge import Spectrum, choose, indicator
from handful.numerics.stats.paired import compare


class Inflation(NamedTuple):
    """What a random split adds to an accuracy.

    Attributes:
        grouped: Accuracy with whole groups held out: what new groups will see.
        at_random: Accuracy of the same classifier with folds drawn at random.
        low: Lower end of the 95 % interval of the difference.
        high: Its upper end.
        sharing: How many items have another one in their group.
        items: How many items were measured.
        groups: In how many groups.
    """

    grouped: float
    at_random: float
    low: float
    high: float
    sharing: int
    items: int
    groups: int

    @property
    def points(self) -> float:
        """The difference in points of accuracy."""
        return 100 * (self.at_random - self.grouped)

    @property
    def is_certain(self) -> bool:
        """Whether it is more than chance explains, and enough to matter: a point or more."""
        return self.low > 0 and self.points >= 1

    def sentence(self, task: str) -> str:
        """What it means, for a person.

        Args:
            task: What the labels answer.
        """
        return (
            f"Split at random, `{task}` would score about {self.points:.0f} points too high "
            f"({100 * self.low:.0f} to {100 * self.high:.0f}): {self.sharing} of {self.items} "
            "items share a group with another, or are copies of one."
        )


def inflation(
    features: NDArray[np.floating],
    labels: NDArray[np.integer],
    groups: NDArray[Any],
    *,
    count: int = 5,
    draws: int = 3,
    most: int = 1000,
    seed: int = 0,
) -> Inflation | None:
    """Measure what a random split adds, by ridge regression with folds in closed form.

    The penalty is chosen on whole groups and used for both, so that the split alone differs. Of
    many items whole groups are drawn. The interval treats groups, not items, as independent.

    Args:
        features: `[N, D]`, made without looking at labels.
        labels: `[N]` class of each item, from 0.
        groups: `[N]` group of each item.
        count: Folds.
        draws: How often folds are drawn.
        most: Of more items than this, whole groups are drawn.
        seed: Of the draws.

    Returns:
        The difference; None where no item shares a group, or too few groups or classes are there.
    """
    dice = np.random.default_rng(seed)
    names, number, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(labels) > most:
        order = dice.permutation(len(names))
        kept = order[: max(2, int(np.searchsorted(np.cumsum(sizes[order]), most, side="right")))]
        rows = np.flatnonzero(np.isin(number, kept))
        features, labels, number = features[rows], labels[rows], number[rows]
    classes, labels = np.unique(labels, return_inverse=True)
    alike = np.bincount(number)[number] > 1
    if len(classes) < 2 or not alike.any() or len(np.unique(number)) < 4:
        return None
    targets = indicator(labels, len(classes))
    spectrum = Spectrum.of_features(features.astype(np.float64))
    right: dict[bool, list[NDArray[np.bool_]]] = {True: [], False: []}
    for draw in range(draws):
        try:
            assigned = {
                whole: fold_room.split(
                    labels,
                    number if whole else None,
                    items=len(labels),
                    count=count,
                    seed=seed + draw,
                ).assignment
                for whole in (True, False)
            }
        except UsageError:
            return None
        honest = choose(spectrum.out_of_fold(targets, assigned[True]), targets)
        drawn = spectrum.out_of_fold(targets, assigned[False], [honest.penalty])[0]
        right[True].append(honest.scores.argmax(axis=1) == labels)
        right[False].append(drawn.argmax(axis=1) == labels)
    whole, single = (np.mean(right[each], axis=0) for each in (True, False))
    difference = compare(whole, single, number, alpha=0.025, draws=200, seed=seed).difference
    return Inflation(
        grouped=float(whole.mean()),
        at_random=float(single.mean()),
        low=difference.low,
        high=difference.high,
        sharing=int(alike.sum()),
        items=len(labels),
        groups=len(np.unique(number)),
    )
