"""Ridge regression on kernels or features: every penalty and every left-out fold from one eigh.

Use when: classes one-vs-all (regress `indicator` targets) or many numbers at once (predict text
latents from pictures). Needs: up to about 5,000 rows as a kernel (N^3 once), any number of rows
as features with D up to about 2,000. The offset is never penalised, so features or kernels need
no centring of their own.

Held-out answers are exact, not approximate: with the hat matrix H of all rows, the residual of a
left-out group G under a fit to the others is (I - H_GG)^-1 times its residual under the fit to
all. What is *not* refitted per fold is whatever made the features (origin, width, PCA): that is
learned without labels.

Source: closed-form leave-out for ridge with offset, Cawley, IJCNN 2006; An et al., Fast
cross-validation algorithms for least squares support vector machine, Pattern Recognition 2007.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from handful.foundation.errors import InputError, UsageError
from handful.numerics.linear.affine import Affine

PENALTIES = (1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0)
"""Penalties worth trying, as multiples of the mean squared norm of a centred row."""

_RANK = 1e-10
_NO_FOLDS = "build them with `folds.split`, which names what is wrong with the groups"


@dataclass(frozen=True, slots=True, eq=False)
class DualRidge:
    """Scores of new items from their kernel with the training items.

    Attributes:
        dual: `[N, C]` float64, one weight per training item and output; columns sum to zero.
        offset: `[C]` float64.
    """

    dual: NDArray[np.float64]
    offset: NDArray[np.float64]

    def scores(self, kernel: NDArray[np.floating]) -> NDArray[np.float64]:
        """`[M, C]` scores from the `[M, N]` kernel between new and training items.

        Raises:
            InputError: When N differs from training.
        """
        if kernel.ndim != 2 or kernel.shape[1] != len(self.dual):
            raise InputError(
                f"The kernel has shape {kernel.shape}; [M, {len(self.dual)}] is needed.",
                "measure new items against the items of training",
            )
        return kernel @ self.dual + self.offset

    def arrays(self) -> dict[str, NDArray]:
        """Plain arrays, for a release."""
        return {"dual": self.dual, "offset": self.offset}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> Self:
        """The model that `arrays()` described."""
        return cls(arrays["dual"], arrays["offset"])


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """One factorisation of the centred rows, from which all penalties follow.

    Attributes:
        vectors: `[N, R]` float64, orthonormal, orthogonal to a constant.
        values: `[R]` float64, eigenvalues, all above 0.
        mean_norm: Mean squared norm of a centred row; penalties are multiples of it.
        kernel_means: `[N]` float64, column means of the kernel; None for features.
        axes: `[D, R]` float64, directions in feature space; None for kernels.
        origin: `[D]` float64, mean feature; None for kernels.
    """

    vectors: NDArray[np.float64]
    values: NDArray[np.float64]
    mean_norm: float
    kernel_means: NDArray[np.float64] | None = None
    axes: NDArray[np.float64] | None = None
    origin: NDArray[np.float64] | None = None

    @classmethod
    def of_kernel(cls, kernel: NDArray[np.floating]) -> Self:
        """Factor a symmetric `[N, N]` kernel.

        Raises:
            InputError: When the kernel is not square or not finite.
        """
        if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or len(kernel) < 2:
            raise InputError(
                f"The kernel has shape {kernel.shape}; [N, N] with two or more items is needed.",
                "take the same rows and columns",
            )
        centred = kernel.astype(np.float64)
        centred += kernel.T  # float32 sums need not be symmetric to the last digit
        centred /= 2
        means = centred.mean(axis=0)
        centred -= means
        centred -= means[:, None]
        centred += means.mean()
        _require_finite(centred)
        mean_norm = float(np.trace(centred)) / len(kernel)
        values, vectors = np.linalg.eigh(centred)
        kept = values > _RANK * max(values[-1], 1e-300)
        return cls(vectors[:, kept], values[kept], mean_norm, kernel_means=means)

    @classmethod
    def of_features(cls, features: NDArray[np.floating]) -> Self:
        """Factor `[N, D]` features through the smaller of their two Gram matrices.

        Raises:
            InputError: When the features are not a finite matrix of two or more rows.
        """
        if features.ndim != 2 or len(features) < 2:
            raise InputError(
                f"Features have shape {features.shape}; [N, D] with two or more items is needed.",
                "give one row per item",
            )
        origin = features.mean(axis=0, dtype=np.float64)
        centred = features - origin
        _require_finite(centred)
        mean_norm = float(np.einsum("nd,nd->", centred, centred)) / len(centred)
        if centred.shape[0] > centred.shape[1]:
            values, axes = np.linalg.eigh(centred.T @ centred)
            kept = values > _RANK * max(values[-1], 1e-300)
            values, axes = values[kept], axes[:, kept]
            vectors = centred @ axes / np.sqrt(values)
        else:
            values, vectors = np.linalg.eigh(centred @ centred.T)
            kept = values > _RANK * max(values[-1], 1e-300)
            values, vectors = values[kept], vectors[:, kept]
            axes = centred.T @ vectors / np.sqrt(values)
        return cls(vectors, values, mean_norm, axes=axes, origin=origin)

    def __len__(self) -> int:
        return len(self.vectors)

    def dual(self, targets: NDArray[np.floating], penalty: float) -> DualRidge:
        """Fit all rows at one penalty, for a kernel.

        Args:
            targets: `[N, C]`.
            penalty: Multiple of the mean squared norm; 1e-4 to 3 is usual.

        Raises:
            UsageError: When this is a factorisation of features.
        """
        if self.kernel_means is None:
            raise UsageError("These are features, not a kernel.", "use `primal`")
        targets = _targets(targets, len(self))
        level = targets.mean(axis=0)
        inner = self.vectors.T @ (targets - level)
        dual = self.vectors @ (inner / self._damped(penalty)[:, None])
        # Exactly zero sums: a constant that rounding lets through would be divided by the penalty.
        dual -= dual.mean(axis=0)
        return DualRidge(dual, level - self.kernel_means @ dual)

    def primal(self, targets: NDArray[np.floating], penalty: float) -> Affine:
        """Fit all rows at one penalty, for features.

        Args:
            targets: `[N, C]`.
            penalty: Multiple of the mean squared norm; 1e-4 to 3 is usual.

        Raises:
            UsageError: When this is a factorisation of a kernel.
        """
        if self.axes is None or self.origin is None:
            raise UsageError("This is a kernel, not features.", "use `dual`")
        targets = _targets(targets, len(self))
        gain = np.sqrt(self.values) / self._damped(penalty)
        level = targets.mean(axis=0)
        weights = self.axes @ (gain[:, None] * (self.vectors.T @ (targets - level)))
        return Affine(weights, level - self.origin @ weights)

    def out_of_fold(
        self,
        targets: NDArray[np.floating],
        folds: NDArray[np.integer],
        penalties: Sequence[float] = PENALTIES,
    ) -> NDArray[np.float64]:
        """What each item would have scored, had its fold been left out of training.

        Args:
            targets: `[N, C]`.
            folds: `[N]` fold of each item. All different: leave-one-out. Group numbers:
                leave-one-group-out.
            penalties: Multiples of the mean squared norm.

        Returns:
            `[P, N, C]` float64, P penalties.

        Raises:
            InputError: When there are fewer than two folds, or shapes disagree.
        """
        targets = _targets(targets, len(self))
        members = _members(folds, len(self))
        level = targets.mean(axis=0)
        inner = self.vectors.T @ (targets - level)
        result = np.empty((len(penalties), *targets.shape))
        for penalty, scores in zip(penalties, result, strict=True):
            shrink = self.values / self._damped(penalty)
            fitted = level + self.vectors @ (shrink[:, None] * inner)
            residual = targets - fitted
            alone = np.array([rows[0] for rows in members if len(rows) == 1], dtype=np.intp)
            leverage = 1 / len(self) + self.vectors[alone] ** 2 @ shrink
            residual[alone] /= (1 - leverage)[:, None]
            for rows in members:
                if len(rows) > 1:
                    residual[rows] = self._left_out(rows, shrink, residual[rows])
            np.subtract(targets, residual, out=scores)
        return result

    def _left_out(
        self, rows: NDArray[np.intp], shrink: NDArray[np.float64], residual: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        strong = shrink > 1e-12  # the rest cannot move the twelfth digit of the leverage
        root = self.vectors[np.ix_(rows, np.flatnonzero(strong))] * np.sqrt(shrink[strong])
        remaining = -(root @ root.T)
        remaining -= 1 / len(self)
        remaining[np.diag_indices(len(rows))] += 1
        factor = linalg.cho_factor(remaining, overwrite_a=True, check_finite=False)
        return np.asarray(linalg.cho_solve(factor, residual, check_finite=False))

    def _damped(self, penalty: float) -> NDArray[np.float64]:
        if not penalty > 0:
            raise UsageError(f"The penalty is {penalty}; it must be above 0.", "try 0.1")
        return self.values + penalty * max(self.mean_norm, 1e-300)


def features_out_of_fold(
    features: NDArray[np.floating],
    targets: NDArray[np.floating],
    folds: NDArray[np.integer],
    penalties: Sequence[float] = PENALTIES,
) -> NDArray[np.float64]:
    """Held-out scores for many rows in few folds: each fold's share is taken off the Gram matrix.

    The same numbers as `Spectrum.of_features(...).out_of_fold(...)`, at one D x D
    factorisation per fold instead of an [N, R] basis and fold-sized solves; use it when folds
    hold more rows than there are features.

    Args:
        features: `[N, D]`.
        targets: `[N, C]`.
        folds: `[N]` fold of each item, two or more folds.
        penalties: Multiples of the mean squared norm over *all* rows.

    Returns:
        `[P, N, C]` float64.
    """
    targets = _targets(targets, len(features))
    members = _members(folds, len(features))
    origin = features.mean(axis=0, dtype=np.float64)
    totals = _moments(features, targets, np.arange(len(features)), origin)
    mean_norm = float(np.trace(totals.gram)) / len(features)
    result = np.empty((len(penalties), *targets.shape))
    for rows in members:
        rest = totals.minus(_moments(features, targets, rows, origin))
        mean, level = rest.features / rest.rows, rest.targets / rest.rows
        gram = rest.gram - rest.rows * np.outer(mean, mean)
        values, axes = np.linalg.eigh(gram)
        inner = axes.T @ (rest.cross - rest.rows * np.outer(mean, level))
        left_out = (features[rows] - origin - mean) @ axes
        for penalty, scores in zip(penalties, result, strict=True):
            damped = np.maximum(values, 0) + penalty * mean_norm
            scores[rows] = left_out @ (inner / damped[:, None]) + level
    return result


def fit_features(
    features: NDArray[np.floating], targets: NDArray[np.floating], penalty: float
) -> Affine:
    """Fit many rows at one penalty through their D x D Gram matrix, a few rows in memory at once.

    The same map as `Spectrum.of_features(...).primal(...)`.

    Args:
        features: `[N, D]`.
        targets: `[N, C]`.
        penalty: Multiple of the mean squared norm; 1e-4 to 3 is usual.
    """
    targets = _targets(targets, len(features))
    origin = features.mean(axis=0, dtype=np.float64)
    level = targets.mean(axis=0)
    sums = _moments(features, targets - level, np.arange(len(features)), origin)
    damping = penalty * max(float(np.trace(sums.gram)) / len(features), 1e-300)
    gram = sums.gram
    gram[np.diag_indices(len(gram))] += damping
    weights = np.asarray(linalg.solve(gram, sums.cross, assume_a="pos", check_finite=False))
    return Affine(weights, level - origin @ weights)


class _Moments(NamedTuple):
    """Sums over rows from which a ridge fit follows.

    Attributes:
        rows: How many.
        features: `[D]` sum.
        targets: `[C]` sum.
        gram: `[D, D]` sum of products.
        cross: `[D, C]` sum of products.
    """

    rows: int
    features: NDArray[np.float64]
    targets: NDArray[np.float64]
    gram: NDArray[np.float64]
    cross: NDArray[np.float64]

    def minus(self, part: _Moments) -> _Moments:
        """The sums over the rows that are not in `part`."""
        return _Moments(
            self.rows - part.rows,
            self.features - part.features,
            self.targets - part.targets,
            self.gram - part.gram,
            self.cross - part.cross,
        )


def _moments(
    features: NDArray[np.floating],
    targets: NDArray[np.float64],
    rows: NDArray[np.intp],
    origin: NDArray[np.float64],
) -> _Moments:
    width, outputs = features.shape[1], targets.shape[1]
    gram, cross = np.zeros((width, width)), np.zeros((width, outputs))
    total = np.zeros(width)
    for start in range(0, len(rows), 8192):
        some = rows[start : start + 8192]
        part = features[some] - origin
        _require_finite(part)
        gram += part.T @ part
        cross += part.T @ targets[some]
        total += part.sum(axis=0)
    return _Moments(len(rows), total, targets[rows].sum(axis=0), gram, cross)


class Choice(NamedTuple):
    """The penalty that did best on held-out folds.

    Attributes:
        penalty: The chosen one.
        quality: `[P]` quality at every penalty, higher is better.
        scores: `[N, C]` out-of-fold scores at the chosen penalty, for calibration.
    """

    penalty: float
    quality: NDArray[np.float64]
    scores: NDArray[np.float64]


Quality = Callable[[NDArray[np.float64], NDArray[np.floating]], float]
"""From `[N, C]` scores and `[N, C]` targets to one number, higher is better."""


def accuracy(scores: NDArray[np.float64], targets: NDArray[np.floating]) -> float:
    """Share of items whose highest score is on the highest target."""
    return float(np.mean(scores.argmax(axis=1) == targets.argmax(axis=1)))


def closeness(scores: NDArray[np.float64], targets: NDArray[np.floating]) -> float:
    """Share of the targets' variance that the scores explain; 1 is perfect, 0 the mean."""
    spread = float(((targets - targets.mean(axis=0)) ** 2).sum())
    return 1 - float(((targets - scores) ** 2).sum()) / max(spread, 1e-300)


def choose(
    path: NDArray[np.float64],
    targets: NDArray[np.floating],
    penalties: Sequence[float] = PENALTIES,
    quality: Quality = accuracy,
) -> Choice:
    """Pick the penalty with the best held-out quality; the strongest one among equals.

    Args:
        path: `[P, N, C]` from `out_of_fold`. Use *group* folds: on burst photos random folds
            promised 1.000 where the truth was .75, and chose the weakest penalty.
        targets: `[N, C]`.
        penalties: `[P]` as given to `out_of_fold`.
        quality: What to maximise.
    """
    values = np.array([quality(scores, targets) for scores in path])
    best = max(range(len(values)), key=lambda place: (round(values[place], 12), penalties[place]))
    return Choice(penalties[best], values, path[best])


def indicator(labels: NDArray[np.integer], classes: int) -> NDArray[np.float64]:
    """`[N, C]` with a one at each item's class, the targets of one-vs-all ridge.

    Args:
        labels: `[N]` class numbers from 0 to `classes` - 1.
        classes: C.

    Raises:
        InputError: When a label is outside that range.
    """
    labels = np.asarray(labels)
    if len(labels) and (labels.min() < 0 or labels.max() >= classes):
        raise InputError(
            f"Labels run from {labels.min()} to {labels.max()}; 0 to {classes - 1} is allowed.",
            "number the classes from 0",
        )
    targets = np.zeros((len(labels), classes))
    targets[np.arange(len(labels)), labels] = 1
    return targets


def _targets(targets: NDArray[np.floating], rows: int) -> NDArray[np.float64]:
    targets = np.asarray(targets, dtype=np.float64)
    if targets.ndim != 2 or len(targets) != rows:
        raise InputError(
            f"Targets have shape {targets.shape}; [{rows}, C] is needed.",
            "use `indicator` for classes, or one column per number to predict",
        )
    _require_finite(targets)
    return targets


def _members(folds: NDArray[np.integer], rows: int) -> list[NDArray[np.intp]]:
    folds = np.asarray(folds)
    if folds.shape != (rows,):
        raise InputError(f"Folds have shape {folds.shape}; ({rows},) is needed.", _NO_FOLDS)
    order = np.argsort(folds, kind="stable")
    starts = np.flatnonzero(np.diff(folds[order])) + 1
    if len(starts) == 0:
        raise InputError("All items are in one fold; two or more are needed.", _NO_FOLDS)
    return np.split(order, starts)


def _require_finite(values: NDArray[np.float64]) -> None:
    if not np.isfinite(values).all():
        raise InputError(
            "Numbers to fit hold NaN or infinity; finite ones are needed.",
            "encode these items again, or leave them out",
        )
