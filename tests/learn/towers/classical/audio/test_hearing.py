"""Log-mel pictures: what leaves a trace in them and what must not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.data.modalities.base import Sound
from handful.foundation.errors import ConfigError, InputError
from handful.learn.towers.classical.audio.hearing import (
    Hearing,
    cosine_basis,
    log_mel,
    mel_bank,
    quantiles,
)

HEARING = Hearing()


def tone(hertz: float, seconds: float = 0.5, rate: int = 16_000) -> Sound:
    time_s = np.arange(round(seconds * rate)) / rate
    return Sound(np.sin(2 * np.pi * hertz * time_s).astype(np.float32), rate)


def noise(samples: int, seed: int = 0, rate: int = 16_000) -> Sound:
    drawn = np.random.default_rng(seed).standard_normal(samples)
    return Sound((0.1 * drawn).astype(np.float32), rate)


def test_a_tone_lights_the_band_it_belongs_to() -> None:
    edges = 700 * (10 ** (np.linspace(*_mel(40.0, 8000.0), 42) / 2595) - 1)
    for hertz in (300, 1000, 3000, 6000):
        loudest = log_mel(tone(hertz), HEARING).mean(axis=0).argmax()
        assert edges[loudest] < hertz < edges[loudest + 2]


def _mel(low: float, high: float) -> tuple[float, float]:
    return 2595 * np.log10(1 + low / 700), 2595 * np.log10(1 + high / 700)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_the_rate_of_the_source_hardly_matters(rate: int) -> None:
    ours = log_mel(tone(1000, rate=rate), HEARING).mean(axis=0)
    theirs = log_mel(tone(1000), HEARING).mean(axis=0)
    assert ours.argmax() == theirs.argmax()
    assert np.abs(ours - theirs)[10:16].max() < 0.5


def test_levels_lie_between_the_floor_and_the_loudest() -> None:
    picture = log_mel(noise(16_000), HEARING)
    assert picture.dtype == np.float32
    assert picture.shape == (98, 40)
    assert picture.max() == 0
    assert picture.min() >= -60


def test_volume_and_offset_leave_no_trace() -> None:
    plain = noise(8_000)
    changed = Sound(plain.samples * 0.03 + np.float32(0.2), plain.rate)
    assert np.abs(log_mel(plain, HEARING) - log_mel(changed, HEARING)).max() < 0.01


def test_quiet_around_a_sound_is_cut_off_as_far_as_asked() -> None:
    plain = noise(8_000)
    hiss = np.float32(10 ** (-50 / 20)) * noise(20_000, seed=1).samples
    framed = Sound(np.concatenate([hiss, plain.samples, hiss]), plain.rate)
    inside, trimmed = log_mel(plain, HEARING), log_mel(framed, HEARING)
    assert len(inside) <= len(trimmed) <= len(inside) + 4
    assert len(log_mel(framed, Hearing(silence_db=60))) > 290


def test_only_so_much_of_a_long_sound_is_heard_from_its_first_sound_on() -> None:
    short = Hearing(longest_s=0.5)
    late = np.concatenate([np.zeros(32_000, np.float32), noise(32_000).samples])
    picture = log_mel(Sound(late, 16_000), short)
    assert len(picture) == 48
    assert picture.mean() > -30


def test_frames_are_the_same_however_many_are_made_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = log_mel(noise(16_000), HEARING)
    monkeypatch.setattr("handful.learn.towers.classical.audio.hearing._FRAMES_AT_ONCE", 7)
    np.testing.assert_allclose(log_mel(noise(16_000), HEARING), whole, atol=1e-3)


@pytest.mark.parametrize("samples", [np.zeros(1), np.zeros(5_000), np.full(5_000, 0.3)])
def test_silence_is_one_frame_at_the_floor(samples: np.ndarray) -> None:
    picture = log_mel(Sound(samples.astype(np.float32), 16_000), HEARING)
    assert np.array_equal(picture, np.full((1, 40), -60, np.float32))


@pytest.mark.parametrize("rate", [8_000, 16_000, 192_000])
def test_three_samples_are_a_sound(rate: int) -> None:
    picture = log_mel(Sound(np.array([0.1, -0.4, 0.2], np.float32), rate), HEARING)
    assert picture.shape == (1, 40)
    assert np.isfinite(picture).all()


@pytest.mark.parametrize(
    ("samples", "rate", "words"),
    [
        (np.zeros(0), 16_000, "one sample or more"),
        (np.zeros((10, 2)), 16_000, "one channel"),
        (np.ones(10), 0, "positive rate"),
        (np.array([0.0, np.nan]), 16_000, "not finite"),
        (np.array([0.0, np.inf]), 16_000, "not finite"),
    ],
)
def test_what_is_no_sound_is_refused(samples: np.ndarray, rate: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        log_mel(Sound(samples.astype(np.float32), rate), HEARING)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate_hz": 100},
        {"bands": 2},
        {"window_ms": 0.0},
        {"hop_ms": 30.0},
        {"floor_db": 0.0},
        {"silence_db": 0.0},
        {"longest_s": 0.0},
    ],
)
def test_settings_out_of_range_are_named(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Hearing(**wrong)  # pyrefly: ignore


@pytest.mark.parametrize(("rate", "points", "bands"), [(16_000, 512, 40), (8_000, 256, 80)])
def test_every_mel_band_has_unit_sum(rate: int, points: int, bands: int) -> None:
    bank = mel_bank(rate, points, bands)
    assert bank.shape == (points // 2 + 1, bands)
    assert (bank >= 0).all()
    np.testing.assert_allclose(bank.sum(axis=0), 1, rtol=1e-5)
    assert (np.diff(bank.argmax(axis=0)) >= 0).all()


def test_cosines_are_orthonormal_and_the_first_is_the_mean() -> None:
    basis = cosine_basis(40, 20)
    np.testing.assert_allclose(basis.T @ basis, np.eye(20), atol=1e-5)
    np.testing.assert_allclose(basis[:, 0], 1 / np.sqrt(40), rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.lists(st.floats(0, 1), min_size=1, max_size=4), st.integers(0, 99))
def test_quantiles_are_those_of_numpy(frames: int, levels: list[float], seed: int) -> None:
    series = np.random.default_rng(seed).standard_normal((frames, 3)).astype(np.float32)
    ours = quantiles(series, tuple(levels))
    np.testing.assert_allclose(ours, np.quantile(series, levels, axis=0), rtol=1e-4, atol=1e-5)
