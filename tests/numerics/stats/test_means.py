"""The mean of grouped scores, against closed forms, a naive loop and a simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from handful.foundation.errors import UsageError
from handful.numerics.stats.means import (
    degrees_of_freedom,
    group_mean,
    is_above_zero,
    likeness_within,
    lost_spread,
    mean_interval,
    t_quantile,
)


def test_independent_rows_give_the_textbook_t_interval() -> None:
    values = np.random.default_rng(0).normal(size=25)
    found = mean_interval(values, level=0.9)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert (found.n, found.groups, found.level) == (25, 25, 0.9)


def test_equal_groups_give_the_t_interval_of_the_group_means() -> None:
    values = np.random.default_rng(1).normal(size=(8, 5))
    found = mean_interval(values.ravel(), np.repeat(np.arange(8), 5))
    expected = stats.ttest_1samp(values.mean(axis=1), 0.0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


@given(st.lists(st.integers(1, 30), min_size=2, max_size=12), st.floats(0, 1))
def test_error_and_degrees_match_the_matrix_they_stand_for(
    sizes: list[int], likeness: float
) -> None:
    rows = np.array(sizes, dtype=np.float64)
    share = rows / rows.sum()
    keep = np.eye(rows.size) - np.outer(share, np.ones(rows.size))
    residual = keep / np.sqrt(1 - share)[:, None]
    independent = (residual * rows) @ residual.T
    expected = np.trace(independent) ** 2 / np.sum(independent * independent)
    assert degrees_of_freedom(rows) == pytest.approx(expected)
    variance = rows * (1 + (rows - 1) * likeness)
    alike = (residual * variance) @ residual.T
    assert lost_spread(rows, likeness) == pytest.approx(variance.sum() / np.trace(alike))
    plain = np.trace((keep * variance) @ keep.T)
    found = lost_spread(rows, likeness, is_reduced=False)
    assert found == pytest.approx(variance.sum() / plain)


def test_equal_groups_leave_one_degree_less_than_groups() -> None:
    assert degrees_of_freedom(np.full(9, 7.0)) == pytest.approx(8)
    assert degrees_of_freedom(np.array([100.0, 3, 3, 3, 3, 3, 3, 3, 3])) < 2
    assert lost_spread(np.full(9, 7.0), 0.4) == pytest.approx(1)
    assert lost_spread(np.full(9, 7.0), 0.4, is_reduced=False) == pytest.approx(9 / 8)


def test_likeness_is_zero_for_strangers_and_one_for_copies() -> None:
    codes = np.repeat(np.arange(50), 4)
    by_group = np.random.default_rng(2).normal(size=50)
    assert likeness_within(by_group[codes], codes) == pytest.approx(1)
    assert likeness_within(np.random.default_rng(3).normal(size=200), codes) < 0.15
    assert likeness_within(np.zeros(200), codes) == 0


def test_influence_squares_to_the_error() -> None:
    rng = np.random.default_rng(4)
    found = group_mean(rng.normal(size=60), rng.integers(7, size=60))
    assert np.sum(found.influence**2) == pytest.approx(found.standard_error**2)


def test_one_group_bounds_nothing() -> None:
    found = mean_interval([1.0, 2.0, 3.0], ["a", "a", "a"])
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert found.estimate == 2


def test_duplicated_rows_do_not_narrow_the_interval() -> None:
    values = np.random.default_rng(5).normal(size=12)
    once = mean_interval(values)
    thrice = mean_interval(np.repeat(values, 3), np.repeat(np.arange(12), 3))
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high))


def test_t_quantile_takes_fractions_of_degrees() -> None:
    assert t_quantile(0.95, 3.7) == pytest.approx(stats.t.ppf(0.975, 3.7))


def test_few_unequal_groups_keep_their_level() -> None:
    rng = np.random.default_rng(6)
    held = 0
    for _ in range(400):
        codes = np.repeat(np.arange(8), rng.integers(2, 60, size=8))
        values = rng.normal(size=8)[codes] + rng.normal(size=codes.size)
        found = mean_interval(values, codes)
        held += found.low <= 0 <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_lengths_must_agree() -> None:
    with pytest.raises(UsageError, match="each of 3 rows"):
        mean_interval([1.0, 2.0, 3.0], [0, 1])


@pytest.mark.parametrize("shift", [-0.5, 0.0, 0.2, 0.5])
def test_above_zero_is_the_t_test_of_the_sums_over_groups(shift: float) -> None:
    dice = np.random.default_rng(3)
    codes = np.repeat([0, 2, 3, 7, 8], [4, 1, 9, 3, 6])  # 1, 4, 5 and 6 have no rows
    scores = dice.normal(shift, 1, len(codes))
    sums = [scores[codes == code].sum() for code in np.unique(codes)]
    tail = stats.ttest_1samp(sums, 0, alternative="greater").pvalue
    for chance in (tail * 0.9, tail * 1.1):
        if chance < 0.5:
            assert is_above_zero(scores, codes, chance) == (tail < chance)


def test_two_groups_show_nothing() -> None:
    assert not is_above_zero(np.full(20, 1.0), np.arange(20) % 2, 0.01)
