"""What a paired comparison could have seen: power, smallest detectable drop, rows needed.

Two models answer the same rows. They disagree on a share of them, the discordance, and only
those rows tell which is better; the test is McNemar's, one-sided for "the new one is worse".
Power is summed exactly over the binomial counts, not simulated.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaln, ndtri, stdtrit, xlog1py, xlogy

from handful.foundation.errors import require
from handful.numerics.stats.base import Vector, check_level

_MOST_ROWS = 100_000_000


def paired_power(
    n: int, drop: float, *, discordance: float = 0.04, alpha: float = 0.05, mid_p: bool = False
) -> float:
    """The chance that McNemar's exact test finds a drop of this size.

    Args:
        n: Rows both models answered.
        drop: True loss of accuracy, as a share: 0.01 is one point.
        discordance: Share of rows where exactly one model is right, 0.02 to 0.10 is common;
            never counted as less than the drop, which it must contain.
        alpha: One-sided false alarm rate, 0.05 is common.
        mid_p: Whether the test uses the mid-p value.

    Returns:
        Power, 0 to 1.

    Raises:
        ConfigError: When a value is out of range.

    Source: exact unconditional power, Duffy, Biometrics 40 (1984).
    """
    require(n >= 1, "n", n, "at least 1 row")
    require(0 <= drop <= 1, "drop", drop, "a share from 0 to 1")
    require(0 <= discordance <= 1, "discordance", discordance, "a share from 0 to 1")
    check_level(alpha, "alpha")
    differing = max(discordance, drop)
    if differing == 0:
        return 0.0
    counts, chance = _likely_counts(n, differing)
    least = _least_losses(int(counts[0]), int(counts[-1]), alpha, mid_p)
    lost = (differing + drop) / (2 * differing)
    found = _at_least(least, counts, lost)
    return float(np.clip(chance @ found, 0.0, 1.0))


def smallest_drop(
    n: int,
    *,
    discordance: float = 0.04,
    alpha: float = 0.05,
    power: float = 0.8,
    mid_p: bool = False,
) -> float:
    """The smallest drop of accuracy that is found with the wanted power.

    Args:
        n: Rows both models answered.
        discordance: Share of rows where exactly one model is right.
        alpha: One-sided false alarm rate.
        power: Wanted chance to find it, 0.8 is common.
        mid_p: Whether the test uses the mid-p value.

    Returns:
        A share; infinity when even the loss of every row would be missed.

    Raises:
        ConfigError: When a value is out of range.
    """
    check_level(power, "power")
    low, high = 0.0, 1.0
    if paired_power(n, high, discordance=discordance, alpha=alpha, mid_p=mid_p) < power:
        return math.inf
    for _ in range(20):  # to a millionth
        middle = (low + high) / 2
        if paired_power(n, middle, discordance=discordance, alpha=alpha, mid_p=mid_p) < power:
            low = middle
        else:
            high = middle
    return high


def rows_needed(
    drop: float,
    *,
    discordance: float = 0.04,
    alpha: float = 0.05,
    power: float = 0.8,
    mid_p: bool = False,
) -> int:
    """Rows that find a drop of this size with the wanted power.

    Exact power is saw-toothed in n; the answer is found by halving and reaches the power,
    though a few rows fewer or more may dip below it.

    Args:
        drop: Loss of accuracy to be found, as a share: 0.01 is one point.
        discordance: Share of rows where exactly one model is right.
        alpha: One-sided false alarm rate.
        power: Wanted chance to find it, 0.8 is common.
        mid_p: Whether the test uses the mid-p value.

    Returns:
        Rows both models must answer.

    Raises:
        ConfigError: When a value is out of range, or 100 million rows would not do.
    """
    require(0 < drop <= 1, "drop", drop, "a share above 0, at most 1")
    check_level(power, "power")
    low, high = 0, 16
    while paired_power(high, drop, discordance=discordance, alpha=alpha, mid_p=mid_p) < power:
        low, high = high, 2 * high
        require(high <= _MOST_ROWS, "drop", drop, "large enough for 100 million rows to show")
    while high - low > 1:
        middle = (low + high) // 2
        if paired_power(middle, drop, discordance=discordance, alpha=alpha, mid_p=mid_p) < power:
            low = middle
        else:
            high = middle
    return high


def smallest_change(
    standard_error: float, degrees: float, *, alpha: float = 0.05, power: float = 0.8
) -> float:
    """The smallest change of any mean that a one-sided t test finds with the wanted power.

    Args:
        standard_error: Standard error of the difference, in the unit of the score.
        degrees: Degrees of freedom of that error.
        alpha: One-sided false alarm rate.
        power: Wanted chance to find it, 0.8 is common.

    Returns:
        A change, in the unit of the score; infinity when the error is infinite.

    Raises:
        ConfigError: When a value is out of range.
    """
    require(standard_error >= 0, "standard_error", standard_error, "0 or more")
    check_level(alpha, "alpha")
    check_level(power, "power")
    if degrees <= 0 or math.isinf(standard_error):
        return math.inf
    reach = float(stdtrit(degrees, 1 - alpha)) + float(ndtri(power))
    return max(0.0, reach) * standard_error


def _likely_counts(n: int, share: float) -> tuple[Vector, Vector]:
    """Counts that a binomial takes with any noticeable chance, and the chance of each."""
    spread = 8 * math.sqrt(n * share * (1 - share)) + 8
    first, last = max(0, math.floor(n * share - spread)), min(n, math.ceil(n * share + spread))
    counts = np.arange(first, last + 1, dtype=np.float64)
    ways = gammaln(n + 1) - gammaln(counts + 1) - gammaln(n - counts + 1)
    return counts, np.exp(ways + xlogy(counts, share) + xlog1py(n - counts, -share))


@lru_cache(maxsize=64)
def _least_losses(first: int, last: int, alpha: float, mid_p: bool) -> NDArray[np.float64]:
    """Fewest losses that McNemar's test calls a drop, for `first` to `last` discordant rows."""
    counts = np.arange(first, last + 1, dtype=np.float64)
    # Start where the normal curve points, then step to the exact place.
    least = np.ceil(counts / 2 - float(ndtri(alpha)) * np.sqrt(counts) / 2).clip(1)
    while (high := _p_value(least, counts, mid_p) > alpha).any():
        least = least + high
    while (low := (least > 1) & (_p_value(least - 1, counts, mid_p) <= alpha)).any():
        least = least - low
    return least


def _p_value(losses: Vector, counts: Vector, mid_p: bool) -> NDArray[np.float64]:
    """One-sided p-value of so many losses among so many discordant rows."""
    p_value = _at_least(losses, counts, 0.5)
    if not mid_p:
        return p_value
    return (p_value + _at_least(losses + 1, counts, 0.5)) / 2


def _at_least(hits: Vector, trials: Vector, share: float) -> NDArray[np.float64]:
    """The chance of so many hits or more; `hits` from 1, beyond `trials` it is 0."""
    can = hits <= trials
    within = np.where(can, hits, 1.0)
    return np.where(can, betainc(within, np.maximum(trials - within + 1, 0.5), share), 0.0)
