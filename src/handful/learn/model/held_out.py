"""Choose a penalty and a temperature on held-out scores, fairly to classes a fold has never seen.

Few labels leave holes: with a fold held out, or a modality missing, some class has no example left.
A model then either rules that class out or knows nothing of it, and neither is evidence against
it: one modality that never met a class must not veto it in a product (measured with one label per
class on simulated data: log loss 8.6 with the veto, 1.4 without). So such a class keeps its
prior, and items that could not have been recognised do not choose anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handful.numerics.decide.calibrate import Temperature, log_loss
from handful.numerics.linear.folds import Folds
from handful.numerics.linear.logistic import softmax


class Choice(NamedTuple):
    """What held-out scores say is best.

    Attributes:
        place: Of the penalty among those tried.
        temperature: What makes its scores probabilities.
        held_out: `[N, K]` its held-out probabilities.
    """

    place: int
    temperature: float
    held_out: NDArray[np.float64]


def choose(
    path: NDArray[np.float64],
    penalties: Sequence[float],
    labels: NDArray[np.intp],
    folds: Folds,
    prior: NDArray[np.float64],
    named: NDArray[np.bool_] | None = None,
) -> Choice:
    """Take the penalty under which held-out items are most probable, at its best temperature.

    Args:
        path: `[P, N, K]` held-out scores, one table per penalty.
        penalties: `[P]`; the strongest wins among equals.
        labels: `[N]` class numbers.
        folds: The folds that were held out.
        prior: `[K]` how common each class is, all above 0.
        named: `[K]` true for classes of which something is known without a label.
    """
    seen = np.empty(path.shape[1:], dtype=bool)
    for train, test in folds:
        seen[test] = shown(labels[train], len(prior))
    if named is not None:
        seen |= named
    known = seen[np.arange(len(labels)), labels]
    found = []
    for place, scores in enumerate(path):
        temperature = Temperature.fit(scores[known], labels[known]).common
        held_out = reserve(softmax(scores / temperature), seen, prior)
        quality = np.log(held_out[known, labels[known]] + 1e-12).mean()
        found.append((round(float(quality), 12), penalties[place], place, temperature, held_out))
    _, _, place, temperature, held_out = max(found, key=lambda each: each[:2])
    return Choice(place, temperature, held_out)


def loss(held_out: NDArray[np.float64] | None, labels: NDArray[np.intp]) -> float:
    """How improbable the right answers were; 0 where nothing was held out, as all are alike then.

    Args:
        held_out: `[N, K]` held-out probabilities, or None.
        labels: `[N]` class numbers.
    """
    return 0.0 if held_out is None else log_loss(held_out, labels)


def shown(labels: NDArray[np.intp], classes: int) -> NDArray[np.bool_]:
    """`[K]` true for classes with a label.

    Args:
        labels: `[N]` class numbers.
        classes: K.
    """
    return np.bincount(labels, minlength=classes) > 0


def reserve(
    probabilities: NDArray[np.float64], seen: NDArray[np.bool_], prior: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give classes that a model has never seen their prior, and the others the rest.

    Args:
        probabilities: `[M, K]`.
        seen: `[K]`, or `[M, K]` where rows differ; at least one class per row.
        prior: `[K]`, sums to 1.

    Returns:
        `[M, K]`, rows sum to 1.
    """
    if seen.all():
        return probabilities
    kept = np.where(seen, probabilities, 0.0)
    left = 1 - np.where(seen, 0.0, prior).sum(axis=-1, keepdims=True)
    kept *= left / np.maximum(kept.sum(axis=1, keepdims=True), 1e-300)
    return np.where(seen, kept, prior)
