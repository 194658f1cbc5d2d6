"""Random kernels against a naive loop, and what their drawing promises."""

from __future__ import annotations

import numpy as np
import pytest

from handful.foundation.errors import ConfigError, InputError
from handful.learn.towers.classical.audio.hearing import Hearing
from handful.learn.towers.classical.audio.random_kernels import Config, RandomKernels


def pictures(count: int, frames: int = 60, bands: int = 40, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [-60 * rng.random((frames, bands)).astype(np.float32) for _ in range(count)]


def learned(config: Config, seed: int = 0) -> RandomKernels:
    block = RandomKernels(config)
    shown = pictures(5, bands=config.hearing.bands)
    block.learn(shown, np.random.default_rng(seed))
    return block


def naive(block: RandomKernels, picture: np.ndarray) -> np.ndarray:
    bank = block.learned()
    levels = (picture - bank["level"]) / bank["spread"]
    frames, bands = levels.shape
    numbers = np.zeros((3, block.config.kernels))
    for kernel in range(block.config.kernels):
        first = bank["first"][kernel]
        dilation = min(bank["dilation"][kernel], max(1, (frames - 1) // 8))
        answers = []
        for frame in range(frames):
            total = -float(bank["threshold"][kernel])
            for tap in range(9):
                place = min(max(frame + (tap - 4) * dilation, 0), frames - 1)
                for column in range(min(block.config.widest, bands - first)):
                    weight = bank["weights"][kernel, tap, column]
                    total += float(weight) * float(levels[place, first + column])
            answers.append(total)
        above = np.array(answers)
        numbers[:, kernel] = np.mean(above > 0), above.max(), np.maximum(above, 0).mean()
    return numbers.ravel()


@pytest.mark.parametrize("frames", [1, 5, 30])
@pytest.mark.parametrize("widest", [1, 6, 14])
def test_the_numbers_are_those_of_a_naive_loop(frames: int, widest: int) -> None:
    block = learned(Config(kernels=12, widest=widest, hearing=Hearing(bands=14)))
    picture = pictures(1, frames=frames, bands=14, seed=9)[0]
    np.testing.assert_allclose(block.describe(picture), naive(block, picture), atol=2e-4)


def test_kernels_have_mean_0_length_1_and_stay_inside_the_bands() -> None:
    bank = learned(Config(kernels=300)).learned()
    widths = (np.abs(bank["weights"]).sum(axis=1) > 0).sum(axis=1)
    np.testing.assert_allclose((bank["weights"] ** 2).sum(axis=(1, 2)), 1, rtol=1e-5)
    np.testing.assert_allclose(bank["weights"].sum(axis=(1, 2)), 0, atol=1e-4)
    assert set(widths) == set(range(1, 13))
    assert (bank["first"] + widths <= 40).all()
    assert set(bank["dilation"]) == {1, 2, 4, 8, 16}


def test_thresholds_spread_over_what_the_kernels_answer() -> None:
    block = learned(Config(kernels=400))
    above = np.mean([block.describe(picture)[:400] for picture in pictures(5)], axis=0)
    assert 0.4 < above.mean() < 0.6
    assert above.min() < 0.1
    assert above.max() > 0.9


def test_the_seed_decides_everything() -> None:
    one, same, other = (learned(Config(kernels=20), seed).learned() for seed in (0, 0, 1))
    assert all(np.array_equal(one[key], same[key]) for key in one)
    assert not np.array_equal(one["weights"], other["weights"])


def test_a_state_with_kernels_outside_the_bands_is_refused() -> None:
    block = learned(Config(kernels=20))
    damaged = block.learned() | {"first": np.full(20, 40)}
    with pytest.raises(InputError, match="outside of 40 bands"):
        RandomKernels(Config(kernels=20)).adopt(damaged)


@pytest.mark.parametrize("wrong", [{"kernels": 0}, {"widest": 41}])
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Config(**wrong)  # pyrefly: ignore
