"""Cepstra and their changes over time, as statistics: the classic summary of timbre.

Use when: always; cheap, strong on scenes, complements band statistics.
Cost: 0.1 ms per second of sound; 5 x 3 x 20 = 300 numbers.
Source: Davis and Mermelstein 1980 (cepstra); Furui 1986 (deltas).
"""
# T frames, B mel bands, C cepstra and their deltas

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import require
from handful.learn.towers.classical.audio.base import AudioBlock
from handful.learn.towers.classical.audio.hearing import Hearing, cosine_basis, quantiles


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Settings of the cepstral statistics."""

    hearing: Hearing = field(default_factory=Hearing)
    """How sounds become log-mel pictures; share it between blocks to make each picture once."""
    coefficients: int = 20
    """Cepstra per frame; 13 to 20 is usual."""

    def __post_init__(self) -> None:
        """Check the rules."""
        fits = 2 <= self.coefficients <= self.hearing.bands
        require(fits, "coefficients", self.coefficients, "2 to the number of bands")


class Mfcc(AudioBlock):
    """Mean, spread and three quantiles over time of cepstra, their slope and its slope."""

    config: Config

    @property
    def width(self) -> int:
        """How many numbers describe a sound."""
        return 15 * self.config.coefficients

    def describe(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn one log-mel picture into statistics of its cepstra.

        Args:
            picture: `[T, B]` decibels.

        Returns:
            `[15 * coefficients]` float32.
        """
        cepstra_TC = picture @ cosine_basis(picture.shape[1], self.config.coefficients)
        slope_TC = slope(cepstra_TC)
        series = np.concatenate([cepstra_TC, slope_TC, slope(slope_TC)], axis=1)
        spread = quantiles(series, (0.1, 0.5, 0.9))
        return np.concatenate([series.mean(axis=0), series.std(axis=0), *spread])


def slope(series_TC: NDArray[np.float32]) -> NDArray[np.float32]:
    """Least-squares slope over five frames, per frame; the edges are held.

    Args:
        series_TC: `[T, C]`.

    Returns:
        `[T, C]` float32, change per frame.
    """
    held = np.pad(series_TC, ((2, 2), (0, 0)), mode="edge")
    change: NDArray[np.float32] = 2 * (held[4:] - held[:-4]) + held[3:-1] - held[1:-3]
    change /= 10
    return change
