"""Prediction sets that contain the right class as often as promised.

Use when: a list of candidates helps more than one answer, and the calibration items are like
those to come. Repeats of one thing are not new evidence: with groups each group weighs as one item,
however many it holds, and what is promised is the answer to an item of a new group.
Source: split conformal prediction, Papadopoulos et al., ECML 2002; LAC, Sadinle et al., JASA 2019;
APS, Romano et al., NeurIPS 2020; law of the coverage, Vovk, ACML 2012; groups, Lee, Barber &
Willett, Distribution-free inference with hierarchical data, arXiv 2306.06342.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from handful.foundation.errors import InputError, require


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What is promised, and how candidates are ranked."""

    error: float = 0.1
    """How often the right class may be missing from the set; 0.01 to 0.3."""
    method: Literal["lac", "aps"] = "lac"
    """`lac` gives the smallest sets on average and may give an empty one, which says "nothing
    fits"; `aps` gives larger sets to harder items and is never empty."""

    def __post_init__(self) -> None:
        require(0 < self.error < 1, "error", self.error, "between 0 and 1")
        require(self.method in ("lac", "aps"), "method", self.method, "`lac` or `aps`")


@dataclass(frozen=True, slots=True)
class PredictionSets:
    """A threshold on how strange a class may be for an item and still be in its set.

    Attributes:
        method: How strangeness is measured.
        threshold: Largest strangeness allowed; infinite when there are too few items to promise
            anything, and every class is then in every set.
        items: Calibration items; groups where items come in such.
        error: What was promised.
    """

    method: Literal["lac", "aps"]
    threshold: float
    items: int
    error: float

    @classmethod
    def fit(
        cls,
        probabilities: NDArray[np.floating],
        labels: NDArray[np.integer],
        config: Config,
        seed: int,
        groups: NDArray[Any] | None = None,
    ) -> Self:
        """Choose the threshold on items that were not trained on.

        Args:
            probabilities: `[N, C]` of held-out items.
            labels: `[N]` class numbers.
            config: The promise.
            seed: APS breaks ties within a set at random, for exact coverage.
            groups: `[N]` group of each item; None when all are unrelated.

        Raises:
            InputError: When shapes disagree or N is 0.
        """
        if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not len(labels):
            raise InputError(
                f"Probabilities have shape {probabilities.shape} and labels {labels.shape}; "
                "[N, C] and [N] with at least one item are needed.",
                "give one label per row",
            )
        table = _strangeness(probabilities, config.method, np.random.default_rng(seed))
        own = table[np.arange(len(labels)), labels]
        named = np.arange(len(labels)) if groups is None else np.asarray(groups)
        _, group_of, sizes = np.unique(named, return_inverse=True, return_counts=True)
        order = np.argsort(own, kind="stable")
        within = np.cumsum(1 / sizes[group_of.ravel()[order]])
        needed = (len(sizes) + 1) * (1 - config.error)  # the item to come is a group of its own
        place = int(np.searchsorted(within, needed - 1e-9))
        threshold = float(own[order[place]]) if place < len(own) else np.inf
        return cls(config.method, threshold, len(sizes), config.error)

    def sets(self, probabilities: NDArray[np.floating], seed: int = 0) -> NDArray[np.bool_]:
        """Which classes are in each item's set.

        Args:
            probabilities: `[M, C]`.
            seed: As in `fit`; another one than there.

        Returns:
            `[M, C]` true where the class belongs to the set.
        """
        table = _strangeness(probabilities, self.method, np.random.default_rng(seed))
        inside = table <= self.threshold
        if self.method == "aps":
            inside[np.arange(len(inside)), probabilities.argmax(axis=1)] = True
        return inside

    def coverage_band(self, level: float = 0.95) -> CoverageBand:
        """Between which values the true coverage lies with probability `level`.

        Given the calibration items the coverage follows a beta law: with 100 items and a promise
        of 0.9 it lies between .836 and .951 in 95 % of calibrations.
        """
        allowed = _allowed(self.items, self.error)
        if allowed < 1:
            return CoverageBand(1.0, 1.0)
        kept = self.items + 1 - allowed
        tail = (1 - level) / 2
        low, high = (float(betaincinv(kept, allowed, at)) for at in (tail, 1 - tail))
        return CoverageBand(low, high)


class CoverageBand(NamedTuple):
    """Between which values the true coverage of prediction sets lies.

    Attributes:
        low: Lower end.
        high: Upper end.
    """

    low: float
    high: float


def _allowed(items: int, error: float) -> int:
    """How many of the calibration items, and the next one, may fall outside."""
    return floor((items + 1) * error + 1e-9)


def _strangeness(
    probabilities: NDArray[np.floating], method: str, rng: np.random.Generator
) -> NDArray[np.float64]:
    """`[N, C]` how ill each class fits each item."""
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if method == "lac":
        return 1 - probabilities
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    # The mass of better classes plus a random part of the class's own mass.
    mass = np.cumsum(ranked, axis=1) - ranked * rng.random((len(ranked), 1))
    table = np.empty_like(mass)
    np.put_along_axis(table, order, mass, axis=1)
    return table
