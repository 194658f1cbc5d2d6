"""Colour windows against a naive loop, and what the vectors are blind to."""

import numpy as np
import pytest

from handful.foundation.errors import ConfigError, InputError
from handful.learn.towers.classical.image.base import Canvas
from handful.learn.towers.classical.image.fisher_colour import Config, FisherColour


def noise(count, side, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def test_windows_hold_mean_and_spread_of_every_cell():
    canvas = Canvas(noise(2, 16))
    windows = FisherColour(Config(size=16, cells=(2, 4), stride=3)).windows(canvas)
    expected = []
    for cell in (2, 4):
        for top in range(0, 16 - 4 * cell + 1, 3):
            for left in range(0, 16 - 4 * cell + 1, 3):
                cells = []
                for row in range(4):
                    for column in range(4):
                        y, x = top + row * cell, left + column * cell
                        area = canvas.lab[:, y : y + cell, x : x + cell].astype(np.float64)
                        cells += [area.mean(axis=(1, 2)), area.std(axis=(1, 2))]
                expected.append(np.concatenate(cells, axis=1))
    assert windows.places.shape == (len(expected), 2)
    np.testing.assert_allclose(windows.descriptors, np.stack(expected, axis=1), atol=2e-2)


def test_windows_of_one_colour_have_no_spread():
    canvas = Canvas(np.full((1, 24, 24, 3), (180, 90, 200), dtype=np.uint8))
    cells = FisherColour(Config(size=24)).windows(canvas).descriptors.reshape(-1, 6)
    expected = np.broadcast_to(canvas.lab[0, 0, 0], (len(cells), 3))
    np.testing.assert_allclose(cells[:, :3], expected, rtol=1e-4)
    assert cells[:, 3:].max() < 0.1


def test_alike_colours_lie_closer_than_unlike_ones():
    rng = np.random.default_rng(0)

    def picture(colour):
        grain = rng.integers(-20, 21, (32, 32, 3))
        return np.clip(np.array(colour) + grain, 0, 255).astype(np.uint8)

    colours = [(200, 40, 40), (40, 160, 60), (50, 70, 200)]
    block = FisherColour(Config(size=32, width=8, words=12, samples=3000))
    block.fit([picture(colour) for colour in colours * 4], seed=0)
    vectors = block.encode([picture(colour) for colour in colours * 2])
    alike = vectors @ vectors.T
    for kind in range(3):
        others = [place for place in range(6) if place % 3 != kind]
        assert alike[kind, kind + 3] > alike[kind, others].max() + 0.2


def test_too_few_windows_to_learn_from():
    block = FisherColour(Config(size=24, cells=(6,), stride=3))
    with pytest.raises(InputError, match="1 windows are too few for 256 words"):
        block.fit(list(noise(1, 24)), seed=0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cells": ()},
        {"cells": (0,)},
        {"cells": (25,)},
        {"stride": 0},
        {"width": 97},
        {"words": 0},
        {"samples": 255},
    ],
)
def test_settings_out_of_range_are_named(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Config(**wrong)
