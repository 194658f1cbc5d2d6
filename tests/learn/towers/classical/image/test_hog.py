"""Direction histograms against closed forms and a naive loop."""

import numpy as np
import pytest

from handful.foundation.errors import ConfigError
from handful.learn.towers.classical.image.base import Canvas
from handful.learn.towers.classical.image.hog import Config, Hog


@pytest.mark.parametrize(("size", "width"), [(96, 5400), (64, 2124), (32, 369)])
def test_width(size, width):
    block = Hog(Config(size=size))
    assert block.width == width
    assert block.encode([np.zeros((9, 9, 3), dtype=np.uint8)]).shape == (1, width)


def naive(canvas, cell, count):
    """One histogram per cell, normalised in blocks of 2 x 2, by loops."""
    right, down = (maps.astype(np.float64) for maps in canvas.gradients)
    side = canvas.size // cell
    cells = np.zeros((len(canvas), side, side, count))
    for n in range(len(canvas)):
        for y in range(canvas.size):
            for x in range(canvas.size):
                best = int(np.argmax(right[n, y, x] ** 2 + down[n, y, x] ** 2))
                across, along = right[n, y, x, best], down[n, y, x, best]
                turn = np.arctan2(along, across) % np.pi * count / np.pi
                low, part = int(turn), turn % 1
                strength = np.hypot(across, along)
                cells[n, y // cell, x // cell, low % count] += strength * (1 - part)
                cells[n, y // cell, x // cell, (low + 1) % count] += strength * part
    blocks = []
    for y in range(side - 1):
        for x in range(side - 1):
            block = np.concatenate(
                [cells[:, y, x], cells[:, y, x + 1], cells[:, y + 1, x], cells[:, y + 1, x + 1]],
                axis=1,
            )
            floor = 0.01 * block.shape[1]
            block /= np.sqrt((block**2).sum(axis=1, keepdims=True) + floor**2)
            block = np.minimum(block, 0.2)
            blocks.append(block / np.sqrt((block**2).sum(axis=1, keepdims=True) + 1e-6))
    return np.concatenate(blocks, axis=1)


def test_blocks_equal_a_naive_loop():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 12, 12, 3), dtype=np.uint8)
    canvas = Canvas(pixels)
    found = Hog(Config(size=12, cells=(4,), directions=9)).encode(canvas)
    np.testing.assert_allclose(found, naive(canvas, 4, 9), atol=1e-4)


def test_larger_cells_are_sums_of_small_ones():
    canvas = Canvas(np.random.default_rng(1).integers(0, 256, (1, 16, 16, 3), dtype=np.uint8))
    both = Hog(Config(size=16, cells=(4, 8))).encode(canvas)
    np.testing.assert_allclose(both[:, -36:], naive(canvas, 8, 9), atol=1e-4)


def test_an_upright_edge_has_one_direction_in_either_contrast():
    picture = np.zeros((32, 32, 3), dtype=np.uint8)
    picture[:, 12:] = 255
    block = Hog(Config(size=32))
    vector = block.encode([picture])[0]
    assert set(np.flatnonzero(vector > 1e-6) % 9) == {0}
    np.testing.assert_allclose(block.encode([255 - picture])[0], vector, atol=1e-5)


@pytest.mark.parametrize(
    "wrong", [{"cells": ()}, {"cells": (7,)}, {"cells": (8, 12)}, {"size": 100}, {"directions": 1}]
)
def test_settings_that_do_not_fit_are_refused(wrong):
    with pytest.raises(ConfigError, match="directions" if "directions" in wrong else "cells"):
        Config(**wrong)
