"""The course of a sound, stretched to one length: what comes first, what comes last.

Use when: order carries the meaning, as in words; of little use on scenes.
Cost: 0.05 ms per second of sound; 16 x 13 = 208 numbers.
"""
# T frames, S steps, B mel bands

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from handful.foundation.errors import require
from handful.learn.towers.classical.audio.base import AudioBlock
from handful.learn.towers.classical.audio.hearing import Hearing, cosine_basis


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Settings of the aligned cepstra."""

    hearing: Hearing = field(default_factory=Hearing)
    """How sounds become log-mel pictures; share it between blocks to make each picture once."""
    steps: int = 16
    """Time steps every sound is stretched or squeezed to; 8 to 32."""
    coefficients: int = 13
    """Cepstra per step; 10 to 20 is usual."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(2 <= self.steps <= 256, "steps", self.steps, "2 to 256")
        fits = 2 <= self.coefficients <= self.hearing.bands
        require(fits, "coefficients", self.coefficients, "2 to the number of bands")


class AlignedCepstra(AudioBlock):
    """Cepstra of the picture averaged into equal time steps, less the average step."""

    config: Config

    @property
    def width(self) -> int:
        """How many numbers describe a sound."""
        return self.config.steps * self.config.coefficients

    def describe(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn one log-mel picture into its course.

        Args:
            picture: `[T, B]` decibels.

        Returns:
            `[steps * coefficients]` float32.
        """
        steps_SB = stretch(picture, self.config.steps)
        steps_SB -= steps_SB.mean(axis=0)
        return (steps_SB @ cosine_basis(picture.shape[1], self.config.coefficients)).ravel()


def stretch(series_TB: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """Average a series into equal spans of time, whatever its length.

    Args:
        series_TB: `[T, B]`, T of 1 or more; each frame lasts equally long.
        steps: Spans wanted, S; more than T repeats frames.

    Returns:
        `[S, B]` float32; the mean over S equals the mean over T.
    """
    frames = len(series_TB)
    running = np.zeros((frames + 1, series_TB.shape[1]))
    np.cumsum(series_TB, axis=0, out=running[1:])
    edges = np.linspace(0, frames, steps + 1)
    whole = np.minimum(edges.astype(np.intp), frames - 1)
    share = (edges - whole)[:, None]
    totals = running[whole] * (1 - share) + running[whole + 1] * share
    return (np.diff(totals, axis=0) * (steps / frames)).astype(np.float32)
