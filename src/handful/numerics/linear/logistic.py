"""Multinomial logistic regression, its penalty chosen on group folds.

Use when: two to about fifty labels per class on latents of a few hundred numbers; below that
prototypes, above that ridge is as good and faster. Rows of unit length are expected (plain PCA
up to 5 labels per class, half-whitened above; see `pca.py`).
Source: L-BFGS, Byrd et al., SIAM J. Sci. Comput. 1995, through `scipy.optimize`. The objective is
the one of scikit-learn's `LogisticRegression` with C = 1 / penalty, which is the oracle in the
tests; leaving that import out saves every prediction process 0.8 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from handful.foundation.errors import InputError, require
from handful.numerics.linear.affine import Affine
from handful.numerics.linear.folds import Folds
from handful.numerics.linear.ridge import indicator

PENALTIES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01)
"""Penalties worth trying, strongest first, for rows of about unit length."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """When to stop."""

    tolerance: float = 1e-4
    """Largest slope of the mean loss at which the fit counts as done; 1e-6 to 1e-3 is usual."""
    steps: int = 300
    """Steps at most per penalty; stopping early only means a slightly stronger penalty."""

    def __post_init__(self) -> None:
        require(self.tolerance > 0, "tolerance", self.tolerance, "above 0")
        require(self.steps >= 1, "steps", self.steps, "1 or more")


def softmax(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """`[N, C]` probabilities from `[N, C]` scores."""
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def fit(
    features: NDArray[np.floating],
    labels: NDArray[np.integer],
    classes: int,
    penalties: Sequence[float] = PENALTIES,
    config: Config | None = None,
) -> list[Affine]:
    """Fit every penalty, each starting from the one before.

    Minimises the sum of log losses plus penalty / 2 times the squared weights; the offset is
    free. With fewer rows than features the fit runs in the span of the rows, which is exact.

    Args:
        features: `[N, D]`.
        labels: `[N]` class numbers from 0 to `classes` - 1; a class may have no row, and then
            its score is low everywhere.
        classes: C, two or more.
        penalties: Strongest first is fastest.
        config: When to stop.

    Returns:
        One map to `[., C]` scores (logits) per penalty.

    Raises:
        InputError: When labels are out of range, or fewer than two classes have rows.
    """
    config = config or Config()
    features = np.asarray(features, dtype=np.float64)
    targets = indicator(labels, classes)
    if (targets.sum(axis=0) > 0).sum() < 2 or len(targets) != len(features):
        raise InputError(
            f"{len(targets)} labels of {int((targets.sum(axis=0) > 0).sum())} class for "
            f"{len(features)} rows; one label per row and two classes are needed.",
            "give examples of at least two classes",
        )
    origin = features.mean(axis=0)
    rows, basis = _span(features - origin)
    fitted = []
    start = np.zeros((rows.shape[1] + 1, classes))
    for penalty in penalties:
        require(penalty > 0, "penalty", penalty, "above 0")
        start = _descend(rows, targets, penalty, start, config)
        weights = start[:-1] if basis is None else basis @ start[:-1]
        fitted.append(Affine(weights, start[-1] - origin @ weights))
    return fitted


class Choice(NamedTuple):
    """The penalty that did best on held-out folds.

    Attributes:
        penalty: The chosen one.
        quality: `[P]` mean held-out log probability of the right class, higher is better.
        scores: `[N, C]` out-of-fold logits at the chosen penalty, for calibration.
        model: Fitted on all rows at the chosen penalty.
    """

    penalty: float
    quality: NDArray[np.float64]
    scores: NDArray[np.float64]
    model: Affine


def choose(
    features: NDArray[np.floating],
    labels: NDArray[np.integer],
    classes: int,
    folds: Folds,
    penalties: Sequence[float] = PENALTIES,
    config: Config | None = None,
) -> Choice:
    """Pick the penalty by held-out log loss on the given folds, then fit all rows.

    Args:
        features: `[N, D]`.
        labels: `[N]`.
        classes: C.
        folds: From `folds.split`, with groups.
        penalties: To try, strongest first; the strongest wins among equals.
        config: When to stop.
    """
    labels = np.asarray(labels)
    path = np.empty((len(penalties), len(labels), classes))
    for train, test in folds:
        models = fit(features[train], labels[train], classes, penalties, config)
        for model, scores in zip(models, path, strict=True):
            scores[test] = model.scores(features[test])
    rows = np.arange(len(labels))
    quality = np.array([np.log(softmax(scores)[rows, labels] + 1e-12).mean() for scores in path])
    best = max(range(len(path)), key=lambda place: (round(quality[place], 12), penalties[place]))
    final = fit(features, labels, classes, penalties[: best + 1], config)[best]
    return Choice(penalties[best], quality, path[best], final)


def _span(
    centred: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Coordinates of the rows in their own span, and its basis; None when that saves nothing."""
    if centred.shape[0] >= centred.shape[1]:
        return centred, None
    basis, triangle = np.linalg.qr(centred.T)
    return triangle.T, basis


def _descend(
    rows: NDArray[np.float64],
    targets: NDArray[np.float64],
    penalty: float,
    start: NDArray[np.float64],
    config: Config,
) -> NDArray[np.float64]:
    shape, count = start.shape, len(rows)

    def loss_and_slope(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(shape)
        scores = rows @ weights[:-1] + weights[-1]
        scores -= scores.max(axis=1, keepdims=True)
        right = np.einsum("nc,nc->", scores, targets)
        np.exp(scores, out=scores)
        totals = scores.sum(axis=1, keepdims=True)
        loss = float(np.log(totals).sum() - right) + penalty / 2 * float((weights[:-1] ** 2).sum())
        scores /= totals
        scores -= targets
        slope = np.vstack([rows.T @ scores + penalty * weights[:-1], scores.sum(axis=0)])
        return loss / count, slope.ravel() / count

    found = minimize(
        loss_and_slope,
        start.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": config.steps, "gtol": config.tolerance, "ftol": 1e-12},
    )
    return np.asarray(found.x, dtype=np.float64).reshape(shape)
