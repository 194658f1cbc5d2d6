"""McNemar, sign flips and the score interval, against scipy and all patterns by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from handful.foundation.errors import ConfigError
from handful.numerics.stats.paired_tests import mcnemar, score_ends, sign_flip

Z = 1.959963984540054


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_binomial_test(gains: int, losses: int) -> None:
    worse, different = mcnemar(gains, losses)
    if gains + losses:
        oracle = stats.binomtest(losses, gains + losses, alternative="greater").pvalue
        both = stats.binomtest(losses, gains + losses).pvalue
    else:
        oracle = both = 1.0
    assert worse == pytest.approx(oracle)
    assert different == pytest.approx(both)


@given(st.integers(0, 30), st.integers(0, 30))
def test_mid_p_counts_the_observed_table_half(gains: int, losses: int) -> None:
    exact, _ = mcnemar(gains, losses)
    mid, _ = mcnemar(gains, losses, mid_p=True)
    count = gains + losses
    at = stats.binom.pmf(losses, count, 0.5) if count else 0.0
    assert mid == pytest.approx(exact - at / 2)


def test_sign_flips_of_single_rows_are_mcnemar() -> None:
    change = np.array([1.0, 1, -1, -1, -1, -1, -1, 0, 0, 0])
    assert sign_flip(change, np.arange(10)) == pytest.approx(mcnemar(2, 5))


def test_few_groups_are_counted_through() -> None:
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(6), 4)
    change = rng.normal(-0.3, 1, size=24)
    totals = np.bincount(codes, weights=change)
    sums = [float(np.dot(signs, totals)) for signs in itertools.product((-1, 1), repeat=6)]
    worse, different = sign_flip(change, codes)
    assert worse == pytest.approx(np.mean(np.array(sums) <= totals.sum() + 1e-9))
    assert different == pytest.approx(np.mean(np.abs(sums) >= abs(totals.sum()) - 1e-9))


def test_drawn_patterns_agree_with_the_normal_curve() -> None:
    change = np.tile([1.0, -1.0, -1.0], 100)
    worse, different = sign_flip(change, np.arange(300), seed=1)
    z = (change.sum() + 1) / np.sqrt(300)  # with continuity: sums move in steps of two
    assert worse == pytest.approx(stats.norm.cdf(z), abs=2e-3)
    assert different == pytest.approx(2 * worse, abs=1e-3)
    slight = np.tile([1.0, -1.0, 1.0, -1.0, -1.0], 8)
    worse, _ = sign_flip(slight, np.arange(40), seed=1)
    assert worse == pytest.approx(mcnemar(16, 24)[0], abs=0.015)


def test_models_that_agree_prove_nothing() -> None:
    assert sign_flip(np.zeros(8), np.arange(8)) == (1.0, 1.0)
    assert mcnemar(0, 0) == (1.0, 1.0)
    assert mcnemar(0, 0, mid_p=True) == (1.0, 1.0)


def test_four_groups_cannot_reach_five_percent() -> None:
    worse, _ = sign_flip(np.full(40, -1.0), np.repeat(np.arange(4), 10))
    assert worse == pytest.approx(1 / 16)


def test_score_interval_matches_a_published_example() -> None:
    # 21 patients before and after, 1 gain and 7 losses: Fagerland, Lydersen and Laake,
    # Statistics in Medicine 33 (2014), give -0.517 to -0.026.
    low, high = score_ends(1, 7, 21, Z, Z, correction=0)
    assert (low, high) == pytest.approx((-0.517, -0.026), abs=5e-4)


def test_where_no_row_differs_the_interval_has_a_closed_form() -> None:
    low, high = score_ends(0, 0, 100, Z, Z, correction=0)
    assert high == pytest.approx(Z * Z / (100 + Z * Z), abs=1e-9)
    assert low == pytest.approx(-high)


def test_score_interval_ends_where_mcnemars_statistic_is_the_quantile() -> None:
    # At difference 0 the score statistic is (gains - losses) / sqrt(gains + losses).
    gains, losses = 9, 21
    reach = (losses - gains) / np.sqrt(gains + losses)
    low, high = score_ends(gains, losses, 400, reach, reach, correction=0)
    assert high == pytest.approx(0, abs=1e-9)
    assert low < (gains - losses) / 400


@given(st.integers(0, 30), st.integers(0, 30), st.integers(60, 300))
def test_score_interval_mirrors_when_the_models_swap(gains: int, losses: int, n: int) -> None:
    low, high = score_ends(gains, losses, n, 1.645, 1.645)
    swapped = score_ends(losses, gains, n, 1.645, 1.645)
    assert swapped == pytest.approx((-high, -low), abs=1e-9)
    assert -1 <= low <= (gains - losses) / n <= high <= 1


def test_ends_err_at_most_alpha_where_few_rows_differ() -> None:
    n, reach = 300, float(stats.norm.ppf(0.95))
    for gain, loss in ((0.0, 0.01), (0.005, 0.015), (0.02, 0.02)):
        err_low = err_high = 0.0
        for gains in range(25):
            for losses in range(25):
                counts = [gains, losses, n - gains - losses]
                chance = stats.multinomial.pmf(counts, n, [gain, loss, 1 - gain - loss])
                if chance > 1e-6:
                    low, high = score_ends(gains, losses, n, reach, reach)
                    err_low += chance * (low > gain - loss + 1e-12)
                    err_high += chance * (high < gain - loss - 1e-12)
        assert err_low <= 0.05
        assert err_high <= 0.05


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ConfigError, match="losses"):
        mcnemar(3, -1)
