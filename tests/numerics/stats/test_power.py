"""Power of the paired comparison, against a naive sum, a simulation and published figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from handful.foundation.errors import ConfigError
from handful.numerics.stats.power import paired_power, rows_needed, smallest_change, smallest_drop


def naive_power(n: int, drop: float, discordance: float, alpha: float, mid_p: bool) -> float:
    """Every table that could come out, one by one."""
    differing = max(discordance, drop)
    lost = (differing + drop) / (2 * differing)
    total = 0.0
    for count in range(n + 1):
        losses = np.arange(count + 1)
        p = stats.binom.sf(losses - 1, count, 0.5)
        if mid_p:
            p = p - stats.binom.pmf(losses, count, 0.5) / 2
        found = stats.binom.pmf(losses, count, lost)[p <= alpha].sum()
        total += float(stats.binom.pmf(count, n, differing) * found)
    return total


@pytest.mark.parametrize("mid_p", [False, True])
@pytest.mark.parametrize(
    ("n", "drop", "discordance", "alpha"),
    [(1, 0.5, 0.5, 0.05), (30, 0.1, 0.3, 0.05), (120, 0.0, 0.1, 0.1), (200, 0.05, 0.04, 0.01)],
)
def test_power_matches_the_naive_sum(
    n: int, drop: float, discordance: float, alpha: float, mid_p: bool
) -> None:
    found = paired_power(n, drop, discordance=discordance, alpha=alpha, mid_p=mid_p)
    assert found == pytest.approx(naive_power(n, drop, discordance, alpha, mid_p), abs=1e-9)


# One-sided 5 %, discordance 4 % or the drop if larger; simulated, so good to about 0.04.
@pytest.mark.parametrize(
    ("n", "powers"),
    [
        (200, (0.10, 0.26, 0.55, 0.98)),
        (500, (0.27, 0.68, 0.97, 1.0)),
        (1000, (0.43, 0.94, 1.0, 1.0)),
        (2000, (0.70, 1.0, 1.0, 1.0)),
    ],
)
def test_power_matches_published_simulation(n: int, powers: tuple[float, ...]) -> None:
    found = [paired_power(n, drop) for drop in (0.01, 0.02, 0.03, 0.05)]
    assert found == pytest.approx(list(powers), abs=0.04)


def test_equal_models_are_called_worse_at_most_alpha_of_the_time() -> None:
    for n in (20, 100, 1000, 5000):
        assert paired_power(n, 0.0, discordance=0.1) <= 0.05
    assert paired_power(100, 0.0, discordance=0.0) == 0


def test_smallest_drop_has_the_power_it_claims() -> None:
    for n, discordance in ((200, 0.04), (1000, 0.04), (1000, 0.0), (1000, 0.2)):
        drop = smallest_drop(n, discordance=discordance)
        assert paired_power(n, drop, discordance=discordance) == pytest.approx(0.8, abs=1e-3)


def test_few_rows_find_nothing() -> None:
    assert smallest_drop(4) == math.inf
    assert smallest_drop(5) < 1


def test_rows_needed_reach_the_power() -> None:
    for drop in (0.01, 0.05):
        n = rows_needed(drop)
        assert paired_power(n, drop) >= 0.8
        assert paired_power(round(0.9 * n), drop) < 0.8


def test_smallest_change_is_the_sum_of_two_quantiles() -> None:
    assert smallest_change(2.0, 1e12) == pytest.approx(2 * (1.6449 + 0.8416), abs=1e-3)
    assert smallest_change(1.0, 7) == pytest.approx(stats.t.ppf(0.95, 7) + 0.8416, abs=1e-3)
    assert smallest_change(math.inf, 0) == math.inf
    assert smallest_change(0.0, 5) == 0


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="`n`"):
        paired_power(0, 0.1)
    with pytest.raises(ConfigError, match="drop"):
        paired_power(10, 1.5)
    with pytest.raises(ConfigError, match="drop"):
        rows_needed(0.0)
    with pytest.raises(ConfigError, match="100 million"):
        rows_needed(1e-7)
