"""Turn scores into probabilities that mean what they say, and measure whether they do.

Use when: scores (ridge or logits) were made out of fold. One temperature per subset of present
modalities, because scores of items that lack a modality are shorter and noisier; subsets with few
items are drawn towards the temperature of all. A softmax of scores over a temperature suits
one-vs-all ridge as well as logits: ridge scores are shrunken estimates of the class indicator, and
the temperature undoes the shrinking.

Source: temperature scaling, Guo et al., ICML 2017; smoothed targets, Platt 1999; bias-corrected
calibration error with equal-mass bins, Kumar et al., NeurIPS 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, require


def subset_name(modalities: Collection[str]) -> str:
    """How a subset of modalities is written in records: sorted, joined by a plus sign."""
    return "+".join(sorted(modalities))


def subset_names(present: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.str_]:
    """`[N]` the subset of modalities that each item has, written as in `subset_name`.

    Args:
        present: Modality to `[N]` true where the item has it.
    """
    names = sorted(present)
    table = np.stack([present[name] for name in names], axis=1)
    kinds, which = np.unique(table, axis=0, return_inverse=True)
    written = [
        subset_name([name for name, has in zip(names, kind, strict=True) if has]) for kind in kinds
    ]
    return np.array(written, dtype=np.str_)[which.ravel()]


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How far a subset's temperature may stray from the common one."""

    spread: float = 0.3
    """Expected difference of the logarithms of temperatures between subsets; 0.1 to 1. With few
    items in a subset its temperature stays within about this factor of the common one."""

    def __post_init__(self) -> None:
        require(self.spread > 0, "spread", self.spread, "above 0")


@dataclass(frozen=True, slots=True)
class Temperature:
    """Temperatures learned from out-of-fold scores.

    Attributes:
        common: For subsets that were never seen.
        by_subset: Subset name to its temperature.
    """

    common: float
    by_subset: dict[str, float]

    @classmethod
    def fit(
        cls,
        scores: NDArray[np.floating],
        labels: NDArray[np.integer],
        subsets: Sequence[str] | NDArray[np.str_] | None = None,
        config: Config | None = None,
    ) -> Self:
        """Choose the temperatures that make the right classes most probable.

        Targets are smoothed by one unseen answer in N + 2, so that a perfect record on few items
        does not read as certainty.

        Args:
            scores: `[N, C]` out-of-fold scores.
            labels: `[N]` class numbers.
            subsets: `[N]` subset of modalities each item has; None when all have the same.
            config: How far subsets may differ.

        Raises:
            InputError: When shapes disagree, N is 0, or a label is out of range.
        """
        config = config or Config()
        scores = np.asarray(scores, dtype=np.float64)
        labels = np.asarray(labels)
        _check(scores, labels)
        common = float(np.exp(_solve(_slope(scores, labels), _typical(scores))))
        if subsets is None:
            return cls(common, {})
        names = np.asarray(subsets)
        if names.shape != labels.shape:
            raise InputError(
                f"There are {names.shape} subsets for {labels.shape} labels.", "give one per item"
            )
        found = {}
        for name in np.unique(names):
            own = _slope(scores[names == name], labels[names == name])

            def pulled(log: float, own: Callable[[float], float] = own) -> float:
                return own(log) + (log - np.log(common)) / config.spread**2

            found[str(name)] = float(np.exp(_solve(pulled, np.log(common))))
        return cls(common, found)

    def probabilities(
        self,
        scores: NDArray[np.floating],
        subsets: Sequence[str] | NDArray[np.str_] | None = None,
    ) -> NDArray[np.float64]:
        """Probabilities of new items.

        Args:
            scores: `[M, C]`.
            subsets: `[M]` subset of modalities each item has; the common temperature serves
                subsets that calibration never saw.

        Returns:
            `[M, C]` float64, rows sum to one.
        """
        if subsets is None:
            temperatures = np.full(len(scores), self.common)
        else:
            temperatures = np.array(
                [self.by_subset.get(str(name), self.common) for name in subsets]
            )
        scaled = scores / temperatures[:, None]
        scaled = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return scaled / scaled.sum(axis=1, keepdims=True)


def _typical(scores: NDArray[np.float64]) -> float:
    """Logarithm of the scores' own spread: where the search starts, whatever their unit."""
    spread = float((scores - scores.mean(axis=1, keepdims=True)).std())
    return float(np.log(spread)) if spread > 0 else 0.0


def _slope(scores: NDArray[np.float64], labels: NDArray[np.integer]) -> Callable[[float], float]:
    """Derivative of the summed log loss by the logarithm of the temperature.

    In the *inverse* temperature the loss is convex, so the slope changes sign once.
    """
    count = len(scores)
    unseen = 1 / (count + 2)
    wanted = (1 - unseen) * scores[np.arange(count), labels] + unseen * scores.mean(axis=1)

    def slope(log: float) -> float:
        scaled = scores * np.exp(-log)
        weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        return float(np.exp(-log) * (wanted - (weights * scores).sum(axis=1)).sum())

    return slope


def _solve(slope: Callable[[float], float], start: float) -> float:
    """Where the slope changes sign, by halving; within a factor of 1e6 of the start."""
    low, high = start - 14.0, start + 14.0
    for _ in range(60):
        middle = (low + high) / 2
        if slope(middle) > 0:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def calibration_error(
    confidence: NDArray[np.floating], right: NDArray[np.bool_], bins: int = 15
) -> float:
    """How far stated confidence is from the share of right answers: root mean square over bins.

    Bins hold equally many answers. The part of the gap that chance alone would cause is taken
    off, so that a perfectly calibrated model scores about 0 however few answers there are; the
    plain estimate would blame it for small bins.

    Args:
        confidence: `[N]` stated probability of the given answer.
        right: `[N]` whether it was right.
        bins: 15 is usual; fewer are used so that each holds at least 10 answers.

    Returns:
        Between 0 and 1.

    Raises:
        InputError: With fewer than 10 answers.
    """
    if len(confidence) < 10 or len(confidence) != len(right):
        raise InputError(
            f"{len(confidence)} confidences and {len(right)} verdicts; 10 or more of each are "
            "needed.",
            "check more answers",
        )
    order = np.argsort(confidence, kind="stable")
    squared = 0.0
    for part in np.array_split(order, min(bins, len(order) // 10)):
        share = float(np.mean(right[part]))
        gap = float(np.mean(confidence[part])) - share
        by_chance = share * (1 - share) / (len(part) - 1)
        squared += len(part) / len(order) * (gap**2 - by_chance)
    return max(0.0, squared) ** 0.5


def brier_score(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Mean squared distance between probabilities and the truth; 0 is perfect, 2 the worst.

    Args:
        probabilities: `[N, C]`.
        labels: `[N]` class numbers.
    """
    _check(probabilities, labels)
    own = probabilities[np.arange(len(labels)), labels]
    return float(np.mean((probabilities**2).sum(axis=1) - 2 * own + 1))


def log_loss(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Mean negative logarithm of the probability given to the truth, in nats.

    Args:
        probabilities: `[N, C]`.
        labels: `[N]` class numbers.
    """
    _check(probabilities, labels)
    own = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(own, 1e-12)).mean())


def _check(table: NDArray[np.floating], labels: NDArray[np.integer]) -> None:
    if table.ndim != 2 or labels.shape != table.shape[:1] or len(labels) == 0:
        raise InputError(
            f"Scores have shape {table.shape} and labels {labels.shape}; [N, C] and [N] with at "
            "least one item are needed.",
            "give one label per row",
        )
    if labels.min() < 0 or labels.max() >= table.shape[1]:
        raise InputError(
            f"Labels run from {labels.min()} to {labels.max()}; 0 to {table.shape[1] - 1} is "
            "allowed.",
            "number the classes from 0",
        )
    if not np.isfinite(table).all():
        raise InputError(
            "Scores hold NaN or infinity; finite ones are needed.", "check what made them"
        )
