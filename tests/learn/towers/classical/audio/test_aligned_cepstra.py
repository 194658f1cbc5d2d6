"""Sounds stretched to one length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.foundation.errors import ConfigError
from handful.learn.towers.classical.audio.aligned_cepstra import AlignedCepstra, Config, stretch


def series(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((frames, 40)).astype(np.float32)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 60), st.integers(1, 40), st.integers(0, 99))
def test_the_mean_is_kept_and_no_step_leaves_the_range(frames: int, steps: int, seed: int) -> None:
    values = series(frames, seed)
    found = stretch(values, steps)
    assert found.shape == (steps, 40)
    np.testing.assert_allclose(found.mean(axis=0), values.mean(axis=0), atol=1e-4)
    assert (found <= values.max(axis=0) + 1e-4).all()
    assert (found >= values.min(axis=0) - 1e-4).all()


def test_whole_spans_are_plain_averages() -> None:
    values = series(32)
    np.testing.assert_allclose(stretch(values, 8), values.reshape(8, 4, 40).mean(axis=1), atol=1e-5)
    np.testing.assert_allclose(stretch(values, 64), np.repeat(values, 2, axis=0), atol=1e-5)


def test_a_word_said_slowly_is_the_same_word() -> None:
    block = AlignedCepstra(Config())
    word = series(40)
    np.testing.assert_allclose(
        block.describe(np.repeat(word, 3, axis=0)), block.describe(word), atol=1e-3
    )
    assert np.abs(block.describe(word[::-1]) - block.describe(word)).max() > 0.5


def test_a_lasting_colour_leaves_no_trace() -> None:
    block = AlignedCepstra(Config())
    word, colour = series(40), np.linspace(-9, 9, 40, dtype=np.float32)
    np.testing.assert_allclose(block.describe(word + colour), block.describe(word), atol=1e-3)


@pytest.mark.parametrize("wrong", [{"steps": 1}, {"coefficients": 41}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Config(**wrong)  # pyrefly: ignore
