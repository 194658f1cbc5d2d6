"""Shares, against scipy's binomial test, a fine grid and the published coverage band."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import betaln, expit, gammaln

from handful.foundation.errors import ConfigError, UsageError
from handful.numerics.stats.base import Interval
from handful.numerics.stats.proportions import (
    coverage_band,
    exact_share,
    grouped_share,
    share_from_error,
    share_interval,
    wilson_share,
)


def ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


@given(st.integers(1, 60), st.data())
def test_exact_and_wilson_match_scipy(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, n))
    level = data.draw(st.sampled_from([0.8, 0.95, 0.99]))
    oracle = stats.binomtest(right, n)
    for ours, method in ((exact_share, "exact"), (wilson_share, "wilson")):
        expected = oracle.proportion_ci(level, method=method)
        found = ends(ours(right, n, level=level))
        assert found == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_exact_interval_never_covers_less_than_it_says() -> None:
    for share in (0.03, 0.3, 0.5):
        chance = stats.binom.pmf(np.arange(31), 30, share)
        held = [(i := exact_share(right, 30)).low <= share <= i.high for right in range(31)]
        assert chance @ np.array(held) >= 0.95


@pytest.mark.parametrize(
    ("right", "sizes"),
    [
        ([18, 20, 12, 19], [20, 20, 20, 20]),
        ([0, 0, 0, 3, 0], [20, 20, 20, 20, 20]),
        ([9, 50, 4, 18, 7, 30], [10, 55, 9, 20, 7, 40]),
    ],
)
def test_grouped_share_matches_a_fine_grid(right: list[int], sizes: list[int]) -> None:
    share, likeness = np.linspace(-16, 16, 2001)[:, None], np.linspace(-9, 9, 200)[None, :]
    a, b = expit(share) * np.exp(-likeness), expit(-share) * np.exp(-likeness)
    log = 0.75 * np.log(expit(share) * expit(-share))
    log = log + 0.5 * np.log(expit(likeness) * expit(-likeness))
    for hits, n in zip(right, sizes, strict=True):
        log = log + betaln(hits + a, n - hits + b) - betaln(a, b)
    mass = np.exp(log - log.max()).sum(axis=1)
    below = (np.cumsum(mass) - mass / 2) / mass.sum()
    expected = expit(np.interp([0.025, 0.975], below, share[:, 0]))
    assert ends(grouped_share(right, sizes)) == pytest.approx(tuple(expected), abs=2e-3)


def test_groups_of_one_row_are_independent_rows() -> None:
    right = np.arange(100) < 90
    assert ends(share_interval(right, np.arange(100))) == ends(exact_share(90, 100))
    low, high = ends(grouped_share(right * 1, np.ones(100)))
    posterior = stats.beta.ppf([0.025, 0.975], 90.75, 10.75)
    assert (low, high) == pytest.approx(tuple(posterior), abs=1e-3)


def test_rows_that_fail_together_widen_the_interval() -> None:
    together = grouped_share([20, 20, 20, 20, 0, 20, 20, 20, 20, 20], np.full(10, 20))
    spread = grouped_share(np.full(10, 18), np.full(10, 20))
    assert together.estimate == spread.estimate == 0.9
    assert together.high - together.low > 2 * (spread.high - spread.low)


def test_many_rows_in_many_groups_agree_with_wilson() -> None:
    rng = np.random.default_rng(0)
    right = rng.binomial(50, 0.9, size=400)
    wilson = wilson_share(int(right.sum()), 20_000)
    assert ends(grouped_share(right, np.full(400, 50))) == pytest.approx(ends(wilson), abs=1e-3)


def test_all_right_reaches_one_and_bounds_below() -> None:
    found = grouped_share([10] * 6, [10] * 6)
    assert found.high == 1
    assert 0.6 < found.low < exact_share(60, 60).low
    assert grouped_share([0] * 6, [10] * 6).low == 0


def test_one_group_bounds_nothing() -> None:
    assert ends(share_interval([1, 1, 0], ["a", "a", "a"])) == (0, 1)


def test_a_large_group_unlike_the_others_changes_the_method() -> None:
    found = grouped_share([100] + [20] * 8, [400] + [20] * 8)
    assert "effective rows" in found.method
    assert found.low <= found.estimate <= found.high


def test_few_groups_near_the_edge_keep_their_level() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(300):
        right = rng.binomial(20, rng.beta(0.9 * 2, 0.1 * 2, size=8))
        found = grouped_share(right, np.full(8, 20))
        held += found.low <= 0.9 <= found.high
    assert 0.93 <= held / 300 <= 0.99


def test_share_from_error_turns_an_error_into_rows() -> None:
    error = (0.8 * 0.2 / 50) ** 0.5
    found = share_from_error(0.8, error, 1e9, n=200, groups=20, level=0.95)
    assert ends(found) == pytest.approx(ends(wilson_share(40, 50)), abs=1e-6)
    flat = share_from_error(1.0, 0.0, 19, n=200, groups=20, level=0.95)
    assert flat.high == 1
    assert 0.75 < flat.low < 0.9


# Band of a 90 % promise, 95 % of correct predictors: calibration rows, low, high.
@pytest.mark.parametrize(
    ("rows", "low", "high"),
    [(100, 0.836, 0.951), (200, 0.856, 0.938), (500, 0.873, 0.925), (1000, 0.881, 0.918)],
)
def test_coverage_band_matches_published_figures(rows: int, low: float, high: float) -> None:
    assert ends(coverage_band(rows, 0.9)) == pytest.approx((low, high), abs=5e-4)


def test_coverage_band_matches_simulated_thresholds() -> None:
    scores = np.sort(np.random.default_rng(2).random((4_000, 99)), axis=1)
    covered = scores[:, 89]  # uniform scores: a threshold covers its own height
    band = coverage_band(99, 0.9)
    assert band.estimate == pytest.approx(0.9)
    inside = np.mean((covered >= band.low) & (covered <= band.high))
    assert inside == pytest.approx(0.95, abs=0.015)


def test_too_few_calibration_rows_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 19"):
        coverage_band(18, 0.95)
    assert coverage_band(19, 0.95).n == 19


@pytest.mark.parametrize(("right", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_impossible_counts_are_refused(right: int, n: int) -> None:
    with pytest.raises(ConfigError):
        exact_share(right, n)
    with pytest.raises(ConfigError):
        wilson_share(right, n)


@pytest.mark.parametrize(
    ("right", "sizes"), [([3], [2]), ([1, 2], [3]), ([0], [0]), ([], []), ([-1], [3])]
)
def test_group_counts_must_fit(right: list[int], sizes: list[int]) -> None:
    with pytest.raises(UsageError, match="leave empty groups out"):
        grouped_share(right, sizes)


def test_log_gamma_oracle_is_the_rising_product() -> None:
    # The posterior is built on this identity; a wrong sign would still look like a posterior.
    assert gammaln(0.7 + 4) - gammaln(0.7) == pytest.approx(np.log(0.7 * 1.7 * 2.7 * 3.7))
