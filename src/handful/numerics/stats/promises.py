"""How many trials a promise needs: "right 95 times in 100", "answers within the bound".

Both are the same question about a coin: after n trials with t mistakes, how sure is it that
the coin lands right at least as often as promised?
"""

from __future__ import annotations

import math

from scipy.special import bdtr, betaincinv

from handful.foundation.errors import require
from handful.numerics.stats.base import check_level


def trials_needed(promise: float, confidence: float, *, mistakes: int = 0) -> int:
    """Fewest trials, with so many mistakes, that make a promise good.

    With no mistake: 45 right in a row promise 95 % at 90 % confidence. With promise 0.9,
    confidence 0.99 and `mistakes` answers over the time limit: the queries after which a
    latency run may stop and report its 90th percentile (44, 64, 127, 197 for 0, 1, 5, 10).

    Args:
        promise: Share that must be right, such as 0.95.
        confidence: How sure to be, such as 0.90 or 0.99.
        mistakes: Trials that went wrong, 0 or more.

    Returns:
        Trials in all, mistakes included.

    Raises:
        ConfigError: When a value is out of range.

    Source: Clopper and Pearson (1934); MLPerf inference policies, early stopping.
    """
    check_level(promise, "promise")
    check_level(confidence, "confidence")
    require(mistakes >= 0, "mistakes", mistakes, "0 or more")
    low, high = mistakes, max(mistakes + 1, math.ceil((mistakes + 1) / (1 - promise)))
    while not _is_kept(promise, confidence, high, mistakes):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if _is_kept(promise, confidence, middle, mistakes):
            high = middle
        else:
            low = middle
    return high


def share_promised(trials: int, confidence: float, *, mistakes: int = 0) -> float:
    """The largest share that so many trials promise.

    Args:
        trials: Trials in all, at least 1.
        confidence: How sure to be, such as 0.90.
        mistakes: Trials that went wrong, 0 to `trials`.

    Returns:
        A share from 0 to 1: the one-sided exact lower bound.

    Raises:
        ConfigError: When a value is out of range.

    Source: Clopper and Pearson (1934).
    """
    check_level(confidence, "confidence")
    require(trials >= 1, "trials", trials, "at least 1")
    require(0 <= mistakes <= trials, "mistakes", mistakes, f"from 0 to trials = {trials}")
    right = trials - mistakes
    return float(betaincinv(right, mistakes + 1, 1 - confidence)) if right else 0.0


def _is_kept(promise: float, confidence: float, trials: int, mistakes: int) -> bool:
    """Whether a coin just short of the promise would do this well too rarely."""
    # A hair of slack: 0.95 ** 45 and its like must not fail by rounding.
    return float(bdtr(mistakes, trials, 1 - promise)) <= 1 - confidence + 1e-12
