"""How a sound is heard: one log-mel picture that every audio block starts from.

The same settings serve words, scenes and struck objects, measured with the five blocks together:
cutting silence below -35 dB gained 4 points on spoken digits of unseen speakers and changed
nothing on environmental sounds; 25/10 ms windows with a 60 dB floor were as good on five-second
scenes as 40/15 ms with 80 dB; sources of 8 kHz lose nothing by being brought to 16 kHz.
"""
# T frames, B mel bands

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy import fft

from handful.data.modalities.base import Sound
from handful.foundation.errors import InputError, require

_FRAMES_AT_ONCE = 4096
_NOTHING = 1e-8
"""A peak below this is digital silence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hearing:
    """What is kept of a sound before any block looks at it."""

    rate_hz: int = 16_000
    """Every sound is resampled to this rate; 8,000 to 48,000."""
    bands: int = 40
    """Mel bands between 40 Hz and half the rate; 20 to 80 is usual."""
    window_ms: float = 25.0
    """Length of one frame; 20 to 40 is usual."""
    hop_ms: float = 10.0
    """Step between frames; 5 to 20 is usual."""
    floor_db: float = 60.0
    """Levels further than this below the loudest one count as silence; 50 to 80."""
    silence_db: float = 35.0
    """Frames before the first and after the last one within this of the loudest frame are cut
    off. As much as `floor_db` or more keeps nearly everything."""
    longest_s: float = 60.0
    """At most this much is heard, from the first sound on."""

    def __post_init__(self) -> None:
        """Check the rules."""
        require(8_000 <= self.rate_hz <= 48_000, "rate_hz", self.rate_hz, "8,000 to 48,000")
        require(12 <= self.bands <= 128, "bands", self.bands, "12 to 128")
        require(5 <= self.window_ms <= 200, "window_ms", self.window_ms, "5 to 200")
        hop_fits = 1 <= self.hop_ms <= self.window_ms
        require(hop_fits, "hop_ms", self.hop_ms, "1 to `window_ms`")
        require(20 <= self.floor_db <= 120, "floor_db", self.floor_db, "20 to 120")
        require(10 <= self.silence_db <= 120, "silence_db", self.silence_db, "10 to 120")
        require(0.1 <= self.longest_s <= 3600, "longest_s", self.longest_s, "0.1 to 3,600")

    @property
    def window(self) -> int:
        """Samples per frame."""
        return round(self.rate_hz * self.window_ms / 1000)

    @property
    def hop(self) -> int:
        """Samples between frames."""
        return round(self.rate_hz * self.hop_ms / 1000)


def log_mel(sound: Sound, hearing: Hearing) -> NDArray[np.float32]:
    """The log-mel picture of one sound: levels in decibels under the loudest, silence cut off.

    How loud the recording was, a constant offset and the silence around it leave no trace.

    Args:
        sound: Any rate and length, at least one sample.
        hearing: The settings.

    Returns:
        `[T, B]` float32 in [-floor_db, 0], T of 1 or more; all at the floor for pure silence.

    Raises:
        InputError: When the sound is empty, not one channel, not finite, or has no rate.
    """
    samples = _prepare(sound, hearing)
    if samples is None:
        return np.full((1, hearing.bands), -hearing.floor_db, dtype=np.float32)
    power_TB, energy_T = _frames(samples, hearing)
    loud = np.flatnonzero(energy_T >= energy_T.max() * 10 ** (-hearing.silence_db / 10))
    power_TB = power_TB[loud[0] : loud[-1] + 1]
    loudest = power_TB.max()
    levels_TB = np.maximum(power_TB / loudest, np.float32(10 ** (-hearing.floor_db / 10)))
    return 10 * np.log10(levels_TB)


def _prepare(sound: Sound, hearing: Hearing) -> NDArray[np.float32] | None:
    """Samples at the common rate, without offset, peak 1, at least a frame; None for silence."""
    samples = np.asarray(sound.samples, dtype=np.float32)
    if samples.ndim != 1 or samples.size == 0 or sound.rate <= 0:
        raise InputError(
            f"A sound has samples of shape {samples.shape} at {sound.rate} Hz; one channel with "
            "one sample or more at a positive rate is needed.",
            "read it with `handful.data.modalities.audio.read`",
        )
    if not np.isfinite(samples).all():
        raise InputError(
            "A sound holds samples that are not finite numbers.",
            "read it with `handful.data.modalities.audio.read`, which refuses such files",
        )
    samples = samples - samples.mean(dtype=np.float64).astype(np.float32)
    samples = _cut(samples, sound.rate, hearing)
    if sound.rate != hearing.rate_hz:
        samples = soxr.resample(samples, sound.rate, hearing.rate_hz)
    if len(samples) < hearing.window:
        samples = np.pad(samples, (0, hearing.window - len(samples)))
    peak = np.abs(samples).max()
    return samples / peak if peak > _NOTHING else None


def _cut(samples: NDArray[np.float32], rate: int, hearing: Hearing) -> NDArray[np.float32]:
    longest = int(hearing.longest_s * rate)
    if len(samples) <= longest:
        return samples
    size = np.abs(samples)
    first = int(np.argmax(size >= size.max() * 10 ** (-hearing.silence_db / 20)))
    first = min(first, len(samples) - longest)
    return samples[first : first + longest]


def _frames(
    samples: NDArray[np.float32], hearing: Hearing
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mel power `[T, B]` and energy `[T]` of every frame; few frames in memory at once."""
    window, points = hearing.window, 1 << (hearing.window - 1).bit_length()
    taper = np.hanning(window).astype(np.float32)
    bank = mel_bank(hearing.rate_hz, points, hearing.bands)
    views = np.lib.stride_tricks.sliding_window_view(samples, window)[:: hearing.hop]
    power = np.empty((len(views), hearing.bands), dtype=np.float32)
    energy = np.empty(len(views), dtype=np.float32)
    for start in range(0, len(views), _FRAMES_AT_ONCE):
        part = views[start : start + _FRAMES_AT_ONCE] * taper
        stop = start + len(part)
        spectrum = fft.rfft(part, points, axis=1)
        power[start:stop] = (spectrum.real**2 + spectrum.imag**2) @ bank
        energy[start:stop] = np.einsum("tw,tw->t", part, part)
    return power, energy


@functools.cache
def mel_bank(rate_hz: int, points: int, bands: int) -> NDArray[np.float32]:
    """Triangles that turn a power spectrum into mel bands, each of unit sum.

    Args:
        rate_hz: Samples per second.
        points: Length of the Fourier transform.
        bands: How many bands, between 40 Hz and half the rate.

    Returns:
        `[points / 2 + 1, bands]` float32, columns sum to one.

    Source: the mel scale of O'Shaughnessy, 2595 log10(1 + f / 700).
    """
    lowest, highest = 2595 * np.log10(1 + np.array([40.0, rate_hz / 2]) / 700)
    edges = 700 * (10 ** (np.linspace(lowest, highest, bands + 2) / 2595) - 1)
    left, middle, right = edges[:-2], edges[1:-1], edges[2:]
    bins = np.fft.rfftfreq(points, 1 / rate_hz)
    rising = (bins[:, None] - left) / (middle - left)
    falling = (right - bins[:, None]) / (right - middle)
    bank = np.maximum(0, np.minimum(rising, falling))
    empty = np.flatnonzero(bank.sum(axis=0) < 1e-3)  # narrower than a bin: take the nearest
    bank[np.abs(bins[:, None] - middle[empty]).argmin(axis=0), empty] = 1
    return (bank / bank.sum(axis=0)).astype(np.float32)


@functools.cache
def cosine_basis(bands: int, count: int) -> NDArray[np.float32]:
    """The first orthonormal cosines over the bands, which turn levels into cepstra.

    Args:
        bands: Mel bands, B.
        count: Cepstra wanted, at most `bands`.

    Returns:
        `[bands, count]` float32 with orthonormal columns (DCT-II).
    """
    basis = fft.dct(np.eye(bands), axis=1, norm="ortho")[:, :count]
    return np.ascontiguousarray(basis, dtype=np.float32)


def quantiles(series: NDArray[np.float32], levels: tuple[float, ...]) -> list[NDArray[np.float32]]:
    """Quantiles over time, linear between order statistics.

    Args:
        series: `[T, K]`.
        levels: Each in [0, 1].

    Returns:
        One `[K]` float32 per level.
    """
    ordered = np.sort(series, axis=0)
    found = []
    for level in levels:
        place = level * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        share = np.float32(place - below)
        found.append(ordered[below] * (1 - share) + ordered[above] * share)
    return found
