"""Group bootstrap, against the t interval, a naive loop and known ratios."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from handful.foundation.errors import ConfigError, UsageError
from handful.numerics.stats.means import mean_interval
from handful.numerics.stats.resampling import (
    draw_groups,
    interval_of_rows,
    interval_of_sums,
    widened_tail,
)


def ratio(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(sums[..., 0] / sums[..., 1])


def first(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(sums[..., 0])


def grouped(seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(30), 10)
    return rng.normal(size=30)[labels] + rng.normal(size=300), labels


def test_bootstrap_of_a_mean_agrees_with_t() -> None:
    values, labels = grouped(0)
    found = interval_of_sums(np.stack([values, np.ones(300)], axis=1), ratio, labels)
    expected = mean_interval(values, labels)
    width = expected.high - expected.low
    assert found.estimate == pytest.approx(expected.estimate)
    assert found.low == pytest.approx(expected.low, abs=0.08 * width)
    assert found.high == pytest.approx(expected.high, abs=0.08 * width)
    assert (found.n, found.groups) == (300, 30)


def test_both_ways_in_agree() -> None:
    values, labels = grouped(1)
    by_sums = interval_of_sums(np.stack([values, np.ones(300)], axis=1), ratio, labels)
    by_rows = interval_of_rows(lambda rows: float(values[rows].mean()), 300, labels)
    width = by_sums.high - by_sums.low
    assert by_rows.low == pytest.approx(by_sums.low, abs=0.08 * width)
    assert by_rows.high == pytest.approx(by_sums.high, abs=0.08 * width)


def test_draws_take_whole_groups() -> None:
    drawn = np.concatenate(list(draw_groups(7, 1500, np.random.default_rng(2))))
    assert drawn.shape == (1500, 7)
    assert (drawn.sum(axis=1) == 7).all()
    assert drawn.mean() == 1
    # Variance of a multinomial count: 7 * (1/7) * (6/7).
    assert drawn.var() == pytest.approx(6 / 7, abs=0.05)


def test_the_tail_widens_as_t_does() -> None:
    assert widened_tail(0.95, np.ones(100_000)) == pytest.approx(0.025, rel=1e-3)
    equal = stats.norm.cdf(-math.sqrt(8 / 7) * 2.3646)
    assert widened_tail(0.95, np.full(8, 5.0)) == pytest.approx(equal, rel=1e-3)
    assert widened_tail(0.95, np.array([40.0, 2, 2, 2, 2, 2, 2, 2])) < equal / 10


def test_precision_stays_inside_its_range() -> None:
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(12), 10)
    called = rng.random(120) < 0.5
    columns = np.stack([called, called], axis=1).astype(float)
    found = interval_of_sums(columns, ratio, labels, is_share=True)
    assert (found.estimate, found.high) == (1.0, 1.0)
    assert 0.6 < found.low < 0.9


def test_precision_by_rows_matches_precision_by_sums() -> None:
    rng = np.random.default_rng(4)
    labels = np.repeat(np.arange(15), 8)
    called, right = rng.random(120) < 0.6, rng.random(120) < 0.8

    def precision(rows: NDArray[np.intp]) -> float:
        return float((called & right)[rows].sum() / called[rows].sum())

    columns = np.stack([called & right, called], axis=1).astype(float)
    by_sums = interval_of_sums(columns, ratio, labels, is_share=True)
    by_rows = interval_of_rows(precision, 120, labels, is_share=True)
    assert (by_rows.low, by_rows.high) == pytest.approx((by_sums.low, by_sums.high))


def test_many_groups_are_left_out_in_bundles() -> None:
    right = np.random.default_rng(5).random(3_000) < 0.9
    calls = 0

    def share(rows: NDArray[np.intp]) -> float:
        nonlocal calls
        calls += 1
        return float(right[rows].mean())

    found = interval_of_rows(share, 3_000, is_share=True)
    error = math.sqrt(found.estimate * (1 - found.estimate) / 3_000)
    assert calls == 201
    assert (found.high - found.low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.15)


def test_same_seed_same_interval() -> None:
    values, labels = grouped(6)
    once, again, other = (interval_of_sums(values, first, labels, seed=s) for s in (1, 1, 2))
    assert once == again
    assert once != other


def test_undefined_draws_leave_it_unbounded() -> None:
    columns = np.zeros((12, 2))
    columns[0] = 1  # one group alone has a denominator, and a third of the draws miss it
    found = interval_of_sums(columns, ratio, np.arange(12))
    assert (found.low, found.high) == (-math.inf, math.inf)
    found = interval_of_sums(columns, ratio, np.arange(12), is_share=True)
    assert (found.low, found.high) == (0, 1)


def test_one_group_bounds_nothing() -> None:
    found = interval_of_sums([1.0, 2.0], first, ["a", "a"])
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert interval_of_rows(lambda rows: 0.5, 3, [1, 1, 1], is_share=True).high == 1


def test_a_constant_has_no_width() -> None:
    found = interval_of_rows(lambda rows: 3.0, 20, draws=100)
    assert (found.low, found.high) == (3, 3)


def test_ten_thousand_draws_are_quick() -> None:
    rng = np.random.default_rng(7)
    start = time.process_time()
    interval_of_sums(rng.random((2_000, 2)), ratio, np.repeat(np.arange(100), 20))
    assert time.process_time() - start < 1


def test_unusable_input_is_refused() -> None:
    with pytest.raises(UsageError, match="must be finite"):
        interval_of_sums([1.0, np.nan], first)
    with pytest.raises(UsageError, match="denominator"), np.errstate(invalid="ignore"):
        interval_of_sums(np.zeros((4, 2)), ratio)
    with pytest.raises(UsageError, match="between 0 and 1"):
        interval_of_sums([1.0, 2.0, 4.0], first, is_share=True)
    with pytest.raises(UsageError, match="must return one number"):
        interval_of_sums([1.0, 2.0], lambda sums: sums)
    with pytest.raises(ConfigError, match="draws"):
        interval_of_rows(lambda rows: 1.0, 5, draws=10)
