"""Band statistics against numpy and a naive loop."""

from __future__ import annotations

import numpy as np
import pytest

from handful.foundation.errors import ConfigError
from handful.learn.towers.classical.audio.band_statistics import BandStatistics, Config


def picture(frames: int = 50) -> np.ndarray:
    return -60 * np.random.default_rng(0).random((frames, 40)).astype(np.float32)


def test_levels_and_changes_are_those_of_numpy() -> None:
    levels = picture()
    numbers = BandStatistics(Config()).describe(levels)[:280].reshape(7, 40)
    expected = [
        levels.mean(axis=0),
        levels.std(axis=0),
        *np.quantile(levels, [0.1, 0.5, 0.9], axis=0),
        np.diff(levels, axis=0).std(axis=0),
        (levels[4:] - levels[:-4]).std(axis=0),
    ]
    np.testing.assert_allclose(numbers, expected, rtol=1e-4)


def test_correlations_are_those_of_a_naive_loop() -> None:
    levels = picture()
    found = BandStatistics(Config(groups=4)).describe(levels)[280:]
    groups = [levels[:, 10 * group : 10 * group + 10].mean(axis=1) for group in range(4)]
    expected = []
    for left in range(4):
        for right in range(left + 1, 4):
            a, b = groups[left] - groups[left].mean(), groups[right] - groups[right].mean()
            expected.append((a * b).mean() / ((a.std() + 1) * (b.std() + 1)))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_bands_that_move_together_are_told_from_bands_that_take_turns() -> None:
    wave = 20 * np.sin(np.arange(80) / 3, dtype=np.float32)[:, None] - 30
    together = np.repeat(wave, 40, axis=1)
    turns = np.where(np.arange(40) < 20, wave, -60 - wave)
    block = BandStatistics(Config(groups=2))
    assert block.describe(together)[-1] > 0.8
    assert block.describe(turns)[-1] < -0.8


@pytest.mark.parametrize("frames", [1, 2, 4, 5])
def test_the_shortest_sounds_have_all_numbers(frames: int) -> None:
    numbers = BandStatistics(Config()).describe(picture(frames))
    assert numbers.shape == (358,)
    assert np.isfinite(numbers).all()


def test_more_groups_than_bands_are_refused() -> None:
    with pytest.raises(ConfigError, match="groups"):
        Config(groups=41)
