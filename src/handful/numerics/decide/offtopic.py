"""How unlike everything known an item is: distance to its nearest neighbours, in words a unit.

Use when: "I have not seen anything like it" must be said. A score of 1 is the distance that only
a few per cent of the known items exceed when their own group is left out; above 1 is off-topic.
One absolute cut on distance is right for one project and wrong for the next; a quantile of the
project's own held-out distances moves with it.
Source: deep nearest neighbours, Sun et al., ICML 2022.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError, UsageError, require

_CHUNK_BYTES = 32 * 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What counts as near and as far."""

    neighbours: int = 5
    """The distance is to this nearest neighbour, of another group in training; 1 to 20."""
    share: float = 0.05
    """Share of known items that may be called off-topic by mistake; 0.01 to 0.1."""
    references: int = 20_000
    """Known items kept to compare with, at most."""

    def __post_init__(self) -> None:
        require(self.neighbours >= 1, "neighbours", self.neighbours, "1 or more")
        require(0 < self.share < 1, "share", self.share, "between 0 and 1")
        require(self.references >= 10, "references", self.references, "10 or more")


@dataclass(frozen=True, slots=True, eq=False)
class OffTopic:
    """Known items and how far apart they usually are.

    Attributes:
        references: `[R, D]` float32 latents of known items.
        known: `[R]` float64, sorted distances of known items to others, own group left out.
        neighbours: The distance is to this nearest neighbour.
        unit: The distance that scores 1.
        kept: `[R]` which of the items it learned from are the references; not saved.
        apart: `[R]` their distances to others, own group left out; not saved.
    """

    references: NDArray[np.float32]
    known: NDArray[np.float64]
    neighbours: int
    unit: float
    kept: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, np.intp))
    apart: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def fit(
        cls,
        latents: NDArray[np.floating],
        config: Config,
        seed: int,
        groups: NDArray | None = None,
    ) -> Self:
        """Learn what is usual.

        Args:
            latents: `[N, D]` of known items, as the classifier sees them.
            config: Near and far.
            seed: Chooses the references when there are too many.
            groups: `[N]` group of each item; without it, burst photos make everything else look
                far away.

        Raises:
            InputError: When there are too few items, or latents are not finite.
            UsageError: When all items are one group.
        """
        latents = np.asarray(latents, dtype=np.float32)
        if latents.ndim != 2 or len(latents) <= config.neighbours:
            raise InputError(
                f"Latents have shape {latents.shape}; more than {config.neighbours} items are "
                "needed to say what is far.",
                "add items, or lower `neighbours`",
            )
        if not np.isfinite(latents).all():
            raise InputError("Latents hold NaN or infinity.", "encode these items again")
        group_of = np.arange(len(latents))
        if groups is not None:
            group_of = np.unique(np.asarray(groups), return_inverse=True)[1]
        kept = np.arange(len(latents))
        if len(latents) > config.references:
            rng = np.random.default_rng(seed)
            kept = np.sort(rng.choice(len(latents), config.references, replace=False))
            latents, group_of = latents[kept], group_of[kept]
        if len(latents) - np.bincount(group_of).max() < config.neighbours:
            raise UsageError(
                "Nearly all items are one group, so nothing tells how far a new thing lies.",
                "give finer groups",
            )
        apart = _nearest(latents, latents, config.neighbours, group_of)
        unit = max(float(np.quantile(apart, 1 - config.share)), 1e-12)
        return cls(latents, np.sort(apart), config.neighbours, unit, kept, apart)

    def scores(self, latents: NDArray[np.floating]) -> NDArray[np.float64]:
        """`[M]` distance of new items in units of the usual; above 1 is off-topic.

        Raises:
            InputError: When D differs from training.
        """
        return self._distances(latents) / self.unit

    def rarity(self, latents: NDArray[np.floating]) -> NDArray[np.float64]:
        """`[M]` share of known items that lie at least as far out, counting the item itself.

        A valid p-value for "this is one of the known kind": below 0.01 happens to at most one in
        a hundred known items.
        """
        return self._rarity(self._distances(latents))

    def own_rarity(self) -> NDArray[np.float64]:
        """`[R]` the same for the items `kept` at fitting, their own groups left out."""
        return self._rarity(self.apart)

    def _rarity(self, distances: NDArray[np.float64]) -> NDArray[np.float64]:
        nearer = np.searchsorted(self.known, distances, side="left")
        return (len(self.known) - nearer + 1) / (len(self.known) + 1)

    def _distances(self, latents: NDArray[np.floating]) -> NDArray[np.float64]:
        if latents.ndim != 2 or latents.shape[1] != self.references.shape[1]:
            raise InputError(
                f"Latents have shape {latents.shape}; [M, {self.references.shape[1]}] is needed.",
                "encode with the tower that the model was trained with",
            )
        return _nearest(np.asarray(latents, dtype=np.float32), self.references, self.neighbours)

    def arrays(self) -> dict[str, NDArray]:
        """Plain arrays, for a release."""
        return {
            "references": self.references,
            "known": self.known,
            "neighbours": np.asarray(self.neighbours),
            "unit": np.asarray(self.unit),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> Self:
        """The measure that `arrays()` described."""
        return cls(
            arrays["references"],
            arrays["known"],
            int(arrays["neighbours"]),
            float(arrays["unit"]),
        )


def _nearest(
    rows: NDArray[np.float32],
    references: NDArray[np.float32],
    neighbours: int,
    group_of: NDArray[np.integer] | None = None,
) -> NDArray[np.float64]:
    """Distance to the k-th nearest reference; with groups, rows are the references themselves."""
    origin = references.mean(axis=0)  # near the origin float32 keeps more digits
    references = references - origin
    lengths = np.einsum("rd,rd->r", references, references)
    found = np.empty(len(rows))
    step = max(1, _CHUNK_BYTES // (4 * len(references)))
    for start in range(0, len(rows), step):
        part = rows[start : start + step] - origin
        squared = lengths - 2 * part @ references.T
        if group_of is not None:
            squared[group_of[start : start + step, None] == group_of] = np.inf
        kth = np.partition(squared, neighbours - 1, axis=1)[:, neighbours - 1]
        kth = kth.astype(np.float64) + np.einsum("md,md->m", part, part)
        found[start : start + step] = np.sqrt(np.maximum(kth, 0))
    return found
