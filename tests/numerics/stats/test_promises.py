"""How many trials a promise needs, against published counts and the binomial itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from handful.foundation.errors import ConfigError
from handful.numerics.stats.promises import share_promised, trials_needed


def test_forty_five_in_a_row_promise_95_at_90() -> None:
    assert trials_needed(0.95, 0.90) == 45
    assert share_promised(45, 0.90) >= 0.95
    assert share_promised(44, 0.90) < 0.95


@pytest.mark.parametrize(
    ("promise", "counts"),
    [
        (0.90, (44, 64, 127, 197)),
        (0.95, (90, 130, 259, 398)),
        (0.99, (459, 662, 1307, 2010)),
    ],
)
def test_early_stopping_counts_match_mlperf(promise: float, counts: tuple[int, ...]) -> None:
    found = [trials_needed(promise, 0.99, mistakes=over) for over in (0, 1, 5, 10)]
    assert tuple(found) == counts


@given(st.floats(0.5, 0.995), st.floats(0.5, 0.999), st.integers(0, 12))
def test_the_count_is_the_first_that_suffices(
    promise: float, confidence: float, mistakes: int
) -> None:
    count = trials_needed(promise, confidence, mistakes=mistakes)
    luck = stats.binom.cdf(mistakes, [count - 1, count], 1 - promise)
    assert luck[1] <= 1 - confidence + 1e-9
    assert luck[0] > 1 - confidence - 1e-9 or count == mistakes + 1


def test_share_promised_is_the_one_sided_exact_bound() -> None:
    oracle = stats.binomtest(57, 60, alternative="greater").proportion_ci(0.95)
    assert share_promised(60, 0.95, mistakes=3) == pytest.approx(oracle.low)
    assert share_promised(4, 0.95, mistakes=4) == 0


def test_impossible_promises_are_refused() -> None:
    with pytest.raises(ConfigError, match="promise"):
        trials_needed(1.0, 0.9)
    with pytest.raises(ConfigError, match="mistakes"):
        trials_needed(0.9, 0.9, mistakes=-1)
    with pytest.raises(ConfigError, match="from 0 to trials = 3"):
        share_promised(3, 0.9, mistakes=4)
