"""The modulation spectrum: flicker and decay land where they belong."""

from __future__ import annotations

import numpy as np
import pytest

from handful.foundation.errors import ConfigError
from handful.learn.towers.classical.audio.modulation import Config, Modulation


def flicker(per_s: float, frames: int = 300) -> np.ndarray:
    wave = 20 * np.sin(2 * np.pi * per_s * np.arange(frames) / 100) - 30
    return np.repeat(wave[:, None], 40, axis=1).astype(np.float32)


@pytest.mark.parametrize("per_s", [1.0, 3.0, 8.0, 25.0])
def test_a_flicker_is_strongest_at_its_rate(per_s: float) -> None:
    edges = np.geomspace(0.5, 40, 12)
    spectrum = Modulation(Config()).describe(flicker(per_s)).reshape(11, 40)
    assert set(spectrum.argmax(axis=0)) == {np.searchsorted(edges, per_s) - 1}


def test_bands_do_not_mix() -> None:
    levels = flicker(5.0)
    levels[:, 10:] = -30
    spectrum = Modulation(Config()).describe(levels).reshape(11, 40)
    np.testing.assert_allclose(spectrum[:, 10:], np.log(1e-3), atol=1e-3)
    assert (spectrum[:, :10].max(axis=0) > 3).all()


def test_a_short_ring_differs_from_a_long_one() -> None:
    block = Modulation(Config())
    time_s = np.arange(60)[:, None] / 100
    rings = [np.maximum(-60, -60 * time_s / t60) * np.ones(40) for t60 in (0.15, 0.6)]
    short, long = (block.describe(ring.astype(np.float32)) for ring in rings)
    assert np.abs(short - long).max() > 0.5


@pytest.mark.parametrize("frames", [1, 2, 99, 101, 997])
def test_any_length_gives_all_numbers(frames: int) -> None:
    numbers = Modulation(Config()).describe(flicker(2.0, frames))
    assert numbers.shape == (440,)
    assert np.isfinite(numbers).all()


def test_rates_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="rates"):
        Config(rates=1)
