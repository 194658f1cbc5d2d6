"""Percentiles of times, against exact coverage, numpy and planted slowness."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from handful.foundation.errors import ConfigError, UsageError
from handful.numerics.stats.quantiles import percentile, percentile_interval, percentile_ratio

Array = NDArray[np.float64]


@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=60),
    st.sampled_from([0.1, 0.5, 0.9, 0.99]),
)
def test_percentile_is_the_smallest_value_that_enough_do_not_exceed(
    values: list[int], share: float
) -> None:
    found = percentile(values, share)
    assert found in values
    assert np.mean(np.array(values) <= found) >= share - 1e-12
    assert np.mean(np.array(values) < found) < share
    assert found == np.quantile(values, share, method="inverted_cdf")


@pytest.mark.parametrize(("n", "share"), [(30, 0.5), (100, 0.9), (500, 0.9), (1000, 0.99)])
def test_order_statistics_cover_at_least_their_level(n: int, share: float) -> None:
    ranks = percentile_interval(np.arange(1, n + 1), share)
    high = ranks.high - 1 if math.isfinite(ranks.high) else n
    low = ranks.low - 1 if math.isfinite(ranks.low) else -1
    covered = stats.binom.cdf(high, n, share) - stats.binom.cdf(low, n, share)
    assert covered >= 0.95
    # One rank less on either side would no longer do.
    assert stats.binom.sf(high - 1, n, share) > 0.025
    assert stats.binom.cdf(low + 1, n, share) > 0.025


def test_too_few_calls_leave_the_percentile_open() -> None:
    values = np.random.default_rng(0).random(368)
    assert percentile_interval(values[:367], 0.99).high == math.inf
    assert percentile_interval(values, 0.99).high == values.max()
    assert percentile_interval([3.0], 0.5).low == -math.inf


def turns(
    rng: np.random.Generator, slow: float = 0.0, share: float = 0.0
) -> tuple[Array, Array, NDArray[np.int64]]:
    """Old and new times in 20 turns of 40 calls; a share of new calls takes longer."""
    block = np.repeat(np.arange(20), 40)
    mood = np.exp(0.1 * rng.normal(size=20))[block]
    old = mood * rng.normal(1, 0.02, size=800)
    new = mood * (rng.normal(1, 0.02, size=800) + slow * (rng.random(800) < share))
    return old, new, block


def test_a_sleep_on_a_fifth_of_the_calls_raises_p90() -> None:
    old, new, block = turns(np.random.default_rng(1), slow=0.15, share=0.2)
    found = percentile_ratio(old, new, 0.9, old_blocks=block, new_blocks=block, draws=2_000)
    assert new.mean() / old.mean() < 1.05
    assert found.estimate > 1.07
    assert found.low > 1.04
    assert (found.n, found.groups) == (1_600, 20)


def test_the_same_model_twice_stays_within_a_tenth() -> None:
    old, new, block = turns(np.random.default_rng(2))
    found = percentile_ratio(old, new, 0.9, old_blocks=block, new_blocks=block, draws=2_000)
    assert found.low <= 1 <= found.high < 1.1


def test_paired_turns_cancel_the_machines_mood() -> None:
    old, new, block = turns(np.random.default_rng(3))
    paired = percentile_ratio(old, new, 0.5, old_blocks=block, new_blocks=block, draws=500)
    mixed = (block + 7) % 20
    apart = percentile_ratio(old, new, 0.5, old_blocks=block, new_blocks=mixed, draws=500)
    assert paired.estimate == apart.estimate
    assert paired.high - paired.low < 0.3 * (apart.high - apart.low)


def test_drawn_percentiles_match_a_naive_loop() -> None:
    rng = np.random.default_rng(4)
    old, new = rng.lognormal(size=60), rng.lognormal(size=60)
    block = np.repeat(np.arange(6), 10)
    found = percentile_ratio(old, new, 0.5, old_blocks=block, new_blocks=block, level=0.8)
    naive = []
    for _ in range(4_000):
        rows = np.concatenate([np.flatnonzero(block == b) for b in rng.integers(6, size=6)])
        naive.append(
            np.quantile(new[rows], 0.5, method="inverted_cdf")
            / np.quantile(old[rows], 0.5, method="inverted_cdf")
        )
    tail = stats.norm.cdf(-math.sqrt(6 / 5) * stats.t.ppf(0.9, 5))
    expected = np.quantile(naive, [tail, 1 - tail])
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=0.06)


def test_one_block_bounds_nothing() -> None:
    found = percentile_ratio([1.0, 2.0], [1.0, 2.0], 0.5, old_blocks=[0, 0], new_blocks=[0, 0])
    assert (found.low, found.high) == (0, math.inf)


def test_unusable_input_is_refused() -> None:
    with pytest.raises(UsageError, match="above 0"):
        percentile_ratio([0.0, 1.0], [1.0, 1.0], 0.5)
    with pytest.raises(UsageError, match="must both be given"):
        percentile_ratio([1.0], [1.0], 0.5, old_blocks=[0])
    with pytest.raises(UsageError, match="calls of both models"):
        percentile_ratio([1.0, 1.0], [1.0, 1.0], 0.5, old_blocks=[0, 1], new_blocks=[0, 2])
    with pytest.raises(ConfigError, match="share"):
        percentile([1.0], 90)
