"""Canvases: sizes, colours, gradients, and the sharing of work."""

import numpy as np
import pytest

from handful.foundation.errors import InputError
from handful.learn.towers.classical.image.base import (
    BATCH,
    Canvas,
    canvases,
    paint,
    pyramid,
    pyramid_cells,
    working_size,
)


def noise(count, side, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("colour", "lab"),
    [
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0.0, 0.0)),
    ],
)
def test_lab_of_known_colours(colour, lab):
    canvas = Canvas(np.full((1, 2, 2, 3), colour, dtype=np.uint8))
    assert canvas.lab.dtype == np.float32
    np.testing.assert_allclose(canvas.lab[0, 1, 1], lab, atol=0.02)


def test_gradients_are_differences_of_roots_with_repeated_edges():
    pixels = noise(2, 5)
    roots = np.sqrt(pixels.astype(np.float64) / 255)
    gradients = Canvas(pixels).gradients
    for y in range(5):
        for x in range(5):
            right = roots[:, y, min(x + 1, 4)] - roots[:, y, max(x - 1, 0)]
            down = roots[:, min(y + 1, 4), x] - roots[:, max(y - 1, 0), x]
            np.testing.assert_allclose(gradients.right[:, y, x], right, atol=1e-6)
            np.testing.assert_allclose(gradients.down[:, y, x], down, atol=1e-6)


def test_luma_weighs_green_most_and_keeps_greys():
    pixels = np.array([[[[7, 7, 7], [255, 0, 0], [0, 255, 0], [0, 0, 255]]]], dtype=np.uint8)
    assert Canvas(pixels).luma.tolist() == [[[7, 76, 149, 28]]]


def test_paint_keeps_what_has_the_size_already():
    pixels = noise(3, 32)
    canvas = paint(list(pixels), 32)
    np.testing.assert_array_equal(canvas.pixels, pixels)
    assert paint(canvas, 32) is canvas


def test_paint_keeps_the_whole_picture_and_its_mean_colour():
    picture = np.zeros((300, 120, 3), dtype=np.uint8)
    picture[:150] = (200, 100, 50)
    canvas = paint([picture], 32)
    assert canvas.pixels.shape == (1, 32, 32, 3)
    np.testing.assert_allclose(canvas.pixels[0].mean(axis=(0, 1)), (100, 50, 25), atol=1.5)
    np.testing.assert_array_equal(canvas.pixels[0, 2, 2], (200, 100, 50))
    np.testing.assert_array_equal(canvas.pixels[0, 29, 29], (0, 0, 0))


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((4, 4), dtype=np.uint8),
        np.zeros((4, 4, 4), dtype=np.uint8),
        np.zeros((4, 4, 3), dtype=np.float32),
        np.zeros((0, 4, 3), dtype=np.uint8),
    ],
)
def test_paint_names_what_is_not_a_picture(wrong):
    with pytest.raises(InputError, match="Picture 1 is an array of shape"):
        paint([noise(1, 4)[0], wrong], 32)


@pytest.mark.parametrize(
    ("sides", "size"), [([28], 32), ([32], 32), ([64, 64, 400], 64), ([65], 96), ([3000], 96)]
)
def test_working_size_follows_the_median_shorter_side(sides, size):
    pictures = [np.zeros((side, 2 * side, 3), dtype=np.uint8) for side in sides]
    assert working_size(pictures) == size


def test_working_size_of_nothing_is_an_error():
    with pytest.raises(InputError, match="no pictures"):
        working_size([])


def test_a_part_of_a_canvas_shares_the_maps_of_the_whole():
    whole = Canvas(noise(6, 8))
    part = whole[2:5]
    assert len(part) == 3
    assert np.shares_memory(part.lab, whole.lab)
    np.testing.assert_array_equal(part.lab, Canvas(whole.pixels[2:5]).lab)
    np.testing.assert_array_equal(part.luma, Canvas(whole.pixels[2:5]).luma)
    np.testing.assert_array_equal(part.gradients.down, Canvas(whole.pixels[2:5]).gradients.down)


def test_a_large_canvas_does_not_hold_maps_for_its_parts():
    whole = Canvas(noise(70, 4))
    assert whole[0:8].lab.shape == (8, 4, 4, 3)
    assert "lab" not in whole.__dict__


def test_canvases_cover_all_pictures_in_order():
    pixels = noise(2 * BATCH + 1, 4)
    parts = list(canvases(list(pixels), 4))
    assert [len(part) for part in parts] == [BATCH, BATCH, 1]
    np.testing.assert_array_equal(np.concatenate([part.pixels for part in parts]), pixels)


def test_a_canvas_of_another_size_is_painted_again():
    assert [part.size for part in canvases(Canvas(noise(2, 8)), 4)] == [4]


@pytest.mark.parametrize("size", [4, 27, 32])
def test_pyramid_cells_cut_the_canvas_in_sixteen(size):
    cells = pyramid_cells(size)
    for y in range(size):
        for x in range(size):
            assert cells[y, x] == (4 * y // size) * 4 + 4 * x // size


def test_pyramid_adds_sixteenths_to_quarters_and_the_whole():
    shares = np.random.default_rng(0).random((2, 4, 4, 3), dtype=np.float32)
    levels = pyramid(shares)
    assert levels.shape == (2, 21 * 3)
    np.testing.assert_allclose(levels[:, :3], shares.sum(axis=(1, 2)), rtol=1e-6)
    second_quarter = shares[:, :2, 2:].sum(axis=(1, 2))
    np.testing.assert_allclose(levels[:, 6:9], second_quarter, rtol=1e-6)
    np.testing.assert_array_equal(levels[:, 15:], shares.reshape(2, -1))
