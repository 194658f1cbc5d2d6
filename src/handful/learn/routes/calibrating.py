"""One temperature per choice of modalities, so that an answer from a tap alone doubts as it should.

A head learns from items as they come, mostly with all their modalities, and answers as firmly
when one is gone. On the workshop's `grade` a tap alone said "first" at .96 where it could not know
of a flaw; the hundred firmest answers held ten wrong ones before and five after.

Every item that has a choice of modalities takes part in that choice's temperature, its answer
being what was said with the rest hidden while it was held out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from handful.numerics.decide.calibrate import Temperature, subset_name

Subsets = Mapping[tuple[str, ...], NDArray[np.float64]]
"""Modalities to `[N, K]` answers from only these; NaN where an item lacks them all."""

_SMALLEST = 1e-12


def calibrate(
    subsets: Subsets, labels: NDArray[np.intp], present: Mapping[str, NDArray[np.bool_]]
) -> Temperature:
    """Find the temperatures.

    A temperature keeps the order of the classes within an answer, and with two classes that of
    the answers too; with more it moves answers past each other a little. It is one number per
    choice, learned from all its answers, so what it borrows from their truths is small.

    Args:
        subsets: Held-out answers from every choice of modalities.
        labels: `[N]` the truth.
        present: Modality to `[N]` true where the item has it.
    """
    scores, truths, names = [], [], []
    for subset, said in subsets.items():
        has_all = np.all([present[name] for name in subset], axis=0)
        held = np.flatnonzero(has_all & np.isfinite(said[:, 0]))
        scores.append(np.log(np.maximum(said[held], _SMALLEST)))
        truths.append(labels[held])
        names += [subset_name(subset)] * len(held)
    if not names:
        return Temperature(1.0, {})
    return Temperature.fit(np.concatenate(scores), np.concatenate(truths), np.array(names))


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
