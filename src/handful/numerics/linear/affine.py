"""Scores that are weights times features plus an offset: what the linear rungs leave behind.

Light on purpose: this is all that serving loads of a linear rung.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """An affine map from features to scores.

    Attributes:
        weights: `[D, C]` float64.
        offset: `[C]` float64.
    """

    weights: NDArray[np.float64]
    offset: NDArray[np.float64]

    def scores(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Scores of new items.

        Args:
            features: `[M, D]`.

        Returns:
            `[M, C]` float64.

        Raises:
            InputError: When D differs from training.
        """
        if features.ndim != 2 or features.shape[1] != len(self.weights):
            raise InputError(
                f"Features have shape {features.shape}; [M, {len(self.weights)}] is needed.",
                "encode and project with what the model was trained with",
            )
        return features @ self.weights + self.offset

    def arrays(self) -> dict[str, NDArray]:
        """Plain arrays, for a release."""
        return {"weights": self.weights, "offset": self.offset}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> Self:
        """The map that `arrays()` described."""
        return cls(arrays["weights"], arrays["offset"])
