"""Lab histograms against closed forms and a naive loop."""

import numpy as np
import pytest

from handful.foundation.errors import ConfigError
from handful.learn.towers.classical.image.base import Canvas
from handful.learn.towers.classical.image.lab import Config, Lab


def test_one_colour_fills_one_bin_of_every_cell():
    picture = np.full((96, 96, 3), (200, 30, 60), dtype=np.uint8)
    vector = Lab(Config()).encode([picture])[0]
    assert vector.shape == (8505,)
    filled = vector[vector > 0]
    np.testing.assert_allclose(filled, [1] + [1 / 2] * 4 + [1 / 4] * 16, rtol=1e-6)
    assert len({int(place) % 405 for place in np.flatnonzero(vector)}) == 1


def test_bins_equal_a_naive_count():
    config = Config(size=8, lightness_bins=3, chroma_bins=5, chroma_reach=70.0)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    canvas = Canvas(pixels)
    counts = np.zeros((2, 21, 75))
    for picture in range(2):
        for y in range(8):
            for x in range(8):
                light, red, yellow = canvas.lab[picture, y, x].astype(float)
                bins = [min(int(light * 3 / 100), 2)]
                bins += [min(max(int((c + 70) * 5 / 140), 0), 4) for c in (red, yellow)]
                slot = (bins[0] * 5 + bins[1]) * 5 + bins[2]
                for cell in (0, 1 + y // 4 * 2 + x // 4, 5 + y // 2 * 4 + x // 2):
                    counts[picture, cell, slot] += 1
    expected = np.sqrt(counts.reshape(2, -1) / 64)
    np.testing.assert_allclose(Lab(config).encode(canvas), expected, atol=1e-6)


def test_every_level_has_unit_length():
    pixels = np.random.default_rng(1).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    vectors = Lab(Config(size=16)).encode(Canvas(pixels))
    for start, stop in ((0, 405), (405, 5 * 405), (5 * 405, 21 * 405)):
        np.testing.assert_allclose((vectors[:, start:stop] ** 2).sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    "wrong", [{"size": 3}, {"lightness_bins": 0}, {"chroma_bins": 0}, {"chroma_reach": 0.0}]
)
def test_settings_out_of_range_are_named(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Config(**wrong)
