"""Gradient windows against closed forms and a naive loop."""

import numpy as np
import pytest

from handful.foundation.errors import ConfigError
from handful.learn.towers.classical.image.base import Canvas, Gradients
from handful.learn.towers.classical.image.fisher_gradient import (
    Config,
    FisherGradient,
    _directed,
)

OPPONENT = np.array(
    [
        [1 / np.sqrt(2), -1 / np.sqrt(2), 0],
        [1 / np.sqrt(6), 1 / np.sqrt(6), -2 / np.sqrt(6)],
        [1 / np.sqrt(3), 1 / np.sqrt(3), 1 / np.sqrt(3)],
    ]
)


def test_directions_share_out_twice_the_length():
    """Squared cosines to eight even directions, where positive, sum to 2 at any angle."""
    rng = np.random.default_rng(0)
    gradients = Gradients(*rng.standard_normal((2, 1, 4, 4, 3)).astype(np.float32))
    lengths = np.hypot(gradients.right @ OPPONENT.T, gradients.down @ OPPONENT.T)
    found = _directed(gradients).reshape(1, 4, 4, 3, 8).sum(axis=-1)
    np.testing.assert_allclose(found, 2 * lengths, rtol=1e-4)


@pytest.mark.parametrize(("turn", "direction"), [(0, 0), (1, 1), (2, 2), (4, 4), (7, 7)])
def test_a_gradient_counts_most_in_its_own_direction(turn, direction):
    angle = turn * np.pi / 4
    grey = np.ones((1, 1, 1, 3), dtype=np.float32)
    gradients = Gradients(grey * np.float32(np.cos(angle)), grey * np.float32(np.sin(angle)))
    strengths = _directed(gradients).reshape(3, 8)
    np.testing.assert_allclose(strengths[:2], 0, atol=1e-5)
    expected = np.zeros(8)
    for other in range(8):
        expected[other] = np.sqrt(3) * max(0, np.cos((other - direction) * np.pi / 4)) ** 2
    np.testing.assert_allclose(strengths[2], expected, atol=1e-5)


def test_windows_are_roots_of_shares():
    canvas = Canvas(np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8))
    config = Config(size=16, cells=(2,), stride=4)
    windows = FisherGradient(config).windows(canvas)
    strengths = _directed(canvas.gradients)
    expected = []
    for top in range(0, 9, 4):
        for left in range(0, 9, 4):
            cells = [
                strengths[:, y : y + 2, x : x + 2].mean(axis=(1, 2))
                for y in range(top, top + 8, 2)
                for x in range(left, left + 8, 2)
            ]
            window = np.concatenate(cells, axis=1)
            expected.append(np.sqrt(window / (window.sum(axis=1, keepdims=True) + 32 * 0.05)))
    np.testing.assert_allclose(windows.descriptors, np.stack(expected, axis=1), atol=1e-5)


def test_a_picture_without_edges_gives_empty_windows():
    canvas = Canvas(np.full((1, 32, 32, 3), 77, dtype=np.uint8))
    assert FisherGradient(Config(size=32)).windows(canvas).descriptors.max() == 0


def test_stripes_of_two_directions_are_told_apart():
    rng = np.random.default_rng(0)

    def stripes(upright):
        wave = 127 + 100 * np.sin(np.arange(32) * 1.3 + rng.uniform(0, 6))
        picture = np.broadcast_to(wave if upright else wave[:, None], (32, 32))
        grain = rng.integers(-15, 16, (32, 32))
        return np.clip(picture + grain, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)

    block = FisherGradient(Config(size=32, width=8, words=8, samples=2000))
    block.fit([stripes(index % 2 == 0) for index in range(16)], seed=0)
    vectors = block.encode([stripes(index < 12) for index in range(24)])
    alike = vectors @ vectors.T
    within = (alike[:12, :12].mean() + alike[12:, 12:].mean()) / 2
    assert within > alike[:12, 12:].mean() + 0.15


@pytest.mark.parametrize(
    "wrong", [{"cells": (25,)}, {"stride": 0}, {"width": 385}, {"words": 0}, {"faint": 0.0}]
)
def test_settings_out_of_range_are_named(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Config(**wrong)
