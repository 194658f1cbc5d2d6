"""Learned patches against a naive loop, and what they are blind to."""

import numpy as np
import pytest

from handful.foundation.errors import ConfigError, InputError
from handful.learn.towers.classical.image.base import Canvas
from handful.learn.towers.classical.image.patches import Config, Patches, _whitening

SMALL = Config(size=12, side=4, words=10, samples=400)


def noise(count, side=12, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def test_answers_equal_a_naive_loop():
    block = Patches(SMALL)
    block.fit(list(noise(8)), seed=0)
    origin, words = block.state()["origin"], block.state()["words"]
    canvas = Canvas(noise(2, seed=1))
    pooled = np.zeros((2, 21, 10))
    for n in range(2):
        for y in range(9):
            for x in range(9):
                patch = canvas.luma[n, y : y + 4, x : x + 4].astype(np.float64).ravel()
                patch -= patch.mean()
                patch /= patch.std() + 10
                answers = np.maximum((patch - origin) @ words - 0.5, 0)
                quarter, sixteenth = (4 * y // 9, 4 * x // 9), 4 * y // 9 * 4 + 4 * x // 9
                cells = (0, 1 + quarter[0] // 2 * 2 + quarter[1] // 2, 5 + sixteenth)
                for cell in cells:
                    pooled[n, cell] += answers
    expected = np.sqrt(pooled.reshape(2, -1) / 81)
    np.testing.assert_allclose(block.encode(canvas), expected, atol=2e-4)


def test_whitening_brings_all_directions_to_the_same_spread():
    rng = np.random.default_rng(0)
    rows = (rng.standard_normal((5000, 4)) @ np.diag([5.0, 2.0, 1.0, 0.5])).astype(np.float32)
    origin, whitening = _whitening(rows)
    spread = np.cov(((rows - origin) @ whitening).T, bias=True)
    np.testing.assert_allclose(spread, np.eye(4), atol=0.05)


def test_words_are_unit_vectors_over_whitened_patches():
    block = Patches(SMALL)
    block.fit(list(noise(8)), seed=0)
    patches = block._patches(Canvas(noise(8))).reshape(-1, 16)
    answers = (patches - block.state()["origin"]) @ block.state()["words"]
    assert 0.5 < answers.std() < 1.5


def test_more_light_changes_nothing():
    dark = np.random.default_rng(2).integers(0, 100, (12, 12, 1), dtype=np.uint8).repeat(3, axis=2)
    block = Patches(SMALL)
    block.fit(list(noise(8)), seed=0)
    np.testing.assert_allclose(block.encode([dark]), block.encode([dark + 100]), atol=1e-3)


def test_too_few_patches_to_learn_from():
    with pytest.raises(InputError, match="0 patches are too few"):
        Patches(SMALL).fit([], seed=0)
    with pytest.raises(InputError, match="81 patches are too few for 100 words"):
        Patches(Config(size=12, side=4, words=100)).fit(list(noise(1)), seed=0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"side": 1},
        {"side": 33},
        {"stride": 0},
        {"stride": 9},
        {"words": 0},
        {"threshold": -1.0},
        {"samples": 255},
        {"faint": 0.0},
    ],
)
def test_settings_out_of_range_are_named(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Config(**wrong)
