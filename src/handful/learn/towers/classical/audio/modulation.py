"""How fast each band flickers: the spectrum of its level over time.

Use when: rhythm, roughness and decay tell the classes apart (a cracked pot rings for a shorter
time). Complements the others on scenes; weak on words.
Cost: 0.1 ms per second of sound; 11 numbers per band.
Source: modulation spectra, Kingsbury, Morgan and Greenberg 1998.
"""
# T frames, B mel bands, R modulation rates

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from handful.foundation.errors import require
from handful.learn.towers.classical.audio.base import AudioBlock
from handful.learn.towers.classical.audio.hearing import Hearing


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Settings of the modulation spectrum."""

    hearing: Hearing = field(default_factory=Hearing)
    """How sounds become log-mel pictures; share it between blocks to make each picture once."""
    rates: int = 11
    """Modulation rates between 0.5 and 40 per second, evenly spaced in pitch; 8 to 16."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(2 <= self.rates <= 64, "rates", self.rates, "2 to 64")


class Modulation(AudioBlock):
    """Logarithm of the power of each band's level at each modulation rate."""

    config: Config

    @property
    def width(self) -> int:
        """How many numbers describe a sound."""
        return self.config.rates * self.config.hearing.bands

    def describe(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn one log-mel picture into its modulation spectrum.

        Args:
            picture: `[T, B]` decibels.

        Returns:
            `[rates * B]` float32.
        """
        frames_per_s = 1000 / self.config.hearing.hop_ms
        points = fft.next_fast_len(max(len(picture), round(frames_per_s)), real=True)
        spectrum = fft.rfft(picture - picture.mean(axis=0), points, axis=0)
        power = (spectrum.real**2 + spectrum.imag**2) / np.float32(len(picture))
        weights = _rate_bank(points, frames_per_s, self.config.rates)
        return np.log(weights @ power + np.float32(1e-3)).ravel()


@functools.lru_cache(maxsize=64)
def _rate_bank(points: int, frames_per_s: float, rates: int) -> NDArray[np.float32]:
    """`[rates, points / 2 + 1]`, rows that average the bins of one rate; never an empty row."""
    edges = np.geomspace(0.5, 0.4 * frames_per_s, rates + 1)
    bins = np.fft.rfftfreq(points, 1 / frames_per_s)
    bank = (bins >= edges[:-1, None]) & (bins < edges[1:, None])
    middle = np.sqrt(edges[:-1] * edges[1:])
    empty = np.flatnonzero(~bank.any(axis=1))
    bank[empty, np.abs(bins - middle[empty, None]).argmin(axis=1)] = True
    bank[0, (bins > 0) & (bins < edges[0])] = True  # slower than the slowest rate counts as it
    return (bank / bank.sum(axis=1, keepdims=True)).astype(np.float32)
