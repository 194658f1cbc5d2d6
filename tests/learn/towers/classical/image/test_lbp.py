"""Local patterns against a naive loop."""

import numpy as np
import pytest

from handful.foundation.errors import ConfigError
from handful.learn.towers.classical.image.base import Canvas
from handful.learn.towers.classical.image.lbp import Config, Lbp


def uniform_bins():
    """58 patterns with at most two changes around the circle in rising order, then all others."""
    bins, following = {}, 0
    for pattern in range(256):
        ring = [(pattern >> bit) & 1 for bit in range(8)]
        changes = sum(ring[bit] != ring[bit - 1] for bit in range(8))
        bins[pattern] = following if changes <= 2 else 58
        following += changes <= 2
    assert following == 58
    return bins


STEPS = {1: (1, 1), 2: (2, 1), 4: (4, 3)}


@pytest.mark.parametrize("distance", [1, 2, 4])
def test_histograms_equal_a_naive_count(distance):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    luma, bins = Canvas(pixels).luma.astype(int), uniform_bins()
    straight, slanted = STEPS[distance]
    around = [
        (0, straight),
        (slanted, slanted),
        (straight, 0),
        (slanted, -slanted),
        (0, -straight),
        (-slanted, -slanted),
        (-straight, 0),
        (-slanted, slanted),
    ]
    counts = np.zeros((2, 21, 59))
    for n in range(2):
        for y in range(8):
            for x in range(8):
                pattern = 0
                for bit, (down, right) in enumerate(around):
                    other = luma[n, min(max(y + down, 0), 7), min(max(x + right, 0), 7)]
                    pattern |= int(other >= luma[n, y, x]) << bit
                for cell in (0, 1 + y // 4 * 2 + x // 4, 5 + y // 2 * 4 + x // 2):
                    counts[n, cell, bins[pattern]] += 1
    found = Lbp(Config(size=8, distances=(distance,))).encode(Canvas(pixels))
    np.testing.assert_allclose(found, np.sqrt(counts.reshape(2, -1) / 64), atol=1e-6)


def test_distances_are_put_side_by_side():
    pixels = np.random.default_rng(1).integers(0, 256, (1, 16, 16, 3), dtype=np.uint8)
    both = Lbp(Config(size=16, distances=(1, 4))).encode(Canvas(pixels))
    alone = [Lbp(Config(size=16, distances=(d,))).encode(Canvas(pixels)) for d in (1, 4)]
    np.testing.assert_array_equal(both, np.concatenate(alone, axis=1))


def test_more_light_changes_nothing():
    dark = np.random.default_rng(2).integers(0, 100, (24, 24, 1), dtype=np.uint8).repeat(3, axis=2)
    block = Lbp(Config(size=24))
    np.testing.assert_array_equal(block.encode([dark]), block.encode([dark + 100]))


@pytest.mark.parametrize("wrong", [{"distances": ()}, {"distances": (0,)}, {"distances": (96,)}])
def test_distances_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="distances"):
        Config(**wrong)
