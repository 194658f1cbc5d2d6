"""Whether what tells groups apart is turned down before anything is learned from labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handful.learn.model.kernel_ridge import fit_ridge
from handful.learn.model.quiet import Quiet, groups_are_mixed
from handful.learn.routes.lesson import kernel_configs, views_of
from handful.learn.rungs.base import dealt_folds
from handful.learn.towers.base import Tower
from handful.numerics.decide.calibrate import brier_score
from handful.numerics.linear.folds import Folds
from handful.numerics.linear.fusion import sum_kernels
from handful.numerics.linear.kernels import Blocks, KernelSum

_FOLDS = 5


def choose_quiet(
    views: Blocks,
    towers: Mapping[str, Tower[Any]],
    groups: NDArray[Any],
    rows: NDArray[np.intp],
    labels: NDArray[np.intp],
    *,
    classes: int,
    seed: int = 0,
) -> Quiet:
    """Turn down what tells groups apart, where groups are mixed and held-out answers agree.

    With labels too few to hold any out it is done: it then helps most. The choice is made once, on
    all labels; one choice of two flatters held-out answers by less than `ladder` allows for.

    Args:
        views: Modality to view to `[N, D]` with presence, of all items.
        towers: Modality to its tower.
        groups: `[N]` group of each item.
        rows: Which items are labelled.
        labels: `[n]` class number of each.
        classes: How many classes there are.
        seed: For shuffles and folds.

    Returns:
        What is turned down; nothing where groups are pure, unknown, or better left alone.
    """
    nothing = Quiet({})
    if len(np.unique(labels)) < 2 or not groups_are_mixed(labels, groups[rows]):
        return nothing
    quiet = Quiet.fit(views, groups, seed)
    folds = dealt_folds(labels, groups[rows], count=_FOLDS, seed=seed)
    if not quiet.views or folds is None:
        return quiet
    loud = views_of(views, rows)
    losses = [_loss(each, towers, labels, folds, classes, seed) for each in (quiet.of(loud), loud)]
    return quiet if losses[0] <= losses[1] else nothing


def _loss(
    views: Blocks,
    towers: Mapping[str, Tower[Any]],
    labels: NDArray[np.intp],
    folds: Folds,
    classes: int,
    seed: int,
) -> float:
    """Brier score of ridge on the kernels, on held-out groups."""
    kernel = sum_kernels(KernelSum.fit(views, kernel_configs(views, towers), seed).train())
    prior = np.bincount(labels, minlength=classes) + 1.0
    fit = fit_ridge(kernel, labels, folds, prior / prior.sum())
    assert fit.held_out is not None
    return brier_score(fit.held_out, labels)
