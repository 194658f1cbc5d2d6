"""Cepstral statistics against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.fft import dct

from handful.foundation.errors import ConfigError
from handful.learn.towers.classical.audio.mfcc import Config, Mfcc, slope


def test_the_slope_of_a_ramp_is_its_step_away_from_the_edges() -> None:
    ramp = np.arange(10, dtype=np.float32)[:, None] * np.array([3, -2], np.float32)
    found = slope(ramp)
    assert found.shape == ramp.shape
    np.testing.assert_allclose(found[2:-2], np.broadcast_to([3, -2], (6, 2)), rtol=1e-6)
    assert np.array_equal(slope(np.full((1, 2), 5, np.float32)), np.zeros((1, 2), np.float32))


def test_statistics_are_those_of_the_cosine_transform() -> None:
    picture = -60 * np.random.default_rng(0).random((30, 40)).astype(np.float32)
    numbers = Mfcc(Config()).describe(picture).reshape(5, 3, 20)
    cepstra = dct(picture, axis=1, norm="ortho")[:, :20]
    np.testing.assert_allclose(numbers[0, 0], cepstra.mean(axis=0), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(numbers[1, 0], cepstra.std(axis=0), rtol=1e-3)
    np.testing.assert_allclose(numbers[3, 0], np.median(cepstra, axis=0), rtol=1e-3, atol=1e-3)


def test_a_steady_sound_has_no_spread_and_no_slope() -> None:
    picture = np.tile(np.linspace(-60, 0, 40, dtype=np.float32), (12, 1))
    numbers = Mfcc(Config()).describe(picture).reshape(5, 3, 20)
    np.testing.assert_allclose(numbers[1], 0, atol=1e-3)
    np.testing.assert_allclose(numbers[:, 1:], 0, atol=1e-4)


def test_more_coefficients_than_bands_are_refused() -> None:
    with pytest.raises(ConfigError, match="coefficients"):
        Config(coefficients=41)
