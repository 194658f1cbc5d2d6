"""One temperature per choice of modalities, so that an answer from a tap alone doubts as it should.

A head learns from items as they come, mostly with all their modalities, and answers as firmly
when one is gone. On the workshop's `grade` a tap alone said "first" at .96 where it could not know
of a flaw; the hundred firmest answers held ten wrong ones before and five after.

Every item that has a choice of modalities takes part in that choice's temperature, its answer
being what was said with the rest hidden while it was held out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.numerics.decide.calibrate import Temperature, subset_name
from handful.numerics.linear.folds import Folds

Subsets = Mapping[tuple[str, ...], NDArray[np.float64]]
"""Modalities to `[N, K]` answers from only these; NaN where an item lacks them all."""

_SMALLEST = 1e-12


class Calibrated(NamedTuple):
    """Temperatures for use, and held-out answers that are calibrated without their own truth.

    Attributes:
        temperature: From all held-out answers.
        subsets: The answers, each brought to the temperature that the other folds ask for.
    """

    temperature: Temperature
    subsets: dict[tuple[str, ...], NDArray[np.float64]]


def calibrate(
    subsets: Subsets,
    labels: NDArray[np.intp],
    present: Mapping[str, NDArray[np.bool_]],
    folds: Folds,
) -> Calibrated:
    """Find the temperatures.

    Args:
        subsets: Held-out answers from every choice of modalities.
        labels: `[N]` the truth.
        present: Modality to `[N]` true where the item has it.
        folds: The outer folds, each of which was held out once.
    """
    cooled = {subset: said.copy() for subset, said in subsets.items()}
    for train, test in folds:
        temperature = _fit(subsets, labels, present, train)
        for subset, said in subsets.items():
            cooled[subset][test] = apply(temperature, subset, said[test])
    everything = np.arange(len(labels))
    return Calibrated(_fit(subsets, labels, present, everything), cooled)


def apply(
    temperature: Temperature, subset: tuple[str, ...] | frozenset[str], said: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bring answers to the temperature of their choice of modalities.

    Args:
        temperature: Learned.
        subset: The modalities they come from.
        said: `[M, K]` probabilities; rows of NaN stay so.

    Returns:
        `[M, K]`, rows sum to 1.
    """
    own = temperature.by_subset.get(subset_name(subset), temperature.common)
    scaled = np.log(np.maximum(said, _SMALLEST)) / own
    scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    found: NDArray[np.float64] = scaled / scaled.sum(axis=1, keepdims=True)
    return found


def together(
    subsets: Subsets, present: Mapping[str, NDArray[np.bool_]], otherwise: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Each item's answer from exactly the modalities it has: `[N, K]`.

    Args:
        subsets: Answers from every choice of modalities.
        present: Modality to `[N]` true where the item has it.
        otherwise: `[N, K]` for items that have none.
    """
    found = otherwise.copy()
    for subset, said in subsets.items():
        held = [present[name] if name in subset else ~present[name] for name in present]
        rows = np.all(held, axis=0)
        found[rows] = said[rows]
    return found


def _fit(
    subsets: Subsets,
    labels: NDArray[np.intp],
    present: Mapping[str, NDArray[np.bool_]],
    rows: NDArray[np.intp],
) -> Temperature:
    """Temperatures from the answers about some items."""
    scores, truths, names = [], [], []
    for subset, said in subsets.items():
        has_all = np.all([present[name][rows] for name in subset], axis=0)
        held = rows[has_all & np.isfinite(said[rows, 0])]
        scores.append(np.log(np.maximum(said[held], _SMALLEST)))
        truths.append(labels[held])
        names += [subset_name(subset)] * len(held)
    if not names:
        return Temperature(1.0, {})
    return Temperature.fit(np.concatenate(scores), np.concatenate(truths), np.array(names))
