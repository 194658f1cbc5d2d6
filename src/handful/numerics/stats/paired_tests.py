"""Tests and an interval for two models on the same rows: McNemar, sign flips, Tango.

`paired.py` puts them together and judges; here are the parts.
"""
# N rows, G groups

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc

from handful.foundation.errors import require
from handful.numerics.stats.base import Codes, score_vector

_FLIPPED_EXACTLY = 13  # up to 2 ** 13 sign patterns are counted, beyond that they are drawn
_CHUNK = 1000


def mcnemar(gains: int, losses: int, *, mid_p: bool = False) -> tuple[float, float]:
    """McNemar's exact test on discordant counts.

    Args:
        gains: Rows the new model alone gets right.
        losses: Rows the old model alone gets right.
        mid_p: Whether the observed table counts half.

    Returns:
        p for "the new model is no worse", and p for "the models do not differ".

    Raises:
        ConfigError: When a count is negative.
    """
    require(gains >= 0, "gains", gains, "0 or more")
    require(losses >= 0, "losses", losses, "0 or more")
    worse, better = _tail(losses, gains, mid_p), _tail(gains, losses, mid_p)
    return worse, min(1.0, 2 * min(worse, better))


def sign_flip(
    differences: ArrayLike, codes: Codes, *, draws: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """Permutation test that flips the sign of whole groups.

    Exact when swapping old and new within a group changes nothing under the null hypothesis.
    Up to 13 groups that differ are counted through; beyond that sign patterns are drawn. With
    fewer than five such groups no p-value reaches 0.05.

    Args:
        differences: New minus old per row, `[N]`.
        codes: Group number of each row, `[N]`.
        draws: Sign patterns drawn when there are too many to count.
        seed: Seed of the draws.

    Returns:
        p for "the new model is no worse", and p for "the models do not differ".
    """
    totals = np.bincount(codes, weights=score_vector(differences, "differences"))
    totals = totals[totals != 0]
    if totals.size == 0:
        return 1.0, 1.0
    seen, slack = float(totals.sum()), 1e-9 * float(np.abs(totals).sum())
    if totals.size <= _FLIPPED_EXACTLY:
        patterns = np.arange(2**totals.size)[:, None] >> np.arange(totals.size) & 1
        sums = (2.0 * patterns - 1) @ totals
        below, beyond, count = sums <= seen + slack, np.abs(sums) >= abs(seen) - slack, len(sums)
        return float(below.sum() / count), float(beyond.sum() / count)
    rng = np.random.default_rng(seed)
    low = far = 1  # the observed pattern is one of the draws
    for start in range(0, draws, _CHUNK):
        flips = rng.integers(2, size=(min(_CHUNK, draws - start), totals.size), dtype=np.int8)
        sums = (2.0 * flips - 1) @ totals
        low += int((sums <= seen + slack).sum())
        far += int((np.abs(sums) >= abs(seen) - slack).sum())
    return low / (draws + 1), far / (draws + 1)


def score_ends(
    gains: float,
    losses: float,
    n: float,
    low_reach: float,
    high_reach: float,
    correction: float = 0.5,
) -> tuple[float, float]:
    """Tango's score interval for the difference of two paired shares.

    Stays inside -1 to 1 and has width where no row differs. Counts need not be whole, so that
    effective rows can be read.

    Args:
        gains: Rows the new model alone gets right.
        losses: Rows the old model alone gets right.
        n: Rows in all, above 0.
        low_reach: Standard errors down, such as 1.645 for 5 % beyond the low end.
        high_reach: Standard errors up.
        correction: Rows of continuity correction; 0.5 holds the level where few rows differ.

    Returns:
        Low and high end.

    Source: Tango, Statistics in Medicine 17 (1998).
    """
    estimate = (gains - losses) / n

    def errors_away(difference: float) -> float:
        # The most likely share of losses, given this difference, solves a quadratic.
        b = (2 * n - gains + losses) * difference - gains - losses
        c = -losses * difference * (1 - difference)
        lost = (math.sqrt(max(b * b - 8 * n * c, 0.0)) - b) / (4 * n)
        variance = n * (2 * lost + difference * (1 - difference))
        apart = gains - losses - n * difference
        apart = math.copysign(max(abs(apart) - correction, 0.0), apart)
        return apart / math.sqrt(max(variance, 1e-300))

    ends = []
    for target, low, high in ((low_reach, -1.0, estimate), (-high_reach, estimate, 1.0)):
        for _ in range(50):
            middle = (low + high) / 2
            if errors_away(middle) > target:
                low = middle
            else:
                high = middle
        ends.append((low + high) / 2)
    return ends[0], ends[1]


def _tail(more: int, fewer: int, mid_p: bool) -> float:
    """The chance that a fair coin shows `more` heads or more in `more + fewer` throws."""
    count = more + fewer
    at_least = float(betainc(more, fewer + 1, 0.5)) if more else 1.0
    if not mid_p or count == 0:
        return at_least
    beyond = float(betainc(more + 1, fewer, 0.5)) if fewer else 0.0
    return (at_least + beyond) / 2
