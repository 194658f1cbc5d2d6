"""Sums, windows and their places against naive loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.foundation.errors import InputError
from handful.learn.towers.classical.fisher import Windows
from handful.learn.towers.classical.image.windows import (
    gather,
    sample_windows,
    sums,
    window_places,
)


@given(cell=st.integers(1, 9), height=st.integers(9, 12), width=st.integers(9, 12))
def test_sums_equal_a_naive_loop(cell, height, width):
    maps = np.random.default_rng(cell).integers(0, 50, (2, height, width, 3)).astype(np.float32)
    found = sums(maps, cell)
    assert found.shape == (2, height - cell + 1, width - cell + 1, 3)
    for y in range(height - cell + 1):
        for x in range(width - cell + 1):
            naive = maps[:, y : y + cell, x : x + cell].sum(axis=(1, 2))
            np.testing.assert_array_equal(found[:, y, x], naive)


@given(cell=st.integers(1, 4), stride=st.integers(1, 5), size=st.integers(16, 20))
def test_gather_and_places_agree_with_a_naive_loop(cell, stride, size):
    side = size - cell + 1
    maps = np.random.default_rng(size).random((2, side, side, 2), dtype=np.float32)
    windows, places = [], []
    for top in range(0, size - 4 * cell + 1, stride):
        for left in range(0, size - 4 * cell + 1, stride):
            cells = [
                maps[:, top + row * cell, left + column * cell]
                for row in range(4)
                for column in range(4)
            ]
            windows.append(np.concatenate(cells, axis=1))
            places.append([(top + 2 * cell) / size - 0.5, (left + 2 * cell) / size - 0.5])
    np.testing.assert_array_equal(gather(maps, cell, stride), np.stack(windows, axis=1))
    np.testing.assert_allclose(window_places(size, cell, stride), places, atol=1e-6)


def describe(canvas):
    """One number per pixel: its brightness."""
    line = (np.arange(canvas.size) / canvas.size).astype(np.float32)
    places = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    return Windows(canvas.luma.reshape(len(canvas), -1, 1).astype(np.float32), places)


def grey(level):
    return np.full((4, 4, 3), level, dtype=np.uint8)


def test_every_picture_gives_the_same_number_of_windows():
    pictures = [grey(level) for level in range(10)]
    descriptors, places = sample_windows(pictures, 4, describe, 50, np.random.default_rng(0))
    assert descriptors.shape == (50, 1)
    assert places.shape == (50, 2)
    assert sorted(descriptors[:, 0].tolist()) == sorted([float(level) for level in range(10)] * 5)


def test_a_window_keeps_its_place():
    picture = np.repeat(np.arange(16, dtype=np.uint8).reshape(4, 4, 1), 3, axis=2)
    descriptors, places = sample_windows([picture], 4, describe, 9, np.random.default_rng(0))
    np.testing.assert_array_equal(descriptors[:, 0], places[:, 0] * 16 + places[:, 1] * 4)
    assert len(np.unique(descriptors)) == 9


def test_nothing_to_sample_from_is_an_error():
    with pytest.raises(InputError, match="no pictures"):
        sample_windows([], 4, describe, 9, np.random.default_rng(0))
